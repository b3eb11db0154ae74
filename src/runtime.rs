//! The machine in somebody's own Rust program: the primitives, the library and the shipped commands, with
//! errors as a Rust type. What it runs is trusted: Lua here is as powerful as the program itself.

use std::path::PathBuf;

use mlua::{FromLuaMulti, IntoLua, IntoLuaMulti, MultiValue, Value};

use crate::cli::{self, End};
use crate::prim::PRIMITIVES;
use crate::vm::files::{SearchPath, Source};
use crate::vm::{Failure, Options, Vm};

mod error;

pub use error::Error;

/// How a [`Runtime`] is made.
///
/// ```
/// # fn main() -> Result<(), tinylua::Error> {
/// let runtime = tinylua::Runtime::builder().root("/tmp/my-state").lua_path("./policy").build()?;
/// let root: String = runtime.exec("return tiny.settings.root")?;
/// assert_eq!(root, "/tmp/my-state");
/// # Ok(())
/// # }
/// ```
#[derive(Default, Clone)]
pub struct Builder {
    root: Option<String>,
    lua_path: Vec<PathBuf>,
    config_folders: bool,
}

impl Builder {
    /// Keeps the state of containers below this folder, as `--root` does.
    pub fn root(mut self, folder: impl Into<String>) -> Builder {
        self.root = Some(folder.into());
        self
    }

    /// Lets `folder/lua` and `folder/scripts` override the shipped Lua, as `--lua-path` does; what was named
    /// first wins. A file in it that another user could write is refused when it is asked for.
    pub fn lua_path(mut self, folder: impl Into<PathBuf>) -> Builder {
        self.lua_path.push(folder.into());
        self
    }

    /// Whether the user's and the system's folders (`~/.config/tinylua`, `/etc/tinylua`) override the shipped
    /// Lua too, as they do for the program `tinylua`. They do not by themselves: a program that embeds the
    /// machine behaves the same for every user.
    pub fn config_folders(mut self, wanted: bool) -> Builder {
        self.config_folders = wanted;
        self
    }

    /// Makes the machine.
    pub fn build(self) -> Result<Runtime, Error> {
        let search = if self.config_folders { SearchPath::new(&self.lua_path) } else { SearchPath::of(&self.lua_path) };
        let mut settings = vec![("version", env!("CARGO_PKG_VERSION").to_owned())];
        settings.extend(self.root.map(|root| ("root", root)));
        Ok(Runtime { vm: Vm::new(Options { search, settings }, &PRIMITIVES).map_err(|e| Error::plain(e.to_string()))? })
    }
}

/// A Lua machine with the kernel primitives on its global `tiny`.
///
/// ```
/// # fn main() -> Result<(), tinylua::Error> {
/// let runtime = tinylua::Runtime::new()?;
/// let pid: u32 = runtime.exec("return tiny.getpid()")?;
/// assert_eq!(pid, std::process::id());
/// # Ok(())
/// # }
/// ```
///
/// A process that is to fork (`tiny.clone`, `tiny.fork`, a container) must have one thread at that moment; with
/// others the call fails with EDEADLK. Values of Lua keep the machine alive and stay in its thread.
///
/// ```standalone_crate
/// # fn main() -> Result<(), tinylua::Error> {
/// let runtime = tinylua::Runtime::new()?;
/// let status: i64 = runtime.exec(r#"
///     local child <close> = tiny.fork(function() tiny.exec { "sh", "-c", "exit 7" } end)
///     return child:wait()
/// "#)?;
/// assert_eq!(status, 7);
/// # Ok(())
/// # }
/// ```
pub struct Runtime {
    vm: Vm,
}

impl Runtime {
    /// A machine as it ships, whose state is where the program `tinylua` has its own.
    pub fn new() -> Result<Runtime, Error> {
        Builder::default().build()
    }

    /// The way to another one.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Runs a piece of Lua and returns what it returns, as any types that mlua converts to.
    ///
    /// ```
    /// # fn main() -> Result<(), tinylua::Error> {
    /// # let runtime = tinylua::Runtime::new()?;
    /// let (bytes, seconds): (u64, f64) = runtime.exec(r#"return tiny.parse_size "128m", tiny.parse_duration "1m30s""#)?;
    /// assert_eq!((bytes, seconds), (134_217_728, 90.0));
    /// # Ok(())
    /// # }
    /// ```
    pub fn exec<R: FromLuaMulti>(&self, source: &str) -> Result<R, Error> {
        self.exec_named("exec", source)
    }

    /// As [`Runtime::exec`]; errors name the place by this name, as they do by a file's.
    ///
    /// ```
    /// # let runtime = tinylua::Runtime::new().unwrap();
    /// let error = runtime.exec_named::<()>("policy.lua", "tiny.sethostname(7)").unwrap_err();
    /// assert_eq!(error.to_string(), "policy.lua:1: sethostname(7): name: expected string, got 7");
    /// assert_eq!(error.op(), Some("sethostname"));
    /// ```
    pub fn exec_named<R: FromLuaMulti>(&self, name: &str, source: &str) -> Result<R, Error> {
        let text = source.as_bytes().to_vec().into();
        let source = Source { text, bytecode: false, name: format!("@{name}") };
        let chunk = self.vm.compile(&source)?;
        let results = self.vm.call(chunk, MultiValue::new())?;
        R::from_lua_multi(results, self.vm.lua()).map_err(|e| Error::plain(format!("{name}: its results: {e}")))
    }

