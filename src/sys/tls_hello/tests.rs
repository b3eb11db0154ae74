//! ClientHello messages, built by hand.

use super::*;

/// A message with these extensions, in records of at most this many bytes.
fn hello(extensions: &[(u16, Vec<u8>)], fragment: usize) -> Vec<u8> {
    let all: Vec<u8> = extensions
        .iter()
        .flat_map(|(kind, content)| {
            [kind.to_be_bytes().to_vec(), (content.len() as u16).to_be_bytes().to_vec(), content.clone()].concat()
        })
        .collect();
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body.extend([0, 0, 2, 0x13, 0x01, 1, 0]);
    if !extensions.is_empty() {
        body.extend((all.len() as u16).to_be_bytes());
        body.extend(all);
    }
    let mut message = vec![1];
    message.extend(&(body.len() as u32).to_be_bytes()[1..]);
    message.extend(body);
    message.chunks(fragment).flat_map(record).collect()
}

fn record(fragment: &[u8]) -> Vec<u8> {
    [&[22, 3, 1], &(fragment.len() as u16).to_be_bytes()[..], fragment].concat()
}

fn named(name: &[u8]) -> (u16, Vec<u8>) {
    let length = name.len() as u16;
    (0, [&(length + 3).to_be_bytes()[..], &[0], &length.to_be_bytes(), name].concat())
}

fn name_of(bytes: &[u8]) -> Option<String> {
    match read(bytes) {
        Parsed::Done(hello) => hello.name,
        other => panic!("{other:?}"),
    }
}

fn refusal(bytes: &[u8]) -> &'static str {
    match read(bytes) {
        Parsed::Refused(why) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_name_is_found_however_it_is_split() {
    for fragment in [1, 2, 3, 5, 16, 100, 1 << 14] {
        let bytes = hello(&[named(b"Api.Example.com"), (43, vec![2, 3, 4])], fragment);
        let mut wanted = 0;
        for length in 0..bytes.len() {
            match read(&bytes[..length]) {
                Parsed::More(more) if length >= wanted => {
                    assert!(more > length, "{more} of {length}");
                    wanted = more;
                }
                Parsed::More(more) => assert_eq!(more, wanted),
                other => panic!("{length} bytes: {other:?}"),
            }
        }
        assert_eq!(name_of(&bytes), Some("api.example.com".to_owned()));
        assert_eq!(name_of(&[&bytes[..], b"early"].concat()), Some("api.example.com".to_owned()));
    }
}

#[test]
fn a_long_one_is_read_and_a_longer_one_refused() {
    let padding = |length| hello(&[(21, vec![0; length]), named(b"a.b")], 1 << 14);
    assert_eq!(name_of(&padding(60_000)), Some("a.b".to_owned()));
    assert_eq!(refusal(&[22, 3, 1, 0, 4, 1, 1, 0, 0]), "a ClientHello longer than 64 KiB");
}

#[test]
fn no_name_and_encrypted_names() {
    assert_eq!(name_of(&hello(&[], 1000)), None);
    assert_eq!(name_of(&hello(&[(43, vec![2, 3, 4])], 1000)), None);
    for kind in [0xfe0d, 0xffce] {
        let Parsed::Done(hello) = read(&hello(&[named(b"a.b"), (kind, vec![0])], 1000)) else { panic!() };
        assert!(hello.ech && hello.name.as_deref() == Some("a.b"));
    }
}

#[test]
fn what_is_ambiguous_is_refused() {
    let with = |extensions: &[(u16, Vec<u8>)]| refusal(&hello(extensions, 1000));
    for name in ["", "a\0.b", "a_b.c", "-a.b", "a-.b", "a..b", "a.b.", "10.0.0.1", "a.b:443", "[::1]", "ä.b", "a b"] {
        assert_eq!(with(&[named(name.as_bytes())]), "a server name that is not a host name", "{name:?}");
    }
    assert_eq!(with(&[named(b"a.b"), named(b"c.d")]), "an extension twice");
    assert_eq!(with(&[(13, vec![]), named(b"a.b"), (13, vec![])]), "an extension twice");
    assert_eq!(with(&[(0, [&[0, 12][..], &[0, 0, 3], b"a.b", &[0, 0, 3], b"c.d"].concat())]), "several server names");
    assert_eq!(with(&[(0, vec![])]), "a malformed ClientHello");
    assert_eq!(with(&[(0, vec![0, 0])]), "a malformed ClientHello");
    assert_eq!(with(&[(0, vec![0, 6, 1, 0, 3, b'a', b'.', b'b'])]), "a malformed ClientHello");
    assert_eq!(with(&[(0, vec![0, 6, 0, 0, 9, b'a', b'.', b'b'])]), "a malformed ClientHello");
    let whole = hello(&[named(b"a.b")], 1000);
    let mut longer = whole.clone();
    longer[4] += 1;
    assert_eq!(refusal(&[&longer[..], &[0]].concat()), "bytes after the ClientHello in its record");
    assert_eq!(refusal(&[&record(&whole[5..9])[..], &record(&[])].concat()), "an empty handshake record");
    assert_eq!(
        refusal(&[&record(&whole[5..9])[..], &[23, 3, 3, 0, 1]].concat()),
        "another record within the ClientHello"
    );
    assert_eq!(refusal(&[22, 3, 1, 0x40, 1]), "a record longer than 16 KiB");
    assert_eq!(refusal(&[22, 2, 0, 0, 5]), "a record of an unknown TLS version");
    assert_eq!(refusal(&[22, 3, 1, 0, 4, 2, 0, 0, 0]), "not a ClientHello");
}

#[test]
fn other_protocols_are_refused_by_their_first_byte() {
    assert_eq!(refusal(b"S"), "no TLS");
    assert_eq!(refusal(b"GET / HTTP/1.1\r\n"), "no TLS");
    assert_eq!(refusal(&[0x80, 46, 1, 3, 1]), "an SSLv2 hello, or no TLS");
    assert_eq!(read(b""), Parsed::More(5));
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
    let seeds = [
        hello(&[named(b"api.example.com"), (43, vec![2, 3, 4]), (0xfe0d, vec![0; 40])], 1000),
        hello(&[(13, vec![0; 9]), named(b"a.b")], 7),
        hello(&[], 20),
    ];
    for seed in seeds {
        for _ in 0..30_000 {
            let mut bytes = seed.clone();
            for _ in 0..1 + random() % 4 {
                let at = random() % bytes.len();
                bytes[at] = random() as u8;
            }
            if random() % 2 == 0 {
                bytes.truncate(random() % bytes.len());
            }
            match read(&bytes) {
                Parsed::More(more) => assert!(more > bytes.len()),
                Parsed::Done(hello) => assert!(
                    hello.length <= bytes.len()
                        && hello.name.is_none_or(|name| host_name(name.as_bytes()) == Some(name))
                ),
                Parsed::Refused(why) => assert!(!why.is_empty()),
            }
        }
    }
}
