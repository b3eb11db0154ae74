//! Where Lua comes from: folders on the search path first, then the copies inside the binary.
//! A file or folder that another user could write is refused: under sudo it would be root's code.

use std::borrow::Cow;
use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A Lua file inside the binary: where its parts lie in a text of all, since an address would have to be relocated
/// at each start.
pub struct Embedded {
    name: Range<u32>,
    source: Range<u32>,
    code: Range<u32>,
    /// Whether the table that a script returns says `seal = true`.
    seal: bool,
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

    /// The text that `eject` copies.
    pub fn source(&self) -> &'static [u8] {
        part(SOURCES, &self.source)
    }

    /// The same as bytecode of this binary's own Lua.
    pub fn code(&self) -> &'static [u8] {
        part(CODES, &self.code)
    }
}

fn part(all: &'static [u8], range: &Range<u32>) -> &'static [u8] {
    &all[range.start as usize..range.end as usize]
}

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// A Lua source with the name that errors show.
pub struct Source {
    /// The text, or bytecode of the binary's own.
    pub text: Cow<'static, [u8]>,
    /// Whether `text` is bytecode. Only what was compiled with this binary ever is.
    pub bytecode: bool,
    /// `@path` for a user's file, `=lua/tiny/x.lua` for one of the binary's.
    pub name: String,
}

/// The folders that may override what the binary holds, first match first. Each has the layout of
/// the source tree: `scripts/run.lua`, `lua/tiny/container.lua`.
#[derive(Default, Clone)]
pub struct SearchPath {
    dirs: Vec<PathBuf>,
    /// The root in which they were found, by device and inode.
    root: Option<(u64, u64)>,
}

impl SearchPath {
    /// `extra` (from `--lua-path`), the user's config folder, `/etc/tinylua`; only those that exist.
    pub fn new(extra: &[PathBuf]) -> SearchPath {
        // Before folders that may be missing: of a first call that fails, std asks whether it is known at all.
        let root = root();
        let mut dirs: Vec<PathBuf> = extra.iter().map(absolute).collect();
        dirs.extend(user_config());
        dirs.push("/etc/tinylua".into());
        dirs.retain(|d| d.is_dir());
        SearchPath { dirs, root }
    }

    /// These folders alone; only those that exist.
    pub fn of(dirs: &[PathBuf]) -> SearchPath {
        SearchPath { dirs: dirs.iter().map(absolute).filter(|dir| dir.is_dir()).collect(), root: root() }
    }

    /// The folders, while this process has the root that they were found in. In a container's root a
    /// file of the same name is the container's, and running it would give that what we still hold.
    fn here(&self) -> &[PathBuf] {
        if self.dirs.is_empty() || self.root == root() { &self.dirs } else { &[] }
    }

    /// The folders, first match first.
    pub fn dirs(&self) -> &[PathBuf] {
        &self.dirs
    }

    /// Reads `folder/relative` ("scripts", "run.lua"): an override, or the embedded copy.
    pub fn read(&self, folder: &str, relative: &str) -> Result<Option<Source>, String> {
        if relative.split('/').any(|part| part == ".." || part.is_empty()) {
            return Ok(None);
        }
        for dir in self.here() {
            let path = dir.join(folder).join(relative);
            if let Some(source) = read_trusted(&path)? {
                return Ok(Some(source));
            }
        }
        Ok(embedded(folder, relative).map(|file| Source {
            text: Cow::Borrowed(file.code()),
            bytecode: true,
            name: format!("={folder}/{relative}"),
        }))
    }

    /// The text of `folder/relative`, as `read` finds it; nothing where it is refused.
    pub fn text(&self, folder: &str, relative: &str) -> Option<Cow<'static, [u8]>> {
        let source = self.read(folder, relative).ok()??;
        match source.bytecode {
            true => embedded(folder, relative).map(|file| Cow::Borrowed(file.source())),
            false => Some(source.text),
        }
    }

    /// The names (without `.lua`) in `folder`, embedded and overriding, sorted.
    pub fn names(&self, folder: &str) -> Vec<String> {
        let mut names: Vec<String> = embedded_names(folder).collect();
        for dir in &self.dirs {
            let entries = std::fs::read_dir(dir.join(folder)).into_iter().flatten().flatten();
            names.extend(entries.filter_map(|e| lua_name(Path::new(&e.file_name()))));
        }
        names.sort();
        names.dedup();
        names
    }
}

