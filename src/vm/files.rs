//! Finds Lua files: first in the directories of the search path, then among the copies in the binary.
//! A file or directory that another user can write is refused: under sudo it would run as root.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::folder::{Folder, LATE};
use crate::sys::held::Root;

/// A Lua file in the binary, as offsets into one text of all files: pointers would have to be relocated at each
/// start.
pub struct Embedded {
    name: Range<u32>,
    source: Range<u32>,
    code: Range<u32>,
    /// The fields of the table that the script returns, read at build time.
    summary: Range<u32>,
    seal: bool,
    hidden: bool,
}

impl Embedded {
    /// Its path in the source tree, "lua/tiny/container.lua".
    pub fn name(&self) -> &'static str {
        &NAMES[self.name.start as usize..self.name.end as usize]
    }

    /// Whether it is a command that enters a container, and so runs sealed.
    pub fn seal(&self) -> bool {
        self.seal
    }

    /// Whether it is a command for programs, which is not listed.
    pub fn hidden(&self) -> bool {
        self.hidden
    }

    /// The command's summary; empty if it has none.
    pub fn summary(&self) -> &'static str {
        &NAMES[self.summary.start as usize..self.summary.end as usize]
    }

    /// The text that `eject` copies.
    pub fn source(&self) -> &'static [u8] {
        part(SOURCES, &self.source)
    }

    /// The same as bytecode for this binary's Lua.
    pub fn code(&self) -> &'static [u8] {
        part(CODES, &self.code)
    }
}

fn part(all: &'static [u8], range: &Range<u32>) -> &'static [u8] {
    &all[range.start as usize..range.end as usize]
}

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// A Lua source with the name shown in errors.
#[derive(Clone)]
pub struct Source {
    /// The text, or bytecode from the binary.
    pub text: Cow<'static, [u8]>,
    /// Whether `text` is bytecode. Only files compiled with this binary are.
    pub bytecode: bool,
    /// `@path` for a user file, `=lua/tiny/x.lua` for one in the binary.
    pub name: String,
}

/// The directories that may override the files in the binary, in order of precedence. Each has the layout of
/// the source tree: `scripts/run.lua`, `lua/tiny/container.lua`. The directory of the last loaded recipe, with the
/// recipe's modules, is kept here too.
#[derive(Default, Clone)]
pub struct SearchPath(Rc<Held>);

#[derive(Default)]
struct Held {
    dirs: RefCell<Vec<Rc<Folder>>>,
    recipe: RefCell<Option<Rc<Folder>>>,
    /// Modules from a container's record, by name: they precede all others.
    kept: RefCell<HashMap<String, Source>>,
    /// The root directory at the start.
    root: Option<Root>,
    /// Whether the directories were closed.
    gone: Cell<bool>,
}

impl SearchPath {
    /// `extra` (from `--lua-path`), the user's configuration directory, `/etc/tinylua`; only those that exist.
    pub fn new(extra: &[PathBuf]) -> SearchPath {
        let more = user_config().into_iter().chain([PathBuf::from("/etc/tinylua")]);
        SearchPath::open(extra.iter().map(absolute).chain(more))
    }

    /// Only these directories, if they exist.
    pub fn of(dirs: &[PathBuf]) -> SearchPath {
        SearchPath::open(dirs.iter().map(absolute))
    }

    fn open(dirs: impl Iterator<Item = PathBuf>) -> SearchPath {
        let dirs = dirs.filter_map(|dir| Folder::open(&dir)).map(Rc::new).collect();
        SearchPath(Rc::new(Held { dirs: RefCell::new(dirs), root: Root::now(), ..Held::default() }))
    }

    /// The directories in order of precedence.
    pub fn dirs(&self) -> Vec<PathBuf> {
        self.0.dirs.borrow().iter().map(|dir| dir.path().to_path_buf()).collect()
    }

    /// Lets `require` find modules next to this recipe.
    pub fn set_recipe(&self, path: &Path) {
        absolute(path)
            .parent()
            .map_or_else(|| self.set_recipe_folder(None), |folder| self.set_recipe_folder(Some(folder)));
    }

    /// Lets `require` find modules in this directory, if given.
    pub fn set_recipe_folder(&self, folder: Option<&Path>) {
        *self.0.recipe.borrow_mut() = folder.and_then(Folder::open).map(Rc::new);
    }

    /// The directory of the last loaded recipe, while it is open.
    pub fn recipe_folder(&self) -> Option<PathBuf> {
        self.0.recipe.borrow().as_ref().map(|folder| folder.path().to_path_buf())
    }

    /// Lets `require` find these modules before any on the path.
    pub fn set_kept(&self, modules: impl Iterator<Item = (String, Source)>) {
        *self.0.kept.borrow_mut() = modules.collect();
    }

    /// Whether this process has changed its root directory since its start. Paths then lead to the container's files.
    pub fn elsewhere(&self) -> bool {
        !matches!((self.0.root, Root::now()), (Some(began), Some(now)) if began.same_folder(now))
    }

    /// Called before a process is started in a container's root: that process may inspect this one, which therefore
    /// keeps no descriptors of host directories. From then on, modules are loaded from the binary only.
    pub fn let_go(&self) {
        let holds = !self.0.dirs.borrow().is_empty() || self.0.recipe.borrow().is_some();
        if holds && self.elsewhere() {
            self.0.dirs.borrow_mut().clear();
            self.0.recipe.borrow_mut().take();
            self.0.gone.set(true);
        }
    }

    /// Reads `folder/relative` ("scripts", "run.lua"): an override, or the embedded copy.
    pub fn read(&self, folder: &str, relative: &str) -> Result<Option<Source>, String> {
        if !plain(relative) {
            return Ok(None);
        }
        for dir in &*self.0.dirs.borrow() {
            if let Some(source) = dir.read(&format!("{folder}/{relative}"))? {
                return Ok(Some(source));
            }
        }
        Ok(embedded(folder, relative).map(|file| Source {
            text: Cow::Borrowed(file.code()),
            bytecode: true,
            name: format!("={folder}/{relative}"),
        }))
    }

    /// Reads a module: from a record, from the path, or from next to the recipe.
    pub fn module(&self, name: &str) -> Result<Option<Source>, String> {
        if let Some(kept) = self.0.kept.borrow().get(name) {
            return Ok(Some(kept.clone()));
        }
        let relative = &module_file(name);
        match (self.read("lua", relative)?, &*self.0.recipe.borrow()) {
            (None, Some(beside)) if plain(relative) => beside.read(relative),
            (None, None) if self.0.gone.get() => Err(format!(
                "{relative} cannot be loaded: a process was started in another root, and the host's directories were closed\n  {LATE}"
            )),
            (found, _) => Ok(found),
        }
    }

    /// The names (without `.lua`) in `folder`, embedded and overriding, sorted.
    pub fn names(&self, folder: &str) -> Vec<String> {
        let mut names: Vec<String> = embedded_names(folder).collect();
        for dir in &*self.0.dirs.borrow() {
            names.extend(dir.names(folder).iter().filter_map(|name| lua_name(Path::new(name))));
        }
        names.sort();
        names.dedup();
        names
    }

    /// Including those in subdirectories, by their path in `folder`.
    pub fn names_below(&self, folder: &str) -> Vec<String> {
        let mut names: Vec<String> = embedded_names_below(folder).collect();
        for dir in &*self.0.dirs.borrow() {
            dir.names_below(folder, "", &mut names);
        }
        names.sort();
        names.dedup();
        names
    }
}

/// The file of a module in the directory `lua`, or next to the recipe.
pub fn module_file(name: &str) -> String {
    format!("{}.lua", name.replace('.', "/"))
}

/// Whether the path stays below the directory in which it is searched.
fn plain(relative: &str) -> bool {
    !relative.split('/').any(|part| part == ".." || part.is_empty())
}

/// The path made absolute, so that it does not depend on the working directory.
fn absolute(dir: impl AsRef<Path>) -> PathBuf {
    std::path::absolute(&dir).unwrap_or_else(|_| dir.as_ref().to_path_buf())
}

/// `$XDG_CONFIG_HOME/tinylua` or `~/.config/tinylua`.
pub fn user_config() -> Option<PathBuf> {
    let env = |key| std::env::var_os(key).filter(|v| !v.is_empty()).map(PathBuf::from);
    let config = env("XDG_CONFIG_HOME").or_else(|| env("HOME").map(|h| h.join(".config")))?;
    config.is_absolute().then(|| config.join("tinylua"))
}

/// The copy in the binary.
pub fn embedded(folder: &str, relative: &str) -> Option<&'static Embedded> {
    let wanted = || folder.bytes().chain([b'/']).chain(relative.bytes());
    let found = FILES.binary_search_by(|file| file.name().bytes().cmp(wanted()));
    found.ok().map(|at| &FILES[at])
}

