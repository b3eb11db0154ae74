//! Links: listing, changing, deleting them, and bridges (rtnetlink(7), RTM_*LINK). Links are given by name; an index is
//! looked up only where the kernel does not accept a name.

use std::os::fd::{AsRawFd, BorrowedFd};

use nix::errno::Errno;
use rtnetlink::packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use rtnetlink::packet_route::RouteNetlinkMessage;
use rtnetlink::packet_route::link::{
    AfSpecInet6, AfSpecUnspec, In6AddrGenMode, InfoBridgePort, InfoPortData, InfoPortKind, LinkAttribute,
    LinkExtentMask, LinkInfo, LinkMessage,
};
use rtnetlink::{LinkBridge, LinkMessageBuilder, LinkUnspec};

use super::link_index::index;
use super::netlink::{self, Netlink, attribute, number, string};
use super::{Cidr, Netns, addr};
use crate::sys::{Error, Result};

/// A link as listed by the kernel.
pub struct Link {
    /// The index, to which addresses and routes refer.
    pub index: u32,
    /// The name.
    pub name: String,
    /// "bridge", "veth", …; `None` for hardware and the loopback link.
    pub kind: Option<String>,
    /// The MAC address, "02:00:00:00:00:01".
    pub mac: Option<String>,
    /// The MTU in bytes.
    pub mtu: u32,
    /// The number of transmit queues.
    pub queues: u32,
    /// Whether it is up (IFF_UP).
    pub up: bool,
    /// The index of the bridge (or bond) to which it is attached.
    pub master: Option<u32>,
    /// The index of a veth's other end.
    pub peer: Option<u32>,
    /// The id in this namespace of the namespace of a veth's other end; `None`: the same one.
    pub peer_netns: Option<u32>,
    /// Its addresses.
    pub addrs: Vec<Cidr>,
    /// Those of them that are permanent and of global scope.
    pub permanent_addrs: Vec<Cidr>,
}

/// Changes to a link; fields that are `None` stay unchanged.
#[derive(Default)]
pub struct Change<'a> {
    /// Up or down.
    pub up: Option<bool>,
    /// The MTU in bytes.
    pub mtu: Option<u32>,
    /// The bridge to attach it to, looked up in the target namespace; `Some(None)` for none.
    pub master: Option<Option<&'a str>>,
    /// The new name.
    pub name: Option<&'a str>,
    /// The MAC address.
    pub mac: Option<[u8; 6]>,
    /// The namespace to move to.
    pub move_to: Option<BorrowedFd<'a>>,
}

/// Addresses for a new link.
#[derive(Default)]
pub struct Addrs {
    /// The addresses.
    pub list: Vec<Cidr>,
    /// Whether the IPv6 ones are used without duplicate address detection.
    pub nodad: bool,
}

impl Addrs {
    /// The messages that add them to the link with this index.
    pub(super) fn changes(&self, index: u32) -> Vec<netlink::Change> {
        self.list.iter().map(|cidr| addr::change(index, *cidr, self.nodad)).collect()
    }
}

/// Why a link name is invalid, as a message; `None` for a valid one (dev_valid_name in the kernel, which only returns
/// EINVAL, and takes `%d` for a template).
pub fn bad_name(name: &str) -> Option<String> {
    let why = match name {
        "" => "it is empty".to_owned(),
        "." | ".." => "it is the name of a directory".to_owned(),
        _ if name.len() > 15 => format!("it has {} bytes, and the kernel allows at most 15", name.len()),
        _ if name.contains(|c: char| c.is_whitespace() || matches!(c, '/' | ':' | '%' | '\0')) => {
            "it must not contain spaces, \"/\", \":\" or \"%\"".to_owned()
        }
        _ => return None,
    };
    Some(format!("{name:?} is not a link name: {why}"))
}

