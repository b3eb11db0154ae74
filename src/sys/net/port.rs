//! A published port, and the name of the table that those of `publish` are in.

use std::net::{IpAddr, SocketAddr};

/// The table of published ports, of the inet family.
pub const TABLE: &str = "tiny-publish";

/// A published port.
#[derive(Clone, Debug, PartialEq)]
pub struct Publish {
    /// The protocol's number: 6 for TCP, 17 for UDP.
    pub proto: u8,
    /// The address that it is published on; `None`: all of the machine's.
    pub host: Option<IpAddr>,
    /// The port on the machine.
    pub port: u16,
    /// Where it leads.
    pub to: SocketAddr,
}