/// The names of the embedded files directly in `folder` ("scripts", "lua/tiny", "lua/recipes").
pub fn embedded_names(folder: &str) -> impl Iterator<Item = String> {
    FILES
        .iter()
        .map(|file| Path::new(file.name()))
        .filter(move |path| path.parent() == Some(Path::new(folder)))
        .filter_map(lua_name)
}

/// The names of the embedded files in `folder` and its subdirectories, by their path in it.
pub fn embedded_names_below(folder: &str) -> impl Iterator<Item = String> {
    FILES.iter().filter_map(move |file| {
        let path = file.name().strip_prefix(folder)?.strip_prefix('/')?;
        Some(path.strip_suffix(".lua")?.to_owned())
    })
}

fn lua_name(path: &Path) -> Option<String> {
    let stem = path.file_stem()?.to_str()?;
    (path.extension()? == "lua").then(|| stem.to_owned())
}

impl Source {
    /// The chunk, ready to be compiled. User files are always text: Lua does not verify bytecode, which can
    /// crash it.
    pub fn chunk<'a>(&'a self, lua: &mlua::Lua) -> mlua::chunk::Chunk<'a> {
        let mode = if self.bytecode { mlua::chunk::ChunkMode::Binary } else { mlua::chunk::ChunkMode::Text };
        lua.load(&self.text[..]).set_name(&self.name).set_mode(mode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_file_is_found_by_its_name() {
        for file in FILES {
            let (folder, relative) = file.name().split_once('/').expect("a file below a folder");
            let found = embedded(folder, relative).expect("it is there");
            assert_eq!((found.name(), found.source()), (file.name(), file.source()));
        }
        assert!(embedded("lua", "tiny/nowhere.lua").is_none() && embedded("lua", "").is_none());
    }
}
