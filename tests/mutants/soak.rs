//! Runs the faults: a copy of the tree with a separate target directory, one fault at a time, and the results of the
//! tests. The outcome of each fault is a line in a file, so that an interrupted run can be continued.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use super::rules::{self, Fault, ROOT};

type Result<T> = std::result::Result<T, String>;

/// Test binaries that only run the program and read the tree: for these, only the program is rebuilt.
const OUTSIDE: [&str; 5] = ["lua", "cli", "messages", "manual", "mutants"];

/// Time limits in seconds: for a test, for a walk over every call of a command, and for all tests of one filter.
const SECONDS: [&str; 3] = ["120", "400", "1200"];

/// The prefixes of the names of those walks.
const WALKS: &str = "scenarios/faults";

const USAGE: &str = "Usage: tests/soak/mutants [--work DIR] [--again] [--narrow] [FILTER…]
  FILTER    a part of a fault's name, such as store/ or sys/umount; all faults without one
  --work    where the copy of the tree and the outcomes are [default: $TMPDIR/tinylua-mutants]
  --again   also the faults that have an outcome
  --narrow  only the tests that a fault names, not those of its layer";

/// The outcome of a fault.
enum Outcome {
    /// A test failed: its name.
    Noticed(String),
    /// All tests passed.
    Survived,
    /// It could not be tried.
    Broken(String),
}

impl Outcome {
    fn told(&self) -> String {
        match self {
            Outcome::Noticed(by) => format!("noticed\t{by}"),
            Outcome::Survived => "SURVIVED\t".to_owned(),
            Outcome::Broken(why) => format!("BROKEN\t{}", why.lines().next().unwrap_or_default()),
        }
    }
}

/// The prefix of the line of a test that was run without a fault.
const TEST: &str = "without a fault: ";

/// The prefix for a fault that the tests named for it did not detect.
const UNDECIDED: &str = "undecided\t";

/// The outcome of a test.
enum Ran {
    Passed,
    /// No test matched, or all were skipped.
    Nothing,
    /// With the name of the test that failed, and its output.
    Failed(String, String),
}

struct Soak {
    work: PathBuf,
    /// The test binaries by their names, from the build without a fault.
    binaries: BTreeMap<String, PathBuf>,
    /// The tests that were run without a fault, and whether they passed.
    passes: BTreeMap<String, bool>,
}

/// Runs the faults that the arguments select.
pub fn main(words: &[String]) -> ExitCode {
    match run(words) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(e) => {
            eprintln!("tests/soak/mutants: {e}");
            ExitCode::from(2)
        }
    }
}

fn run(words: &[String]) -> Result<bool> {
    let (mut work, mut again, mut narrow) = (std::env::temp_dir().join("tinylua-mutants"), false, false);
    let mut filters = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--work" => work = words.next().ok_or(USAGE)?.into(),
            "--again" => again = true,
            "--narrow" => narrow = true,
            "-h" | "--help" => {
                println!("{USAGE}");
                return Ok(true);
            }
            option if option.starts_with('-') => return Err(format!("unknown option {option}\n{USAGE}")),
            filter => filters.push(filter.to_owned()),
        }
    }
    let layers = rules::layers()?;
    let chosen = |fault: &&Fault| filters.is_empty() || filters.iter().any(|filter| fault.id().contains(filter));
    let broad: BTreeMap<&str, &[String]> = layers
        .iter()
        .filter(|_| !narrow)
        .filter_map(|layer| Some((layer.faults.first()?.layer.as_str(), &layer.broad[..])))
        .collect();
    let faults: Vec<&Fault> = layers.iter().flat_map(|layer| &layer.faults).filter(chosen).collect();
    let named = faults.iter().flat_map(|fault| &fault.tests);
    let suites: BTreeSet<&str> = named.chain(broad.values().copied().flatten()).map(|test| suite_of(test)).collect();
    let mut soak = Soak::begin(work, &suites)?;
    let mut done = if again { BTreeMap::new() } else { soak.outcomes() };
    for (what, outcome) in &done {
        if let Some(test) = what.strip_prefix(TEST) {
            soak.passes.insert(test.to_owned(), outcome == "passes");
        }
    }

    let pending: Vec<&Fault> = faults.iter().filter(|fault| !done.contains_key(&fault.id())).copied().collect();
    soak.try_without_fault(pending.iter().flat_map(|fault| &fault.tests))?;
    for fault in pending {
        let outcome = match soak.one(fault, &fault.tests)? {
            Outcome::Survived if !fault.explained.is_empty() => "explained\t".to_owned(),
            Outcome::Survived if !narrow => UNDECIDED.to_owned(),
            outcome => outcome.told(),
        };
        soak.record(fault, &outcome, &mut done)?;
    }
    // Faults that the tests named for them did not detect: now the tests of the whole layer.
    let undecided = |fault: &&&Fault| done.get(&fault.id()).is_some_and(|outcome| outcome == UNDECIDED);
    let pending: Vec<&Fault> = faults.iter().filter(undecided).copied().collect();
    let tests = |fault: &Fault| broad.get(fault.layer.as_str()).copied().unwrap_or_default();
    soak.try_without_fault(pending.iter().flat_map(|fault| tests(fault)))?;
    for fault in pending {
        let outcome = soak.one(fault, tests(fault))?;
        soak.record(fault, &outcome.told(), &mut done)?;
    }
    Ok(tell(&faults, &done))
}

