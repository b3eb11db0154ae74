//! What a call reads of the packed registry: views that make a text or a type when it is asked for.

use super::packed::{CALLS, ERRORS, ITEMS, Item, ROWS, Row, part, ty};
use super::{Arg, Key, Opt, Outcome, Primitive, Type};
use crate::vm::call::Call;

/// A primitive as a call needs it.
#[derive(Clone, Copy, PartialEq)]
pub struct Entry(usize);

/// Every primitive, family by family.
pub fn entries() -> impl Iterator<Item = Entry> {
    (0..ROWS.len()).map(Entry)
}

/// An argument or an option, of which a call reads little.
#[derive(Clone, Copy)]
pub struct Field(&'static Item);

impl Key for Field {
    fn name(self) -> &'static str {
        self.0.name.text()
    }

    fn is(self, name: &[u8]) -> bool {
        self.0.name.bytes() == name
    }

    fn ty(self) -> Type {
        ty(self.0.ty)
    }

    fn required(self) -> bool {
        self.0.required
    }

    fn doc(self) -> &'static str {
        self.0.doc.text()
    }
}

impl Field {
    fn arg(self) -> Arg {
        Arg { name: self.name(), ty: self.ty(), required: self.required(), doc: self.doc() }
    }

    fn opt(self) -> Opt {
        let default = self.0.default.text();
        Opt { name: self.name(), ty: self.ty(), required: self.required(), default, doc: self.doc() }
    }
}

impl Entry {
    fn row(self) -> &'static Row {
        &ROWS[self.0]
    }

    /// The name on `tiny`.
    pub fn name(self) -> &'static str {
        self.row().name.text()
    }

    /// Positional arguments.
    pub fn args(self) -> impl ExactSizeIterator<Item = Field> + Clone {
        part(&ITEMS, self.row().args).iter().map(Field)
    }

    /// Keys of the options table.
    pub fn options(self) -> impl ExactSizeIterator<Item = Field> + Clone {
        part(&ITEMS, self.row().options).iter().map(Field)
    }

    /// The options table's array part.
    pub fn list(self) -> Option<(Type, &'static str)> {
        self.row().list.map(|(number, doc)| (ty(number), doc.text()))
    }

    /// The kind of handle of which it is a method, with the method's name.
    pub fn method(self) -> Option<(&'static str, &'static str)> {
        self.row().method.map(|(kind, name)| (kind.text(), name.text()))
    }

    /// Whether it is called so.
    pub fn is(self, name: &[u8]) -> bool {
        self.row().name.bytes() == name
    }

    /// Errnos and hints.
    pub fn errors(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        part(&ERRORS, self.row().errors).iter().map(|(code, hint)| (code.text(), hint.text()))
    }

    /// A line or two of Lua that work.
    pub fn example(self) -> &'static str {
        self.row().example.text()
    }

    /// Whether the function is Lua in `vm/shim.lua`.
    pub fn in_shim(self) -> bool {
        self.row().in_shim
    }

    /// Calls the binding.
    pub fn call(self, call: &Call<'_>) -> Outcome {
        CALLS[self.0](call)
    }

    /// `mount_bind(source, target [, options])`, and `clone(options, body)` where a function comes after
    /// the table.
    pub fn signature(self) -> String {
        let mut text = String::new();
        for (word, required) in self.parameters() {
            let sep = if text.is_empty() { "" } else { ", " };
            text.push_str(&if required { format!("{sep}{word}") } else { format!(" [{sep}{word}]") });
        }
        format!("{}({})", self.name(), text.trim_start())
    }

    /// What a call takes, in order, and whether it must be there; the table is "options".
    pub fn parameters(self) -> Vec<(&'static str, bool)> {
        let (functions, plain): (Vec<_>, Vec<_>) = self.args().partition(|a| a.ty() == Type::Function);
        let mut words: Vec<_> = plain.iter().map(|a| (a.name(), a.required())).collect();
        if self.takes_table() {
            let needed = self.list().is_some() || self.options().any(|o| o.required());
            words.push(("options", needed || functions.iter().any(|f| f.required())));
        }
        words.extend(functions.iter().map(|f| (f.name(), f.required())));
        words
    }

    /// Whether an options table is taken after the positional arguments.
    pub fn takes_table(self) -> bool {
        self.list().is_some() || self.options().len() > 0
    }

    /// Where the options table stands among the arguments. A final function (`clone`'s closure)
    /// comes after it.
    pub fn table_index(self) -> usize {
        self.args().filter(|a| a.ty() != Type::Function).count()
    }

    /// The whole entry, for the manual. Its lists stay in memory.
    pub(super) fn unpacked(self) -> Primitive {
        let row = self.row();
        Primitive {
            name: self.name(),
            family: row.family.text(),
            doc: row.doc.text(),
            args: self.args().map(Field::arg).collect::<Vec<_>>().leak(),
            options: self.options().map(Field::opt).collect::<Vec<_>>().leak(),
            list: self.list(),
            returns: row.returns.text(),
            method: self.method(),
            errors: self.errors().collect::<Vec<_>>().leak(),
            example: self.example(),
            in_shim: self.in_shim(),
            since: row.since.text(),
            call: CALLS[self.0],
        }
    }
}
