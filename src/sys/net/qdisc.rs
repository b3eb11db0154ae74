//! Queueing disciplines for outgoing packets of a link: a rate limit, or delay and loss with or without one (tc(8), tc-tbf(8), tc-netem(8),
//! linux/pkt_sched.h).

use nix::errno::Errno;
use rtnetlink::packet_core::{NLM_F_ACK, NLM_F_CREATE, NLM_F_REPLACE};

use super::netlink::Netlink;
use super::nft::{Attrs, frame};
use super::{Netns, link_index};
use crate::sys::{Error, Result};

const NEW: u16 = 36;
const DEL: u16 = 37;

/// A queueing discipline.
pub enum Qdisc {
    /// A token bucket (tbf).
    Rate {
        /// In bits per second.
        rate: u64,
        /// The burst in bytes.
        burst: u32,
        /// The longest time in seconds that a packet may wait before it is dropped.
        latency: f64,
    },
    /// Delay and loss, and a rate in addition (netem).
    Line {
        /// In bits per second; `None` for no limit.
        rate: Option<u64>,
        /// The delay of each packet, in seconds.
        delay: f64,
        /// The variation of the delay, in seconds.
        jitter: f64,
        /// The fraction of packets to drop, 0 to 1.
        loss: f64,
    },
}

/// Replaces the queueing discipline of a link. Errors: ENODEV, ENOENT if the kernel has no such discipline, EINVAL for
/// values that it does not accept.
pub fn set(netns: Netns<'_>, name: &str, qdisc: &Qdisc) -> Result<()> {
    let (kind, options) = match qdisc {
        Qdisc::Rate { rate, burst, latency } => ("tbf", bucket(*rate, *burst, *latency)),
        Qdisc::Line { rate, delay, jitter, loss } => ("netem", line(*rate, *delay, *jitter, *loss)),
    };
    let attrs = Attrs::default().text(1, kind).bytes(2, &options);
    send(netns, name, NEW, NLM_F_CREATE | NLM_F_REPLACE, &attrs).map_err(|error| match error.errno {
        Errno::ENOENT | Errno::EOPNOTSUPP => Error::new(error.errno).with_path(name).with_hint(format!(
            "the kernel has no {kind}: `modprobe sch_{kind}`, or CONFIG_NET_SCH_{}",
            kind.to_uppercase()
        )),
        _ => error,
    })
}

/// Restores a link's default discipline. Errors: ENODEV, ENOENT if it has that already.
pub fn del(netns: Netns<'_>, name: &str) -> Result<()> {
    send(netns, name, DEL, 0, &Attrs::default())
}

fn send(netns: Netns<'_>, name: &str, message: u16, flags: u16, attrs: &Attrs) -> Result<()> {
    const ROOT: u32 = u32::MAX;
    let netlink = Netlink::route(netns)?;
    let words = [0, link_index::index(&netlink, name)?, 0, ROOT, 0]; // family, link, own number, parent, info
    let header = words.map(u32::to_ne_bytes).concat();
    netlink
        .exchange(&frame(message, flags | NLM_F_ACK, &attrs.after(&header)), &mut |_| {})
        .map_err(|e| e.with_path(name))
}

/// The options of tbf. The kernel counts in bytes; larger numbers need an extra attribute.
fn bucket(rate: u64, burst: u32, latency: f64) -> Vec<u8> {
    const PARAMETERS: u16 = 1;
    const RATE64: u16 = 4;
    const BURST: u16 = 6;
    const ETHERNET: u32 = 1;
    let rate = rate / 8;
    let short = u32::try_from(rate).unwrap_or(u32::MAX);
    let limit = (rate as f64 * latency) as u64 + u64::from(burst);
    let limit = u32::try_from(limit).unwrap_or(u32::MAX);
    // Rate and peak rate are three words each, the rate last; then limit, buffer and MTU.
    let layer = u32::from_ne_bytes([0, ETHERNET as u8, 0, 0]);
    let parameters = [layer, 0, short, 0, 0, 0, limit, 0, 0].map(u32::to_ne_bytes).concat();
    let attrs = Attrs::default().bytes(PARAMETERS, &parameters).bytes(BURST, &burst.to_ne_bytes());
    let wide = rate > u64::from(short);
    let attrs = if wide { attrs.bytes(RATE64, &rate.to_ne_bytes()) } else { attrs };
    attrs.after(&[])
}

/// The options of netem: six words, then attributes for values that do not fit.
fn line(rate: Option<u64>, delay: f64, jitter: f64, loss: f64) -> Vec<u8> {
    const RATE: u16 = 6;
    const RATE64: u16 = 8;
    const LATENCY64: u16 = 10;
    const JITTER64: u16 = 11;
    // The queue limit in packets, like tc(8): enough for 1 Gbit/s over 10 ms.
    const LIMIT: u32 = 1000;
    let nanos = |seconds: f64| ((seconds * 1e9) as i64).to_ne_bytes();
    let lost = (loss * f64::from(u32::MAX)) as u32;
    let words = [0, LIMIT, lost, 0, 0, 0].map(u32::to_ne_bytes).concat();
    let attrs = Attrs::default().bytes(LATENCY64, &nanos(delay)).bytes(JITTER64, &nanos(jitter));
    let Some(bytes) = rate.map(|bits| bits / 8) else { return attrs.after(&words) };
    // The rate, and three words for the overhead of each packet. A rate that does not fit has an attribute of its own.
    let short = u32::try_from(bytes).unwrap_or(u32::MAX);
    let attrs = attrs.bytes(RATE, &[short, 0, 0, 0].map(u32::to_ne_bytes).concat());
    let attrs = if bytes > u64::from(short) { attrs.bytes(RATE64, &bytes.to_ne_bytes()) } else { attrs };
    attrs.after(&words)
}