/// Prints the summary; returns whether no fault survived without an explanation.
fn tell(faults: &[&Fault], done: &BTreeMap<String, String>) -> bool {
    let (mut all, mut noticed, mut bad) = (0, 0, 0);
    for fault in faults {
        let outcome = done.get(&fault.id()).map_or("", String::as_str);
        all += 1;
        noticed += usize::from(outcome.starts_with("noticed"));
        if outcome.starts_with("explained") {
            println!("survived: {}: {}\n  explained: {}", fault.id(), fault.breaks, fault.explained.replace('\n', " "));
        } else if !outcome.starts_with("noticed") {
            bad += 1;
            println!("survived: {}: {} ({})", fault.id(), fault.breaks, outcome.replace('\t', " ").trim());
        }
    }
    println!("{all} faults, {noticed} noticed ({} %)", (noticed * 100).checked_div(all).unwrap_or(0));
    bad == 0
}

impl Soak {
    /// Copies the tree and builds it without a fault.
    fn begin(work: PathBuf, suites: &BTreeSet<&str>) -> Result<Soak> {
        fs::create_dir_all(&work).map_err(|e| format!("{}: {e}", work.display()))?;
        let mut soak = Soak { work, binaries: BTreeMap::new(), passes: BTreeMap::new() };
        copy_tree(&soak.tree())?;
        seed(&soak.work.join("target"))?;
        let tests = suites.iter().flat_map(|suite| if *suite == "lib" { vec!["--lib"] } else { vec!["--test", suite] });
        let words: Vec<&str> = ["test", "--no-run", "--message-format=json"].into_iter().chain(tests).collect();
        let told = soak.cargo(&words)?;
        if let Some(failure) = told.failure {
            return Err(format!("the tree does not build:\n{failure}"));
        }
        for line in told.text.lines() {
            let message: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
            if let (Some(binary), Some(true)) = (message["executable"].as_str(), message["profile"]["test"].as_bool()) {
                let name = message["target"]["name"].as_str().unwrap_or_default();
                let is_lib = message["target"]["kind"][0].as_str() == Some("lib");
                soak.binaries.insert(if is_lib { "lib".into() } else { name.into() }, binary.into());
            }
        }
        Ok(soak)
    }

    fn tree(&self) -> PathBuf {
        self.work.join("tree")
    }

    fn cargo(&self, words: &[&str]) -> Result<Told> {
        let mut cargo = Command::new("cargo");
        cargo.args(words).current_dir(self.tree()).env("CARGO_TARGET_DIR", self.work.join("target"));
        for (key, _) in std::env::vars().filter(|(key, _)| key.starts_with("CARGO_") && key != "CARGO_HOME") {
            if key != "CARGO_TARGET_DIR" {
                cargo.env_remove(key);
            }
        }
        told(&mut cargo)
    }

