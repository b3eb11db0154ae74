//! The primitives: bindings and registry entries, one file per family. They hold no policy and no kernel code.

mod attribute;
#[cfg(test)]
mod boundaries;
mod cgroup;
mod cgroup_event;
mod control;
mod copy;
mod cow;
mod credentials;
mod data;
mod descriptor;
mod dry_run;
mod event;
mod file;
mod host;
mod http;
mod layer;
mod manual;
mod mount;
mod namespace;
mod network;
mod output;
mod pidfd;
mod place;
mod process;
mod quota;
mod root;
mod scheduling;
mod security;
mod socket;
mod sync;
mod tar_files;
mod terminal;
mod unwind;
mod userns;

use crate::vm::call::Call;
use crate::vm::registry::packed::{Item, Packer, Row, Span, first, pack};
use crate::vm::registry::{Outcome, Primitive, Registry, Type};

/// The primitives, for a machine (`Vm::new`).
pub static PRIMITIVES: Registry = Registry::new(&ROWS, &CALLS, &ITEMS, &PAIRS, &TYPES, &TEXT);

const PACKED: Packer = pack(FAMILIES);
static ROWS: [Row; PACKED.row] = first(&PACKED.rows);
static ITEMS: [Item; PACKED.item] = first(&PACKED.items);
static PAIRS: [(Span, Span); PACKED.pair] = first(&PACKED.pairs);
static TEXT: [u8; PACKED.letter] = first(&PACKED.text);
// What does hold pointers is apart from the rest.
static TYPES: [Type; PACKED.ty] = first(&PACKED.types);
static CALLS: [fn(&Call<'_>) -> Outcome; PACKED.row] = first(&PACKED.calls);

/// The families in the order of the manual.
pub const FAMILIES: &[&[Primitive]] = &[
    process::FAMILY,
    pidfd::FAMILY,
    credentials::FAMILY,
    scheduling::FAMILY,
    security::FAMILY,
    namespace::FAMILY,
    userns::FAMILY,
    root::FAMILY,
    mount::FAMILY,
    cgroup::FAMILY,
    network::FAMILY,
    file::FAMILY,
    attribute::FAMILY,
    sync::FAMILY,
    copy::FAMILY,
    cow::FAMILY,
    tar_files::FAMILY,
    layer::FAMILY,
    quota::FAMILY,
    data::FAMILY,
    descriptor::FAMILY,
    event::FAMILY,
    cgroup_event::FAMILY,
    socket::FAMILY,
    http::FAMILY,
    output::FAMILY,
    host::FAMILY,
    terminal::FAMILY,
    manual::FAMILY,
    control::FAMILY,
    unwind::FAMILY,
    dry_run::FAMILY,
];
