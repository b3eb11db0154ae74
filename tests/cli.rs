//! The command line from a user's view: exit status and exact text on standard error, each case in its own
//! private host. The texts are included in full: they are part of the interface, and appear next to the
//! command that prints them.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a test runner talks to the terminal")]

mod host;

use std::process::{ExitCode, Output};

use libtest_mimic::{Completion, Trial};

type Case = (&'static str, fn() -> Result<(), String>);

const CASES: &[Case] = &[
    ("unknown_command", unknown_command),
    ("unknown_option", unknown_option),
    ("words_of_the_command", words_of_the_command),
    ("help_runs_nothing", help_runs_nothing),
    ("no_command", no_command),
    ("syntax_error", syntax_error),
    ("unreadable_recipe", unreadable_recipe),
    ("recipe_status", recipe_status),
    ("thrown_error", thrown_error),
    ("traceback_with_v", traceback_with_v),
    ("program_not_found", program_not_found),
    ("program_not_executable", program_not_executable),
    ("override_wins", override_wins),
    ("override_in_open_folder", override_in_open_folder),
    ("override_of_other_user", override_of_other_user),
    ("trace_as_json", trace_as_json),
    ("closed_standard_descriptors", closed_standard_descriptors),
];

fn main() -> ExitCode {
    host::main(|| {
        let completed = |case: fn() -> Result<(), String>| move || case().map(|()| Completion::Completed);
        CASES.iter().map(|(name, case)| host::trial(*name, completed(*case))).collect::<Vec<Trial>>()
    })
}

/// Runs `tinylua ARGS` after `setup`, a piece of shell, in an empty working directory.
fn tinylua(setup: &str, args: &str) -> Result<Output, String> {
    let script = format!("mkdir /tmp/w && cd /tmp/w || exit 99\n{setup}\nexec \"$0\" {args}");
    host::run(["/bin/sh", "-c", &script, host::PROGRAM].map(Into::into).to_vec())
}

/// The command ended with this status and error; each error starts with the program's name.
fn expect(output: &Output, status: i32, error: &str) -> Result<(), String> {
    let text = String::from_utf8_lossy(&output.stderr);
    let stderr = if error.is_empty() { String::new() } else { format!("tinylua: {error}") };
    if output.status.code() == Some(status) && text == stderr {
        return Ok(());
    }
    Err(format!("want status {status} and on standard error:\n{stderr}\ngot {} and:\n{text}", output.status))
}

fn unknown_command() -> Result<(), String> {
    let near = "unknown command \"rum\"; did you mean `tinylua run`?\n\n\
                Usage: tinylua [OPTIONS] COMMAND [ARGS…]\n\nFor more information, try '--help'.\n";
    expect(&tinylua("", "rum x.lua")?, 2, near)?;
    // The commands called by shell completion are not listed.
    let near = near.replace("rum", "complet").replace("tinylua run`", "tinylua completion`");
    expect(&tinylua("", "complet")?, 2, &near)
}

fn unknown_option() -> Result<(), String> {
    let text = "unexpected argument '--memry' found\n\n  tip: a similar argument exists: '--memory'\n  \
                tip: to pass '--memry' as a value, use '-- --memry'\n\n\
                Usage: tinylua run --memory <SIZE> [RECIPE.lua|IMAGE|COMMAND]...\n\n\
                For more information, try '--help'.\n";
    expect(&tinylua("", "run --memry 5 x.lua")?, 2, text)?;
    // An option of another engine, whose meaning differs from the similar option here.
    let text = "unexpected argument '--cpu-quota' found\n\n  tip: use --cpus; 0.5 is half of one CPU\n\n\
                For more information, try '--help'.\n";
    expect(&tinylua("", "run --rm --cpu-quota=50000 true")?, 2, text)?;
    expect(&tinylua("", "create --cpu-quota 50000 true")?, 2, text)
}

fn words_of_the_command() -> Result<(), String> {
    let setup = "echo 'tiny.fail(\"%s\", table.concat((...), \" \"))' > r.lua";
    expect(&tinylua(setup, "run r.lua --memry -v -- --rm")?, 125, "--memry -v -- --rm\n")?;
    expect(&tinylua(setup, "run -- r.lua --rm")?, 125, "--rm\n")
}

fn help_runs_nothing() -> Result<(), String> {
    for (words, summary) in [
        ("help run touch", "Run a recipe, or a command in a new container\n"),
        ("help exec web touch", "Run a program in a running container\n"),
        ("help network create", "Create a network\n"),
        ("help network", "Manage networks\n"),
    ] {
        let output = tinylua("", words)?;
        expect(&output, 0, "")?;
        let help = String::from_utf8_lossy(&output.stdout);
        if !help.starts_with(summary) {
            return Err(format!("{words}: {help}"));
        }
    }
    Ok(())
}

fn no_command() -> Result<(), String> {
    let output = tinylua("", "")?;
    expect(&output, 0, "")?;
    let help = String::from_utf8_lossy(&output.stdout);
    if help.contains("\nContainers:\n  run ") && help.contains("\nSystem:\n  doctor ") {
        Ok(())
    } else {
        Err(help.into_owned())
    }
}

fn syntax_error() -> Result<(), String> {
    let setup = "printf 'local x = 1\\nlocal y = = 2\\n' > bad.lua";
    expect(&tinylua(setup, "run bad.lua")?, 125, "bad.lua:2: unexpected symbol near '='\n")
}

fn unreadable_recipe() -> Result<(), String> {
    let missing = "load_recipe(\"missing.lua\"): ENOENT: No such file or directory: missing.lua\n  \
                   hint: give the path of a file, or the name of a shipped recipe: `tinylua doc recipes` lists them\n";
    expect(&tinylua("", "run missing.lua")?, 125, missing)?;
    let folder = "load_recipe(\"./folder.lua\"): EISDIR: Is a directory: ./folder.lua\n  \
                  hint: a recipe is a file, not a directory\n";
    expect(&tinylua("mkdir folder.lua", "run ./folder.lua")?, 125, folder)
}

fn recipe_status() -> Result<(), String> {
    expect(&tinylua("echo 'return 7' > r.lua", "run r.lua")?, 7, "")?;
    expect(&tinylua("echo 'return true' > r.lua", "run r.lua")?, 0, "")?;
    expect(&tinylua("echo 'return false' > r.lua", "run r.lua")?, 1, "")?;
    expect(&tinylua("echo 'tiny.fail { message = \"no\", exit = 3 }' > r.lua", "run r.lua")?, 3, "no\n")
}

fn thrown_error() -> Result<(), String> {
    let setup = "printf '\\ntiny.unshare { nett = true }' > r.lua";
    let text = "r.lua:2: unshare({ nett = true }): unknown option \"nett\"; did you mean \"net\"?\n";
    expect(&tinylua(setup, "run r.lua")?, 125, text)
}

fn traceback_with_v() -> Result<(), String> {
    let output = tinylua("echo 'error \"oops\"' > r.lua", "-v run r.lua")?;
    let text = String::from_utf8_lossy(&output.stderr);
    if text.starts_with("tinylua: r.lua:1: oops\nstack traceback:\n") { Ok(()) } else { Err(text.into_owned()) }
}

const SEARCHED: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

fn program_not_found() -> Result<(), String> {
    let text = format!(
        "r.lua:1: exec({{ \"nonesuch\" }}): ENOENT: No such file or directory: nonesuch (not in PATH={SEARCHED})\n  \
         hint: check the name and PATH inside the container's root; a script also needs its interpreter there\n"
    );
    expect(&tinylua("echo 'tiny.exec { \"nonesuch\" }' > r.lua", "run r.lua")?, 127, &text)?;
    let child = "echo 'local c <close> = tiny.fork(function() tiny.exec { \"nonesuch\" } end) c:wait()' > r.lua";
    expect(&tinylua(child, "run r.lua")?, 127, &text)
}

fn program_not_executable() -> Result<(), String> {
    let text = "r.lua:1: exec({ \"./plain\" }): EACCES: Permission denied: ./plain\n  \
                hint: the file is not executable, or its file system is mounted noexec\n";
    expect(&tinylua("touch plain; echo 'tiny.exec { \"./plain\" }' > r.lua", "run r.lua")?, 126, text)
}

const OVERRIDE: &str = "mkdir -p over/scripts; echo 'return { run = function() return 9 end }' > over/scripts/run.lua";

fn override_wins() -> Result<(), String> {
    expect(&tinylua(OVERRIDE, "--lua-path over run")?, 9, "")?;
    expect(&tinylua(OVERRIDE, "run --lua-path over")?, 9, "")
}

fn override_in_open_folder() -> Result<(), String> {
    let text = "/tmp/w/over is refused: its mode 777 lets other users write to it, and its code would run as you\n  \
                hint: chown 0 /tmp/w/over and chmod go-w /tmp/w/over, or remove it\n";
    expect(&tinylua(&format!("{OVERRIDE}; chmod 777 over"), "--lua-path over run x")?, 125, text)
}

fn override_of_other_user() -> Result<(), String> {
    let text = "/tmp/w/over/scripts is refused: it belongs to user 1234, and its code would run as you\n  \
                hint: chown 0 /tmp/w/over/scripts and chmod go-w /tmp/w/over/scripts, or remove it\n";
    expect(&tinylua(&format!("{OVERRIDE}; chown 1234 over/scripts"), "--lua-path over run x")?, 125, text)
}

fn trace_as_json() -> Result<(), String> {
    let output = tinylua("echo 'tiny.getpid() tiny.sethostname \"traced\"' > r.lua", "--trace=json run r.lua")?;
    let mut operations = Vec::new();
    for line in String::from_utf8_lossy(&output.stderr).lines() {
        let event: serde_json::Value = serde_json::from_str(line).map_err(|e| format!("{line}: {e}"))?;
        for key in ["timestamp", "pid", "side", "op", "args", "result", "us"] {
            if event.get(key).is_none() {
                return Err(format!("no {key:?} in {line}"));
            }
        }
        let text = |key: &str| event[key].as_str().unwrap_or_default().to_owned();
        operations.push(format!("{}({}) at {}", text("op"), text("args"), text("at")));
    }
    let want = ["getpid() at r.lua:1", "sethostname(\"traced\") at r.lua:1"];
    if operations.ends_with(&want.map(str::to_owned)) { Ok(()) } else { Err(format!("{operations:#?}")) }
}

/// Closed standard descriptors are opened on /dev/null, so that no other file gets their numbers.
fn closed_standard_descriptors() -> Result<(), String> {
    let setup = "echo 'for _, fd in ipairs((...)) do \
                 if tiny.readlink(\"/proc/self/fd/\" .. fd) ~= \"/dev/null\" then return 9 end end' > r.lua";
    for args in [
        "run r.lua 0 <&-",
        "run r.lua 1 >&-",
        "run r.lua 2 2>&-",
        "run r.lua 0 2 <&- 2>&-",
        "run r.lua 0 1 2 <&- >&- 2>&-",
    ] {
        expect(&tinylua(setup, args)?, 0, "")?;
    }
    Ok(())
}
