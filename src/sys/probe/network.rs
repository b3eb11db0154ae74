//! Features for networks: nftables, forwarding, the tun device, drivers.

use nix::errno::Errno;
use serde::Serialize;

use super::modules::Modules;
use super::{Offer, number};

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
    use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
    const GETGEN: u16 = 10 << 8 | 16; // NFNL_SUBSYS_NFTABLES, NFT_MSG_GETGEN
    let mut ask = Vec::with_capacity(20);
    ask.extend(20u32.to_ne_bytes());
    ask.extend(GETGEN.to_ne_bytes());
    ask.extend(1u16.to_ne_bytes()); // NLM_F_REQUEST
    ask.extend([0; 12]); // sequence, port, and a struct nfgenmsg of zeros
    let plain = |e: rustix::io::Errno| Errno::from_raw(e.raw_os_error());
    let protocol = Some(rustix::net::netlink::NETFILTER);
    let socket = rustix::net::socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, protocol)
        .map_err(plain)?;
    rustix::net::send(&socket, &ask, SendFlags::empty()).map_err(plain)?;
    let mut answer = [0u8; 256];
    let (got, _) = rustix::net::recv(&socket, &mut answer, RecvFlags::DONTWAIT).map_err(plain)?;
    understood(&answer[..got])
}

/// A reply, or the error number in an error message (NLMSG_ERROR, netlink(7)).
fn understood(message: &[u8]) -> Result<(), Errno> {
    const NLMSG_ERROR: [u8; 2] = 2u16.to_ne_bytes();
    if message.get(4..6).ok_or(Errno::EBADMSG)? != NLMSG_ERROR {
        return Ok(());
    }
    let code = message.get(16..20).and_then(|c| c.try_into().ok()).ok_or(Errno::EBADMSG)?;
    Err(Errno::from_raw(-i32::from_ne_bytes(code)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_or_a_refusal() {
        let message = |kind: u16, code: i32| {
            let mut bytes = vec![0u8; 20];
            bytes[4..6].copy_from_slice(&kind.to_ne_bytes());
            bytes[16..20].copy_from_slice(&code.to_ne_bytes());
            bytes
        };
        assert_eq!(understood(&message(0x0a0f, 0)), Ok(()));
        assert_eq!(understood(&message(2, -1)), Err(Errno::EPERM));
        assert_eq!(understood(&[0; 5]), Err(Errno::EBADMSG));
    }
}
