//! A store with damaged files: commands that read it succeed or report the error.

use std::path::Path;
use std::process::Command;

use proptest::prelude::*;

use crate::seeds::{Text, damaged, of, run};

const ID: &str = "0123456789ab";

fn look(root: &Path, words: &[&str]) {
    let ran = Command::new(env!("CARGO_BIN_EXE_tinylua")).arg("--root").arg(root).args(words).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(matches!(ran.status.code(), Some(0 | 1 | 125)), "{words:?}: {}: {said}", ran.status);
    for word in ["attempt to", "bad argument", "panicked", "stack traceback", "lua/tiny/", "scripts/"] {
        assert!(!said.contains(word), "{words:?}: not a refusal: {said}");
    }
}

fn store(config: &[u8], state: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("containers").join(ID);
    std::fs::create_dir_all(&record).unwrap();
    std::fs::create_dir_all(folder.path().join("names")).unwrap();
    std::fs::write(folder.path().join("names/web"), ID).unwrap();
    std::fs::write(record.join("config.json"), config).unwrap();
    std::fs::write(record.join("state.json"), state).unwrap();
    for words in [
        &["ps", "-a"][..],
        &["ps", "-a", "--format", "json"],
        &["inspect", ID],
        &["port", ID],
        &["logs", ID],
        &["wait", ID],
    ] {
        look(folder.path(), words);
    }
}

#[test]
fn damaged_records() {
    let (configs, states) = (of("config"), of("state"));
    configs.iter().for_each(|config| store(config, &states[0]));
    states.iter().for_each(|state| store(&configs[0], state));
    let one = (damaged("config"), Just(Text(states[0].clone())));
    let other = (Just(Text(configs[0].clone())), damaged("state"));
    run(24, prop_oneof![one, other], |(config, state)| store(&config.0, &state.0));
}

/// Each field in turn gets a value of another type: the JSON is valid, its content is not.
#[test]
fn fields_of_another_type() {
    let (config, state) = (of("config")[0].clone(), of("state")[0].clone());
    let odd = [
        serde_json::json!(7),
        serde_json::json!({ "a": [1] }),
        serde_json::json!("\u{1b}[31m\nx"),
        serde_json::json!([[]]),
    ];
    for (which, text) in [("config", &config), ("state", &state)] {
        let whole: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(text).unwrap();
        for (i, key) in whole.keys().enumerate() {
            let mut changed = whole.clone();
            changed.insert(key.clone(), odd[i % odd.len()].clone());
            let changed = serde_json::to_vec(&changed).unwrap();
            if which == "config" { store(&changed, &state) } else { store(&config, &changed) }
        }
    }
}
