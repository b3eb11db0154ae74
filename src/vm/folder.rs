//! A directory from which Lua is loaded. It is opened as soon as it is known, and its owner and mode and those of its
//! parents are checked then: later the process may have a container's root, where its path leads to the container's
//! files.

use std::cell::RefCell;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use nix::errno::Errno;

use super::files::Source;
use crate::sys;
use crate::sys::held::{self, Found, Root};

/// The maximum size of a Lua file.
const MOST: u64 = 16 << 20;

/// The owner shown for files of users that are not mapped in this user namespace (user_namespaces(7)).
const UNMAPPED: u32 = 65534;

/// The hint for a module that is required too late.
pub const LATE: &str = "hint: require it at the top of the recipe, before the process changes its root";

/// A directory, and its subdirectories that were opened.
pub struct Folder {
    path: PathBuf,
    fd: OwnedFd,
    /// The root in which it was opened: only there do links lead to what their owner intended.
    home: Option<Root>,
    /// The reason why its files are not run.
    refused: Option<String>,
    below: RefCell<Vec<Rc<Folder>>>,
}

impl Folder {
    /// The directory at an absolute path; `None` if there is none.
    pub fn open(path: &Path) -> Option<Folder> {
        let fd = held::folder(path).ok()?;
        let refused = owned(path).err();
        Some(Folder { path: path.to_path_buf(), fd, home: Root::now(), refused, below: RefCell::default() })
    }

    /// Its path when it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file at a relative path. Only root and this user can write to it and to the directories above it.
    pub fn read(&self, relative: &str) -> Result<Option<Source>, String> {
        match relative.split_once('/') {
            Some((name, rest)) => self.below(name)?.map_or(Ok(None), |folder| folder.read(rest)),
            None => self.file(relative),
        }
    }

    /// The names in a subdirectory; none if it does not exist.
    pub fn names(&self, relative: &str) -> Vec<String> {
        let (name, rest) = relative.split_once('/').map_or((relative, None), |(name, rest)| (name, Some(rest)));
        match (self.below(name), rest) {
            (Ok(Some(folder)), Some(rest)) => folder.names(rest),
            (Ok(Some(folder)), None) => held::names(folder.fd.as_fd()),
            _ => Vec::new(),
        }
    }

    /// Adds the names of Lua files (without `.lua`) in a directory and its subdirectories, by their relative path. Links
    /// may form a loop, so the depth is limited.
    pub fn names_below(&self, relative: &str, prefix: &str, found: &mut Vec<String>) {
        const DEEPEST: usize = 8;
        if prefix.matches('/').count() > DEEPEST {
            return;
        }
        for name in self.names(relative) {
            match name.strip_suffix(".lua") {
                Some(stem) => found.push(format!("{prefix}{stem}")),
                None => self.names_below(&format!("{relative}/{name}"), &format!("{prefix}{name}/"), found),
            }
        }
    }

    fn below(&self, name: &str) -> Result<Option<Rc<Folder>>, String> {
        let path = self.path.join(name);
        if let Some(known) = self.below.borrow().iter().find(|folder| folder.path == path) {
            return Ok(Some(known.clone()));
        }
        let Some((fd, linked)) = self.look(&path, name, held::folder_in)? else { return Ok(None) };
        let (owner, mode) = held::owner_and_mode(&fd).map_err(|e| format!("{}: {e}", path.display()))?;
        let refused = if linked { owned(&path).err() } else { self.trusted(&path, owner, mode, true).err() };
        let refused = refused.or_else(|| self.refused.clone());
        let folder = Rc::new(Folder { path, fd, home: self.home, refused, below: RefCell::default() });
        self.below.borrow_mut().push(folder.clone());
        Ok(Some(folder))
    }

