//! The inputs: the corpus, and random changes of it.

use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence, TestRunner};

/// Tokens of most of the formats, and unusual ones.
const WORDS: &[&[u8]] = &[
    b"\0",
    b"\xff",
    b"\n",
    b":",
    "\u{202e}".as_bytes(),
    b"-1",
    b"18446744073709551616",
    b"1e999",
    b"null",
    b"[]",
    b"{}",
    b"\"",
    b"%s",
    b"..",
    b"/",
    b"=",
    b",",
    b"\\",
    b"99999999999999999999999999",
    b" ",
];

/// The seeds of a target: the files of its directory in the corpus.
pub fn of(target: &str) -> Vec<Vec<u8>> {
    let folder = format!("{}/tests/corpus/{target}", env!("CARGO_MANIFEST_DIR"));
    let read = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{folder}: {e}"));
    let mut paths: Vec<_> = read.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let seeds: Vec<_> = paths.iter().map(|path| std::fs::read(path).unwrap()).collect();
    assert!(!seeds.is_empty(), "{folder} is empty");
    seeds
}

/// Bytes that show as text.
#[derive(Clone)]
pub struct Text(pub Vec<u8>);

impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

/// One change of a text.
#[derive(Clone, Debug)]
enum Damage {
    Flip(usize, u8),
    Cut(usize, usize),
    Put(usize, usize),
    Twice(usize, usize),
    End(usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    let place = || any::<usize>();
    prop_oneof![
        (place(), any::<u8>()).prop_map(|(at, byte)| Damage::Flip(at, byte)),
        (place(), 1..40usize).prop_map(|(at, length)| Damage::Cut(at, length)),
        (place(), 0..WORDS.len()).prop_map(|(at, word)| Damage::Put(at, word)),
        (place(), 1..40usize).prop_map(|(at, length)| Damage::Twice(at, length)),
        place().prop_map(Damage::End),
    ]
}

fn apply(text: &mut Vec<u8>, damage: &Damage) {
    let at = |place: usize| place % (text.len() + 1);
    match *damage {
        Damage::Flip(place, byte) => {
            let at = at(place);
            if let Some(there) = text.get_mut(at) {
                *there = byte;
            }
        }
        Damage::Cut(place, length) => drop(text.drain(at(place)..(at(place) + length).min(text.len()))),
        Damage::Put(place, word) => {
            let at = at(place);
            text.splice(at..at, WORDS[word].iter().copied());
        }
        Damage::Twice(place, length) => {
            let (from, to) = (at(place), (at(place) + length).min(text.len()));
            text.extend_from_within(from..to);
        }
        Damage::End(place) => text.truncate(at(place)),
    }
}

/// Unchanged seeds, damaged seeds, and arbitrary bytes.
pub fn damaged(target: &str) -> impl Strategy<Value = Text> + use<> {
    let seeds = of(target);
    let changed = (0..seeds.len(), prop::collection::vec(damage(), 0..6)).prop_map(move |(which, damages)| {
        let mut text = seeds[which].clone();
        damages.iter().for_each(|damage| apply(&mut text, damage));
        text
    });
    prop_oneof![9 => changed, 1 => prop::collection::vec(any::<u8>(), 0..300)].prop_map(Text)
}

/// Runs a property on every unchanged seed of the target, then on random inputs.
pub fn each(target: &str, cases: u32, property: impl Fn(&[u8])) {
    of(target).iter().for_each(|seed| property(seed));
    run(cases, damaged(target), |text| property(&text.0));
}

/// Runs a property on random values; failing ones are kept in the corpus and run first.
pub fn run<T: std::fmt::Debug>(cases: u32, strategy: impl Strategy<Value = T>, property: impl Fn(&T)) {
    let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/found.txt");
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(cases);
    let config = Config {
        cases,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(kept))),
        ..Config::default()
    };
    let done = TestRunner::new(config).run(&strategy, |value| {
        property(&value);
        Ok(())
    });
    done.unwrap_or_else(|e| panic!("{e}"));
}

/// Checks that an error is one sentence of reasonable length.
pub fn sentence(text: &str) {
    assert!(!text.trim().is_empty(), "an empty message");
    assert!(!text.contains('\n'), "several lines: {text:?}");
    assert!(text.len() < 4000, "{} bytes: {:?}…", text.len(), text.chars().take(200).collect::<String>());
}
