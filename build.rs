//! Compiles the shipped Lua to bytecode, which loads several times faster than source, and writes
//! the table of embedded files. The sources are embedded too: they are what `eject` copies. A shipped
//! file with a syntax error fails the build. Where the linker can, it lays the program out for a fast
//! start.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

#[path = "src/vm/bytecode.rs"]
mod bytecode;

fn main() {
    let root = PathBuf::from(env("CARGO_MANIFEST_DIR"));
    let out = PathBuf::from(env("OUT_DIR"));
    embed_lua(&root, &out);
    if env("CARGO_CFG_TARGET_OS") == "linux" && env("CARGO_CFG_TARGET_ARCH") == "x86_64" {
        println!("cargo:rustc-link-arg-bins=-Wl,-e,tinylua_start"); // src/sys/entry.rs
    }
    println!("cargo:rerun-if-changed=src/startup.order");
    let order = root.join("src/startup.order");
    // For benches/order: a flag to cargo would change the names that it wants to see.
    println!("cargo:rerun-if-env-changed=TINYLUA_LINK_MAP");
    if let Ok(map) = std::env::var("TINYLUA_LINK_MAP") {
        println!("cargo:rustc-link-arg-bins=-Wl,-Map={map},--no-demangle");
    }
    if env("PROFILE") == "release" && can_lay_out(&order, &out) {
        for flag in layout(&order) {
            println!("cargo:rustc-link-arg-bins={flag}");
        }
    }
}

/// All bytecode lies together, and all sources: a start reads from the first alone.
fn embed_lua(root: &Path, out: &Path) {
    let lua = mlua::Lua::new();
    let mut files = Vec::new();
    for folder in ["lua", "scripts"] {
        println!("cargo:rerun-if-changed={folder}");
        collect(&root.join(folder), &mut files);
    }
    // By bytes, as they are looked for: a path would sort by its parts.
    files.sort_by(|a, b| a.as_os_str().cmp(b.as_os_str()));
    let (mut names, mut codes, mut sources) = (Vec::new(), Vec::new(), Vec::new());
    // A script that says `seal = true` is known by that before it is loaded.
    let seals = |source: &[u8]| source.split(|byte| *byte == b'\n').any(|line| line.trim_ascii() == b"seal = true,");
    let mut table = String::from("/// Every embedded file, sorted by name.\npub static FILES: &[Embedded] = &[\n");
    for path in &files {
        let name = path.strip_prefix(root).expect("below the root").to_str().expect("UTF-8").to_owned();
        let source = std::fs::read(path).expect("readable");
        let seal = name.starts_with("scripts/") && seals(&source);
        let code = append(&mut codes, &compile(&lua, &source, &format!("={name}")));
        let source = append(&mut sources, &source);
        let name = append(&mut names, name.as_bytes());
        writeln!(table, "    Embedded {{ name: {name:?}, source: {source:?}, code: {code:?}, seal: {seal} }},")
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
    println!("cargo:rerun-if-changed=src/vm/shim.lua");
    let shim = std::fs::read(root.join("src/vm/shim.lua")).expect("readable");
    std::fs::write(out.join("shim.luac"), compile(&lua, &shim, "=[tiny]")).expect("written");
}

fn append(all: &mut Vec<u8>, bytes: &[u8]) -> std::ops::Range<u32> {
    let at = |n: usize| u32::try_from(n).expect("a few hundred KiB");
    let start = all.len();
    all.extend_from_slice(bytes);
    at(start)..at(all.len())
}

/// The chunk's name is what errors show, and lines stay in for them. The names of local variables do not: they
/// are a sixth of what a start reads and a supervisor keeps.
fn compile(lua: &mlua::Lua, source: &[u8], name: &str) -> Vec<u8> {
    let whole = lua.load(source).set_name(name).into_function().unwrap_or_else(|e| panic!("{e}")).dump(false);
    let bare = bytecode::without_local_names(&whole);
    lua.load(&bare[..])
        .set_mode(mlua::chunk::ChunkMode::Binary)
        .into_function()
        .unwrap_or_else(|e| panic!("{name}: {e}"));
    bare
}

/// The functions of a start side by side (benches/order makes the list), and relative relocations in
/// their packed form.
fn layout(order: &Path) -> [String; 3] {
    [
        format!("-Wl,--symbol-ordering-file={}", order.display()),
        "-Wl,--no-warn-symbol-ordering".into(),
        "-Wl,-z,pack-relative-relocs".into(),
    ]
}

/// Whether a program linked so is made and runs: lld knows these flags, GNU ld does not, and a static
/// C library must know packed relocations (glibc 2.36). Without them the program only starts slower.
fn can_lay_out(order: &Path, out: &Path) -> bool {
    if env("TARGET") != env("HOST") || env("CARGO_CFG_TARGET_OS") != "linux" {
        return false;
    }
    let (source, binary) = (out.join("probe.rs"), out.join("probe"));
    std::fs::write(&source, "fn main() {}\n").expect("written");
    let flags = std::env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    let made = Command::new(env("RUSTC"))
        .args(flags.split('\x1f').filter(|flag| !flag.is_empty()))
        .args(layout(order).iter().flat_map(|flag| ["-C".to_owned(), format!("link-arg={flag}")]))
        .arg("-o")
        .args([&binary, &source])
        .output();
    made.is_ok_and(|made| made.status.success()) && Command::new(&binary).status().is_ok_and(|ran| ran.success())
}

fn env(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.ends_with("lua/meta") {
            // For editors only; required, it would put its empty functions over the primitives.
        } else if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|e| e == "lua") {
            files.push(path);
        }
    }
}
