//! The prompt at a terminal: completion, hints and colors while typing, help, and robustness against errors,
//! signals and children. Then the code frame of an error on a terminal.

mod pty;
mod session;

use std::io::Write;
use std::os::unix::fs::PermissionsExt;

use pty::{EDITED, Prompt};

#[test]
fn a_session() {
    let home = tempfile::tempdir().expect("a folder");
    let mut prompt = Prompt::start(home.path());

    prompt.line("a = 40");
    prompt.line("a + 2");
    prompt.expect("\n42\r\n");

    // An error is shown and the prompt continues.
    prompt.line("tiny.readlink('/nope')");
    prompt.expect("prompt:1: readlink(\"/nope\"): ENOENT");
    prompt.line("tiny.getpidd()");
    prompt.expect("did you mean tiny.getpid?");

    // A chunk over several lines.
    prompt.line("for i = 1, 3 do");
    prompt.line("a = a + i");
    prompt.line("end");
    prompt.line("a");
    prompt.expect("\n46\r\n");

    // Completion: a primitive, an option, a method.
    prompt.press("tiny.setho\t");
    prompt.expect("tiny.sethostname");
    prompt.cancel();
    prompt.press("tiny.unshare { ut\t");
    prompt.expect("uts = ");
    prompt.cancel();
    prompt.line("f = tiny.fork(function() return 3 end)");
    prompt.press("f:wait_\t");
    prompt.expect("f:wait_ready");

    // Ctrl-C discards the line, then interrupts a loop; the child does not run the prompt.
    prompt.cancel();
    prompt.line("f:wait()");
    prompt.expect("\n3\r\n");
    prompt.line("while true do end");
    prompt.expect(EDITED);
    // The loop is running or about to start: in both cases the prompt returns.
    prompt.press("\x03");
    prompt.expect("tiny> ");

    prompt.line("local x = 1");
    prompt.expect(EDITED);
    prompt.expect("note: a local exists only in its input");
    prompt.expect("tiny> ");
    prompt.press("\x04");
    assert!(prompt.child.wait().expect("it ends").success());

    let history = home.path().join(".local/state/tinylua/history");
    let kept = std::fs::read_to_string(&history).expect("a history");
    assert_eq!(history.metadata().expect("its mode").permissions().mode() & 0o777, 0o600);
    assert!(kept.contains("a + 2"), "{kept}");
}

fn home() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn completion() {
    let home = home();
    std::fs::create_dir(home.path().join("roots")).expect("a folder");
    std::fs::write(home.path().join("root.txt"), "x").expect("a file");
    let mut prompt = Prompt::start(home.path());
    let completes = |prompt: &mut Prompt, typed: &str, shown: &str| {
        prompt.press(typed);
        prompt.press("\t");
        prompt.expect(shown);
        prompt.cancel();
    };
    // The keys of a table with descriptions; the possible values of an argument; a handle's methods.
    completes(&mut prompt, "tiny.clone({ ", "net            network namespace\r\n");
    completes(&mut prompt, "tiny.unshare { ut", "{ uts = ");
    completes(&mut prompt, "tiny.clock('mono", "'monotonic'");
    completes(&mut prompt, "tiny.unix_connect('x', { type = 'seq", "= 'seqpacket'");
    assert_eq!(prompt.answer("n = tiny.utsns()"), "");
    completes(&mut prompt, "n:ke", "n:keep");
    assert_eq!(prompt.answer("c = require 'tiny.container'"), "");
    completes(&mut prompt, "c.new { mem", "memory = ");
    completes(&mut prompt, "c.new { net", "net_delay  duration");
    // Files, with a directory left open for more; modules; help topics.
    completes(&mut prompt, "x = './roo", "root.txt  roots/");
    completes(&mut prompt, "x = \"root.", "\"root.txt\"");
    completes(&mut prompt, "require 'tiny.sco", "'tiny.scope'");
    completes(&mut prompt, "help 'mount_t", "'mount_tmpfs'");
    completes(&mut prompt, "inspect 'no", "inspect 'no");
}

