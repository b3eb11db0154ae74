//! Where Lua comes from: folders on the search path first, then the copies inside the binary.
//! A file or folder that another user could write is refused: under sudo it would be root's code.

use std::borrow::Cow;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

static LUA: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/lua");
static SCRIPTS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/scripts");

/// A Lua source with the name that errors show.
pub struct Source {
    /// The text.
    pub text: Cow<'static, [u8]>,
    /// `@path` for a user's file, `=lua/tiny/x.lua` for one of the binary's.
    pub name: String,
}

/// The folders that may override what the binary holds, first match first. Each has the layout of
/// the source tree: `scripts/run.lua`, `lua/tiny/container.lua`.
#[derive(Default, Clone)]
pub struct SearchPath {
    dirs: Vec<PathBuf>,
}

impl SearchPath {
    /// `extra` (from `--lua-path`), the user's config folder, `/etc/tinylua`; only those that exist.
    pub fn new(extra: &[PathBuf]) -> SearchPath {
        let mut dirs: Vec<PathBuf> = extra.to_vec();
        dirs.extend(user_config());
        dirs.push("/etc/tinylua".into());
        dirs.retain(|d| d.is_dir());
        SearchPath { dirs }
    }

    /// Reads `folder/relative` ("scripts", "run.lua"): an override, or the embedded copy.
    pub fn read(&self, folder: &str, relative: &str) -> Result<Option<Source>, String> {
        if relative.split('/').any(|part| part == ".." || part.is_empty()) {
            return Ok(None);
        }
        for dir in &self.dirs {
            let path = dir.join(folder).join(relative);
            if let Some(source) = read_trusted(&path)? {
                return Ok(Some(source));
            }
        }
        Ok(embedded(folder, relative)
            .map(|text| Source { text: Cow::Borrowed(text), name: format!("={folder}/{relative}") }))
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

/// `$XDG_CONFIG_HOME/tinylua` or `~/.config/tinylua`.
pub fn user_config() -> Option<PathBuf> {
    let env = |key| std::env::var_os(key).filter(|v| !v.is_empty()).map(PathBuf::from);
    let config = env("XDG_CONFIG_HOME").or_else(|| env("HOME").map(|h| h.join(".config")))?;
    config.is_absolute().then(|| config.join("tinylua"))
}

/// The copy inside the binary.
pub fn embedded(folder: &str, relative: &str) -> Option<&'static [u8]> {
    let dir = if folder == "scripts" { &SCRIPTS } else { &LUA };
    dir.get_file(relative).map(|f| f.contents())
}

/// The names of the embedded files directly in `folder` ("scripts", "lua/tiny", "lua/recipes").
pub fn embedded_names(folder: &str) -> impl Iterator<Item = String> {
    let dir = match folder.strip_prefix("lua/") {
        Some(below) => LUA.get_dir(below),
        None if folder == "scripts" => Some(&SCRIPTS),
        None => Some(&LUA),
    };
    dir.into_iter().flat_map(|d| d.files()).filter_map(|f| lua_name(f.path()))
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
    Ok(Some(Source { text: text.into(), name: format!("@{}", path.display()) }))
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
