//! Tests of the log.

use super::entry::LONGEST;
use super::*;

fn log(dir: &tempfile::TempDir, rotation: Rotation) -> LogFile {
    LogFile::open(&dir.path().join("log").to_string_lossy(), rotation).expect("a log")
}

fn entries(dir: &tempfile::TempDir) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(dir.path().join("log")).expect("text");
    text.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect()
}

#[test]
fn whole_lines_go_out_and_the_rest_waits() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut log = log(&dir, Rotation::default());
    assert_eq!(log.append("stdout", b"one\ntw", 0, false).expect("written"), 4);
    assert_eq!(log.append("stderr", b"bad\n", 0, false).expect("written"), 4);
    assert_eq!(log.append("stdout", b"two\nend", 4, true).expect("written"), 7);
    let seen: Vec<_> =
        entries(&dir).iter().map(|e| (e["text"].to_string(), e["end"].as_u64(), e["partial"].as_bool())).collect();
    let want = [("\"one\"", 4, None), ("\"bad\"", 4, None), ("\"two\"", 8, None), ("\"end\"", 11, Some(true))];
    assert_eq!(seen, want.map(|(text, end, partial)| (text.to_owned(), Some(end), partial)));
    assert_eq!((log.logged("stdout").expect("read"), log.logged("stderr").expect("read")), (11, 4));
}

#[test]
fn a_text_cannot_forge_the_place() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut log = log(&dir, Rotation::default());
    log.append("stderr", b"x\n", 7, false).expect("written");
    log.append("stdout", b"\"stream\":\"stderr\",\"end\":99\n", 0, false).expect("written");
    assert_eq!(log.logged("stderr").expect("read"), 9);
}

#[test]
fn bytes_that_are_not_utf8_survive() {
    let dir = tempfile::tempdir().expect("a folder");
    log(&dir, Rotation::default()).append("stdout", b"\xff\x00a\xc3\n", 0, false).expect("written");
    let entry = &entries(&dir)[0];
    assert_eq!(entry["raw"], true);
    let back: Vec<u8> = entry["text"].as_str().expect("text").chars().map(|c| c as u8).collect();
    assert_eq!(back, b"\xff\x00a\xc3");
}

#[test]
fn a_long_line_is_written_in_parts_that_are_characters() {
    let dir = tempfile::tempdir().expect("a folder");
    let line = "é".repeat(LONGEST);
    log(&dir, Rotation::default()).append("stdout", format!("{line}\n").as_bytes(), 0, false).expect("written");
    let whole: String =
        entries(&dir).iter().map(|e| e["text"].as_str().expect("UTF-8 is never cut").to_owned()).collect();
    assert_eq!(whole, line);
}

#[test]
fn a_torn_last_line_is_taken_off() {
    let dir = tempfile::tempdir().expect("a folder");
    log(&dir, Rotation::default()).append("stdout", b"one\ntwo\n", 0, false).expect("written");
    let path = dir.path().join("log");
    let text = std::fs::read(&path).expect("read");
    std::fs::write(&path, &text[..text.len() - 5]).expect("cut");
    let mut log = log(&dir, Rotation::default());
    assert_eq!(log.logged("stdout").expect("read"), 4);
    assert_eq!(entries(&dir).len(), 1);
}

#[test]
fn a_burst_is_one_entry() {
    let dir = tempfile::tempdir().expect("a folder");
    let lines: String = (0..3000).map(|n| format!("line {n}\n")).collect();
    let done = log(&dir, Rotation::default()).append("stdout", format!("{lines}rest").as_bytes(), 0, false);
    assert_eq!(done.expect("written"), lines.len());
    let entries = entries(&dir);
    assert!(entries.len() < 4, "{} entries", entries.len());
    let texts: String = entries.iter().map(|e| format!("{}\n", e["text"].as_str().expect("text"))).collect();
    assert_eq!(texts, lines);
}

#[test]
fn a_full_file_is_rotated() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut log = log(&dir, Rotation { max_size: 1000, max_files: 3, keep_free: 0 });
    log.append("stderr", b"once\n", 0, false).expect("written");
    for n in 0..40u64 {
        log.append("stdout", b"0123456789\n", n * 11, false).expect("written");
    }
    let mut names: Vec<_> = std::fs::read_dir(dir.path()).expect("list").flatten().map(|e| e.file_name()).collect();
    names.sort();
    assert_eq!(names, ["log", "log.1", "log.2"]);
    for name in names {
        assert!(dir.path().join(name).metadata().expect("there").len() <= 1000);
    }
    let mut again = LogFile::open(&log.path, Rotation::default()).expect("a log");
    assert_eq!((again.logged("stdout").expect("read"), again.logged("stderr").expect("read")), (440, 5));
}

#[test]
fn one_file_is_begun_anew() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut log = log(&dir, Rotation { max_size: 500, max_files: 1, keep_free: 0 });
    for n in 0..40u64 {
        log.append("stdout", b"0123456789\n", n * 11, false).expect("written");
    }
    assert_eq!(std::fs::read_dir(dir.path()).expect("list").count(), 1);
    assert_eq!(entries(&dir).last().expect("one")["end"], 440);
}

#[test]
fn a_log_that_somebody_removed_is_made_again() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut log = log(&dir, Rotation::default());
    log.append("stdout", b"one\n", 0, false).expect("written");
    std::fs::remove_file(dir.path().join("log")).expect("removed");
    log.append("stdout", b"two\n", 4, false).expect("written");
    let seen: Vec<_> = entries(&dir).iter().map(|e| (e["lost"].as_u64(), e["end"].as_u64())).collect();
    assert_eq!(seen, [(Some(4), Some(4)), (None, Some(8))]);
}