#[test]
fn hints() {
    let home = home();
    let mut prompt = Prompt::start(home.path());
    for (typed, hint) in [
        ("tiny.mount_bind(", "  mount_bind(‹source›, target, [options])"),
        ("tiny.mount_bind('/a', ", "  mount_bind(source, ‹target›, [options])"),
        ("tiny.clone(", "  clone(‹options›, body)  user, pid, net"),
        ("tiny.clone({ net = ", "  net: network namespace [true (new)"),
    ] {
        prompt.press(typed);
        prompt.expect(hint);
        prompt.cancel();
    }
    // For a shipped function, from its source.
    assert_eq!(prompt.answer("s = require 'tiny.state'"), "");
    prompt.press("s.find(");
    prompt.expect("  state.find(‹ref›)");
    prompt.cancel();
}

#[test]
fn colours() {
    let home = home();
    let mut prompt = Prompt::run(home.path(), &["repl"], &[]);
    prompt.expect("tiny> ");
    prompt.press("return tiny.clone, tiny.nope, 'a'");
    prompt.expect("\x1b[35mreturn\x1b[0m tiny.\x1b[1;34mclone\x1b[0m, tiny.\x1b[31mnope\x1b[0m, \x1b[32m'a'\x1b[0m");
    prompt.press("\x03");
    prompt.expect("tiny> ");
    prompt.press("f(1)");
    prompt.expect("f\x1b[1;7m(\x1b[0m\x1b[36m1\x1b[0m\x1b[1;7m)\x1b[0m");
}

#[test]
fn help_on_everything() {
    let home = home();
    let mut prompt = Prompt::start(home.path());
    let all = [
        ("help()", "explains a primitive"),
        ("help(tiny.clone)", "clone(options, body)"),
        ("help 'child:wait'", "child:wait([timeout] [, options])"),
        ("help 'stop'", "-t, --time DURATION     Time to wait before SIGKILL"),
        ("help 'network'", "  graph                   Draw bridges"),
        ("help 'network create'", "tinylua network create [OPTIONS] NAME"),
        ("help 'tiny.inspect.source'", "source.of(process)"),
        ("help 'tiny.scope'", "A scope records how to undo each step"),
        ("help 'docs.manual.summary'", "One line about a file: a command's summary"),
        ("help(require('tiny.docs.manual').summary)", "tiny.docs.manual.summary(text)"),
        ("help(inspect)", "tiny.prompt.helpers.inspect(what)"),
        ("help(tiny.utsns())", ":keep()"),
        ("help 'clnoe'", "no documentation for \"clnoe\"\r\n  hint: did you mean \"clone\"?"),
    ];
    for (asked, want) in all {
        let answer = prompt.answer(asked);
        assert!(answer.contains(want), "{asked}: {answer}");
    }
}

#[test]
fn traced_calls() {
    let home = home();
    let mut prompt = Prompt::start(home.path());
    let answer = prompt.answer("trace(function() tiny.getpid() return 5 end)");
    assert!(answer.contains("getpid() = ") && answer.contains(" ms in all\r\n5\r\n"), "{answer}");
    assert_eq!(prompt.answer("tiny.getuid() == nil"), "false\r\n", "the trace has ended");
    let answer = prompt.answer("trace(tiny.readlink, '/nope')");
    assert!(answer.contains("ms in all\r\nprompt:1: readlink(\"/nope\"): ENOENT"), "{answer}");
}

