//! The program: hands the command line to the library, prints what it failed with, and returns the
//! exit status. Everything a user can see of an error leaves here.

use std::io::Write;
use std::process::ExitCode;

use tinylua::cli::{self, End};

fn main() -> ExitCode {
    let end = cli::run(std::env::args_os().collect());
    tinylua::sys::process::flush_stdio();
    match end {
        End::Status(status) => ExitCode::from(status),
        End::Help(text) => {
            let _ = std::io::stdout().write_all(text.as_bytes());
            ExitCode::SUCCESS
        }
        End::Clap(error) => {
            let _ = error.print();
            ExitCode::from(cli::usage_status(&error))
        }
        End::Failed { failure, verbose } => {
            let mut err = std::io::stderr().lock();
            let _ = writeln!(err, "{}", failure.text);
            if let Some(traceback) = failure.traceback.filter(|_| verbose) {
                let _ = writeln!(err, "{traceback}");
            }
            ExitCode::from(failure.exit)
        }
    }
}
