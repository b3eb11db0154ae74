//! What `--trace` asks for, and the lines of a timeline.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use super::Done;
use super::lane::Lane;

/// How a trace is written.
#[derive(Clone, Copy, PartialEq)]
pub enum Style {
    /// A line for a reader with its moment, its process, wall and CPU time, and where time went at the end.
    Timeline,
    /// A line for a reader.
    Lines,
    /// One JSON object a line.
    Json,
    /// A file for ui.perfetto.dev and chrome://tracing.
    Perfetto,
    /// A picture.
    Svg,
}

/// A style, and the file of those that have one.
#[derive(Clone)]
pub struct Wanted {
    /// How it is written.
    pub style: Style,
    /// Where to.
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
            _ => return Err("it is one of timeline, lines, json, perfetto:FILE, svg:FILE".into()),
        };
        match (style, file) {
            (Style::Perfetto | Style::Svg, None) => Err(format!("it goes to a file: {word}:FILE")),
            (Style::Timeline | Style::Lines | Style::Json, Some(_)) => Err(format!("{word} goes to standard error")),
            _ => Ok(Wanted { style, file: file.map(PathBuf::from) }),
        }
    }
}

/// Whether standard error takes colours.
pub fn colours() -> bool {
    let set = |key| std::env::var_os(key).is_some_and(|v| !v.is_empty());
    std::io::stderr().is_terminal() && !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|t| t != "dumb")
}

/// What stands above the columns of a timeline.
pub const HEAD: &str = "    at ms   wall µs    cpu µs  process    call\n";

/// A line of the timeline: moment in ms, wall and CPU time in µs, the process, deeper for each fork
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
