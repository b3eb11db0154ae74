//! Kernel settings below /proc/sys (proc(5), sysctl(8)). Keys that would leave that directory are refused.

use std::path::PathBuf;

use nix::errno::Errno;

use super::net::Netns;
use super::{Context, Error, Result, namespace};

const ROOT: &str = "/proc/sys";

/// The file of a key. Like in sysctl(8) the first separator decides: in `net.ipv4.conf.eth0/1.mtu` the dots separate
/// and a slash means a dot, in `net/ipv4/conf/eth0.1/mtu` the slashes separate. `None` for an invalid key.
pub fn path(key: &str) -> Option<PathBuf> {
    let dots = key.find(['.', '/']).is_some_and(|i| key.as_bytes()[i] == b'.');
    let swapped: String = match dots {
        true => key
            .chars()
            .map(|c| {
                if c == '.' {
                    '/'
                } else if c == '/' {
                    '.'
                } else {
                    c
                }
            })
            .collect(),
        false => key.to_owned(),
    };
    let good = |part: &str| !matches!(part, "" | "." | "..") && !part.contains('\0');
    if swapped.split('/').all(good) { Some(PathBuf::from(ROOT).join(swapped)) } else { None }
}

/// A setting's value without the final newline. The keys below `net` are those of the namespace. Errors: ENOENT for an
/// unknown key, EACCES for a write-only one.
pub fn read(netns: Netns<'_>, key: &str) -> Result<String> {
    let path = known(key)?;
    let text = namespace::in_netns(netns, || std::fs::read(&path).at(&path))?;
    Ok(String::from_utf8_lossy(&text).trim_end_matches('\n').to_owned())
}

/// Sets a value. Errors: ENOENT, EACCES and EPERM for a key that may not be written, EROFS in a container whose
/// /proc/sys is read-only, EINVAL for a value that the kernel does not accept.
pub fn write(netns: Netns<'_>, key: &str, value: &str) -> Result<()> {
    let path = known(key)?;
    // Opened without O_CREAT: outside procfs no file must be created.
    let open = || std::fs::OpenOptions::new().write(true).open(&path);
    namespace::in_netns(netns, || {
        open().and_then(|mut f| std::io::Write::write_all(&mut f, value.as_bytes())).at(&path)
    })
}

fn known(key: &str) -> Result<PathBuf> {
    path(key).ok_or_else(|| Error::new(Errno::EINVAL).with_path(key).with_detail("it is not a key below /proc/sys"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys() {
        let of = |key| path(key).map(|p| p.to_string_lossy().into_owned());
        assert_eq!(of("kernel.hostname").as_deref(), Some("/proc/sys/kernel/hostname"));
        assert_eq!(of("net/ipv4/ip_forward").as_deref(), Some("/proc/sys/net/ipv4/ip_forward"));
        assert_eq!(of("net.ipv4.conf.eth0/1.mtu").as_deref(), Some("/proc/sys/net/ipv4/conf/eth0.1/mtu"));
        assert_eq!(of("net/ipv4/conf/eth0.1/mtu").as_deref(), Some("/proc/sys/net/ipv4/conf/eth0.1/mtu"));
        for bad in ["", ".", "..", "/etc/passwd", "net/../../etc/passwd", "net..ipv4", "kernel.", "a/./b", "a\0b"] {
            assert_eq!(of(bad), None, "{bad}");
        }
    }
}
