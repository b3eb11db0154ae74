//! The Lua tests without their own file: scenarios that an unprivileged user runs too, and fault
//! walks, which make each call of a command fail or die. One row or word here is one named test.

/// The scenarios that an unprivileged user runs too, unchanged: the name and, after a colon, the cgroup
/// controller that must be delegated for it.
const BY_AN_ORDINARY_USER: &[(&str, &str)] = &[
    (
        "attacks",
        "fake_null fork_bomb:pids host_fds inheritable_caps join_ptrace mount_flags output_fifo passwd_file \
         layer_links proc_redirect release_agent sockets_of_ours status_spoof stuck_supervisor system_calls tar_metadata \
         terminal_escapes tiocsti",
    ),
    ("images", "changes commands concurrent diff disk explain lower_links mount run shown stack tree volumes"),
    (
        "scenarios",
        "attach_input attach_no_log bad_input bad_state callbacks cpu_time concurrent_pairs:memory concurrent_runs cow \
          cow_ask cow_refused damaged \
         detach disk_full events:pids exec_detach exec_streams exit_status health init init_terminal labels lifecycle \
         limits:memory limits_more:cpuset log_bad_output log_lost log_options log_tail log_times lost_output max_output names \
         oom_live:memory orphan override pool reboot recipe_result restart run run_options stop terminal tester \
         timeout trace_detach usage:memory usage_recorded while_starting",
    ),
];

/// The commands with fault walks (tests/lua/faults.lua), each with the parts that are walked separately: the
/// calls inside the container being created, and all others.
const WALKS: &[(&str, &[&str])] = &[
    ("run", &["", "inside"]),
    ("front", &["", "inside"]),
    ("start", &["", "inside"]),
    ("exec", &[""]),
    ("stop", &[""]),
    ("remove", &[""]),
    ("volumes", &["", "inside"]),
    ("volumes_remove", &[""]),
    ("volume_rm", &[""]),
];

/// The fault at each call.
const KINDS: &[&str] = &["fail", "kill-before", "kill-after"];

/// The commands on images with fault walks (tests/lua/image_faults.lua).
const IMAGE_WALKS: &[&str] = &["pull", "rmi", "prune", "commit", "load", "repair"];

/// Those that an unprivileged user walks too.
const IMAGE_WALKS_OF_USER: &[&str] = &["pull", "prune", "commit", "load"];

/// The tests of egress rules that an unprivileged user runs too, with each program for its network.
const EGRESS_OF_USER: &[&str] =
    &["bypass", "names", "on_connect", "revoke", "upstream", "verify", "verify_hello", "verify_http", "denials"];
const PROGRAMS: &[&str] = &["pasta", "slirp4netns"];

/// Fault walks of `run` with unusual options.
const WALKS_OF_OPTIONS: &[(&str, &str, &str)] = &[
    ("faults_options", "options", "fail"),
    ("faults_options_kill", "options", "kill-before"),
    ("faults_egress", "egress", "fail"),
    ("faults_egress_kill", "egress", "kill-before"),
];

/// The longest tests, by prefix of their names: they start first, so that no long test runs alone at the end.
const LONG: &[&str] = &[
    "scenarios/faults_fail",
    "scenarios/faults_options",
    "scenarios/faults_remove",
    "scenarios/faults_exec",
    "scenarios/faults_kill_before",
    "scenarios/faults_front",
    "scenarios/faults_",
    "scenarios/concurrent_",
    "scenarios/network_many",
    "rootless/attack_stuck_supervisor",
    // The next ones are the longest where system calls are slow (tests/uml/run), which runs every second test.
    "attacks/exe_overwrite",
    "attacks/volume_source",
    "attacks/mount_race",
    "attacks/stranger_pid",
    "attacks/opened_inside",
    "attacks/host_view",
    "attacks/shared_mounts",
    "attacks/release_agent",
    "attacks/stuck_supervisor",
    "attacks/join_ptrace",
    "attacks/diff_race",
    "attacks/cp_growing",
    "attacks/leaked_cwd",
    "attacks/",
];

/// The start order of a test: lowest first.
pub fn turn(name: &str) -> usize {
    LONG.iter().position(|long| name.starts_with(long)).unwrap_or(LONG.len())
}

/// A test: its recipe in tests/lua, and the recipe's arguments.
pub struct Case {
    /// `FAMILY/NAME`, like a test with its own file.
    pub name: String,
    /// The recipe's file in tests/lua.
    pub recipe: &'static str,
    /// The arguments.
    pub arguments: Vec<String>,
}

/// All of these tests.
pub fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    for (folder, tests) in BY_AN_ORDINARY_USER {
        for test in tests.split_whitespace() {
            let (test, needs) = test.split_once(':').unwrap_or((test, ""));
            let prefix = match *folder {
                "attacks" => "attack_",
                "images" => "image_",
                _ => "",
            };
            let arguments = vec![format!("{folder}.{test}"), needs.to_owned()];
            cases.push(Case { name: format!("rootless/{prefix}{test}"), recipe: "run_as_ordinary.lua", arguments });
        }
    }
    let walk = |name: String, arguments: &[&str]| {
        let arguments = arguments.iter().map(|&word| word.to_owned()).collect();
        Case { name: format!("scenarios/{name}"), recipe: "walk_faults.lua", arguments }
    };
    for (command, parts) in WALKS {
        for (kind, part) in KINDS.iter().flat_map(|kind| parts.iter().map(move |part| (kind, part))) {
            let words = ["faults", if *command == "run" { "" } else { command }, &kind.replace('-', "_"), part];
            let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
            cases.push(walk(words.join("_"), &[command, kind, part]));
        }
    }
    for (command, how) in IMAGE_WALKS.iter().flat_map(|command| [(command, "kill"), (command, "fail")]) {
        let arguments = vec![(*command).to_owned(), how.to_owned()];
        cases.push(Case { name: format!("images/faults_{command}_{how}"), recipe: "walk_image_faults.lua", arguments });
    }
    for command in IMAGE_WALKS_OF_USER {
        let arguments = ["kill", "ordinary"].map(str::to_owned);
        let arguments = std::iter::once((*command).to_owned()).chain(arguments).collect();
        cases.push(Case {
            name: format!("rootless/image_faults_{command}"),
            recipe: "walk_image_faults.lua",
            arguments,
        });
    }
    for (test, program) in EGRESS_OF_USER.iter().flat_map(|test| PROGRAMS.iter().map(move |program| (test, program))) {
        let name = format!("rootless/egress_{test}_{program}");
        let arguments = [*test, *program].map(str::to_owned).to_vec();
        cases.push(Case { name, recipe: "egress_as_ordinary.lua", arguments });
    }
    cases.extend(WALKS_OF_OPTIONS.iter().map(|(name, of, kind)| walk((*name).to_owned(), &[of, kind])));
    cases
}