    /// Runs a recipe's file, or a shipped one by its bare name, with these words as its arguments, and returns what it
    /// returns. `require` in it also finds the modules next to it. A recipe that returns a container is run by
    /// [`Runtime::command`].
    ///
    /// ```
    /// # fn main() -> Result<(), tinylua::Error> {
    /// # let runtime = tinylua::Runtime::new()?;
    /// # let dir = std::env::temp_dir().join(format!("tinylua-doc-recipe-{}", std::process::id()));
    /// # std::fs::create_dir_all(&dir).unwrap();
    /// # let path = dir.join("sizes.lua");
    /// std::fs::write(&path, "local args = ... return tiny.parse_size(args[1])").unwrap();
    /// assert_eq!(runtime.recipe::<u64>(path.to_str().unwrap(), &["64k"])?, 65536);
    ///
    /// let error = runtime.recipe::<()>("helo.lua", &[]).unwrap_err();
    /// assert_eq!(error.hint(), Some("did you mean the shipped hello.lua?"));
    /// # std::fs::remove_dir_all(&dir).unwrap();
    /// # Ok(())
    /// # }
    /// ```
    pub fn recipe<R: FromLuaMulti>(&self, path: &str, words: &[&str]) -> Result<R, Error> {
        let load = self.exec::<mlua::Function>("return tiny.load_recipe")?;
        let path_value = self.lua().create_string(path).map_err(|e| Error::plain(e.to_string()))?;
        let loaded = self.vm.call(load, MultiValue::from_vec(vec![Value::String(path_value)]))?;
        let Some(Value::Function(recipe)) = loaded.into_iter().next() else {
            return Err(Error::plain(format!("{path}: it is no recipe")));
        };
        let args = self.lua().create_sequence_from(words.iter().copied()).map_err(|e| Error::plain(e.to_string()))?;
        let results = self.vm.call(recipe, MultiValue::from_vec(vec![Value::Table(args)]))?;
        R::from_lua_multi(results, self.vm.lua()).map_err(|e| Error::plain(format!("{path}: its results: {e}")))
    }

    /// Sets a global of Lua.
    ///
    /// ```
    /// # fn main() -> Result<(), tinylua::Error> {
    /// # let runtime = tinylua::Runtime::new()?;
    /// runtime.set("limit", "128m")?;
    /// runtime.set_function("double", |n: i64| 2 * n)?;
    /// assert_eq!(runtime.exec::<i64>("return double(tiny.parse_size(limit))")?, 268_435_456);
    /// # Ok(())
    /// # }
    /// ```
    pub fn set(&self, name: &str, value: impl IntoLua) -> Result<(), Error> {
        self.vm.lua().globals().set(name, value).map_err(|e| Error::plain(e.to_string()))
    }

    /// Sets a global of Lua to a function of the program's own. One that can fail, or that needs the machine, is made
    /// by [`mlua::Lua::create_function`] of [`Runtime::lua`].
    pub fn set_function<A, R>(&self, name: &str, function: impl Fn(A) -> R + 'static) -> Result<(), Error>
    where
        A: FromLuaMulti,
        R: IntoLuaMulti,
    {
        let made = self.vm.lua().create_function(move |_, args: A| Ok(function(args)));
        self.set(name, made.map_err(|e| Error::plain(e.to_string()))?)
    }

    /// Runs a command as `tinylua NAME WORD…` does, and returns its exit status: `run` with a recipe's path or
    /// with a program, `ps`, `stop`. What it prints goes to the program's own standard output. A program that runs
    /// containers so calls [`seal`] first; the command does it otherwise, and the program is started over then.
    ///
    /// ```standalone_crate
    /// # fn main() -> Result<(), tinylua::Error> {
    /// # let runtime = tinylua::Runtime::new()?;
    /// # let path = std::env::temp_dir().join(format!("tinylua-doc-{}.lua", std::process::id()));
    /// # std::fs::write(&path, "local args = ... return #args").unwrap();
    /// # let recipe = path.to_str().unwrap();
    /// let status = runtime.command("run", &[recipe, "one", "two"])?;
    /// assert_eq!(status, 2);
    ///
    /// let error = runtime.command("runn", &[]).unwrap_err();
    /// assert!(error.to_string().contains("did you mean `tinylua run`?"), "{error}");
    /// # std::fs::remove_file(&path).unwrap();
    /// # Ok(())
    /// # }
    /// ```
    pub fn command(&self, name: &str, words: &[&str]) -> Result<u8, Error> {
        let words: Vec<_> = words.iter().map(Into::into).collect();
        cli::command(&self.vm, name, &words).map_err(|end| match end {
            End::Failed { failure, .. } => failure.into(),
            End::Clap(error) => Error::plain(error.to_string()).with_status(cli::usage_status(&error)),
            End::Help(text) => Error::plain(text).with_status(0),
            End::Status(status) => Error::plain(format!("{name} ended with {status}")).with_status(status),
        })
    }

    /// The machine itself, for what has no method here.
    pub fn lua(&self) -> &mlua::Lua {
        self.vm.lua()
    }
}

/// Makes sure that nothing that this process runs can write to its program (CVE-2019-5736): starts the program over,
/// once, from a read-only mount of it or a sealed copy in memory. To be called before anything that must not be done
/// twice, by a program that runs what it does not trust.
pub fn seal() -> Result<(), Error> {
    crate::sys::cloned_binary::seal().map_err(|e| Error::plain(format!("seal: {e}")))
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Error {
        Error::of(failure)
    }
}

/// A field of an error value that is text.
fn text_of(value: Value) -> Option<String> {
    value.as_string().map(|text| text.to_string_lossy())
}

/// The example is run too.
#[cfg(doctest)]
#[doc = concat!("```standalone_crate\n", include_str!("../examples/embed.rs"), "\n```")]
mod example {}
