//! Requests of HTTP.

use super::*;

fn parsed(text: &str) -> Request {
    match request(text.as_bytes()) {
        Parsed::Done(request) => request,
        other => panic!("{text:?}: {other:?}"),
    }
}

fn refusal(text: &str) -> &'static str {
    match request(text.as_bytes()) {
        Parsed::Refused(why) => why,
        other => panic!("{text:?}: {other:?}"),
    }
}

/// A request with this first line and these fields.
fn with(first: &str, fields: &[&str]) -> String {
    let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
    format!("{first}\r\n{fields}\r\n")
}

const GET: &str = "GET /a?b HTTP/1.1";
const HOST: &str = "Host: a.b";

#[test]
fn the_host_and_the_body_are_found() {
    let text = with(GET, &["hOsT:\t Example.COM:8080 ", "Accept: */*"]);
    let found = parsed(&format!("{text}rest"));
    assert_eq!((found.host.as_str(), found.port, found.length), ("example.com", Some(8080), text.len()));
    assert_eq!((found.method.as_str(), found.body, found.switch), ("GET", Body::Length(0), None));
    assert_eq!(parsed(&with("POST / HTTP/1.0", &[HOST, "Content-Length: 12"])).body, Body::Length(12));
    assert_eq!(parsed(&with("POST / HTTP/1.1", &[HOST, "transfer-encoding: Chunked"])).body, Body::Chunked);
    assert_eq!(parsed(&with("OPTIONS * HTTP/1.1", &[HOST])).host, "a.b");
    assert_eq!(parsed(&with("GET http://A.b/c HTTP/1.1", &[HOST])).host, "a.b");
    assert_eq!(parsed(&with(GET, &[HOST, "Upgrade: websocket"])).switch, Some(Switch::Upgrade));
    let tunnel = parsed(&with("CONNECT a.b:443 HTTP/1.1", &["Host: a.b:443"]));
    assert_eq!((tunnel.switch, tunnel.port), (Some(Switch::Connect), Some(443)));
    assert_eq!(parsed(&with("CONNECT a.b:443 HTTP/1.0", &[])).host, "a.b");
    for length in 0..text.len() {
        assert_eq!(request(&text.as_bytes()[..length]), Parsed::More(length + 1));
    }
}

