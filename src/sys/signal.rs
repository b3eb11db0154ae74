//! Signal names and numbers (signal(7)).

use nix::sys::signal::Signal;

/// Every signal's name, such as "SIGTERM".
pub fn names() -> impl Iterator<Item = &'static str> {
    Signal::iterator().map(Signal::as_str)
}

/// The number of "SIGTERM", "term", "15" or "SIGRTMIN+3"; 0 is the null signal of kill(2).
pub fn parse(text: &str) -> Option<i32> {
    if let Ok(number) = text.parse::<i32>() {
        return (0..=64).contains(&number).then_some(number);
    }
    let upper = text.to_ascii_uppercase();
    let name = if upper.starts_with("SIG") { upper } else { format!("SIG{upper}") };
    if let Some(offset) = name.strip_prefix("SIGRTMIN") {
        let offset: i32 = if offset.is_empty() { 0 } else { offset.strip_prefix('+')?.parse().ok()? };
        let number = libc::SIGRTMIN().checked_add(offset)?;
        return (libc::SIGRTMIN()..=libc::SIGRTMAX()).contains(&number).then_some(number);
    }
    name.parse::<Signal>().ok().map(|s| s as i32)
}

/// The name of a signal number: "SIGKILL", "SIG35".
pub fn name(number: i32) -> String {
    match Signal::try_from(number) {
        Ok(signal) => signal.as_str().to_owned(),
        Err(_) => format!("SIG{number}"),
    }
}
