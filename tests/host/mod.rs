//! The private host: every test runs in mount, network, pid, UTS, IPC and cgroup namespaces of its
//! own, with fresh /tmp, /run and /var/lib, so that no test can change the machine or affect another test.
//! The test binary runs itself again as the keeper (outside) and as PID 1 (inside) of that host:
//! a separate program may fork and mount, but a closure in a threaded test runner may not.
//! Without root every test is skipped, which is a failure on CI.

mod cgroups;
mod devices;
mod inside;
mod keeper;
mod machine;
mod times;

use std::ffi::OsString;
use std::process::{Command, ExitCode, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use machine::Machine;

type Result<T> = std::result::Result<T, String>;

/// The binary under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_tinylua");
const REPOSITORY: &str = env!("CARGO_MANIFEST_DIR");

/// The main function of a test binary: acts as keeper or PID 1 if started as such, else runs the trials.
pub fn main(trials: impl FnOnce() -> Vec<Trial>) -> ExitCode {
    let argv: Vec<OsString> = std::env::args_os().collect();
    match argv.get(1).and_then(|word| word.to_str()) {
        Some(keeper::PART) => keeper::main(&argv[2..]),
        Some(inside::PART) => inside::main(&argv[2..]),
        _ => suite(trials()),
    }
}

/// Runs the trials and checks that the machine is unchanged.
fn suite(mut trials: Vec<Trial>) -> ExitCode {
    let mut args = Arguments::from_args();
    // Half of a test's time is waiting: for the kernel to destroy namespaces, and for events that it set up itself.
    args.test_threads = args.test_threads.or_else(|| Some(2 * std::thread::available_parallelism().ok()?.get()));
    if args.list {
        return libtest_mimic::run(&args, trials).exit_code();
    }
    if let Some((part, parts)) = part() {
        let mut turn = (0..parts).cycle();
        trials.retain(|_| turn.next() == Some(part));
    }
    let before = Machine::look();
    let ended = libtest_mimic::run(&args, trials);
    let cases = ended.num_passed + ended.num_failed + ended.num_ignored;
    println!("cases: {cases}, skipped: {}{}", ended.num_ignored, times::longest());
    if privileged() && ended.num_passed + ended.num_failed > 0 {
        let left = Machine::look().beyond(&before);
        println!("left on the machine: {}", if left.is_empty() { before.summary() } else { left.join("; ") });
        if !left.is_empty() {
            return ExitCode::FAILURE;
        }
    }
    let ran_nothing = ended.num_passed == 0 && ended.num_failed == 0 && ended.num_filtered_out == 0;
    if ran_nothing && std::env::var("CI").is_ok_and(|ci| ci == "true") {
        println!("this suite ran nothing: on CI it needs root and a kernel with namespaces");
        return ExitCode::FAILURE;
    }
    ended.exit_code()
}

/// A test with this name; skipped, with a reason, if this process is not root.
pub fn trial(name: impl Into<String>, test: impl FnOnce() -> Result<Completion> + Send + 'static) -> Trial {
    let name = name.into();
    Trial::ignorable_test(name.clone(), || match privileged() {
        true => times::of(name, test).map_err(Failed::from),
        false => Ok(Completion::ignored_with("needs root")),
    })
}

/// What makes a test walk more than in `tests/run`: tests/soak/README.md.
const OF_SOAK_TESTS: &[&str] = &["TINYLUA_TEST_WHOLE", "TINYLUA_TEST_CUTS", "TINYLUA_TEST_SEED"];

/// Runs a program in a new private host. Its environment does not depend on the caller's.
pub fn run(argv: Vec<OsString>) -> Result<Output> {
    static HOSTS: AtomicU32 = AtomicU32::new(0);
    let name = format!("{}{}-{}", machine::OURS, std::process::id(), HOSTS.fetch_add(1, Ordering::Relaxed));
    let myself = std::env::current_exe().map_err(|e| format!("finding the test binary: {e}"))?;
    let mut keeper = Command::new(myself);
    keeper.args([keeper::PART, &name]).args(argv).stdin(Stdio::null());
    keeper.env_clear().env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    keeper.envs([("HOME", "/tmp"), ("TMPDIR", "/tmp"), ("LC_ALL", "C.UTF-8")]);
    let passed = [keeper::TIMEOUT].into_iter().chain(OF_SOAK_TESTS.iter().copied());
    keeper.envs(passed.filter_map(|name| Some((name, std::env::var_os(name)?))));
    keeper.output().map_err(|e| format!("starting the private host: {e}"))
}

/// `TINYLUA_TEST_PART=1/2`: the first of every two trials, in order. The part counts from 0 here.
fn part() -> Option<(usize, usize)> {
    let text = std::env::var("TINYLUA_TEST_PART").ok()?;
    let (part, parts) = text.split_once('/')?;
    Some((part.parse::<usize>().ok()?.checked_sub(1)?, parts.parse().ok()?))
}

fn privileged() -> bool {
    nix::unistd::geteuid().is_root()
}
