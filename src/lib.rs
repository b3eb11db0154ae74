//! tinylua: a container runtime that you program. The binary is a thin front; the Lua machine with
//! the kernel primitives is [`vm::Vm`].

pub mod cli;
pub mod docs;
pub mod prim;
pub mod repl;
pub mod sys;
pub mod vm;
