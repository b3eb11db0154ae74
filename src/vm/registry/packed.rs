//! The registry in the binary: one text and tables of offsets, computed from the entries at compile
//! time (in `prim`). The entries themselves contain thousands of pointers: a position-independent program would
//! relocate each of them at its start, in pages that supervisors then could not share.

use super::{Arg, Effect, Former, Opt, Outcome, Primitive, Registry, Type};
use crate::vm::call::Call;

/// A text in `TEXT`.
#[derive(Clone, Copy)]
pub struct Span {
    at: u32,
    len: u16,
}

/// A range of `ITEMS` or `PAIRS`.
#[derive(Clone, Copy)]
pub struct Range {
    pub at: u16,
    pub len: u16,
}

/// An argument or an option.
#[derive(Clone, Copy)]
pub struct Item {
    pub name: Span,
    pub default: Span,
    pub doc: Span,
    pub formerly: Range,
    pub ty: u16,
    pub required: bool,
}

/// A primitive without its function, which is in `CALLS` at the same index.
#[derive(Clone, Copy)]
pub struct Row {
    pub name: Span,
    pub family: Span,
    pub doc: Span,
    pub returns: Span,
    pub example: Span,
    pub since: Span,
    pub args: Range,
    pub options: Range,
    pub errors: Range,
    pub formerly: Range,
    pub renamed_options: bool,
    pub list: Option<(u16, Span)>,
    pub method: Option<(Span, Span)>,
    pub effect: Effect,
    pub undoes: bool,
    pub waits: bool,
    pub in_lua: bool,
}

/// The types without parameters; larger numbers are indices into `TYPES`.
static PLAIN: [Type; 17] = [
    Type::Bool,
    Type::Int,
    Type::Number,
    Type::Str,
    Type::Bytes,
    Type::Path,
    Type::Size,
    Type::Duration,
    Type::Cidr,
    Type::Signal,
    Type::Function,
    Type::Table,
    Type::Namespace,
    Type::Any,
    Type::LinkName,
    Type::Argument,
    Type::Env,
];

const fn plain(ty: Type) -> Option<u16> {
    Some(match ty {
        Type::Bool => 0,
        Type::Int => 1,
        Type::Number => 2,
        Type::Str => 3,
        Type::Bytes => 4,
        Type::Path => 5,
        Type::Size => 6,
        Type::Duration => 7,
        Type::Cidr => 8,
        Type::Signal => 9,
        Type::Function => 10,
        Type::Table => 11,
        Type::Namespace => 12,
        Type::Any => 13,
        Type::LinkName => 14,
        Type::Argument => 15,
        Type::Env => 16,
        _ => return None,
    })
}

const NONE: Span = Span { at: 0, len: 0 };
const NO_ITEM: Item = Item { name: NONE, default: NONE, doc: NONE, formerly: NO_RANGE, ty: 0, required: false };
const NO_RANGE: Range = Range { at: 0, len: 0 };
const NO_ROW: Row = Row {
    name: NONE,
    family: NONE,
    doc: NONE,
    returns: NONE,
    example: NONE,
    since: NONE,
    args: NO_RANGE,
    options: NO_RANGE,
    errors: NO_RANGE,
    formerly: NO_RANGE,
    renamed_options: false,
    list: None,
    method: None,
    effect: Effect::Acts,
    undoes: false,
    waits: false,
    in_lua: false,
};