    fn file(&self, name: &str) -> Result<Option<Source>, String> {
        // A file that others may have placed there is not opened: it could be a device.
        if let Some(refused) = &self.refused {
            return if held::is_in(self.fd.as_fd(), name) { Err(refused.clone()) } else { Ok(None) };
        }
        let path = self.path.join(name);
        let failed = |e: std::io::Error| format!("{}: {e}", path.display());
        let Some((fd, linked)) = self.look(&path, name, held::file_in)? else { return Ok(None) };
        let file = File::from(fd);
        let meta = file.metadata().map_err(failed)?;
        if meta.is_dir() {
            return Ok(None);
        }
        self.trusted(&path, meta.uid(), meta.mode(), false)?;
        if linked {
            owned(path.canonicalize().map_err(failed)?.parent().unwrap_or(&path))?;
        }
        if !meta.is_file() {
            return Err(format!("{} is refused: it is not a regular file", path.display()));
        }
        let text = whole(file, meta.len()).map_err(failed)?;
        Ok(Some(Source { text: text.into(), bytecode: false, name: format!("@{}", path.display()) }))
    }

    /// The file of this name, and whether a link was followed.
    fn look(
        &self,
        path: &Path,
        name: &str,
        open: fn(BorrowedFd<'_>, &str, bool) -> sys::Result<Found>,
    ) -> Result<Option<(OwnedFd, bool)>, String> {
        let failed = |e: sys::Error| format!("{}: {}", path.display(), std::io::Error::from(e.errno));
        match open(self.fd.as_fd(), name, false).map_err(failed)? {
            Found::Nothing => Ok(None),
            Found::There(fd) => Ok(Some((fd, false))),
            Found::Link if !self.at_home() => Err(format!(
                "{} is a link, which is not followed in a root that may be a container's\n  {LATE}",
                path.display()
            )),
            Found::Link => match open(self.fd.as_fd(), name, true).map_err(failed)? {
                Found::There(fd) => Ok(Some((fd, true))),
                _ => Ok(None),
            },
        }
    }

    fn at_home(&self) -> bool {
        self.home.is_some() && self.home == Root::now()
    }

    /// Refuses a file that another user can write. In another user namespace owners have other numbers: there the file
    /// must have the owner of this directory, which was checked.
    fn trusted(&self, path: &Path, owner: u32, mode: u32, folder: bool) -> Result<(), String> {
        if self.at_home() {
            return trusted(path, owner, mode, folder);
        }
        let (own, _) = held::owner_and_mode(&self.fd).map_err(|e| format!("{}: {e}", self.path.display()))?;
        if owner != own || owner == UNMAPPED {
            return Err(format!(
                "{} is refused: its owner is not known in this user namespace\n  {LATE}",
                path.display()
            ));
        }
        writable(path, mode, folder)
    }
}

/// The content of a file; a file over the size limit is refused.
pub fn whole(file: File, size: u64) -> std::io::Result<Vec<u8>> {
    let mut text = Vec::with_capacity(size.clamp(4096, MOST) as usize + 1);
    file.take(MOST + 1).read_to_end(&mut text)?;
    match text.len() as u64 > MOST {
        true => Err(Errno::EFBIG.into()),
        false => Ok(text),
    }
}

/// Refuses a directory that another user can write to or can replace.
fn owned(path: &Path) -> Result<(), String> {
    let failed = |e: std::io::Error| format!("{}: {e}", path.display());
    let real = path.canonicalize().map_err(failed)?;
    let above = if real == path { None } else { Some(real.ancestors()) };
    for folder in path.ancestors().chain(above.into_iter().flatten()).filter(|f| f.is_absolute()) {
        let meta = folder.metadata().map_err(|e| format!("{}: {e}", folder.display()))?;
        trusted(folder, meta.uid(), meta.mode(), true)?;
    }
    Ok(())
}

fn trusted(path: &Path, owner: u32, mode: u32, folder: bool) -> Result<(), String> {
    if owner != 0 && owner != nix::unistd::geteuid().as_raw() {
        return Err(refusal(path, &format!("it belongs to user {owner}")));
    }
    writable(path, mode, folder)
}

fn writable(path: &Path, mode: u32, folder: bool) -> Result<(), String> {
    if mode & 0o022 != 0 && !(folder && mode & 0o1000 != 0) {
        return Err(refusal(path, &format!("its mode {:o} lets other users write to it", mode & 0o7777)));
    }
    Ok(())
}

fn refusal(path: &Path, why: &str) -> String {
    let me = nix::unistd::geteuid();
    let hint = format!("chown {me} {0} and chmod go-w {0}, or remove it", path.display());
    format!("{} is refused: {why}, and its code would run as you\n  hint: {hint}", path.display())
}
