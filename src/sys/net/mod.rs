//! Links, addresses, routes and NAT over netlink (rtnetlink(7), netlink(7)). Each function takes its network namespace;
//! `None` is the caller's. It runs no programs such as `ip` or `nft`: a request is one or a few messages to the kernel.

pub mod addr;
mod answer;
mod attrs;
pub mod chain;
pub mod conntrack;
pub mod dns;
pub mod dns_reply;
pub mod egress;
mod element;
mod frame;
pub mod inet;
pub mod isolate;
pub mod link;
mod link_index;
pub mod nat;
pub(super) mod netlink;
pub mod nflog;
pub(super) mod nft;
pub mod nft_watch;
pub mod owner;
pub mod pin;
mod pin_table;
pub mod port;
pub mod publish;
pub mod qdisc;
pub mod route;
mod rule;
pub mod veth;

use std::net::IpAddr;
use std::os::fd::BorrowedFd;

/// A network namespace by its descriptor; `None` is the caller's.
pub type Netns<'a> = Option<BorrowedFd<'a>>;

/// An address with its prefix length.
pub type Cidr = (IpAddr, u8);
