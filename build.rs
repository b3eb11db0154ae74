//! Compiles the shipped Lua to bytecode, which loads several times faster than source, and writes
//! the table of embedded files. The sources are embedded too, for `eject`. A syntax error in a shipped
//! file fails the build.

use std::fmt::Write;
use std::path::{Path, PathBuf};

fn main() {
    let root = PathBuf::from(env("CARGO_MANIFEST_DIR"));
    let out = PathBuf::from(env("OUT_DIR"));
    embed_lua(&root, &out);
    if env("CARGO_CFG_TARGET_OS") == "linux" && env("CARGO_CFG_TARGET_ARCH") == "x86_64" {
        println!("cargo:rustc-link-arg-bins=-Wl,-e,tinylua_start"); // src/sys/entry.rs
    }
}

/// All bytecode is contiguous, and so are all sources: a start reads only bytecode.
fn embed_lua(root: &Path, out: &Path) {
    let lua = mlua::Lua::new();
    let mut files = Vec::new();
    for folder in ["lua", "scripts"] {
        println!("cargo:rerun-if-changed={folder}");
        collect(&root.join(folder), &mut files);
    }
    // Sorted by bytes, like the look-up: paths would sort by component.
    files.sort_by(|a, b| a.as_os_str().cmp(b.as_os_str()));
    let (mut names, mut codes, mut sources) = (Vec::new(), Vec::new(), Vec::new());
    let mut table = String::from("/// Every embedded file, sorted by name.\npub static FILES: &[Embedded] = &[\n");
    for path in &files {
        let name = path.strip_prefix(root).expect("below the root").to_str().expect("UTF-8").to_owned();
        let source = std::fs::read(path).expect("readable");
        let said = if name.starts_with("scripts/") { Said::by(&source, &name) } else { Said::default() };
        let code = append(&mut codes, &compile(&lua, &source, &format!("={name}")));
        let source = append(&mut sources, &source);
        let name = append(&mut names, name.as_bytes());
        let summary = append(&mut names, said.summary.as_bytes());
        let Said { seal, hidden, .. } = said;
        writeln!(
            table,
            "    Embedded {{ name: {name:?}, summary: {summary:?}, source: {source:?}, code: {code:?}, seal: {seal}, hidden: {hidden} }},"
        )
        .expect("memory");
    }
    table.push_str("];\n");
    let names = String::from_utf8(names).expect("paths of the source tree");
    writeln!(table, "static NAMES: &str = {names:?};").expect("memory");
    for (name, bytes) in [("CODES", codes), ("SOURCES", sources)] {
        let path = out.join(name);
        std::fs::write(&path, bytes).expect("written");
        writeln!(table, "static {name}: &[u8] = include_bytes!({path:?});").expect("memory");
    }
    std::fs::write(out.join("embedded.rs"), table).expect("written");
    println!("cargo:rerun-if-changed=src/vm/bindings.lua");
    let bindings = std::fs::read(root.join("src/vm/bindings.lua")).expect("readable");
    std::fs::write(out.join("bindings.luac"), compile(&lua, &bindings, "=[tiny]")).expect("written");
}

/// Fields of the table that a command's script returns, which the program needs without running the
/// script.
#[derive(Default)]
struct Said {
    seal: bool,
    hidden: bool,
    summary: String,
}

/// Runs a script without the primitives: every module and function that it uses at top level is a table that returns
/// itself for every name and call.
const WITHOUT_PRIMITIVES: &str = r#"
local script = ...
local anything, meta = {}, {}
function meta.__index(_, key) return type(key) == "string" and anything or nil end
function meta.__call() return anything end
function meta.__concat() return "" end
setmetatable(anything, meta)
local globals = setmetatable({ tiny = anything, require = function() return anything end }, { __index = _G })
return assert(load(script, "=script", "t", globals))()
"#;

impl Said {
    fn by(source: &[u8], name: &str) -> Said {
        let lua = mlua::Lua::new();
        let run = || -> mlua::Result<Said> {
            let table: mlua::Table = lua.load(WITHOUT_PRIMITIVES).call(lua.create_string(source)?)?;
            let flag = |key: &str| Ok::<bool, mlua::Error>(table.raw_get::<Option<bool>>(key)?.unwrap_or(false));
            let summary = table.raw_get::<Option<String>>("summary")?.unwrap_or_default();
            Ok(Said { seal: flag("seal")?, hidden: flag("hidden")?, summary })
        };
        run().unwrap_or_else(|e| panic!("{name}: the returned table: {e}"))
    }
}

fn append(all: &mut Vec<u8>, bytes: &[u8]) -> std::ops::Range<u32> {
    let at = |n: usize| u32::try_from(n).expect("a few hundred KiB");
    let start = all.len();
    all.extend_from_slice(bytes);
    at(start)..at(all.len())
}

/// The chunk's name and line numbers are kept for error messages.
fn compile(lua: &mlua::Lua, source: &[u8], name: &str) -> Vec<u8> {
    lua.load(source).set_name(name).into_function().unwrap_or_else(|e| panic!("{e}")).dump(false)
}

fn env(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.ends_with("lua/meta") {
            // For editors only; loading it would replace the primitives with empty functions.
        } else if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|e| e == "lua") {
            files.push(path);
        }
    }
}