#[test]
fn what_is_ambiguous_is_refused() {
    for (fields, why) in [
        (&["Accept: */*"][..], "no Host field"),
        (&[HOST, HOST], "several Host fields"),
        (&[HOST, "Content-Length: 1", "Content-Length: 1"], "several Content-Length fields"),
        (&[HOST, "Content-Length: 1", "Transfer-Encoding: chunked"], "both Content-Length and Transfer-Encoding"),
        (&[HOST, "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], "several Transfer-Encoding fields"),
        (&[HOST, "Transfer-Encoding: gzip, chunked"], "an unknown Transfer-Encoding"),
        (&[HOST, "Transfer-Encoding: chunked;a"], "an unknown Transfer-Encoding"),
        (&[HOST, "Transfer-Encoding: \x0bchunked"], "a malformed header field"),
        (&[HOST, "Content-Length: +1"], "a malformed Content-Length"),
        (&[HOST, "Content-Length: 1, 1"], "a malformed Content-Length"),
        (&[HOST, "Content-Length: 0x1"], "a malformed Content-Length"),
        (&[HOST, "Content-Length:"], "a malformed Content-Length"),
        (&[HOST, "Content-Length : 1"], "a malformed header field"),
        (&[HOST, " folded"], "a malformed header field"),
        (&[HOST, "no colon"], "a malformed header field"),
        (&[HOST, "A: b\0"], "a malformed header field"),
        (&[HOST, "A: b\nHost: c.d"], "a line that does not end with CR LF"),
        (&[HOST, "A: b\rHost: c.d"], "a line that does not end with CR LF"),
        (&["Host: a.b c.d"], "a Host that is not a host name"),
        (&["Host: a.b,c.d"], "a Host that is not a host name"),
        (&["Host: u@a.b"], "a Host that is not a host name"),
        (&["Host: 10.0.0.1"], "a Host that is not a host name"),
        (&["Host: [::1]"], "a Host that is not a host name"),
        (&["Host: a.b:"], "a Host that is not a host name"),
        (&["Host: a.b:99999"], "a Host that is not a host name"),
        (&["Host:"], "a Host that is not a host name"),
        (&[HOST, "Upgrade: foo, h2c"], "an upgrade to HTTP/2 or TLS, which name hosts themselves"),
    ] {
        assert_eq!(refusal(&with(GET, fields)), why, "{fields:?}");
    }
    for (first, why) in [
        ("GET  / HTTP/1.1", "no HTTP"),
        ("GET / HTTP/1.1 ", "no HTTP"),
        ("GET /", "no HTTP"),
        ("PRI * HTTP/2.0", "an HTTP version other than 1.0 and 1.1"),
        ("GET / HTTP/1.2", "an HTTP version other than 1.0 and 1.1"),
        ("GET * HTTP/1.1", "a request target that is no path and no http URL"),
        ("GET https://a.b/ HTTP/1.1", "a request target that is no path and no http URL"),
        ("GET http://c.d/ HTTP/1.1", "a Host field that differs from the request target"),
        ("GET http://u@a.b/ HTTP/1.1", "a Host field that differs from the request target"),
        ("GET http://a.b:80/ HTTP/1.1", "a Host field that differs from the request target"),
        ("CONNECT c.d:443 HTTP/1.1", "a Host field that differs from the request target"),
        ("CONNECT a.b HTTP/1.1", "CONNECT without a port"),
    ] {
        assert_eq!(refusal(&with(first, &[HOST])), why, "{first:?}");
    }
    assert_eq!(
        refusal(&with("POST / HTTP/1.0", &[HOST, "Transfer-Encoding: chunked"])),
        "Transfer-Encoding in HTTP/1.0"
    );
    assert_eq!(refusal("\r\nGET / HTTP/1.1\r\n"), "no HTTP");
    assert_eq!(refusal("\x16\x03\x01"), "no HTTP");
    assert_eq!(refusal("GET / HTTP/1.1\n"), "no HTTP");
    assert_eq!(
        refusal(&format!("GET / HTTP/1.1\r\nA: {}", "b".repeat(LONGEST_HEAD))),
        "an HTTP head longer than 32 KiB"
    );
}

#[test]
fn responses_and_chunks() {
    assert_eq!(response(b"HTTP/1.1 101 Switching\r\nA: b\r\n\r\nrest"), Parsed::Done((101, 32)));
    assert_eq!(response(b"HTTP/1.0 200\r\n\r\n"), Parsed::Done((200, 16)));
    assert_eq!(response(b"HTTP/2 200\r\n\r\n"), Parsed::Refused("a malformed HTTP response"));
    assert_eq!(response(b"HTTP/1.1 2000 OK\r\n\r\n"), Parsed::Refused("a malformed HTTP response"));
    assert_eq!(chunk_size(b"1aF"), Some(0x1af));
    assert_eq!(chunk_size(b"0;a=\"b\""), Some(0));
    for line in ["", "0x1", "-1", " 1", "1 ", "1;\0", "1111111111111111", "g"] {
        assert_eq!(chunk_size(line.as_bytes()), None, "{line:?}");
    }
}

#[test]
fn any_bytes_are_taken() {
    // A deterministic generator (xorshift64), so that a failure can be reproduced.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as usize
    };
    let seed = with("POST http://a.b:80/ HTTP/1.1", &["Host: a.b:80", "Content-Length: 12", "Upgrade: x"]).into_bytes();
    for _ in 0..60_000 {
        let mut bytes = seed.clone();
        for _ in 0..1 + random() % 3 {
            let at = random() % bytes.len();
            bytes[at] = if random() % 2 == 0 { random() as u8 } else { b"\r\n: ,\t\0"[random() % 7] };
        }
        match request(&bytes) {
            Parsed::More(more) => assert!(more > bytes.len()),
            Parsed::Done(found) => {
                assert!(found.length <= bytes.len() && host_name(found.host.as_bytes()) == Some(found.host))
            }
            Parsed::Refused(why) => assert!(!why.is_empty()),
        }
        let _ = response(&bytes);
    }
}
