//! Conversion of addresses between text and bytes, for the arithmetic of address ranges in Lua.

use std::net::IpAddr;

use mlua::Value;

use super::BASE;
use crate::vm::call::{Call, Fail};
use crate::vm::registry::{Effect, Outcome, Primitive, Type, arg};
use crate::vm::units;

pub const PARSE_ADDR: Primitive = Primitive {
    name: "parse_addr",
    effect: Effect::Reads,
    doc: "Parses an address, with or without a prefix length, to its bytes in network order.",
    args: &[arg("text", Type::Str, "such as \"10.10.0.2\", \"10.10.0.0/24\" or \"fd00::2\"")],
    returns: "4 or 16 bytes and the prefix length (32 or 128 if absent); nil if it is not an address",
    example: "local bytes, prefix = tiny.parse_addr(\"10.10.0.0/24\")",
    call: parse_addr,
    ..BASE
};

pub const FORMAT_ADDR: Primitive = Primitive {
    name: "format_addr",
    effect: Effect::Reads,
    doc: "Formats the bytes of an address as text, IPv6 in its short form (RFC 5952).",
    args: &[arg("bytes", Type::Any, "4 or 16 bytes in network order")],
    returns: "the address, such as \"10.10.0.2\"",
    example: "local text = tiny.format_addr(\"\\x0a\\x0a\\x00\\x02\")",
    call: format_addr,
    ..BASE
};

fn parse_addr(call: &Call<'_>) -> Outcome {
    let text = call.str(0)?;
    let parsed = match text.contains('/') {
        true => units::cidr(&text).ok(),
        false => text.parse::<IpAddr>().ok().map(|addr| (addr, if addr.is_ipv4() { 32 } else { 128 })),
    };
    let Some((addr, prefix)) = parsed else { return call.ok(Value::Nil) };
    let bytes = match addr {
        IpAddr::V4(addr) => call.lua.create_string(addr.octets()),
        IpAddr::V6(addr) => call.lua.create_string(addr.octets()),
    };
    call.ok((bytes?, prefix))
}

fn format_addr(call: &Call<'_>) -> Outcome {
    let wrong = || Fail::Usage("bytes: expected a string of 4 or 16 bytes".into());
    let Value::String(bytes) = call.arg_value(0) else { return Err(wrong()) };
    let bytes = bytes.as_bytes();
    let addr = match bytes.len() {
        4 => <[u8; 4]>::try_from(&bytes[..]).ok().map(IpAddr::from),
        16 => <[u8; 16]>::try_from(&bytes[..]).ok().map(IpAddr::from),
        _ => None,
    };
    call.ok(addr.ok_or_else(wrong)?.to_string())
}