#[test]
fn it_survives() {
    let home = home();
    let mut prompt = Prompt::start(home.path());
    // A child that uses the terminal immediately stops its own group, not its creator.
    for _ in 0..20 {
        assert_eq!(prompt.answer("foreground(function() tiny.raw_mode(0):keep() end)"), "0\r\n");
    }
    // Ctrl-C ends a waiting call, but not the child, which is in another process group.
    assert_eq!(prompt.answer("c = tiny.fork(function() tiny.exec { 'sleep', '1000' } end) c:wait_ready()"), "");
    for waits in ["c:wait()", "tiny.poll({}, '100s')", "tiny.pipe():read()"] {
        prompt.line(waits);
        prompt.expect(EDITED);
        prompt.asleep();
        prompt.press("\x03");
        prompt.expect("tiny> ");
    }
    // A working call is interrupted between two files, and only once.
    prompt.line("tiny.tar_pack('/usr', { name = 'x', to = tiny.open('/dev/null', { write = true }) })");
    prompt.expect(EDITED);
    prompt.press("\x03");
    prompt.expect("EINTR: Interrupted system call");
    prompt.expect("tiny> ");
    assert_eq!(prompt.answer("(function() for i = 1, 1e5 do end return 7 end)()"), "7\r\n");
    assert_eq!(prompt.answer("#tiny.poll({ c }, 0)"), "0\r\n", "the child lives");
    assert_eq!(prompt.answer("c:kill('KILL') c:wait()"), "");
    // Changes of an input to its own names do not affect the prompt.
    assert_eq!(prompt.answer("tiny = 5; table = nil; print = nil; tostring = nil"), "");
    assert_eq!(prompt.answer("tiny"), "5\r\n");
    assert_eq!(prompt.answer("tiny = nil; table = nil; tostring = nil"), "");
    for (input, want) in [
        ("setmetatable({}, { __tostring = function() error 'boo' end })", "boo"),
        (
            "error(setmetatable({}, { __tostring = function() error 'boo' end }))",
            "an error without a message was thrown",
        ),
        ("do local x <close> = setmetatable({}, { __close = function() error 'not closed' end }) end", "not closed"),
        ("t = {}; t.t = t; t.u = { t }", ""),
        ("t", "{ t = {…}, u = { {…} } }\r\n"),
        ("(function() local b = {} for i = 1, 1e5 do b[i] = { i, { i } } end return b end)()", "… 99900 more\r\n}"),
        ("('x'):rep(1e6)", "xx\"… 998000 more bytes"),
        ("(function() local t = {} for i = 1, 1e4 do t = { t } end return t end)()", "{…}"),
        ("function f() return f() + 1 end f()", "stack overflow"),
        ("'\\27[31m'", "\"\\x1b[31m\"\r\n"),
        (":in nobody", "nobody"),
    ] {
        let answer = prompt.answer(input);
        assert!(answer.contains(want) && answer.len() < 40_000, "{input}: {answer}");
    }
    // A child that crashes, one that leaves the terminal raw, and one that reads: none of them takes input.
    assert_eq!(
        prompt.answer("tiny.fork(function() tiny.kill(tiny.pidfd_open(tiny.getpid()), 'SEGV') end):wait()"),
        "139\r\n\"SIGSEGV\"\r\n"
    );
    assert_eq!(prompt.answer("tiny.fork(function() return io.read() == nil and 3 or 4 end):wait()"), "3\r\n");
    assert_eq!(prompt.answer("foreground(function() tiny.raw_mode(0):keep() end)"), "0\r\n");
    assert_eq!(
        prompt
            .answer("foreground({ uts = true }, function() tiny.exec { 'stty', '-a' } end)")
            .matches(" icanon")
            .count(),
        1
    );
    // A child is not a process group leader, so that it can create a session.
    assert_eq!(prompt.answer("tiny.clone({ pid = true }, function() tiny.setsid() return 6 end):wait()"), "6\r\n");
    // A child in the foreground reads the input, and is the only one to receive Ctrl-C.
    prompt.line("foreground(function() tiny.exec { 'sh', '-c', 'echo on; exec cat' } end)");
    prompt.expect("on\r\n");
    prompt.line("typed");
    prompt.expect("typed\r\ntyped\r\n");
    // Nothing could continue it after a stop, so Ctrl-Z is an ordinary character.
    prompt.line("\x1a");
    prompt.expect("^Z\r\n\x1a\r\n");
    prompt.press("\x03");
    prompt.expect("130\r\n\"SIGINT\"\r\n");
    assert_eq!(prompt.answer("1 + 1"), "2\r\n");
    // An error in input of several lines has a line number.
    prompt.line("do\nlocal x = nil\nx()\nend");
    prompt.expect("prompt#1:3: attempt to call a nil value");
    prompt.expect(" > 3 | x()\r\n     | ^^^\r\n");
}

