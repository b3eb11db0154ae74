//! The registry of primitives: the single source for the checks before a call, `help()`, the editor
//! stubs and the reference manual. An entry is data, next to its binding. A machine receives its registry
//! when it is created: this module does not depend on any particular primitive.

use super::call::{Call, Fail};
use mlua::{Lua, MultiValue};

pub use crate::sys::suggest::did_you_mean;
pub use entry::{Entry, Field};
pub use former::Former;
pub use types::Type;

mod entry;
mod former;
pub(crate) mod packed;
pub mod range;
mod types;

use std::sync::OnceLock;

/// A binding's results, or a failure that `dispatch` turns into an error value.
pub type Outcome = Result<MultiValue, Fail>;

/// What a call does, for plans, steps and traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It changes something, and is shown as a step.
    Acts,
    /// It changes nothing, whatever its arguments.
    Reads,
    /// It only moves bytes and handles, and is not shown as a step.
    Plumbing,
}

impl Effect {
    /// Its name in Lua.
    pub fn word(self) -> &'static str {
        match self {
            Effect::Acts => "acts",
            Effect::Reads => "reads",
            Effect::Plumbing => "plumbing",
        }
    }
}

/// One kernel operation in Lua.
pub struct Primitive {
    /// The name on `tiny`.
    pub name: &'static str,
    /// The family, as in the manual's headings: "processes".
    pub family: &'static str,
    /// One sentence in the present tense, with the man page: "Mounts proc at `target` (proc(5))."
    pub doc: &'static str,
    /// Positional arguments, at most two and then the options table.
    pub args: &'static [Arg],
    /// Keys of the options table; empty if there is none.
    pub options: &'static [Opt],
    /// The options table's array part, if the primitive takes a list there.
    pub list: Option<(Type, &'static str)>,
    /// A description of what it returns; empty for nothing.
    pub returns: &'static str,
    /// The kind of handle that has it as a method, with the method's name.
    pub method: Option<(&'static str, &'static str)>,
    /// The meaning of each errno here, and how to fix it.
    pub errors: &'static [(&'static str, &'static str)],
    /// A working example of one or two lines of Lua.
    pub example: &'static str,
    /// What it does to the machine.
    pub effect: Effect,
    /// Whether it removes what another call has created: an abort lets it happen.
    pub undoes: bool,
    /// Whether it mostly waits for another process: its time is not work.
    pub waits: bool,
    /// Whether the function is Lua in `vm/bindings.lua`; the entry then only documents it.
    pub in_lua: bool,
    /// The version that introduced it.
    pub since: &'static str,
    /// Its old names, which still work, each with the version that removes it; a method is "process:exit".
    pub formerly: &'static [Former],
    /// The binding.
    pub call: fn(&Call<'_>) -> Outcome,
}

impl Primitive {
    /// The default values of an entry, for `..Primitive::BASE`.
    pub const BASE: Primitive = Primitive {
        name: "",
        family: "",
        doc: "",
        args: &[],
        options: &[],
        list: None,
        returns: "",
        method: None,
        errors: &[],
        example: "",
        effect: Effect::Acts,
        undoes: false,
        waits: false,
        in_lua: false,
        since: "0.1",
        formerly: &[],
        call: |_| Ok(MultiValue::new()),
    };

    /// The signature: `mount_bind(source, target [, options])`.
    pub fn signature(&self) -> String {
        signature(self.name, &self.parameters())
    }

    /// The parameters of a call, in order, and whether each is required; the table is "options".
    pub fn parameters(&self) -> Vec<(&'static str, bool)> {
        let needed = self.list.is_some() || self.options.iter().any(|o| o.required);
        parameters(self.args.iter(), self.takes_table().then_some(needed))
    }

    /// Whether an options table is taken after the positional arguments.
    pub fn takes_table(&self) -> bool {
        self.list.is_some() || !self.options.is_empty()
    }
}

/// The name of a parameter or key, with its type.
pub trait Key: Copy {
    /// The name.
    fn name(self) -> &'static str;
    /// Whether this is the name.
    fn is(self, name: &[u8]) -> bool;
    /// What the value may be.
    fn ty(self) -> Type;
    /// Whether it must be there.
    fn required(self) -> bool;
    /// What it is.
    fn doc(self) -> &'static str;
    /// Its old names, each with the version that removes it.
    fn formerly(self) -> impl Iterator<Item = Former>;
}

impl Key for &Arg {
    fn name(self) -> &'static str {
        self.name
    }

    fn is(self, name: &[u8]) -> bool {
        self.name.as_bytes() == name
    }

    fn ty(self) -> Type {
        self.ty
    }

    fn required(self) -> bool {
        self.required
    }

    fn doc(self) -> &'static str {
        self.doc
    }

    fn formerly(self) -> impl Iterator<Item = Former> {
        std::iter::empty()
    }
}

