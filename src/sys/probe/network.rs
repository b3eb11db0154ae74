//! What networks are made of: nftables, forwarding, the tun device, drivers.

use nix::errno::Errno;
use serde::Serialize;

use super::answer::{Offer, number};
use super::modules::Modules;
use crate::sys::net::netlink::Netlink;
use crate::sys::net::nft;

/// What a container's network needs of the kernel.
#[derive(Serialize)]
pub struct Network {
    /// nftables; absent where only a process with CAP_NET_ADMIN could find out.
    pub nftables: Option<Offer>,
    /// Whether IPv4 packets are forwarded in this network namespace.
    pub ip_forward: bool,
    /// Whether IPv6 packets are forwarded in this network namespace.
    pub ip6_forward: bool,
    /// Whether /dev/net/tun is there.
    pub tun: bool,
    /// Whether /dev/fuse is there.
    pub fuse: bool,
    /// Virtual Ethernet pairs; absent where nothing tells.
    pub veth: Option<Offer>,
    /// Bridges; absent where nothing tells.
    pub bridge: Option<Offer>,
}

/// Asks each.
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
    }
}

/// A driver that is built in without parameters shows nowhere: only the files of modules tell.
fn driver(modules: &Modules, name: &str) -> Option<Offer> {
    match modules.offer(Modules::loaded(name), name) {
        Offer::Is(false) => None,
        offer => Some(offer),
    }
}

/// The question would load the module where it is not, so a loadable one is not asked.
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

/// Asks for the number of the rule set's generation, which changes nothing.
fn generation() -> Result<(), Errno> {
    nft::generation(&Netlink::netfilter(None).map_err(|e| e.errno)?).map_err(|e| e.errno)
}
