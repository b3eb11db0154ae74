//! Layers of images: any bytes are unpacked into their directory or refused, and nothing beside it changes.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use tinylua::sys::copy::Tally;
use tinylua::sys::layer::{self, How, Limits, Marks, Name};

use crate::seeds::{each, sentence};

/// What an attack would change: content, mode, owner and time.
fn state(path: &Path) -> (Vec<u8>, u32, u32, i64, u64) {
    let found = std::fs::symlink_metadata(path).unwrap();
    let content = if found.is_file() { std::fs::read(path).unwrap() } else { Vec::new() };
    (content, found.permissions().mode(), found.uid(), found.mtime_nsec(), found.nlink())
}

#[test]
fn layers() {
    let folder = tempfile::tempdir().unwrap();
    let (canary, into, file) = (folder.path().join("x"), folder.path().join("layer"), folder.path().join("blob"));
    std::fs::write(&canary, "canary").unwrap();
    let before = state(&canary);
    let how =
        How { marks: Marks::Reported, squash: true, limits: Limits { entries: 1000, bytes: 8 << 20, ratio: 1000 } };
    each("layer", 300, |bytes| {
        let _ = std::fs::remove_dir_all(&into);
        std::fs::create_dir(&into).unwrap();
        std::fs::write(&file, bytes).unwrap();
        let root = std::fs::File::open(&into).unwrap().into();
        let mut tally = Tally::new(None);
        match layer::unpack(std::fs::File::open(&file).unwrap(), root, how, &mut tally) {
            Ok(report) => {
                assert_eq!(report.size, bytes.len() as u64);
                assert_eq!(report.digest, format!("sha256:{}", tinylua::sys::digest::sha256(bytes)));
            }
            Err(why) => sentence(&why.to_string()),
        }
        assert_eq!(state(&canary), before);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3, "a file beside the layer");
    });
}

#[test]
fn names_of_whiteouts() {
    each("whiteouts", 3000, |bytes| {
        // The reader of archives passes plain names.
        let names: Vec<_> = bytes.split(|b| *b == b'/').filter(|name| !matches!(*name, b"" | b"." | b"..")).collect();
        let path = names.join(&b'/');
        let plain =
            |path: &[u8]| path.is_empty() || !path.split(|b| *b == b'/').any(|name| matches!(name, b"" | b"." | b".."));
        match layer::classify(&path) {
            Ok(Name::Whiteout(hidden)) => assert!(!hidden.is_empty() && plain(&hidden), "{hidden:?}"),
            Ok(Name::Opaque(folder)) => assert!(plain(&folder), "{folder:?}"),
            Ok(Name::File) => assert!(!names.last().is_some_and(|name| name.starts_with(b".wh."))),
            Ok(Name::Reserved) => {}
            Err(why) => sentence(&why.to_string()),
        }
    });
}
