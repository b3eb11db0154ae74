//! The parsers in Rust: profiles of system calls, units, addresses, tar, DNS, TLS, HTTP, mountinfo, the log.

use std::io::Read;
use std::path::PathBuf;

use tinylua::sys::cgroup::Layout;
use tinylua::sys::copy::{Data, Entry, Sink, Tally, archive};
use tinylua::sys::host_name::{Parsed, host_name};
use tinylua::sys::logfile::{LogFile, Rotation};
use tinylua::sys::net::{dns, nflog};
use tinylua::sys::{Result, http_host, mountinfo, seccomp, tls_hello};
use tinylua::vm::units;

use crate::seeds::{each, sentence};

#[test]
fn profiles_of_system_calls() {
    for (caps, strict) in [(0, false), (u64::MAX, true)] {
        each("seccomp", 400, |text| {
            let Ok(value) = serde_json::from_slice(text) else { return };
            let subject = seccomp::Subject { caps, kernel: (6, 1), strict, answered: true };
            let made = seccomp::Profile::read(&value, &subject).and_then(|profile| seccomp::compile(&profile));
            match made {
                Ok(filter) => assert_eq!(seccomp::wrong(&filter), None),
                Err(why) => sentence(&why),
            }
        });
    }
}

#[test]
fn units_and_addresses() {
    each("units", 1500, |text| {
        let text = String::from_utf8_lossy(text);
        let wrong = [
            units::size(&text).err(),
            units::rate(&text).err(),
            units::cidr(&text).err(),
            units::duration(&text).map(|seconds| assert!(seconds >= 0.0 && seconds.is_finite(), "{seconds}")).err(),
        ];
        wrong.iter().flatten().for_each(|why| sentence(why));
    });
}

/// Accepts everything, like a directory, but stores nothing.
#[derive(Default)]
struct Taken(Vec<PathBuf>);

impl Sink for Taken {
    fn put(&mut self, entry: &Entry, data: Data<'_>, _: &mut Tally<'_>) -> Result<()> {
        use std::os::unix::ffi::OsStrExt;
        let path = PathBuf::from(std::ffi::OsStr::from_bytes(&entry.path));
        let plain = path
            .components()
            .all(|part| matches!(part, std::path::Component::Normal(_) | std::path::Component::CurDir));
        assert!(plain, "{path:?} leads out of its folder");
        let mut data = data;
        if let Data::Stream(stream) = data.filled() {
            std::io::copy(&mut stream.take(1 << 20), &mut std::io::sink())?;
        }
        self.0.push(path);
        Ok(())
    }

    fn is_top(&self, _: (u64, u64)) -> bool {
        false
    }

    fn finish(&mut self) -> Result<()> {
        Ok(())
    }
}

#[test]
fn archives() {
    each("tar", 600, |bytes| {
        let (mut sink, mut tally) = (Taken::default(), Tally::new(None));
        if let Err(why) = archive::unpack(bytes, &mut sink, &mut tally) {
            sentence(&why.to_string());
        }
        assert!(sink.0.len() <= bytes.len() / 512 + 1, "more files than headers");
    });
}

#[test]
fn questions_for_names() {
    each("dns", 1500, |bytes| {
        if let Some(question) = dns::question(bytes) {
            assert!(question.max >= 512);
        }
    });
}

/// What a complete message names is a host name, and an incomplete one asks for more than there is.
fn hosts<T>(read: impl Fn(&[u8]) -> Parsed<T>, host: impl Fn(&T) -> Option<String>, bytes: &[u8]) {
    match read(bytes) {
        Parsed::More(more) => assert!(more > bytes.len()),
        Parsed::Refused(why) => sentence(why),
        Parsed::Done(message) => {
            let host = host(&message);
            assert!(host.is_none_or(|host| host_name(host.as_bytes()) == Some(host)));
        }
    }
}

#[test]
fn first_messages_of_clients() {
    each("tls_hello", 1500, |bytes| hosts(tls_hello::read, |hello| hello.name.clone(), bytes));
    each("http_request", 1500, |bytes| {
        hosts(http_host::request, |request| Some(request.host.clone()), bytes);
        hosts(http_host::response, |_| None, bytes);
    });
}

/// Reports of packets, whose contents a container chooses.
#[test]
fn reported_packets() {
    each("nflog", 1500, |bytes| {
        let found = nflog::packets(bytes);
        assert!(found.len() <= bytes.len() / 16, "more packets than headers");
        assert!(found.iter().all(|packet| packet.ports.is_none() || packet.ends.is_some()));
    });
}

#[test]
fn mounts_and_hierarchies() {
    each("mountinfo", 800, |text| {
        let text = String::from_utf8_lossy(text);
        let mounts = text.lines().filter_map(mountinfo::parse).count();
        assert!(mounts <= text.lines().count());
        let layout = Layout::parse(&text, |_, _| true);
        assert!(layout.mounts().count() <= mounts.max(text.lines().count()));
    });
}

/// For any output of a container, its log has one JSON object per line and records its position.
#[test]
fn output_becomes_json_lines() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("container.log").to_str().unwrap().to_owned();
    each("output", 150, |bytes| {
        let _ = std::fs::remove_file(&path);
        let mut log = LogFile::open(&path, Rotation { max_size: 0, max_files: 1, keep_free: 0 }).unwrap();
        let taken = log.append("stdout", bytes, 0, true).unwrap();
        assert_eq!(taken, bytes.len());
        for line in std::fs::read(&path).unwrap().split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let entry: serde_json::Value = serde_json::from_slice(line).unwrap();
            assert!(entry["time"].is_string() && entry["stream"] == "stdout", "{entry}");
        }
        if !bytes.is_empty() {
            assert_eq!(log.logged("stdout").unwrap(), bytes.len() as u64);
        }
    });
}
