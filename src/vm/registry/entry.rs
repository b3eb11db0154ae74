//! Views of the packed registry for a call: texts and types are built on demand.

use super::packed::{Item, Range, Row, Span, part};
use super::{Arg, Former, Key, Opt, Outcome, Primitive, Registry, Type, parameters, signature};
use crate::vm::call::Call;

/// The parts of a primitive that a call needs.
#[derive(Clone, Copy)]
pub struct Entry {
    registry: &'static Registry,
    number: usize,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Entry) -> bool {
        self.number == other.number && std::ptr::eq(self.registry, other.registry)
    }
}

impl Registry {
    /// Every primitive, grouped by family.
    pub fn entries(&'static self) -> impl Iterator<Item = Entry> {
        (0..self.rows.len()).map(move |number| Entry { registry: self, number })
    }
}

/// An argument or an option; a call reads little of it.
#[derive(Clone, Copy)]
pub struct Field(&'static Registry, &'static Item);

impl Key for Field {
    fn name(self) -> &'static str {
        self.0.text(self.1.name)
    }

    fn is(self, name: &[u8]) -> bool {
        self.0.bytes(self.1.name) == name
    }

    fn ty(self) -> Type {
        self.0.ty(self.1.ty)
    }

    fn required(self) -> bool {
        self.1.required
    }

    fn doc(self) -> &'static str {
        self.0.text(self.1.doc)
    }

    fn formerly(self) -> impl Iterator<Item = Former> {
        self.0.pairs(self.1.formerly)
    }
}

impl Field {
    fn arg(self) -> Arg {
        Arg { name: self.name(), ty: self.ty(), required: self.required(), doc: self.doc() }
    }

    fn opt(self) -> Opt {
        let default = self.0.text(self.1.default);
        let formerly = self.formerly().collect::<Vec<_>>().leak();
        Opt { name: self.name(), ty: self.ty(), required: self.required(), default, doc: self.doc(), formerly }
    }
}

impl Entry {
    fn row(self) -> &'static Row {
        &self.registry.rows[self.number]
    }

    /// The registry that contains it.
    pub fn registry(self) -> &'static Registry {
        self.registry
    }

    fn text(self, span: Span) -> &'static str {
        self.registry.text(span)
    }

    fn fields(self, range: Range) -> impl ExactSizeIterator<Item = Field> + Clone {
        part(self.registry.items, range).iter().map(move |item| Field(self.registry, item))
    }

    /// The name on `tiny`.
    pub fn name(self) -> &'static str {
        self.text(self.row().name)
    }

    /// Positional arguments.
    pub fn args(self) -> impl ExactSizeIterator<Item = Field> + Clone {
        self.fields(self.row().args)
    }

    /// Keys of the options table.
    pub fn options(self) -> impl ExactSizeIterator<Item = Field> + Clone {
        self.fields(self.row().options)
    }

    /// The options table's array part.
    pub fn list(self) -> Option<(Type, &'static str)> {
        self.row().list.map(|(number, doc)| (self.registry.ty(number), self.text(doc)))
    }

    /// The kind of handle that has it as a method, with the method's name.
    pub fn method(self) -> Option<(&'static str, &'static str)> {
        self.row().method.map(|(kind, name)| (self.text(kind), self.text(name)))
    }

    /// Whether it has this name.
    pub fn is(self, name: &[u8]) -> bool {
        self.registry.bytes(self.row().name) == name
    }

    /// Errnos and hints.
    pub fn errors(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.registry.pairs(self.row().errors)
    }

    /// Its old names, each with the version that removes it.
    pub fn formerly(self) -> impl Iterator<Item = Former> {
        self.registry.pairs(self.row().formerly)
    }

    /// A working example of one or two lines of Lua.
    pub fn example(self) -> &'static str {
        self.text(self.row().example)
    }

    /// Whether the function is Lua in `vm/bindings.lua`.
    pub fn in_lua(self) -> bool {
        self.row().in_lua
    }

    /// Calls the binding.
    pub fn call(self, call: &Call<'_>) -> Outcome {
        (self.registry.calls[self.number])(call)
    }

    /// `mount_bind(source, target [, options])`.
    pub fn signature(self) -> String {
        signature(self.name(), &self.parameters())
    }

    /// The parameters of a call, in order, and whether each is required; the table is "options".
    pub fn parameters(self) -> Vec<(&'static str, bool)> {
        let needed = self.list().is_some() || self.options().any(|o| o.required());
        parameters(self.args(), self.takes_table().then_some(needed))
    }

    /// Whether an option, or a key of an argument, has an old name.
    pub fn has_renamed_options(self) -> bool {
        self.row().renamed_options
    }

    /// Whether an options table is taken after the positional arguments.
    pub fn takes_table(self) -> bool {
        self.list().is_some() || self.options().len() > 0
    }

    /// The index of the options table among the arguments. A final function (`clone`'s closure)
    /// comes after it.
    pub fn table_index(self) -> usize {
        self.args().filter(|a| a.ty() != Type::Function).count()
    }

    /// The whole entry, for the manual. Its lists are never freed.
    pub(super) fn unpacked(self) -> Primitive {
        let row = self.row();
        Primitive {
            name: self.name(),
            family: self.text(row.family),
            doc: self.text(row.doc),
            args: self.args().map(Field::arg).collect::<Vec<_>>().leak(),
            options: self.options().map(Field::opt).collect::<Vec<_>>().leak(),
            list: self.list(),
            returns: self.text(row.returns),
            method: self.method(),
            errors: self.errors().collect::<Vec<_>>().leak(),
            example: self.example(),
            effect: row.effect,
            undoes: row.undoes,
            waits: row.waits,
            in_lua: self.in_lua(),
            since: self.text(row.since),
            formerly: self.formerly().collect::<Vec<_>>().leak(),
            call: self.registry.calls[self.number],
        }
    }
}