/// The state while packing: tables that are large enough, and the filled length of each. The binary contains only
/// the filled parts, which `first` extracts.
pub struct Packer {
    /// One row per primitive, and their number.
    pub rows: [Row; 512],
    pub row: usize,
    /// The functions, one per row.
    pub calls: [fn(&Call<'_>) -> Outcome; 512],
    /// Arguments and options.
    pub items: [Item; 4096],
    pub item: usize,
    /// Errnos with their hints, and old names with the versions that remove them.
    pub pairs: [(Span, Span); 4096],
    pub pair: usize,
    /// Types with parameters.
    pub types: [Type; 2048],
    pub ty: usize,
    /// All texts.
    pub text: [u8; 1 << 19],
    pub letter: usize,
}

/// The names first, which every start reads; then the texts that only the manual needs.
pub const fn pack(families: &[&[Primitive]]) -> Packer {
    let mut packer = Packer {
        rows: [NO_ROW; 512],
        row: 0,
        calls: [Primitive::BASE.call; 512],
        items: [NO_ITEM; 4096],
        item: 0,
        pairs: [(NONE, NONE); 4096],
        pair: 0,
        types: [Type::Any; 2048],
        ty: 0,
        text: [0; 1 << 19],
        letter: 0,
    };
    let mut names = true;
    loop {
        (packer.row, packer.item) = (0, 0);
        let mut family = 0;
        while family < families.len() {
            let mut i = 0;
            while i < families[family].len() {
                if names {
                    packer.names(&families[family][i])
                } else {
                    packer.rest(&families[family][i])
                }
                packer.row += 1;
                i += 1;
            }
            family += 1;
        }
        if !names {
            return packer;
        }
        names = false;
    }
}

impl Packer {
    const fn names(&mut self, from: &Primitive) {
        self.rows[self.row].name = self.span(from.name);
        self.calls[self.row] = from.call;
        let mut i = 0;
        while i < from.args.len() + from.options.len() {
            let name = if i < from.args.len() { from.args[i].name } else { from.options[i - from.args.len()].name };
            self.items[self.item].name = self.span(name);
            self.item += 1;
            i += 1;
        }
    }

    const fn rest(&mut self, from: &Primitive) {
        let args = self.item;
        let mut renamed = has_old(from.options);
        let mut i = 0;
        while i < from.args.len() {
            let Arg { ty, required, doc, .. } = from.args[i];
            self.describe(ty, required, "", doc, &[]);
            renamed |= matches!(ty, Type::Options(keys) if has_old(keys));
            i += 1;
        }
        let options = self.item;
        i = 0;
        while i < from.options.len() {
            let Opt { ty, required, default, doc, formerly, .. } = from.options[i];
            self.describe(ty, required, default, doc, formerly);
            i += 1;
        }
        let errors = self.list(from.errors);
        let formerly = self.list(from.formerly);
        self.rows[self.row] = Row {
            name: self.rows[self.row].name,
            family: self.span(from.family),
            doc: self.span(from.doc),
            returns: self.span(from.returns),
            example: self.span(from.example),
            since: self.span(from.since),
            args: range(args, options),
            options: range(options, self.item),
            errors,
            formerly,
            renamed_options: renamed,
            list: match from.list {
                Some((ty, doc)) => Some((self.number(ty), self.span(doc))),
                None => None,
            },
            method: match from.method {
                Some((kind, name)) => Some((self.span(kind), self.span(name))),
                None => None,
            },
            effect: from.effect,
            undoes: from.undoes,
            waits: from.waits,
            in_lua: from.in_lua,
        };
    }

    const fn list(&mut self, from: &[Former]) -> Range {
        let start = self.pair;
        let mut i = 0;
        while i < from.len() {
            self.pairs[self.pair] = (self.span(from[i].0), self.span(from[i].1));
            self.pair += 1;
            i += 1;
        }
        range(start, self.pair)
    }

    /// The rest of the next item.
    const fn describe(&mut self, ty: Type, required: bool, default: &str, doc: &str, formerly: &[Former]) {
        let name = self.items[self.item].name;
        let formerly = self.list(formerly);
        self.items[self.item] =
            Item { name, default: self.span(default), doc: self.span(doc), formerly, ty: self.number(ty), required };
        self.item += 1;
    }

    const fn number(&mut self, ty: Type) -> u16 {
        if let Some(number) = plain(ty) {
            return number;
        }
        self.types[self.ty] = ty;
        self.ty += 1;
        (PLAIN.len() + self.ty - 1) as u16
    }

    const fn span(&mut self, text: &str) -> Span {
        let (at, len) = (self.letter, text.len());
        assert!(len <= u16::MAX as usize, "a text is longer than its length field allows");
        self.text.split_at_mut(at).1.split_at_mut(len).0.copy_from_slice(text.as_bytes());
        self.letter += len;
        Span { at: at as u32, len: len as u16 }
    }
}

/// Whether one of the keys has an old name.
const fn has_old(keys: &[Opt]) -> bool {
    let mut i = 0;
    while i < keys.len() {
        if !keys[i].formerly.is_empty() {
            return true;
        }
        i += 1;
    }
    false
}

const fn range(from: usize, to: usize) -> Range {
    Range { at: from as u16, len: (to - from) as u16 }
}

/// The filled part of a table.
pub const fn first<T: Copy, const N: usize>(table: &[T]) -> [T; N] {
    let mut part = [table[0]; N];
    part.copy_from_slice(table.split_at(N).0);
    part
}

impl Registry {
    /// The bytes of a text.
    pub(super) fn bytes(&self, span: Span) -> &'static [u8] {
        &self.text[span.at as usize..][..usize::from(span.len)]
    }

    /// A text.
    pub(super) fn text(&self, span: Span) -> &'static str {
        std::str::from_utf8(self.bytes(span)).unwrap_or_default()
    }

    /// The pairs of texts in a range.
    pub(super) fn pairs(&self, range: Range) -> impl ExactSizeIterator<Item = (&'static str, &'static str)> {
        part(self.pairs, range).iter().map(|(one, other)| (self.text(*one), self.text(*other)))
    }

    /// The type with this number.
    pub(super) fn ty(&self, number: u16) -> Type {
        let number = usize::from(number);
        PLAIN.get(number).copied().unwrap_or_else(|| self.types[number - PLAIN.len()])
    }
}

/// A range of a table.
pub fn part<T>(table: &'static [T], range: Range) -> &'static [T] {
    &table[usize::from(range.at)..][..usize::from(range.len)]
}
