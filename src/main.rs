//! The program: passes the command line to the library, prints its error, and returns the
//! exit status. All errors are printed here.

#![no_main]

use std::borrow::Cow;
use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::os::unix::ffi::OsStringExt;

use tinylua::cli::{self, End};
use tinylua::sys::stdout::{self, Output};
use tinylua::sys::{terminal, title, visible};
use tinylua::vm::Failure;

tinylua::entry!(run);

fn run() -> u8 {
    let end = cli::run(title::arguments().into_iter().map(OsString::from_vec).collect());
    // Earlier output is flushed before the error is printed.
    let before = stdout::finish(Ok(()));
    let failed = matches!(&end, End::Failed { failure, .. } if !failure.text.is_empty());
    let (status, said) = tell(end);
    let after = stdout::finish(said);
    match if matches!(before, Output::Whole) { after } else { before } {
        Output::Whole => status,
        // An error of the command takes precedence over a closed standard output.
        _ if failed => status,
        Output::Gone => stdout::end_by_sigpipe(),
        Output::Lost(why) => {
            let why = why.map(|errno| format!(": {}", errno.desc())).unwrap_or_default();
            let _ = writeln!(std::io::stderr(), "{PREFIX}cannot write to standard output{why}");
            if status == 0 { FAILED } else { status }
        }
    }
}

/// Starts each error, whoever reports it, as in `lua` and the C library's err(3).
const PREFIX: &str = "tinylua: ";

/// tinylua's own failure.
const FAILED: u8 = 125;

/// Prints the result; returns the exit status, and the result of writing to standard output.
fn tell(end: End) -> (u8, std::io::Result<()>) {
    match end {
        End::Status(status) => (status, Ok(())),
        End::Help(text) => (0, std::io::stdout().write_all(text.as_bytes())),
        End::Clap(error) if error.use_stderr() => {
            let _ = std::io::stderr().write_all(usage(&error).as_bytes());
            (cli::usage_status(&error), Ok(()))
        }
        End::Clap(error) => (cli::usage_status(&error), error.print()),
        End::Failed { failure, verbose } => {
            let mut err = std::io::stderr().lock();
            if !failure.text.is_empty() {
                let _ = writeln!(err, "{PREFIX}{}", with_frame(&failure));
            }
            if let Some(traceback) = failure.traceback.filter(|_| verbose) {
                let _ = writeln!(err, "{}", on_terminal(&traceback));
            }
            (failure.exit, Ok(()))
        }
    }
}

/// A usage error of clap, which starts its own by `error: `.
fn usage(error: &clap::Error) -> String {
    let text = error.render();
    let coloured = std::io::stderr().is_terminal() && terminal::colours();
    let text = if coloured { text.ansi().to_string() } else { text.to_string() };
    text.replacen("error:", PREFIX.trim_end(), 1)
}

/// The text, on a terminal with the lines around the position, in colours if the terminal supports them.
fn with_frame(failure: &Failure) -> Cow<'_, str> {
    let text = on_terminal(&failure.text);
    match &failure.frame {
        Some(frame) if std::io::stderr().is_terminal() => {
            let width = terminal::size(terminal::standard(2)).map_or(0, |(_, cols)| usize::from(cols));
            let width = if width == 0 { 80 } else { width };
            Cow::Owned(frame.within(&text, terminal::colours(), width))
        }
        _ => text,
    }
}

/// An error may quote a container or an untrusted file: control characters are escaped on a terminal.
fn on_terminal(text: &str) -> Cow<'_, str> {
    if std::io::stderr().is_terminal() { visible(text) } else { Cow::Borrowed(text) }
}