/// The same folder wherever the process goes.
fn absolute(dir: &PathBuf) -> PathBuf {
    std::path::absolute(dir).unwrap_or_else(|_| dir.clone())
}

/// What tells the process's root from another.
fn root() -> Option<(u64, u64)> {
    std::fs::metadata("/").ok().map(|meta| (meta.dev(), meta.ino()))
}

/// `$XDG_CONFIG_HOME/tinylua` or `~/.config/tinylua`.
pub fn user_config() -> Option<PathBuf> {
    let env = |key| std::env::var_os(key).filter(|v| !v.is_empty()).map(PathBuf::from);
    let config = env("XDG_CONFIG_HOME").or_else(|| env("HOME").map(|h| h.join(".config")))?;
    config.is_absolute().then(|| config.join("tinylua"))
}

/// The copy inside the binary.
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

fn lua_name(path: &Path) -> Option<String> {
    let stem = path.file_stem()?.to_str()?;
    (path.extension()? == "lua").then(|| stem.to_owned())
}

/// Reads a file that only root or this user can write, by a descriptor that was checked itself.
pub fn read_trusted(path: &Path) -> Result<Option<Source>, String> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound || e.kind() == std::io::ErrorKind::NotADirectory => {
            return Ok(None);
        }
        Err(e) => return Err(format!("{}: {e}", path.display())),
    };
    let refuse = |e: std::io::Error| format!("{}: {e}", path.display());
    let meta = file.metadata().map_err(refuse)?;
    if !meta.is_file() {
        return Ok(None);
    }
    trusted(path, &meta, false)?;
    let real = path.canonicalize().map_err(refuse)?;
    for folder in path.ancestors().chain(real.ancestors()).skip(1).filter(|f| f.is_absolute()) {
        trusted(folder, &folder.metadata().map_err(refuse)?, true)?;
    }
    let mut text = Vec::with_capacity(meta.len() as usize);
    file.read_to_end(&mut text).map_err(refuse)?;
    Ok(Some(Source { text: text.into(), bytecode: false, name: format!("@{}", path.display()) }))
}

impl Source {
    /// The chunk, ready to be turned into a function. A user's file is text, never bytecode:
    /// bytecode is not checked by Lua and can crash it.
    pub fn chunk<'a>(&'a self, lua: &mlua::Lua) -> mlua::chunk::Chunk<'a> {
        let mode = if self.bytecode { mlua::chunk::ChunkMode::Binary } else { mlua::chunk::ChunkMode::Text };
        lua.load(&self.text[..]).set_name(&self.name).set_mode(mode)
    }
}

fn trusted(path: &Path, meta: &std::fs::Metadata, folder: bool) -> Result<(), String> {
    let me = nix::unistd::geteuid().as_raw();
    let who = if meta.uid() != 0 && meta.uid() != me {
        format!("it belongs to user {}", meta.uid())
    } else if meta.mode() & 0o022 != 0 && !(folder && meta.mode() & 0o1000 != 0) {
        format!("its mode {:o} lets other users write it", meta.mode() & 0o7777)
    } else {
        return Ok(());
    };
    let hint = format!("chown {me} {0} and chmod go-w {0}, or remove it", path.display());
    Err(format!("{} is refused: {who}, and what it holds would run as you\n  hint: {hint}", path.display()))
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

    #[test]
    fn the_commands_that_seal_are_those_that_say_so() {
        let vm = crate::vm::Vm::new(crate::vm::Options::default()).expect("a machine");
        let says = |name: &String| {
            let Ok(Some(script)) = vm.command(name) else { panic!("{name} does not load") };
            script.get::<Option<bool>>("seal").expect("a boolean").unwrap_or(false)
        };
        let known = |name: &String| embedded("scripts", &format!("{name}.lua")).is_some_and(Embedded::seal);
        let names: Vec<String> = embedded_names("scripts").collect();
        assert!(names.iter().filter(|name| known(name)).count() > 3);
        for name in &names {
            assert_eq!(says(name), known(name), "{name}");
        }
    }
}