    /// Runs tests on the unmodified tree: a test that fails anyway detects nothing.
    fn try_without_fault<'a>(&mut self, tests: impl Iterator<Item = &'a String>) -> Result<()> {
        for test in tests {
            // A walk takes too long for this.
            if self.passes.contains_key(test) || test.contains(WALKS) {
                continue;
            }
            if let Some(failure) = self.build(test)? {
                return Err(format!("the tree does not build:\n{failure}"));
            }
            let ran = self.test(test)?;
            let outcome = match &ran {
                Ran::Passed => "passes".to_owned(),
                Ran::Nothing => "runs nothing here: it is left out".to_owned(),
                Ran::Failed(by, said) => {
                    println!("{said}");
                    format!("fails without a fault ({by}): it is left out")
                }
            };
            println!("{test} {outcome}");
            self.write(&format!("{TEST}{test}"), &outcome)?;
            self.passes.insert(test.to_owned(), matches!(ran, Ran::Passed));
        }
        Ok(())
    }

    /// Applies a fault to the copy, runs tests, and reverts it.
    fn one(&self, fault: &Fault, tests: &[String]) -> Result<Outcome> {
        let usable: Vec<&String> = tests.iter().filter(|test| self.passes.get(*test) != Some(&false)).collect();
        if usable.is_empty() && !tests.is_empty() {
            return Ok(Outcome::Broken("none of its tests passes without a fault".into()));
        }
        let path = self.tree().join(&fault.file);
        let original = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        let text = match fault.applied(&original) {
            Ok(text) => text,
            Err(why) => return Ok(Outcome::Broken(why)),
        };
        put(&path, &text)?;
        let begun = Instant::now();
        let outcome = self.look(&usable);
        put(&path, &original)?;
        let outcome = outcome?;
        println!("{} ({} s): {}", fault.id(), begun.elapsed().as_secs(), outcome.told().replace('\t', " "));
        Ok(outcome)
    }

    /// Runs tests on the copy in its current state, up to the first failure.
    fn look(&self, tests: &[&String]) -> Result<Outcome> {
        for test in tests {
            if self.build(test)?.is_some() {
                return Ok(Outcome::Broken("it does not compile".into()));
            }
            if let Ran::Failed(by, _) = self.test(test)? {
                return Ok(Outcome::Noticed(by));
            }
        }
        Ok(Outcome::Survived)
    }

    /// Builds what a test needs; returns the error, if any.
    fn build(&self, test: &str) -> Result<Option<String>> {
        let told = match suite_of(test) {
            suite if OUTSIDE.contains(&suite) => self.cargo(&["build", "--quiet", "--bin", "tinylua"]),
            "lib" => self.cargo(&["test", "--quiet", "--no-run", "--lib"]),
            suite => self.cargo(&["test", "--quiet", "--no-run", "--test", suite]),
        }?;
        Ok(told.failure)
    }

    /// Runs a test. A failed test is run a second time alone: a flaky test has detected nothing.
    fn test(&self, test: &str) -> Result<Ran> {
        let (suite, filter) = test.split_once(' ').unwrap_or((test, ""));
        // The walks take minutes each: they are run only if they are named.
        let skipped: &[&str] = if suite == "lua" && !filter.starts_with(WALKS) { &["--skip", WALKS] } else { &[] };
        let told = self.run(suite, filter, skipped)?;
        // A suite also fails if something is left on the machine, possibly by another suite.
        let ended = told.text.contains("\ntest result: ");
        match told.text.lines().find_map(failed_test) {
            None if ended && passed(&told.text) == 0 => Ok(Ran::Nothing),
            None if ended => Ok(Ran::Passed),
            None => Ok(Ran::Failed(test.to_owned(), told.text)),
            Some(first) => {
                let again = self.run(suite, first, &["--exact"])?;
                let fails = again.text.lines().any(|line| failed_test(line).is_some());
                Ok(if fails { Ran::Failed(format!("{suite} {first}"), again.text) } else { Ran::Passed })
            }
        }
    }

    fn run(&self, suite: &str, filter: &str, more: &[&str]) -> Result<Told> {
        let binary = self.binaries.get(suite).ok_or(format!("there is no test binary {suite}"))?;
        let mut command = Command::new("timeout");
        command.args(["-k", "5", SECONDS[2]]).arg(binary).args(["--color", "never"]).arg(filter).args(more);
        command.current_dir(self.tree()).env("TINYLUA_TEST_TIMEOUT", SECONDS[usize::from(filter.starts_with(WALKS))]);
        told(&mut command)
    }

    fn outcomes(&self) -> BTreeMap<String, String> {
        let text = fs::read_to_string(self.work.join("outcomes")).unwrap_or_default();
        let pair = |line: &str| line.split_once('\t').map(|(id, outcome)| (id.to_owned(), outcome.to_owned()));
        text.lines().filter_map(pair).collect()
    }

    fn record(&self, fault: &Fault, outcome: &str, done: &mut BTreeMap<String, String>) -> Result<()> {
        self.write(&fault.id(), outcome)?;
        done.insert(fault.id(), outcome.to_owned());
        Ok(())
    }

    /// Adds a line to the file of outcomes.
    fn write(&self, what: &str, outcome: &str) -> Result<()> {
        let path = self.work.join("outcomes");
        let file = fs::OpenOptions::new().create(true).append(true).open(&path);
        file.and_then(|mut file| writeln!(file, "{what}\t{outcome}")).map_err(|e| format!("{}: {e}", path.display()))
    }
}