/// All links of a namespace, with their addresses.
pub fn list(netns: Netns<'_>) -> Result<Vec<Link>> {
    let netlink = Netlink::route(netns)?;
    let mut links = all(&netlink)?;
    for found in addr::list(&netlink)? {
        if let Some(link) = links.iter_mut().find(|l| l.index == found.link) {
            link.addrs.push(found.cidr);
            link.permanent_addrs.extend(found.permanent.then_some(found.cidr));
        }
    }
    Ok(links)
}

/// All links, without their addresses.
pub(super) fn all(netlink: &Netlink) -> Result<Vec<Link>> {
    let skip = LinkAttribute::ExtMask(vec![LinkExtentMask::SkipStats]);
    let message = LinkMessageBuilder::<LinkUnspec>::new().append_extra_attribute(skip).build();
    netlink.dump(RouteNetlinkMessage::GetLink(message), &mut parse)
}

/// A listed link. Only the needed attributes are decoded: attributes of newer kernels cannot make it fail.
fn parse(payload: &[u8]) -> Option<Link> {
    const IFLA_ADDRESS: u16 = 1;
    const IFLA_IFNAME: u16 = 3;
    const IFLA_MTU: u16 = 4;
    const IFLA_MASTER: u16 = 10;
    const IFLA_LINK: u16 = 5;
    const IFLA_LINKINFO: u16 = 18;
    const IFLA_NUM_TX_QUEUES: u16 = 31;
    const IFLA_LINK_NETNSID: u16 = 37;
    const IFLA_INFO_KIND: u16 = 1;
    let (header, attributes) = payload.split_at_checked(16)?;
    let mac = attribute(attributes, IFLA_ADDRESS)
        .map(|mac| mac.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(":"));
    let kind = attribute(attributes, IFLA_LINKINFO).and_then(|i| attribute(i, IFLA_INFO_KIND)).map(string);
    // For other kinds this is the underlying link.
    let of_peer = |what| attribute(attributes, what).and_then(number).filter(|_| kind.as_deref() == Some("veth"));
    Some(Link {
        peer: of_peer(IFLA_LINK),
        // Negative: it has no id here.
        peer_netns: of_peer(IFLA_LINK_NETNSID).filter(|id| *id <= i32::MAX as u32),
        index: number(&header[4..])?,
        name: string(attribute(attributes, IFLA_IFNAME)?),
        kind,
        mac,
        mtu: attribute(attributes, IFLA_MTU).and_then(number).unwrap_or(0),
        queues: attribute(attributes, IFLA_NUM_TX_QUEUES).and_then(number).unwrap_or(1),
        up: number(&header[8..])? & libc::IFF_UP as u32 != 0,
        master: attribute(attributes, IFLA_MASTER).and_then(number),
        addrs: Vec::new(),
        permanent_addrs: Vec::new(),
    })
}

/// Changes a link, in one message. Errors: ENODEV if there is no such link or bridge, EEXIST if the new name is taken,
/// EBUSY when renaming some links that are up.
pub fn set(netns: Netns<'_>, name: &str, change: &Change<'_>) -> Result<()> {
    let netlink = &Netlink::route(netns)?;
    // A name in the message identifies the link, unless it has an index: then it is the new name.
    let mut message = match change.name {
        Some(new) => LinkUnspec::new_with_index(index(netlink, name)?).name(new),
        None => LinkUnspec::new_with_name(name),
    };
    message = match change.up {
        Some(true) => message.up(),
        Some(false) => message.down(),
        None => message,
    };
    if let Some(mtu) = change.mtu {
        message = message.mtu(mtu);
    }
    if let Some(mac) = change.mac {
        message = message.address(mac.to_vec());
    }
    if let Some(place) = change.move_to {
        // The kernel would move it and fail then, which leaves it there under its old name.
        if let Some(new) = change.name
            && index(&Netlink::route(Some(place))?, new).is_ok()
        {
            return Err(exists(Error::new(Errno::EEXIST), new));
        }
        message = message.setns_by_fd(place.as_raw_fd());
    }
    // The kernel moves the link first and attaches it then, so the bridge is one of the new namespace.
    message = match (change.master, change.move_to) {
        (Some(Some(bridge)), None) => message.controller(index(netlink, bridge)?),
        (Some(Some(bridge)), place) => message.controller(index(&Netlink::route(place)?, bridge)?),
        (Some(None), _) => message.nocontroller(),
        (None, _) => message,
    };
    let taken = change.name.unwrap_or(name);
    netlink.ask(RouteNetlinkMessage::SetLink(message.build()), 0).map_err(|e| exists(e, taken))
}

