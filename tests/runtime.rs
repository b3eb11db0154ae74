//! The Lua state embedded in another program: overriding directories, fields of errors, commands. Tests that need a
//! fork or root are in the doc tests and the example, which are separate processes.

use std::path::PathBuf;

use tinylua::Runtime;

type Tried = Result<(), Box<dyn std::error::Error>>;

/// A directory with an overriding module and a command.
fn folder() -> Result<(tempfile::TempDir, PathBuf), std::io::Error> {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let path = dir.path().to_path_buf();
    for name in ["lua", "scripts"] {
        std::fs::create_dir(path.join(name))?;
    }
    std::fs::write(path.join("lua/mine.lua"), "return { answer = 42 }")?;
    let command = "return { args = { { 'n' } }, run = function(args) return tonumber(args.n) end }";
    std::fs::write(path.join("scripts/status.lua"), command)?;
    std::fs::write(
        path.join("scripts/fails.lua"),
        "return { run = function() tiny.fail { message = 'no', exit = 9 } end }",
    )?;
    Ok((dir, path))
}

#[test]
fn folders_override_and_bring_modules_and_commands() -> Tried {
    let (_dir, path) = folder()?;
    let runtime = Runtime::builder().lua_path(&path).build()?;
    assert_eq!(runtime.exec::<i64>("return require('mine').answer")?, 42);
    assert_eq!(runtime.command("status", &["7"])?, 7);
    let error = runtime.command("fails", &[]).expect_err("it fails");
    assert_eq!((error.to_string().as_str(), error.status()), ("no", 9));
    // Another machine in the same process does not have them.
    let plain = Runtime::new()?;
    assert!(plain.exec::<()>("require('mine')").is_err());
    assert!(plain.command("status", &["7"]).is_err());
    Ok(())
}

#[test]
fn errors_have_parts() -> Tried {
    let runtime = Runtime::new()?;
    let error =
        runtime.exec_named::<()>("web.lua", "\ntiny.mount_proc('/no/such')").expect_err("there is no such place");
    assert_eq!((error.op(), error.at()), (Some("mount_proc"), Some("web.lua:2")));
    assert!(error.code().is_some() && error.traceback().is_some());
    let syntax = runtime.exec::<()>("local = 1").expect_err("no Lua");
    assert_eq!(syntax.to_string(), "exec:1: <name> expected near '='");
    assert_eq!((syntax.code(), syntax.status()), (None, 125));
    let thrown = runtime.exec::<()>("error 'mine'").expect_err("thrown");
    assert_eq!(thrown.to_string(), "exec:1: mine");
    let usage = runtime.command("ps", &["--no-such-option"]).expect_err("there is no such option");
    assert_eq!(usage.status(), 2);
    assert!(usage.to_string().contains("'--no-such-option'"), "{usage}");
    let wrong = runtime.exec::<i64>("return {}").expect_err("no number");
    assert!(wrong.to_string().starts_with("exec: its results: "), "{wrong}");
    Ok(())
}

#[test]
fn values_and_functions_go_in() -> Tried {
    let runtime = Runtime::builder().root("/tmp/nowhere").build()?;
    runtime.set("words", vec!["a", "b"])?;
    let seen = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
    let list = seen.clone();
    runtime.set_function("see", move |word: String| list.borrow_mut().push(word))?;
    runtime.exec::<()>("for _, word in ipairs(words) do see(word) end")?;
    assert_eq!(*seen.borrow(), ["a", "b"]);
    // A command keeps the machine's settings.
    assert_eq!(runtime.command("ps", &["-q"])?, 0);
    assert_eq!(runtime.exec::<String>("return tiny.settings.root")?, "/tmp/nowhere");
    Ok(())
}
