//! The value of `--trace`, and the lines of a timeline.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use super::Done;
use super::lane::Lane;

/// The format of a trace.
#[derive(Clone, Copy, PartialEq)]
pub enum Style {
    /// A readable line with its time, its process, wall and CPU time, and a summary at the end.
    Timeline,
    /// A readable line.
    Lines,
    /// One JSON object per line.
    Json,
    /// A file for ui.perfetto.dev and chrome://tracing.
    Perfetto,
    /// A picture.
    Svg,
}

/// A style, and its output file if it has one.
#[derive(Clone)]
pub struct Wanted {
    /// The format.
    pub style: Style,
    /// The output file.
    pub file: Option<PathBuf>,
}

impl Wanted {
    /// Reads "timeline", "lines", "json", "perfetto:FILE" or "svg:FILE". The error is for the user.
    pub fn parse(text: &str) -> Result<Wanted, String> {
        let (word, file) = match text.split_once(':') {
            Some((word, file)) => (word, Some(file).filter(|f| !f.is_empty())),
            None => (text, None),
        };
        let style = match word {
            "timeline" => Style::Timeline,
            "lines" | "text" => Style::Lines,
            "json" => Style::Json,
            "perfetto" => Style::Perfetto,
            "svg" => Style::Svg,
            _ => return Err("expected one of timeline, lines, json, perfetto:FILE, svg:FILE".into()),
        };
        match (style, file) {
            (Style::Perfetto | Style::Svg, None) => Err(format!("it needs a file: {word}:FILE")),
            (Style::Timeline | Style::Lines | Style::Json, Some(_)) => {
                Err(format!("{word} takes no file: it is written to standard error"))
            }
            _ => Ok(Wanted { style, file: file.map(PathBuf::from) }),
        }
    }
}

/// Whether standard error supports colours.
pub fn colours() -> bool {
    let set = |key| std::env::var_os(key).is_some_and(|v| !v.is_empty());
    std::io::stderr().is_terminal() && !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|t| t != "dumb")
}

/// The header of a timeline.
pub const HEAD: &str = "    at ms   wall µs    cpu µs  process    call\n";

/// A line of the timeline: time in ms, wall and CPU time in µs, the process, indented by the number of forks
/// before it, and the call.
pub fn line(out: &mut Vec<u8>, colours: bool, lane: &Lane, done: &Done<'_>, [start, us, cpu]: [f64; 3]) {
    let (dim, colour, end) = match (colours, lane.side, done.failed) {
        (false, ..) => ("", "", ""),
        (true, _, true) => ("\x1b[2m", "\x1b[31m", "\x1b[0m"),
        (true, "child", _) => ("\x1b[2m", "\x1b[32m", "\x1b[0m"),
        (true, ..) => ("\x1b[2m", "\x1b[36m", "\x1b[0m"),
    };
    let _ = write!(out, "{dim}{:>9.3}{end} {us:>9.1} {dim}{cpu:>9.1}{end}  ", start / 1000.0);
    for _ in 0..lane.depth {
        out.extend_from_slice("│ ".as_bytes());
    }
    let _ = write!(out, "{colour}{} {:<5}{end} ", lane.side, lane.pid);
    call(out, done);
}

/// The short form: the process, wall time in µs, and the call.
pub fn short_line(out: &mut Vec<u8>, lane: &Lane, done: &Done<'_>, us: f64) {
    let _ = write!(out, "{:5} {:<6} {us:>8.1}µs  ", lane.side, lane.pid);
    call(out, done);
}

fn call(out: &mut Vec<u8>, done: &Done<'_>) {
    let equals = if done.result.is_empty() { "" } else { " = " };
    let _ = writeln!(out, "{}({}){equals}{}", done.op, done.args, done.result);
}
