//! HTTP requests: what registries of images are asked. Redirects, credentials and retries are policy, in Lua.

use std::fs::File;
use std::time::Duration;

use mlua::{Function, LuaString, Table, Value};
use rustix::fs::{Mode, OFlags};

use super::copy::PROGRESS;
use super::place::Root;
use crate::sys::http::{self as sys, Body, Settings, Trust};
use crate::sys::{Context, Error};
use crate::vm::call::{self, Call, Fail, FdRef};
use crate::vm::handle::{Builder, Resource};
use crate::vm::registry::{Effect, Outcome, Primitive, Type, arg, opt, range};

const BASE: Primitive = Primitive { family: "http", ..Primitive::BASE };
const RESPONSE: Type = Type::Handle("response");
const ETIMEDOUT: (&str, &str) =
    ("ETIMEDOUT", "the server or a firewall does not reply; `timeout` and `stall` are limits");
const ECONNRESET: (&str, &str) = ("ECONNRESET", "the server closed the connection; try again");
const EPROTO: (&str, &str) =
    ("EPROTO", "the server does not speak HTTP, or TLS for https; check the URL's scheme and port");

pub const FAMILY: &[Primitive] = &[
    Primitive {
        name: "http",
        waits: true,
        doc: "Sends an HTTP or HTTPS request and returns the response, whose body is still to be read (RFC 9110). \
              Redirects are returned, not followed. Names are resolved by /etc/hosts and the servers in \
              /etc/resolv.conf (resolv.conf(5)). A connection is kept for later requests with the same options.",
        args: &[arg("url", Type::Str, "\"https://host:port/path?query\"; an IPv6 address has brackets")],
        options: &[
            opt(
                "method",
                Type::Word(&["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]),
                "\"GET\"",
                "the request's method",
            ),
            opt("headers", Type::Map(&Type::Str), "none", "header fields by name"),
            opt(
                "body",
                Type::Either(&[Type::Bytes, Type::Handle("file")]),
                "none",
                "the body: a string, or an open file, from its offset to its end",
            ),
            opt(
                "progress",
                Type::Function,
                "",
                "called with the bytes sent so far of a file as the body, at most ten times a second",
            ),
            opt(
                "timeout",
                Type::Duration,
                "no limit",
                "the limit for each of: resolving the name, connecting with TLS, and waiting for the headers",
            ),
            opt("stall", Type::Duration, "no limit", "the longest time without a byte, also in the body"),
            opt("ca", Type::List(&Type::Path), "none", "PEM files with the authorities that https accepts"),
            opt("cert", Type::Path, "none", "a PEM file with this client's certificate; needs `key`"),
            opt("key", Type::Path, "none", "a PEM file with the certificate's private key"),
            opt("insecure", Type::Bool, "false", "accept any certificate"),
            opt("proxy", Type::Str, "none", "the URL of an HTTP proxy; it is asked to CONNECT, also for http"),
        ],
        returns: "a response handle: `status`, `headers` (by name in lower case; several values of one name are joined \
                  by commas); `:read()` or `:save()` take its body",
        errors: &[
            ("ECONNREFUSED", "no program listens on this port"),
            ("EHOSTUNREACH", "the name is unknown, or no machine has its address"),
            ("ENETUNREACH", "this network namespace has no route to the address"),
            ETIMEDOUT,
            ECONNRESET,
            EPROTO,
            ("EKEYEXPIRED", "renew the server's certificate"),
            ("EKEYREJECTED", "`ca` accepts a private authority; `insecure = true` accepts any certificate"),
        ],
        example: "local response <close> = tiny.http(\"http://127.0.0.1:5000/v2/\", { timeout = \"10s\", stall = \"30s\" })",
        call: http,
        ..BASE
    },
    Primitive {
        name: "http_read",
        effect: Effect::Plumbing,
        waits: true,
        doc: "Reads the whole body of a response.",
        args: &[
            arg("response", RESPONSE, "a handle returned by `http`"),
            arg("limit", Type::Size, "the most bytes to accept"),
        ],
        returns: "the body",
        method: Some(("response", "read")),
        errors: &[("EMSGSIZE", "the body is larger than `limit`"), ETIMEDOUT, ECONNRESET, EPROTO],
        example: "local text = response:read(\"4m\")",
        call: |c| {
            let response = take(c)?;
            let bytes = response.read(c.size(1)?)?;
            c.ok(c.lua.create_string(&bytes)?)
        },
        ..BASE
    },
    Primitive {
        name: "http_save",
        waits: true,
        doc: "Writes the body of a response to a file while it arrives, and hashes it. After an error the file keeps what \
              has arrived.",
        args: &[
            arg("response", RESPONSE, "a handle returned by `http`"),
            arg(
                "file",
                Type::Either(&[Type::Path, Type::Handle("file")]),
                "a path, or a file that is open for reading and writing",
            ),
        ],
        options: &[
            opt(
                "resume",
                Type::Bool,
                "false",
                "append to what the file has, which is hashed first; otherwise it is replaced. Ask for the rest with a \
                 Range header",
            ),
            opt("limit", Type::Size, "no limit", "the largest size of the file"),
            opt("mode", range::MODE, "0o644", "the mode of a newly created file"),
            PROGRESS,
        ],
        returns: "a table: `bytes` (the size of the file), `digest` (\"sha256:\" and 64 hexadecimal digits)",
        method: Some(("response", "save")),
        errors: &[
            ("EFBIG", "the file would be larger than `limit`"),
            ("ENOSPC", "the disk is full"),
            ETIMEDOUT,
            ECONNRESET,
            EPROTO,
        ],
        example: "local saved = response:save(\"layer.tar.gz\", { limit = \"1g\" })",
        call: save,
        ..BASE
    },
];

fn http(call: &Call<'_>) -> Outcome {
    let url = call.str(0)?;
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Err(Fail::Usage(format!("url: {url:?} does not begin with http:// or https://")));
    }
    let headers = match call.value("headers") {
        Value::Table(headers) => headers.pairs::<String, String>().collect::<mlua::Result<Vec<_>>>()?,
        _ => Vec::new(),
    };
    let own = match (call.opt::<String>("cert")?, call.opt::<String>("key")?) {
        (Some(cert), Some(key)) => Some((cert, key)),
        (None, None) => None,
        _ => return Err(Fail::Usage("`cert` and `key` are only useful together".into())),
    };
    let limit = |key: &str| {
        let seconds = call.opt_seconds(key)?;
        Ok::<_, Fail>(seconds.map(|seconds| Duration::from_secs_f64(seconds.clamp(0.001, 1e9))))
    };
    let settings = Settings {
        trust: Trust { ca: call.opt("ca")?.unwrap_or_default(), own, insecure: call.flag("insecure") },
        proxy: call.opt("proxy")?,
        timeout: limit("timeout")?,
        stall: limit("stall")?,
    };
    let method = call.opt::<String>("method")?.unwrap_or_else(|| "GET".to_owned());
    let sends = matches!(method.as_str(), "POST" | "PUT" | "PATCH");
    let body = match call.value("body") {
        Value::Nil if sends => Body::Bytes(Vec::new()),
        Value::Nil => Body::None,
        _ if !sends => return Err(Fail::Usage(format!("a {method} request has no `body`"))),
        Value::Table(file) => {
            let file = File::from(FdRef::of(&file)?.dup()?);
            let rest = rest(&file)?;
            Body::File(file, rest)
        }
        _ => Body::Bytes(call.opt::<LuaString>("body")?.map(|text| text.as_bytes().to_vec()).unwrap_or_default()),
    };
    if !call.value("progress").is_nil() && !matches!(body, Body::File(..)) {
        return Err(Fail::Usage("`progress` needs an open file as the `body`".into()));
    }
    let response = with_progress(call, |tell| sys::request(&method, &url, &headers, body, &settings, tell))??;
    let headers = call.lua.create_table()?;
    for (name, value) in &response.headers {
        let before: Option<String> = headers.raw_get(name.as_str())?;
        headers.raw_set(name.as_str(), before.map_or_else(|| value.clone(), |before| format!("{before}, {value}")))?;
    }
    let handle = Builder::new(call.lua, "response")?
        .field("name", url)?
        .field("status", response.status)?
        .field("headers", headers)?
        .resource(response)?
        .build()?;
    call.ok(handle)
}

/// How many bytes follow the offset of a file.
fn rest(mut file: &File) -> Result<u64, Error> {
    use std::io::Seek;
    let at = file.stream_position()?;
    Ok(file.metadata()?.len().saturating_sub(at))
}

/// Does work that calls the `progress` option with the bytes so far; a failure of that function ends it and counts.
fn with_progress<T>(call: &Call<'_>, work: impl FnOnce(&mut dyn FnMut(u64) -> bool) -> T) -> Result<T, Fail> {
    let progress: Option<Function> = call.opt("progress")?;
    let mut failure = None;
    let done = work(&mut |bytes| {
        failure = progress.as_ref().and_then(|progress| progress.call::<()>(bytes).err());
        failure.is_none()
    });
    failure.map_or(Ok(done), |failure| Err(Fail::Lua(failure)))
}

fn take(call: &Call<'_>) -> Result<sys::Response, Fail> {
    Resource::take(&call.handle(0)?)
}

fn save(call: &Call<'_>) -> Outcome {
    let resume = call.flag("resume");
    let file = match call.arg_value(1) {
        Value::Table(file) => FdRef::of(&file)?.dup()?,
        _ => {
            let mut flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOCTTY;
            flags.set(OFlags::TRUNC, !resume);
            let path = call::path_of(&call.get(1)?);
            Root::Caller.place(&path)?.open_or_make(flags, Mode::from_raw_mode(call.opt("mode")?.unwrap_or(0o644)))?
        }
    };
    let file = File::from(file);
    if !resume {
        file.set_len(0).at(file_name(call)?)?;
    }
    let (response, limit) = (take(call)?, call.opt_size("limit")?);
    let saved = with_progress(call, |tell| response.save(file, limit, tell))?;
    let saved = saved.at(file_name(call)?)?;
    let table: Table = call.lua.create_table()?;
    table.raw_set("bytes", saved.bytes)?;
    table.raw_set("digest", saved.digest)?;
    call.ok(table)
}

/// The path of the file, for messages.
fn file_name(call: &Call<'_>) -> Result<std::path::PathBuf, Fail> {
    Ok(match call.arg_value(1) {
        Value::Table(file) => call::path_of(&file.raw_get("path")?),
        _ => call.path(1)?,
    })
}