#[test]
fn the_terminal_is_restored() {
    for (keys, signal) in [("\x04", None), ("exit\r", None), ("os.exit(0)\r", None), ("", Some(libc::SIGTERM))] {
        let home = home();
        let mut prompt = Prompt::start(home.path());
        prompt.press("x = 1");
        prompt.expect("x = 1");
        assert!(!prompt.cooked(), "the editor reads keys");
        match signal {
            Some(signal) => {
                let pid = nix::unistd::Pid::from_raw(prompt.child.id() as i32);
                nix::sys::signal::kill(pid, nix::sys::signal::Signal::try_from(signal).expect("a signal"))
                    .expect("sent");
            }
            None => {
                prompt.cancel();
                prompt.press(keys);
            }
        }
        prompt.child.wait().expect("it ends");
        assert!(prompt.cooked(), "{keys:?} {signal:?}");
    }
}

#[test]
fn without_a_terminal() {
    use std::process::{Command, Stdio};
    let tinylua = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tinylua"));
        command.arg("repl").stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    };
    let mut piped = tinylua().stdin(Stdio::piped()).spawn().expect("it starts");
    piped
        .stdin
        .take()
        .expect("a pipe")
        .write_all(b"x = 2\nx * 21\nhelp 'tiny.scope'\nerror 'no'\n7\n")
        .expect("written");
    let output = piped.wait_with_output().expect("it ends");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(out.starts_with("42\ntiny.scope") && !out.contains("\n7\n"), "{out}");
    assert_eq!((&err[..], output.status.code()), ("tinylua: stdin:4: no\n", Some(125)));
    let closed = Command::new("sh")
        .args(["-c", "exec \"$0\" repl <&-", env!("CARGO_BIN_EXE_tinylua")])
        .output()
        .expect("it starts");
    assert!(closed.status.success() && closed.stdout.is_empty() && closed.stderr.is_empty(), "{closed:?}");
}

const FAILS: &str = "-- fails\nlocal function f()\n\ttiny.readlink('/nope')\nend\nf()\n";

#[test]
fn an_error_has_its_lines_on_a_terminal() {
    let home = home();
    std::fs::write(home.path().join("fails.lua"), FAILS).expect("a recipe");
    let mut plain = Prompt::run(home.path(), &["run", "fails.lua"], &[("NO_COLOR", "1")]);
    assert_eq!(plain.child.wait().expect("it ends").code(), Some(125));
    plain.expect("fails.lua:3: readlink(\"/nope\"): ENOENT: No such file or directory: /nope\r\n   1 | -- fails\r\n");
    plain.expect(" > 3 |     tiny.readlink('/nope')\r\n     |     ^^^^^^^^^^^^^\r\n   4 | end\r\n   5 | f()\r\n");
    let mut coloured = Prompt::run(home.path(), &["run", "fails.lua"], &[]);
    coloured.expect("\x1b[2m   2 | local function f()\x1b[0m\r\n\x1b[1;31m > 3\x1b[0m | ");
    // A child's error and a syntax error have a frame too.
    std::fs::write(home.path().join("child.lua"), "tiny.fork(function()\n  error 'no'\nend):wait()\n")
        .expect("a recipe");
    let mut child = Prompt::run(home.path(), &["run", "child.lua"], &[("NO_COLOR", "1")]);
    child.expect("child.lua:2: no\r\n   1 | tiny.fork(function()\r\n > 2 |   error 'no'\r\n");
    std::fs::write(home.path().join("syntax.lua"), "local x =\n= 2\n").expect("a recipe");
    let mut syntax = Prompt::run(home.path(), &["run", "syntax.lua"], &[("NO_COLOR", "1")]);
    syntax.expect("syntax.lua:2: unexpected symbol near '='\r\n   1 | local x =\r\n > 2 | = 2\r\n");
    // For a container's key, the line that sets it.
    let web = "local c = require 'tiny.container'\nreturn c.new {\n  memory = '12q',\n}\n";
    std::fs::write(home.path().join("web.lua"), web).expect("a recipe");
    let mut web = Prompt::run(home.path(), &["run", "web.lua"], &[("NO_COLOR", "1")]);
    web.expect(" > 3 |   memory = '12q',\r\n     |   ^^^^^^\r\n");
    // Without a terminal only the text is printed.
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_tinylua"))
        .args(["run", "fails.lua"])
        .current_dir(home.path())
        .output()
        .expect("it starts");
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "tinylua: fails.lua:3: readlink(\"/nope\"): ENOENT: No such file or directory: /nope\n  hint: the file or its directory is missing\n"
    );
}