/// The message that brings a link up and attaches it to the bridge with this index.
pub(super) fn raise(name: &str, bridge: Option<u32>) -> netlink::Change {
    let message = LinkUnspec::new_with_name(name).up();
    let message = if let Some(index) = bridge { message.controller(index) } else { message };
    (RouteNetlinkMessage::SetLink(message.build()), 0)
}

/// The message that enables hairpin mode of a bridge port. It is separate, since port options only apply to an existing
/// port.
pub(super) fn hairpin(name: &str) -> netlink::Change {
    let port = vec![
        LinkInfo::PortKind(InfoPortKind::Bridge),
        LinkInfo::PortData(InfoPortData::BridgePort(vec![InfoBridgePort::HairpinMode(true)])),
    ];
    let message = LinkUnspec::new_with_name(name).append_extra_attribute(LinkAttribute::LinkInfo(port)).build();
    // The kernel reads port options only in this message; without NLM_F_CREATE it changes an existing link.
    (RouteNetlinkMessage::NewLink(message), 0)
}

/// The message that disables the IPv6 link-local address of a link that is down.
pub(super) fn without_link_local(name: &str) -> netlink::Change {
    let mode = AfSpecUnspec::Inet6(vec![AfSpecInet6::AddrGenMode(In6AddrGenMode::None)]);
    let attribute = LinkAttribute::AfSpecUnspec(vec![mode]);
    (RouteNetlinkMessage::SetLink(LinkUnspec::new_with_name(name).append_extra_attribute(attribute).build()), 0)
}

/// Deletes a link; a veth link is deleted with its peer. Errors: ENODEV if there is none, EOPNOTSUPP for hardware and
/// the loopback link.
pub fn del(netns: Netns<'_>, name: &str) -> Result<()> {
    let message = LinkUnspec::new_with_name(name).build();
    Netlink::route(netns)?.ask(RouteNetlinkMessage::DelLink(message), 0)
}

/// Creates a bridge that is up. If an address is refused, it is removed again. Errors: EEXIST, EPERM without
/// CAP_NET_ADMIN over the namespace, EOPNOTSUPP without the kernel's bridge module.
pub fn bridge(netns: Netns<'_>, name: &str, change: &Change<'_>, addrs: &Addrs) -> Result<()> {
    let netlink = Netlink::route(netns)?;
    let mut message = LinkBridge::new(name);
    if let Some(mtu) = change.mtu {
        message = message.mtu(mtu);
    }
    if let Some(mac) = change.mac {
        message = message.address(mac.to_vec());
    }
    create(&netlink, message.build()).map_err(|e| exists(e, name))?;
    let added = index(&netlink, name).and_then(|index| netlink.ask_all(addrs.changes(index)));
    if added.is_err() {
        let _ = del(netns, name);
    }
    added
}

pub(super) fn create(netlink: &Netlink, message: LinkMessage) -> Result<()> {
    netlink.ask(RouteNetlinkMessage::NewLink(message), NLM_F_CREATE | NLM_F_EXCL)
}

/// EEXIST with the name that is taken.
pub(super) fn exists(error: Error, name: &str) -> Error {
    match error.errno {
        Errno::EEXIST => error.with_path(name).with_hint(format!(
            "a link named {name:?} already exists: choose another name, or remove it with link_del({name:?})"
        )),
        _ => error,
    }
}
