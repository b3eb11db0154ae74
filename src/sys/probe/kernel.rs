//! The kernel's release and its number (uname(2)).

use serde::Serialize;

/// The result of uname(2).
#[derive(Serialize)]
pub struct Kernel {
    /// The whole release, "6.1.0-18-amd64".
    pub release: String,
    /// Its first number.
    pub major: u32,
    /// Its second number.
    pub minor: u32,
    /// The machine, "x86_64".
    pub machine: String,
}

impl Kernel {
    /// Whether the kernel has this version or a newer one.
    pub fn since(&self, major: u32, minor: u32) -> bool {
        (self.major, self.minor) >= (major, minor)
    }
}

/// The running kernel.
pub fn kernel() -> Kernel {
    let uname = rustix::system::uname();
    let release = uname.release().to_string_lossy().into_owned();
    let (major, minor) = numbers(&release);
    Kernel { major, minor, machine: uname.machine().to_string_lossy().into_owned(), release }
}

fn numbers(release: &str) -> (u32, u32) {
    let mut parts = release.split(|c: char| !c.is_ascii_digit()).map(|n| n.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_of_releases() {
        for (release, want) in [("6.1.0-18-amd64", (6, 1)), ("6.18.44", (6, 18)), ("7.0-rc1", (7, 0)), ("x", (0, 0))] {
            assert_eq!(super::numbers(release), want, "{release}");
        }
    }
}
