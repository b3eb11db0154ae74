//! Attributes of nftables' messages (netlink(7)).

use rtnetlink::packet_core::{DefaultNla, Emitable, NLA_F_NESTED};

/// Attributes, one after the other as the kernel reads them.
#[derive(Clone, Default)]
pub struct Attrs(Vec<u8>);

impl Attrs {
    /// Attributes that the kernel wrote.
    pub fn raw(bytes: &[u8]) -> Attrs {
        Attrs(bytes.to_vec())
    }

    /// The payload of a message: this header, then the attributes.
    pub fn after(&self, header: &[u8]) -> Vec<u8> {
        [header, &self.0].concat()
    }

    pub fn bytes(mut self, kind: u16, value: &[u8]) -> Attrs {
        let nla = DefaultNla::new(kind, value.to_vec());
        let start = self.0.len();
        self.0.resize(start + nla.buffer_len(), 0);
        nla.emit(&mut self.0[start..]);
        self
    }

    /// A string with its NUL.
    pub fn text(self, kind: u16, value: &str) -> Attrs {
        self.bytes(kind, &[value.as_bytes(), b"\0"].concat())
    }

    /// A number; nftables keeps all of them in network order.
    pub fn number(self, kind: u16, value: u32) -> Attrs {
        self.bytes(kind, &value.to_be_bytes())
    }

    pub fn nest(self, kind: u16, inner: Attrs) -> Attrs {
        self.bytes(kind | NLA_F_NESTED, &inner.0)
    }
}
