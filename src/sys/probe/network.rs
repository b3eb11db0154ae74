//! Features for networks: nftables, forwarding, the tun device, drivers.

use nix::errno::Errno;
use serde::Serialize;

use super::answer::{Offer, number};
use super::modules::Modules;
use crate::sys::net::netlink::Netlink;
use crate::sys::net::nft;

/// The kernel features for a container's network.
#[derive(Serialize)]
pub struct Network {
    /// nftables; absent if only a process with CAP_NET_ADMIN can find out.
    pub nftables: Option<Offer>,
    /// Whether IPv4 packets are forwarded in this network namespace.
    pub ip_forward: bool,
    /// Whether IPv6 packets are forwarded in this network namespace.
    pub ip6_forward: bool,
    /// Whether /dev/net/tun exists.
    pub tun: bool,
    /// Whether /dev/fuse exists.
    pub fuse: bool,
    /// Virtual Ethernet pairs; absent if unknown.
    pub veth: Option<Offer>,
    /// Bridges; absent if unknown.
    pub bridge: Option<Offer>,
    /// Delay and loss of packets (tc-netem(8)); absent if unknown.
    pub netem: Option<Offer>,
}

/// Probes each.
pub fn network(modules: &Modules) -> Network {
    let on = |path: &str| number(path).is_some_and(|n| n > 0);
    let there = |path: &str| std::path::Path::new(path).exists();
    Network {
        nftables: nftables(modules),
        ip_forward: on("/proc/sys/net/ipv4/ip_forward"),
        ip6_forward: on("/proc/sys/net/ipv6/conf/all/forwarding"),
        tun: there("/dev/net/tun"),
        fuse: there("/dev/fuse"),
        veth: driver(modules, "veth"),
        bridge: driver(modules, "bridge"),
        netem: driver(modules, "sch_netem"),
    }
}

/// A built-in driver without parameters is not visible: only the module files show it.
fn driver(modules: &Modules, name: &str) -> Option<Offer> {
    match modules.offer(Modules::loaded(name), name) {
        Offer::Is(false) => None,
        offer => Some(offer),
    }
}

/// The query would load a missing module, so it is not sent for a loadable one.
fn nftables(modules: &Modules) -> Option<Offer> {
    if Modules::loaded("nf_tables") || modules.built_in("nf_tables") {
        return Some(Offer::Is(true));
    }
    if modules.loadable("nf_tables") {
        return Some(Offer::As("module"));
    }
    match generation() {
        Ok(()) => Some(Offer::Is(true)),
        Err(Errno::EPERM) => None,
        Err(_) => Some(Offer::Is(false)),
    }
}

/// Queries the generation of the rule set (NFT_MSG_GETGEN), which changes nothing.
fn generation() -> Result<(), Errno> {
    nft::generation(&Netlink::netfilter(None).map_err(|e| e.errno)?).map_err(|e| e.errno)
}
