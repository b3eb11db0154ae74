//! The prompt at a terminal: a pseudo-terminal, the keys that a person would press, and what shows.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use nix::pty::openpty;

/// What the editor writes when an input is complete: it ends bracketed paste.
const EDITED: &str = "\x1b[?2004l";

/// A prompt under test, killed with the test.
struct Prompt {
    child: Child,
    keys: File,
    output: Receiver<Vec<u8>>,
    seen: String,
}

impl Prompt {
    fn start(home: &std::path::Path) -> Prompt {
        let size = nix::pty::Winsize { ws_row: 50, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0 };
        let pty = openpty(Some(&size), None).expect("a pseudo-terminal");
        let far = |fd: &std::os::fd::OwnedFd| Stdio::from(fd.try_clone().expect("a descriptor"));
        let child = Command::new("setsid")
            .args(["--ctty", env!("CARGO_BIN_EXE_tinylua"), "repl"])
            .env_clear()
            .envs([
                ("HOME", home.to_str().expect("UTF-8")),
                ("TERM", "xterm"),
                ("NO_COLOR", "1"),
                ("PATH", "/bin:/usr/bin"),
            ])
            .stdin(far(&pty.slave))
            .stdout(far(&pty.slave))
            .stderr(far(&pty.slave))
            .spawn()
            .expect("tinylua starts");
        drop(pty.slave);
        let keys = File::from(pty.master);
        let mut screen = keys.try_clone().expect("a descriptor");
        let (send, output) = channel();
        std::thread::spawn(move || {
            let mut chunk = [0u8; 4096];
            while let Ok(n @ 1..) = screen.read(&mut chunk) {
                if send.send(chunk[..n].to_vec()).is_err() {
                    return;
                }
            }
        });
        let mut prompt = Prompt { child, keys, output, seen: String::new() };
        prompt.expect("tiny> ");
        prompt
    }

    /// Presses keys.
    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("keys are taken");
    }

    /// Waits until `text` shows; what came before it is passed over.
    fn expect(&mut self, text: &str) {
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(i) = self.seen.find(text) {
                self.seen.drain(..i + text.len());
                return;
            }
            match self.output.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.seen.push_str(&String::from_utf8_lossy(&bytes)),
                Err(_) => panic!("{text:?} did not show; there is {:?}", self.seen),
            }
        }
    }

    /// Ctrl-C: the input is given up, what was typed after it too.
    fn cancel(&mut self) {
        self.press("\x03");
        self.expect("tiny> ");
    }

    fn line(&mut self, text: &str) {
        self.press(text);
        self.press("\r");
    }
}

impl Drop for Prompt {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_session() {
    let home = tempfile::tempdir().expect("a folder");
    let mut prompt = Prompt::start(home.path());

    prompt.line("a = 40");
    prompt.line("a + 2");
    prompt.expect("\n42\r\n");

    // An error is shown and the prompt lives.
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

    // Ctrl-C gives up the line, then interrupts a loop; the child is not at the prompt.
    prompt.cancel();
    prompt.line("f:wait()");
    prompt.expect("\n3\r\n");
    prompt.line("while true do end");
    prompt.expect(EDITED);
    // The loop is at work, or about to be: either way the prompt comes back.
    prompt.cancel();

    prompt.line("local x = 1");
    prompt.expect(EDITED);
    prompt.expect("note: a local lives for its input only");
    prompt.line("n = tiny.pipe()");
    prompt.expect(EDITED);
    prompt.expect("tiny> ");
    prompt.press("\x04");
    prompt.expect("still there: n = <file pipe>");
    assert!(prompt.child.wait().expect("it ends").success());

    let kept = std::fs::read_to_string(home.path().join(".local/state/tinylua/history")).expect("a history");
    assert!(kept.contains("a + 2"), "{kept}");
}
