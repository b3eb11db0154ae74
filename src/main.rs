//! The program: hands the command line to the library, prints what it failed with, and returns the
//! exit status. Everything a user can see of an error leaves here.

#![no_main]

use std::io::Write;

use tinylua::cli::{self, End};

tinylua::entry!(run);

fn run() -> u8 {
    let end = cli::run(std::env::args_os().collect());
    tinylua::sys::process::flush_stdio();
    let status = tell(end);
    tinylua::sys::process::flush_stdio();
    status
}

fn tell(end: End) -> u8 {
    match end {
        End::Status(status) => status,
        End::Help(text) => {
            let _ = std::io::stdout().write_all(text.as_bytes());
            0
        }
        End::Clap(error) => {
            let _ = error.print();
            cli::usage_status(&error)
        }
        End::Failed { failure, verbose } => {
            let mut err = std::io::stderr().lock();
            let _ = writeln!(err, "{}", failure.text);
            if let Some(traceback) = failure.traceback.filter(|_| verbose) {
                let _ = writeln!(err, "{traceback}");
            }
            failure.exit
        }
    }
}
