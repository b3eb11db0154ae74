//! DNS messages as Lua tables: the entries and their bindings.

use mlua::{LuaString, Value};

use super::{BASE, ip, unsigned};
use crate::sys::net::dns::{self as sys, Answer};
use crate::sys::net::dns_reply as reply;
use crate::vm::call::{Call, Fail};
use crate::vm::registry::{Effect, Outcome, Primitive, Type, arg, need, opt};

pub const DNS_QUESTION: Primitive = Primitive {
    name: "dns_question",
    effect: Effect::Reads,
    doc: "Parses the question of a DNS query (RFC 1035).",
    args: &[arg("query", Type::Bytes, "a message in wire format; it need not be trusted")],
    returns: "a table: `id`, `name` (lower case, without the final dot), `type` (\"A\", \"AAAA\", \"PTR\", …, \
              \"TYPE65280\"), `recursion`, `max` (the largest reply by UDP that the sender accepts, in bytes); nil if \
              it is not a query with exactly one question",
    example: "local question = tiny.dns_question(bytes)",
    call: dns_question,
    ..BASE
};

pub const DNS_ANSWER: Primitive = Primitive {
    name: "dns_answer",
    effect: Effect::Reads,
    doc: "Builds the reply to a DNS query (RFC 1035). A and AAAA queries are answered with the addresses of that \
          family, PTR queries with the names, and others with an empty answer.",
    args: &[arg("query", Type::Bytes, "the query in wire format")],
    options: &[
        opt("addrs", Type::List(&Type::Str), "none", "IPv4 addresses for A, IPv6 addresses for AAAA"),
        opt("names", Type::List(&Type::Str), "none", "domain names for PTR"),
        opt(
            "code",
            Type::Word(&["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"]),
            "\"NOERROR\"",
            "the response code",
        ),
        opt("ttl", Type::Range(0, i32::MAX as i64), "0", "the time in seconds for which the reply may be cached"),
        opt(
            "max",
            Type::Size,
            "64k",
            "the largest reply in bytes; records that do not fit are left out and the reply is marked as truncated",
        ),
    ],
    returns: "the reply in wire format",
    example: "local bytes = tiny.dns_answer(query, { addrs = { \"10.10.0.2\" }, ttl = 60, max = 512 })",
    call: dns_answer,
    ..BASE
};

pub const DNS_REPLY: Primitive = Primitive {
    name: "dns_reply",
    effect: Effect::Reads,
    doc: "Parses the reply of a name server to a question for addresses (RFC 1035): the addresses at the end of the chain of \
          aliases (CNAME) that begins with the asked name.",
    args: &[arg("reply", Type::Bytes, "a message in wire format; it need not be trusted")],
    options: &[
        need("name", Type::Str, "the name in the question, in lower case and without the final dot"),
        need("type", Type::Word(&["A", "AAAA"]), "the type in the question"),
    ],
    returns: "a table: `code` (\"NOERROR\", \"NXDOMAIN\", …), `addrs`, `ttl` (the smallest of the chain), `next` (the \
              alias that the chain leads to, if the reply has no address of it), `truncated`; nil and the reason if it is no \
              reply to this question",
    example: "local reply, why = tiny.dns_reply(bytes, { name = \"www.example.com\", type = \"AAAA\" })",
    call: dns_reply,
    ..BASE
};

fn dns_reply(call: &Call<'_>) -> Outcome {
    let bytes: LuaString = call.get(0)?;
    let name: String = call.opt("name")?.unwrap_or_default();
    let six = call.opt::<String>("type")?.as_deref() == Some("AAAA");
    let reply = match reply::parse(&bytes.as_bytes(), &name, six) {
        Ok(reply) => reply,
        Err(why) => return call.ok((Value::Nil, why)),
    };
    let table = call.lua.create_table()?;
    table.raw_set("code", reply.code)?;
    table.raw_set("addrs", reply.addrs.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    table.raw_set("ttl", reply.ttl)?;
    table.raw_set("next", reply.next)?;
    table.raw_set("truncated", reply.truncated)?;
    call.ok(table)
}

fn dns_question(call: &Call<'_>) -> Outcome {
    let Some(question) = sys::question(&call.get::<LuaString>(0)?.as_bytes()) else {
        return call.ok(Value::Nil);
    };
    let table = call.lua.create_table()?;
    table.raw_set("id", question.id)?;
    table.raw_set("name", question.name)?;
    table.raw_set("type", question.kind)?;
    table.raw_set("recursion", question.recursion)?;
    table.raw_set("max", question.max)?;
    call.ok(table)
}

fn dns_answer(call: &Call<'_>) -> Outcome {
    let query: LuaString = call.get(0)?;
    let addrs: Vec<String> = call.opt("addrs")?.unwrap_or_default();
    let addrs = addrs.iter().map(|text| ip(text)).collect::<Result<Vec<_>, _>>()?;
    let names: Vec<String> = call.opt("names")?.unwrap_or_default();
    if let Some(bad) = names.iter().find(|name| !sys::is_name(name)) {
        return Err(Fail::Usage(format!("option \"names\": {bad:?} is not a domain name")));
    }
    let code: Option<String> = call.opt("code")?;
    let answer = Answer {
        addrs: &addrs,
        names: &names,
        code: code.as_deref(),
        ttl: unsigned("ttl", call.opt("ttl")?.unwrap_or(0))?,
        max: call.opt_size("max")?.map(|max| max as usize),
    };
    match sys::answer(&query.as_bytes(), &answer) {
        Some(bytes) => call.ok(call.lua.create_string(&bytes)?),
        None => Err(Fail::Usage("query: not a DNS query with one question; check it with dns_question".into())),
    }
}