/// The standard output of a command, or its standard error if it failed.
struct Told {
    text: String,
    failure: Option<String>,
}

fn told(command: &mut Command) -> Result<Told> {
    let output = command.stdin(Stdio::null()).output().map_err(|e| format!("{command:?}: {e}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let failure = (!output.status.success()).then(|| text(&output.stderr));
    Ok(Told { text: text(&output.stdout), failure })
}

/// The test binary of a test, "lua" of "lua files/read".
fn suite_of(test: &str) -> &str {
    test.split(' ').next().unwrap_or_default()
}

/// The test that a line says has failed: "test files/read ... FAILED".
fn failed_test(line: &str) -> Option<&str> {
    line.strip_prefix("test ")?.strip_suffix("FAILED")?.split(" ...").next().map(str::trim)
}

/// The number of passed tests: "test result: ok. 3 passed; …".
fn passed(text: &str) -> u32 {
    let results = text.lines().filter_map(|line| line.strip_prefix("test result: ok. ")?.split(' ').next());
    results.filter_map(|count| count.parse::<u32>().ok()).sum()
}

/// Synchronizes the copy with the tree. Identical files are not touched, so that they cause no rebuild.
fn copy_tree(copy: &Path) -> Result<()> {
    let words = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let listed = told(Command::new("git").args(words).current_dir(ROOT))?;
    let names: BTreeSet<&str> = listed.text.split('\0').filter(|name| Path::new(ROOT).join(name).is_file()).collect();
    for name in &names {
        let (from, to) = (Path::new(ROOT).join(name), copy.join(name));
        let wrong = |e: std::io::Error| format!("{name}: {e}");
        let bytes = fs::read(&from).map_err(wrong)?;
        if fs::read(&to).is_ok_and(|there| there == bytes) {
            continue;
        }
        fs::create_dir_all(to.parent().unwrap_or(copy)).map_err(wrong)?;
        // With its mode.
        fs::copy(&from, &to).map_err(wrong)?;
    }
    remove_others(copy, copy, &names)
}

/// Copies built dependencies from the tree's target directory, so that they are not rebuilt.
fn seed(target: &Path) -> Result<()> {
    const SCRIPT: &str = r#"
        cd "$1/target" 2> /dev/null && [ ! -d "$2" ] || exit 0
        for profile in debug */debug; do
            [ -d "$profile/deps" ] || continue
            mkdir -p "$2/$profile/deps"
            cp -a --reflink=auto "$profile/.fingerprint" "$profile/build" "$2/$profile/"
            find "$profile/deps" -name 'lib*' ! -name '*tinylua*' -exec cp -a --reflink=auto -t "$2/$profile/deps" {} +
        done"#;
    told(Command::new("sh").args(["-c", SCRIPT, "sh", ROOT]).arg(target)).map(drop)
}

/// Removes files that the tree no longer has.
fn remove_others(folder: &Path, copy: &Path, names: &BTreeSet<&str>) -> Result<()> {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = path.strip_prefix(copy).unwrap_or(&path).to_string_lossy().into_owned();
        if path.is_dir() {
            remove_others(&path, copy, names)?;
        } else if !names.contains(name.as_str()) {
            fs::remove_file(&path).map_err(|e| format!("{name}: {e}"))?;
        }
    }
    Ok(())
}

/// Writes a file so that cargo sees the change: its mtime is later than that of the previous build.
fn put(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))
}
