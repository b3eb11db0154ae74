//! `qdisc_set` and `qdisc_del`: queueing of packets that leave a link. The entries and bindings.

use mlua::Value;

use super::{BASE, ENODEV, EPERM, LINK, NETNS, seconds, sequence, target};
use crate::sys::net::qdisc::{self as sys, Qdisc};
use crate::vm::call::{Call, Fail};
use crate::vm::handle::Builder;
use crate::vm::registry::{Outcome, Primitive, Type, arg, opt, range};
use crate::vm::units;

pub const QDISC_SET: Primitive = Primitive {
    name: "qdisc_set",
    doc: "Limits the rate of outgoing packets of a link (tc-tbf(8)), or adds delay and loss to them, with a rate if \
          one is given (tc-netem(8)). It replaces the previous setting. To limit incoming packets, set the other end of the link.",
    args: &[arg("link", LINK, "its name or a handle")],
    options: &[
        opt("rate", Type::Either(&[range::POSITIVE, Type::Str]), "none", "bits per second, or \"10mbit\", \"512kbit\""),
        opt(
            "burst",
            Type::Size,
            "needed with `rate` alone",
            "how many bytes may be sent at once, at least one packet: \"32k\"",
        ),
        opt("latency", Type::Duration, "needed with `rate` alone", "how long a packet may wait before it is dropped"),
        opt("delay", Type::Duration, "0", "the delay of each packet"),
        opt("jitter", Type::Duration, "0", "the variation of the delay"),
        opt("loss", Type::Number, "0", "the fraction of packets to drop, 0 to 1"),
        NETNS,
    ],
    returns: "a qdisc handle: `name` (the link's); `<close>` restores the default qdisc",
    errors: &[
        EPERM,
        ENODEV,
        ("EINVAL", "the kernel does not accept these values"),
        ("EOPNOTSUPP", "the kernel has neither of the two: CONFIG_NET_SCHED, CONFIG_NET_SCH_TBF, CONFIG_NET_SCH_NETEM"),
    ],
    example: "local limit <close> = tiny.qdisc_set(\"veth-web\", { rate = \"10mbit\", burst = \"32k\", latency = \"50ms\" })",
    call: qdisc_set,
    ..BASE
};

pub const QDISC_DEL: Primitive = Primitive {
    name: "qdisc_del",
    undoes: true,
    doc: "Removes the setting of `qdisc_set` from a link (tc(8)).",
    args: &[arg("link", LINK, "its name or a handle")],
    options: &[NETNS],
    errors: &[EPERM, ENODEV, ("ENOENT", "this link has no such setting")],
    example: "tiny.qdisc_del(\"veth-web\")",
    call: |call| {
        let target = target(call, 0)?;
        sys::del(target.netns.fd(), &target.name)?;
        call.ok(())
    },
    ..BASE
};

fn qdisc_set(call: &Call<'_>) -> Outcome {
    let qdisc = read(call)?;
    let target = target(call, 0)?;
    sys::set(target.netns.fd(), &target.name, &qdisc)?;
    let undo = ("qdisc_del", target.name.as_str(), target.netns.options(call, &[])?);
    let undo = sequence(call, undo)?;
    call.ok(Builder::new(call.lua, "qdisc")?.field("undo", undo)?.field("name", target.name)?.build()?)
}

fn read(call: &Call<'_>) -> Result<Qdisc, Fail> {
    let there = |keys: &[&str]| keys.iter().any(|key| !call.value(key).is_nil());
    let usage = |text: &str| Err(Fail::Usage(text.into()));
    match (there(&["rate", "burst", "latency"]), there(&["delay", "jitter", "loss"])) {
        (_, true) if there(&["burst", "latency"]) => {
            usage("burst and latency belong to a rate limit alone; with delay or loss give only the rate")
        }
        (false, false) => usage("no values given: pass rate, burst and latency, or delay, jitter and loss"),
        (true, false) => limit(call),
        (_, true) => line(call),
    }
}

fn limit(call: &Call<'_>) -> Result<Qdisc, Fail> {
    let (Some(latency), Some(burst)) = (seconds(call, "latency")?, call.opt_size("burst")?) else {
        return Err(Fail::Usage("a rate limit needs rate, burst and latency".into()));
    };
    let Some(rate) = rate(call)? else {
        return Err(Fail::Usage("a rate limit needs rate, burst and latency".into()));
    };
    let burst = u32::try_from(burst).ok().filter(|b| *b > 0);
    let burst = burst.ok_or_else(|| Fail::Usage("option \"burst\": must be 1 byte to 4 GiB".into()))?;
    Ok(Qdisc::Rate { rate, burst, latency })
}

/// The option `rate` in bits per second.
fn rate(call: &Call<'_>) -> Result<Option<u64>, Fail> {
    let rate = match call.value("rate") {
        Value::Nil => return Ok(None),
        Value::String(text) => units::rate(&text.to_string_lossy()).map_err(Fail::Usage)?,
        _ => call.opt::<u64>("rate")?.unwrap_or_default(),
    };
    match rate {
        0..8 => Err(Fail::Usage(format!("option \"rate\": {rate} bits per second are less than 1 byte per second"))),
        _ => Ok(Some(rate)),
    }
}

fn line(call: &Call<'_>) -> Result<Qdisc, Fail> {
    let (delay, jitter) = (seconds(call, "delay")?, seconds(call, "jitter")?.unwrap_or_default());
    let loss: f64 = call.opt("loss")?.unwrap_or_default();
    if !(0.0..=1.0).contains(&loss) {
        return Err(Fail::Usage(format!("option \"loss\": {loss} is not from 0 to 1")));
    }
    if jitter > 0.0 && delay.is_none() {
        return Err(Fail::Usage("option \"jitter\" is the variation of the delay: give \"delay\" too".into()));
    }
    Ok(Qdisc::Line { rate: rate(call)?, delay: delay.unwrap_or_default(), jitter, loss })
}
