//! Parses /proc/PID/mountinfo (proc_pid_mountinfo(5)).

use super::{Context, Result};

/// A mount of a process's mount namespace.
#[derive(Debug, Clone, PartialEq)]
pub struct Mount {
    /// Its id.
    pub id: u64,
    /// The id of the parent mount.
    pub parent: u64,
    /// The file system's device, "254:0".
    pub dev: String,
    /// The directory of the file system that is mounted.
    pub root: String,
    /// The mount point, relative to the process's root.
    pub target: String,
    /// The mount's own flags, "rw,nosuid".
    pub options: String,
    /// The propagation: "shared:1", "master:2"; empty when private.
    pub propagation: String,
    /// The file system type.
    pub fstype: String,
    /// The source, "tmpfs" or "/dev/sda1".
    pub source: String,
    /// The file system's flags, "rw,size=65536k".
    pub super_options: String,
}

/// The mounts of the caller's mount namespace in the kernel's order.
pub fn mounts() -> Result<Vec<Mount>> {
    read("/proc/self/mountinfo")
}

/// Those of another process. Errors: ENOENT or ESRCH if it has ended.
pub fn mounts_of(pid: i32) -> Result<Vec<Mount>> {
    read(&format!("/proc/{pid}/mountinfo"))
}

fn read(path: &str) -> Result<Vec<Mount>> {
    let text = std::fs::read(path).at(path)?;
    Ok(text.split(|b| *b == b'\n').filter_map(|line| parse(&String::from_utf8_lossy(line))).collect())
}

/// A line of mountinfo; `None` if it is invalid.
pub fn parse(line: &str) -> Option<Mount> {
    let (mount, filesystem) = line.split_once(" - ")?;
    let mut fields = mount.split(' ');
    let id = fields.next()?.parse().ok()?;
    let parent = fields.next()?.parse().ok()?;
    let dev = fields.next()?.to_owned();
    let (root, target) = (unescape(fields.next()?), unescape(fields.next()?));
    let options = fields.next()?.to_owned();
    let propagation = fields.collect::<Vec<_>>().join(" ");
    let mut fields = filesystem.split(' ');
    let fstype = fields.next()?.to_owned();
    let source = unescape(fields.next()?);
    let super_options = fields.next().unwrap_or_default().to_owned();
    Some(Mount { id, parent, dev, root, target, options, propagation, fstype, source, super_options })
}

/// Space, tab, newline and backslash are octal escapes: `\040`.
fn unescape(field: &str) -> String {
    let mut out = Vec::with_capacity(field.len());
    let bytes = field.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        let octal =
            bytes.get(i + 1..i + 4).filter(|d| bytes[i] == b'\\' && d.iter().all(|c| (b'0'..=b'7').contains(c)));
        match octal {
            Some(d) => {
                out.push((d[0] - b'0').wrapping_mul(64).wrapping_add((d[1] - b'0') * 8 + (d[2] - b'0')));
                i += 4;
            }
            None => {
                out.push(bytes[i]);
                i += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_line_with_optional_fields_and_escapes() {
        let line = r"36 35 98:0 /mnt1 /mnt\0402 rw,noatime master:1 shared:2 - ext3 /dev/root rw,errors=continue";
        let mount = parse(line).expect("a mount");
        assert_eq!((mount.id, mount.parent, mount.dev.as_str()), (36, 35, "98:0"));
        assert_eq!(mount.target, "/mnt 2");
        assert_eq!(mount.propagation, "master:1 shared:2");
        assert_eq!((mount.fstype.as_str(), mount.source.as_str()), ("ext3", "/dev/root"));
    }

    #[test]
    fn only_whole_octal_escapes_are_read() {
        let cases = [
            (r"a\040b", "a b"),
            (r"\134\011", "\\\t"),
            (r"\12", r"\12"),
            (r"\128", r"\128"),
            (r"x\", r"x\"),
            ("0101", "0101"),
            (r"\101A", "AA"),
        ];
        for (escaped, want) in cases {
            assert_eq!(unescape(escaped), want, "{escaped}");
        }
        assert_eq!(unescape(r"\303\251"), "é");
    }

    #[test]
    fn passes_over_what_is_no_mount() {
        for line in ["", "36 35", "x y z", "36 35 98:0 / / rw"] {
            assert_eq!(parse(line), None, "{line}");
        }
    }
}
