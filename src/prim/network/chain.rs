//! `nft_chains`: its entry and its binding.

use super::nat::NO_NFTABLES;
use super::{BASE, EPERM, NETNS, Place};
use crate::sys::net::chain as sys;
use crate::vm::call::Call;
use crate::vm::registry::{Effect, Outcome, Primitive};

pub const NFT_CHAINS: Primitive = Primitive {
    name: "nft_chains",
    effect: Effect::Reads,
    doc: "Lists the base chains of all nftables tables, including those of other programs (nft(8)). A packet passes \
          all chains of a hook; a drop by any of them is final.",
    options: &[NETNS],
    returns: "a list of tables: `table`, `family` (\"ip\", \"ip6\", \"inet\", \"arp\", \"bridge\", \"netdev\"), \
              `name`, `type` (\"filter\", \"nat\", \"route\"), `hook` (\"forward\", …), `priority` (the lowest comes \
              first), `policy` (\"accept\", \"drop\"); rules of iptables-legacy are not included",
    errors: &[EPERM, ("EOPNOTSUPP", NO_NFTABLES), ("EPROTONOSUPPORT", NO_NFTABLES)],
    example: "for _, chain in ipairs(tiny.nft_chains()) do\n  if chain.policy == \"drop\" then print(chain.family, \
              chain.table, chain.name) end\nend",
    call: nft_chains,
    ..BASE
};

fn nft_chains(call: &Call<'_>) -> Outcome {
    let list = call.lua.create_table()?;
    for chain in sys::list(Place::option(call)?.fd())? {
        let table = call.lua.create_table()?;
        table.raw_set("table", chain.table)?;
        table.raw_set("family", chain.family)?;
        table.raw_set("name", chain.name)?;
        table.raw_set("type", chain.kind)?;
        table.raw_set("hook", chain.hook)?;
        table.raw_set("priority", chain.priority)?;
        table.raw_set("policy", if chain.drops { "drop" } else { "accept" })?;
        list.raw_push(table)?;
    }
    call.ok(list)
}
