//! A pseudo-terminal with tinylua on it: sends keys like a user, and reads the output.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use nix::pty::openpty;

/// The editor's output when an input is complete: the end of bracketed paste.
pub const EDITED: &str = "\x1b[?2004l";

/// Its output when it begins to read.
const EDITING: &str = "\x1b[?2004h";

/// A command under test on its own terminal, killed at the end of the test.
pub struct Prompt {
    pub child: Child,
    keys: File,
    output: Receiver<Vec<u8>>,
    pub seen: String,
    /// The terminal's program side.
    pub terminal: File,
}

impl Prompt {
    /// `tinylua repl`, without colors, once the prompt is shown.
    pub fn start(home: &Path) -> Prompt {
        let mut prompt = Prompt::run(home, &["repl"], &[("NO_COLOR", "1")]);
        prompt.expect("tiny> ");
        prompt
    }

    /// tinylua with these arguments, 120 columns wide.
    pub fn run(home: &Path, args: &[&str], env: &[(&str, &str)]) -> Prompt {
        let size = nix::pty::Winsize { ws_row: 50, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0 };
        let pty = openpty(Some(&size), None).expect("a pseudo-terminal");
        let far = |fd: &std::os::fd::OwnedFd| Stdio::from(fd.try_clone().expect("a descriptor"));
        let child = Command::new("setsid")
            .args(["--ctty", env!("CARGO_BIN_EXE_tinylua")])
            .args(args)
            .current_dir(home)
            .env_clear()
            .envs([("HOME", home.to_str().expect("UTF-8")), ("TERM", "xterm"), ("PATH", "/bin:/usr/bin")])
            .envs(env.iter().copied())
            .stdin(far(&pty.slave))
            .stdout(far(&pty.slave))
            .stderr(far(&pty.slave))
            .spawn()
            .expect("tinylua starts");
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
        Prompt { child, keys, output, seen: String::new(), terminal: File::from(pty.slave) }
    }

    /// Sends keys.
    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("keys are taken");
    }

    /// Waits for `text` in the output; consumes and returns the output before it.
    pub fn expect(&mut self, text: &str) -> String {
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(i) = self.seen.find(text) {
                return self.seen.drain(..i + text.len()).collect();
            }
            match self.output.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.seen.push_str(&String::from_utf8_lossy(&bytes)),
                Err(_) => panic!("{text:?} did not show; there is {:?}", self.seen),
            }
        }
    }

    /// Ctrl-C: discards the input.
    pub fn cancel(&mut self) {
        self.press("\x03");
        self.expect(EDITED);
        self.expect("tiny> ");
    }

    /// Waits until the process sleeps in a system call.
    pub fn asleep(&self) {
        let stat = format!("/proc/{}/stat", self.child.id());
        while !std::fs::read_to_string(&stat).expect("it lives").contains(") S ") {
            std::thread::yield_now();
        }
    }

    pub fn line(&mut self, text: &str) {
        self.press(text);
        self.press("\r");
    }

    /// Enters a line, waits for the next prompt, and returns the output.
    pub fn answer(&mut self, text: &str) -> String {
        self.line(text);
        self.expect(&format!("{EDITED}\r\n"));
        let answer = self.expect(EDITING);
        self.expect("tiny> ");
        answer.replace(EDITING, "")
    }

    /// Whether the terminal is in line mode with echo, as at the start.
    pub fn cooked(&self) -> bool {
        use nix::sys::termios::{LocalFlags, tcgetattr};
        let mode = tcgetattr(&self.terminal).expect("a terminal");
        mode.local_flags.contains(LocalFlags::ICANON | LocalFlags::ECHO | LocalFlags::ISIG)
    }
}

impl Drop for Prompt {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
