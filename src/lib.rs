//! tinylua: a container runtime that you program. [`Runtime`] is the Lua machine with the kernel primitives, for
//! your own program; the binary is a thin layer over the same code.
//!
//! ```
//! # fn main() -> Result<(), tinylua::Error> {
//! let runtime = tinylua::Runtime::new()?;
//! let links: Vec<String> = runtime.exec("local names = {} for i, l in ipairs(tiny.links()) do names[i] = l.name end return names")?;
//! assert!(links.contains(&"lo".to_owned()));
//! # Ok(())
//! # }
//! ```
//!
//! Public items other than [`Runtime`], [`Builder`] and [`Error`] are for the binary and the tests, and change
//! without notice. The reference of the primitives is docs/reference.md.

pub mod cli;
pub mod log;
pub mod prim;
pub mod repl;
mod runtime;
pub mod sys;
pub mod vm;

pub use mlua;
pub use runtime::{Builder, Error, Runtime, seal};
