//! Removals from nftables: the entries and their bindings.

use super::{BASE, EPERM, NETNS, Place};
use crate::sys::net::nft_watch as sys;
use crate::vm::handle::Builder;
use crate::vm::registry::{Effect, Primitive, Type, arg};

pub const NFT_WATCH: Primitive = Primitive {
    name: "nft_watch",
    effect: Effect::Plumbing,
    doc: "Watches a network namespace for programs that remove rules, chains, sets or tables of nftables, such as \
          `nft flush ruleset`, which removes those of every program (nft(8)). Changes of elements are not reported.",
    options: &[NETNS],
    returns: "an nft_watch handle: `:changed()`; ready in `poll` when something was removed",
    errors: &[EPERM, ("EPROTONOSUPPORT", "the kernel has no nftables: `modprobe nf_tables`, or CONFIG_NF_TABLES")],
    example: "local watch <close> = tiny.nft_watch()",
    call: |c| {
        let fd = sys::open(Place::option(c)?.fd())?;
        c.ok(Builder::new(c.lua, "nft_watch")?.fd(fd)?.build()?)
    },
    ..BASE
};

pub const NFT_WATCH_CHANGED: Primitive = Primitive {
    name: "nft_watch_changed",
    effect: Effect::Plumbing,
    doc: "Whether something was removed from nftables since the last call, by any program including this one.",
    args: &[arg("watch", Type::Handle("nft_watch"), "a handle returned by `nft_watch`")],
    returns: "a boolean",
    method: Some(("nft_watch", "changed")),
    errors: &[("EBADF", "the handle is not open")],
    example: "if watch:changed() then print(#tiny.nft_chains()) end",
    call: |c| {
        let changed = c.fd(0)?.with(sys::changed)??;
        c.ok(changed)
    },
    ..BASE
};
