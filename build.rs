//! Compiles the shipped Lua to bytecode, which loads several times faster than source, and writes
//! the table of embedded files. The sources are embedded too: they are what `eject` copies. A shipped
//! file with a syntax error fails the build.

use std::fmt::Write;
use std::path::{Path, PathBuf};

fn main() {
    let root = PathBuf::from(env("CARGO_MANIFEST_DIR"));
    let out = PathBuf::from(env("OUT_DIR"));
    let lua = mlua::Lua::new();
    let mut files = Vec::new();
    for folder in ["lua", "scripts"] {
        println!("cargo:rerun-if-changed={folder}");
        collect(&root.join(folder), &mut files);
    }
    files.sort();
    let mut table = String::from("/// Every embedded file, sorted by name.\npub static FILES: &[Embedded] = &[\n");
    for (i, path) in files.iter().enumerate() {
        let name = path.strip_prefix(&root).expect("below the root").to_str().expect("UTF-8").to_owned();
        let source = std::fs::read(path).expect("readable");
        let code = out.join(format!("{i}.luac"));
        compile(&lua, &source, &format!("={name}"), &code);
        writeln!(
            table,
            "    Embedded {{ name: {name:?}, source: include_bytes!({path:?}), code: include_bytes!({code:?}) }},"
        )
        .expect("memory");
    }
    table.push_str("];\n");
    std::fs::write(out.join("embedded.rs"), table).expect("written");
    println!("cargo:rerun-if-changed=src/vm/shim.lua");
    let shim = std::fs::read(root.join("src/vm/shim.lua")).expect("readable");
    compile(&lua, &shim, "=[tiny]", &out.join("shim.luac"));
}

/// The chunk's name is what errors show; debug information stays in for their lines.
fn compile(lua: &mlua::Lua, source: &[u8], name: &str, code: &Path) {
    let chunk = lua.load(source).set_name(name).into_function().unwrap_or_else(|e| panic!("{e}"));
    std::fs::write(code, chunk.dump(false)).expect("written");
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
