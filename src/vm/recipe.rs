//! Recipes: a Lua file given by the user, or one in the binary.

use std::borrow::Cow;
use std::fs::File;
use std::path::Path;

use mlua::{Function, Lua};

use super::call::Fail;
use super::files::{self, SearchPath, Source};
use super::registry::did_you_mean;
use super::{code_frame, folder, require};
use crate::sys::{self, Context};

/// A recipe whose code is in a container's record.
pub struct Kept {
    /// Its text. No file is read.
    pub text: Vec<u8>,
    /// Its modules by their names, each with its path and its text.
    pub modules: Vec<(String, String, Vec<u8>)>,
    /// The directory in which other modules are searched.
    pub folder: Option<String>,
}

/// Loads a recipe, with the modules next to it: its function and its source.
pub fn load(lua: &Lua, path: &str, kept: Option<Kept>) -> Result<(Function, Source), Fail> {
    let search = lua.app_data_ref::<SearchPath>().map(|search| search.clone()).unwrap_or_default();
    if search.elsewhere() {
        return Err(Fail::Plain(format!(
            "{path} cannot be loaded: this process has changed its root, which may be a container's\n  hint: load it before"
        )));
    }
    let source = match kept {
        None => {
            let source = read(path)?;
            search.set_kept(std::iter::empty());
            if let Cow::Owned(_) = source.text {
                search.set_recipe(Path::new(path));
            }
            source
        }
        Some(kept) => {
            // The modules of another recipe may have the same names.
            require::forget(lua)?;
            let file =
                |text: Vec<u8>, path: &str| Source { text: text.into(), bytecode: false, name: format!("@{path}") };
            search.set_recipe_folder(kept.folder.as_ref().map(Path::new));
            search.set_kept(kept.modules.into_iter().map(|(name, path, text)| (name, file(text, &path))));
            file(lua_text(kept.text), path)
        }
    };
    Ok((compile(lua, &source).map_err(Fail::Plain)?, source))
}

/// Reads a recipe. Unlike a file on the search path, a file named by the user may have any owner and may be
/// a FIFO.
fn read(path: &str) -> sys::Result<Source> {
    match File::open(path).and_then(|file| folder::whole(file, 0)) {
        Ok(text) => Ok(Source { text: lua_text(text).into(), bytecode: false, name: format!("@{path}") }),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound && !path.contains('/') => {
            match files::embedded("lua", &format!("recipes/{path}")) {
                Some(file) => {
                    Ok(Source { text: Cow::Borrowed(file.source()), bytecode: false, name: format!("@{path}") })
                }
                None => Err(near(sys::Error::from(e).with_path(path), path)),
            }
        }
        Err(e) => Err(e).at(path),
    }
}

/// Adds a hint with the shipped recipe of a similar name.
fn near(error: sys::Error, path: &str) -> sys::Error {
    let names: Vec<String> = files::embedded_names("lua/recipes").collect();
    match did_you_mean(path.trim_end_matches(".lua"), names.iter().map(String::as_str)) {
        Some(near) => error.with_hint(format!("did you mean the shipped {near}.lua?")),
        None => error,
    }
}

/// Prepares a file like lua(1): a byte order mark is removed, and a first line `#!…` for the kernel becomes
/// a comment, so that line numbers do not change.
fn lua_text(mut text: Vec<u8>) -> Vec<u8> {
    if text.starts_with(b"\xef\xbb\xbf") {
        text.drain(..3);
    }
    if text.starts_with(b"#") {
        text.splice(..1, *b"--");
    }
    text
}

/// Compiles a recipe; the error is Lua's, with file and line.
pub fn compile(lua: &Lua, source: &Source) -> Result<Function, String> {
    let path = &source.name[1..];
    code_frame::remember(lua, source);
    source.chunk(lua).into_function().map_err(|e| match e {
        mlua::Error::SyntaxError { message, .. } => message,
        // Exceeding the compiler's limit is an ordinary error, which the handler around this call has turned into a table.
        mlua::Error::RuntimeError(_) => format!("{path}:1: tables, brackets or operators are nested too deeply"),
        other => other.to_string(),
    })
}
