//! What a watch lets pass.

use super::*;

fn http() -> Watch {
    Watch::new(Check::Http("a.b".to_owned(), 80))
}

/// What passes when the bytes arrive in pieces of this size, and what comes next.
fn passed(watch: &mut Watch, bytes: &[u8], piece: usize) -> Result<(Vec<u8>, Next), &'static str> {
    let mut out = Vec::new();
    let mut next = Next::Read;
    for piece in bytes.chunks(piece) {
        next = watch.client(piece, &mut out)?;
    }
    Ok((out, next))
}

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a.b\r\n\r\n";
const OTHER: &[u8] = b"GET / HTTP/1.1\r\nHost: c.d\r\n\r\n";
const UPGRADE: &[u8] = b"GET / HTTP/1.1\r\nHost: a.b\r\nUpgrade: websocket\r\n\r\n";
const CONNECT: &[u8] = b"CONNECT x.y:443 HTTP/1.1\r\nHost: x.y:443\r\n\r\n";

#[test]
fn each_request_is_read_behind_each_body() {
    let length = b"PUT / HTTP/1.1\r\nHost: a.b\r\nContent-Length: 30\r\n\r\nGET / HTTP/1.1\r\nHost: c.d\r\n\r\n.";
    let chunked = b"PUT / HTTP/1.1\r\nHost: a.b:80\r\nTransfer-Encoding: chunked\r\n\r\n5;x\r\nGET /\r\n1\r\n\n\r\n0\r\nA: b\r\n\r\n";
    let good = [GET, length, chunked, GET].concat();
    for piece in [1, 2, 7, 50, 4096] {
        assert_eq!(passed(&mut http(), &good, piece), Ok((good.clone(), Next::Read)), "pieces of {piece}");
        let mut out = Vec::new();
        let mut watch = http();
        let bad = [&good[..], OTHER, GET].concat();
        let done = bad.chunks(piece).try_for_each(|piece| watch.client(piece, &mut out).map(drop));
        assert_eq!(done, Err("another host in a later request"));
        assert!(out.len() <= good.len());
    }
}

#[test]
fn smuggled_requests_are_refused() {
    let put = |field: &str, rest: &str| format!("PUT / HTTP/1.1\r\nHost: a.b\r\n{field}\r\n\r\n{rest}").into_bytes();
    for (bytes, why) in [
        (put("Transfer-Encoding: chunked", "5\r\nabcdeX\r\n"), "a malformed chunk"),
        (put("Transfer-Encoding: chunked", "5\r\nabcde\n"), "a line that does not end with CR LF"),
        (put("Transfer-Encoding: chunked", "0\r\n\n"), "a line that does not end with CR LF"),
        (put("Transfer-Encoding: chunked", "0\r\nGET / HTTP/1.1\r\n"), "a malformed trailer"),
        (put("Transfer-Encoding: chunked", "\r\n"), "a malformed chunk"),
        (put("Content-Length: 1", "abc\r\n"), "no HTTP"),
        (b"GET / HTTP/1.1\r\nHost: a.b:81\r\n\r\n".to_vec(), "a Host field with another port"),
        ([GET, UPGRADE].concat(), "a change of protocol after another request"),
        ([GET, CONNECT].concat(), "a change of protocol after another request"),
    ] {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert_eq!(passed(&mut http(), &bytes, 3).map(drop), Err(why), "{text}");
    }
}