impl Key for &'static Opt {
    fn name(self) -> &'static str {
        self.name
    }

    fn is(self, name: &[u8]) -> bool {
        self.name.as_bytes() == name
    }

    fn ty(self) -> Type {
        self.ty
    }

    fn required(self) -> bool {
        self.required
    }

    fn doc(self) -> &'static str {
        self.doc
    }

    fn formerly(self) -> impl Iterator<Item = Former> {
        self.formerly.iter().copied()
    }
}

/// A positional argument.
#[derive(Clone, Copy)]
pub struct Arg {
    /// The name that the manual and the error messages use.
    pub name: &'static str,
    /// Its type.
    pub ty: Type,
    /// Whether it is required.
    pub required: bool,
    /// What it is.
    pub doc: &'static str,
}

/// A required positional argument.
pub const fn arg(name: &'static str, ty: Type, doc: &'static str) -> Arg {
    Arg { name, ty, required: true, doc }
}

/// An optional positional argument.
pub const fn optional(name: &'static str, ty: Type, doc: &'static str) -> Arg {
    Arg { name, ty, required: false, doc }
}

/// A key of the options table.
#[derive(Clone, Copy, PartialEq)]
pub struct Opt {
    /// The key.
    pub name: &'static str,
    /// What its value may be.
    pub ty: Type,
    /// Whether it must be there.
    pub required: bool,
    /// A description of the default; empty if there is none.
    pub default: &'static str,
    /// Its effect, with the unit.
    pub doc: &'static str,
    /// Its old names, which still work, each with the version that removes it; `!` before the name of a flag that
    /// turned the option off.
    pub formerly: &'static [Former],
}

impl Opt {
    /// The same with old names.
    pub const fn formerly(self, formerly: &'static [Former]) -> Opt {
        Opt { formerly, ..self }
    }
}

/// An optional key.
pub const fn opt(name: &'static str, ty: Type, default: &'static str, doc: &'static str) -> Opt {
    Opt { name, ty, required: false, default, doc, formerly: &[] }
}

/// A required key.
pub const fn need(name: &'static str, ty: Type, doc: &'static str) -> Opt {
    Opt { name, ty, required: true, default: "", doc, formerly: &[] }
}

/// `mount_bind(source, target [, options])`, and `clone(options, body)` if a function follows the table.
fn signature(name: &str, parameters: &[(&'static str, bool)]) -> String {
    let mut text = String::new();
    for (word, required) in parameters {
        let sep = if text.is_empty() { "" } else { ", " };
        text.push_str(&if *required { format!("{sep}{word}") } else { format!(" [{sep}{word}]") });
    }
    format!("{name}({})", text.trim_start())
}

/// The parameters of a call, in order, and whether each is required. `table`: the same for the options; `None` if it
/// takes none.
fn parameters(args: impl Iterator<Item = impl Key>, table: Option<bool>) -> Vec<(&'static str, bool)> {
    let (functions, plain): (Vec<_>, Vec<_>) = args.partition(|a| a.ty() == Type::Function);
    let mut words: Vec<_> = plain.iter().map(|a| (a.name(), a.required())).collect();
    if let Some(needed) = table {
        words.push(("options", needed || functions.iter().any(|f| f.required())));
    }
    words.extend(functions.iter().map(|f| (f.name(), f.required())));
    words
}

/// The primitives of a machine.
pub struct Registry {
    rows: &'static [packed::Row],
    calls: &'static [fn(&Call<'_>) -> Outcome],
    items: &'static [packed::Item],
    pairs: &'static [(packed::Span, packed::Span)],
    types: &'static [Type],
    text: &'static [u8],
    all: OnceLock<Vec<Primitive>>,
}

impl Registry {
    /// A registry from the filled parts of `packed::pack`'s tables.
    pub(crate) const fn new(
        rows: &'static [packed::Row],
        calls: &'static [fn(&Call<'_>) -> Outcome],
        items: &'static [packed::Item],
        pairs: &'static [(packed::Span, packed::Span)],
        types: &'static [Type],
        text: &'static [u8],
    ) -> Registry {
        Registry { rows, calls, items, pairs, types, text, all: OnceLock::new() }
    }

    /// The registry of a machine.
    pub fn of(lua: &Lua) -> Option<&'static Registry> {
        lua.app_data_ref::<&'static Registry>().map(|registry| *registry)
    }

    /// Every primitive, grouped by family, with its full documentation.
    pub fn all(&'static self) -> impl Iterator<Item = &'static Primitive> {
        self.all.get_or_init(|| self.entries().map(Entry::unpacked).collect()).iter()
    }

    /// The primitive with this name.
    pub fn find(&'static self, name: &str) -> Option<&'static Primitive> {
        self.all().find(|p| p.name == name)
    }
}
