//! The number of a link, by which messages name it.

use nix::errno::Errno;
use rtnetlink::LinkUnspec;
use rtnetlink::packet_route::RouteNetlinkMessage;
use rtnetlink::packet_route::link::{LinkAttribute, LinkExtentMask};

use super::netlink::{Netlink, number};
use crate::sys::{Error, Result};

/// The index of a link; ENODEV with the name when there is none.
pub(super) fn index(netlink: &Netlink, name: &str) -> Result<u32> {
    let skip = LinkAttribute::ExtMask(vec![LinkExtentMask::SkipStats]);
    let message = LinkUnspec::new_with_name(name).append_extra_attribute(skip).build();
    let mut index = None;
    netlink
        .get(RouteNetlinkMessage::GetLink(message), &mut |payload| index = payload.get(4..8).and_then(number))
        .map_err(|e| e.with_path(name))?;
    index.ok_or_else(|| Error::new(Errno::ENODEV).with_path(name))
}