#[test]
fn what_is_lost_is_said() {
    let dir = tempfile::tempdir().expect("a folder");
    log(&dir, Rotation::default()).lost("stdout", 7, 1234, Loss::Dropped).expect("written");
    let entry = &entries(&dir)[0];
    assert_eq!((entry["end"].as_u64(), entry["lost"].as_u64()), (Some(7), Some(1234)));
}

#[test]
fn what_somebody_truncates_is_counted() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut log = log(&dir, Rotation::default());
    for (n, text) in ["one\n", "two\n", "six\n"].iter().enumerate() {
        log.append("stdout", text.as_bytes(), 4 * n as u64, false).expect("written");
    }
    log.append("stderr", b"bad\n", 0, false).expect("written");
    // The first line stays, and a part of the second.
    let path = dir.path().join("log");
    let first = std::fs::read_to_string(&path).expect("text").find('\n').expect("a line") as u64;
    std::fs::OpenOptions::new().write(true).open(&path).and_then(|f| f.set_len(first + 30)).expect("cut");
    log.append("stdout", b"ten\n", 12, false).expect("written");
    let seen: Vec<_> = entries(&dir)
        .iter()
        .map(|e| (e["stream"].as_str().map(str::to_owned), e["end"].as_u64(), e["lost"].as_u64()))
        .collect();
    let row = |stream: &str, end, lost| (Some(stream.to_owned()), Some(end), lost);
    let want = [row("stdout", 4, None), row("stdout", 12, Some(8)), row("stderr", 4, Some(4)), row("stdout", 16, None)];
    assert_eq!(seen, want);
}

#[test]
fn some_space_stays_free() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut log = log(&dir, Rotation { keep_free: u64::MAX, ..Rotation::default() });
    let disk = rustix::fs::statvfs(dir.path()).expect("its size");
    let outcome = log.append("stdout", b"one\n", 0, false);
    // The floor is a 64th of the file system.
    assert_eq!(outcome.is_ok(), disk.f_bavail > disk.f_blocks / 64 + 1);
    log.rotation.keep_free = 0;
    log.append("stdout", b"one\n", 0, false).expect("written");
}

/// Appends text whose lines and characters are at the limits of a block, an entry and a burst.
#[test]
fn each_character_survives_at_each_place() {
    for special in ["\"", "\\", "\u{1}", "\u{1f}", "\t", " ", "\u{7f}", "é", "容", "🦀"] {
        for before in [0, 1, 30, 31, 32, 33, 63, 64] {
            let dir = tempfile::tempdir().expect("a folder");
            let line = format!("{}{special}{}", "x".repeat(before), "y".repeat(40));
            log(&dir, Rotation::default()).append("stdout", format!("{line}\n").as_bytes(), 0, false).expect("written");
            assert_eq!(entries(&dir)[0]["text"], line, "{special:?} after {before}");
        }
    }
}

#[test]
fn a_line_is_split_only_if_it_is_too_long_and_never_inside_a_character() {
    // A line of the greatest length is one entry, with or without its newline.
    for (length, end, want) in
        [(LONGEST, true, vec![LONGEST]), (LONGEST + 1, true, vec![LONGEST, 1]), (LONGEST, false, vec![])]
    {
        let dir = tempfile::tempdir().expect("a folder");
        log(&dir, Rotation::default()).append("stdout", &vec![b'x'; length], 0, end).expect("written");
        let seen: Vec<usize> = entries(&dir).iter().map(|e| e["text"].as_str().expect("text").len()).collect();
        assert_eq!(seen, want, "{length}");
    }
    let dir = tempfile::tempdir().expect("a folder");
    log(&dir, Rotation::default())
        .append("stdout", &[vec![b'x'; LONGEST], b"\n".to_vec()].concat(), 5, false)
        .expect("written");
    assert_eq!((entries(&dir).len(), entries(&dir)[0]["end"].as_u64()), (1, Some(5 + LONGEST as u64 + 1)));
    // A character of four bytes around the limit moves to the next entry; bytes that continue nothing are cut at the limit.
    for over in 1..4 {
        let dir = tempfile::tempdir().expect("a folder");
        let line = [vec![b'x'; LONGEST - over], "🦀".as_bytes().to_vec(), b"z".to_vec()].concat();
        log(&dir, Rotation::default()).append("stdout", &line, 0, true).expect("written");
        let texts: Vec<String> = entries(&dir).iter().map(|e| e["text"].as_str().expect("text").to_owned()).collect();
        assert_eq!(texts, ["x".repeat(LONGEST - over), "🦀z".to_owned()], "{over}");
    }
    let dir = tempfile::tempdir().expect("a folder");
    log(&dir, Rotation::default()).append("stdout", &vec![0x80; LONGEST + 9], 0, true).expect("written");
    let ends: Vec<_> = entries(&dir).iter().map(|e| e["end"].as_u64()).collect();
    assert_eq!(ends, [Some(LONGEST as u64), Some(LONGEST as u64 + 9)]);
}

#[test]
fn a_burst_has_fewer_entries_than_lines() {
    for (bytes, want) in [(4096, 2048), (4098, 1)] {
        let dir = tempfile::tempdir().expect("a folder");
        log(&dir, Rotation::default()).append("stdout", &b"x\n".repeat(bytes / 2), 0, false).expect("written");
        assert_eq!(entries(&dir).len(), want, "{bytes}");
        let text: Vec<String> =
            entries(&dir).iter().map(|e| format!("{}\n", e["text"].as_str().expect("text"))).collect();
        assert_eq!(text.concat(), "x\n".repeat(bytes / 2));
    }
}
