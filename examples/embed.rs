//! A Rust program with its policy in Lua: runs a command that sees only its own processes and no network, and reports
//! the result. `cargo run --example embed -- sh -c 'ps ax; ls /sys/class/net'`
#![allow(clippy::print_stderr, reason = "it is a program")]

use std::process::ExitCode;

use tinylua::{Error, Runtime};

/// It could also be a file that users of the program can change: `runtime.command("run", &["policy.lua"])`.
const POLICY: &str = r#"
local own = tiny.getuid() ~= 0 and true or nil  -- without root, a user namespace is needed too
local child <close> = tiny.clone({ user = own, pid = true, mount = true, net = true, uts = true }, function()
  tiny.sethostname("embedded")
  tiny.mount_private("/")
  tiny.mount_proc("/proc")
  tiny.mount_sysfs("/sys", { read_only = true })
  tiny.no_new_privs()
  tiny.exec(command)
end)
log("started as process " .. child.pid)
return child:wait(limit) or -1
"#;

fn main() -> ExitCode {
    match run(std::env::args().skip(1).collect()) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(error.status())
        }
    }
}

fn run(mut command: Vec<String>) -> Result<u8, Error> {
    // Re-executes this program from a read-only copy, so that the command cannot overwrite it. It must come first.
    tinylua::seal()?;
    if command.is_empty() {
        command = ["sh", "-c", "echo hello from process $$ of $(hostname)"].map(String::from).to_vec();
    }
    let runtime = Runtime::new()?;
    runtime.set("command", command)?;
    runtime.set("limit", "10s")?;
    runtime.set_function("log", |text: String| eprintln!("policy: {text}"))?;
    match runtime.exec_named::<i64>("policy.lua", POLICY)? {
        -1 => runtime.exec("tiny.fail('the command took longer than %s', limit)"),
        status => Ok(u8::try_from(status).unwrap_or(u8::MAX)),
    }
}