#[test]
fn an_upgrade_is_a_tunnel_after_101() {
    for (answer, tunnel) in [
        (&b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 Switching Protocols\r\n\r\n\x81\x00"[..], true),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false),
    ] {
        let mut watch = http();
        let mut out = Vec::new();
        assert_eq!(watch.client(&[UPGRADE, OTHER].concat(), &mut out), Ok(Next::Wait));
        assert_eq!(out, UPGRADE, "the rest is held");
        for byte in answer.chunks(1) {
            assert_eq!(watch.server(byte), Ok(()));
        }
        let next = watch.client(&[], &mut out);
        assert_eq!(next, if tunnel { Ok(Next::Free) } else { Err("another host in a later request") });
        assert_eq!(out.len(), if tunnel { UPGRADE.len() + OTHER.len() } else { UPGRADE.len() });
    }
}

#[test]
fn a_connect_is_a_tunnel_after_2xx_and_nothing_after_a_refusal() {
    let connect = || {
        let mut watch = Watch::new(Check::Http("x.y".to_owned(), 8080));
        let mut out = Vec::new();
        assert_eq!(watch.client(&[CONNECT, b"\x16\x03"].concat(), &mut out), Ok(Next::Wait));
        assert_eq!(out, CONNECT);
        (watch, out)
    };
    let (mut watch, mut out) = connect();
    assert_eq!(watch.server(b"HTTP/1.1 200 Connection established\r\n\r\n"), Ok(()));
    assert_eq!(watch.client(&[], &mut out), Ok(Next::Free));
    assert!(out.ends_with(b"\x16\x03"));
    assert_eq!(connect().0.server(b"HTTP/1.1 405 No\r\n\r\n"), Err("a refused CONNECT"));
    assert_eq!(connect().0.server(b"hello\r\n\r\n"), Err("a malformed HTTP response"));
}

/// A ClientHello with this server name.
fn hello(name: &str) -> Vec<u8> {
    let length = name.len() as u8;
    let server_name = [&[0, 0, 0, length + 5, 0, length + 3, 0, 0, length][..], name.as_bytes()].concat();
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body.extend([0, 0, 2, 0x13, 0x01, 1, 0, 0, server_name.len() as u8]);
    body.extend(server_name);
    [&[22, 3, 1, 0, body.len() as u8 + 4, 1, 0, 0, body.len() as u8][..], &body].concat()
}

/// The beginning of a ServerHello with this random value.
fn server_hello(random: [u8; 32]) -> Vec<u8> {
    [&[22, 3, 3, 0, 90, 2, 0, 0, 86, 3, 3][..], &random].concat()
}

fn tls(first: &[u8]) -> (Watch, Vec<u8>) {
    let mut watch = Watch::new(Check::Tls("a.b".to_owned()));
    let mut out = Vec::new();
    assert_eq!(watch.client(first, &mut out), Ok(Next::Read));
    (watch, out)
}

#[test]
fn a_second_hello_must_have_the_name_of_the_first() {
    let early = b"\x14\x03\x03\x00\x01\x01\x17\x03\x03\x00\x09early.dat";
    for piece in [1, 4, 100] {
        for (second, next) in [("a.b", Ok(Next::Free)), ("c.d", Err("another server name in the second ClientHello"))] {
            // Also before the server has asked for it.
            for asked in [true, false] {
                let (mut watch, mut out) = tls(&hello("a.b"));
                assert!(watch.reads_server());
                let done: Vec<_> = early.chunks(piece).map(|piece| watch.client(piece, &mut out)).collect();
                assert_eq!(done.last(), Some(&Ok(Next::Read)));
                if asked {
                    server_hello(RETRY).chunks(piece).for_each(|piece| assert_eq!(watch.server(piece), Ok(())));
                    assert!(!watch.reads_server());
                    assert_eq!(watch.client(&[], &mut out), Ok(Next::Read));
                }
                let mut last = Ok(Next::Read);
                for piece in hello(second).chunks(piece) {
                    last = watch.client(piece, &mut out);
                }
                assert_eq!(last, next);
                assert_eq!(out.len() > hello("a.b").len() + early.len(), next.is_ok());
            }
        }
    }
}

#[test]
fn nothing_is_read_after_the_answer() {
    for answer in [server_hello([9; 32]), b"\x15\x03\x03\x00\x02\x02\x28".to_vec(), b"SSH-2.0".to_vec()] {
        let (mut watch, mut out) = tls(&[&hello("a.b")[..], b"\x17\x03\x03\x01"].concat());
        assert_eq!(watch.server(&answer), Ok(()));
        assert_eq!(watch.client(&hello("c.d"), &mut out), Ok(Next::Free));
    }
    let (mut watch, mut out) = tls(&hello("a.b"));
    assert_eq!(watch.client(b"\x16\x03\x03\x00\x04\x10\x00\x00\x00", &mut out), Ok(Next::Free), "the key exchange");
    assert_eq!(
        Watch::new(Check::Tls("x.y".to_owned())).client(&hello("a.b"), &mut out).map(drop),
        Err("another server name in the second ClientHello")
    );
}
