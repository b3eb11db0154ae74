//! Lua 5.4's binary chunks (ldump.c), as far as build.rs takes away from them: a part of it, and not of the program.

/// Signature, version, format, LUAC_DATA, the sizes of three types, and two numbers to try them; then the count
/// of the upvalues of the main function.
const HEAD: usize = 4 + 1 + 1 + 6 + 3 + 8 + 8 + 1;
/// What the first two say of the format that is known here.
const KNOWN: &[u8] = b"\x1bLua\x54\0\x19\x93\r\n\x1a\n\x04\x08\x08";
/// Types of constants that have a value (lobject.h).
const INTEGER: u8 = 0x03;
const NUMBER: u8 = 0x13;
const STRINGS: [u8; 2] = [0x04, 0x14];
/// The upvalue by whose name an error tells a global from a field.
const ENVIRONMENT: &[u8] = b"_ENV";

/// The same chunk without the names of local variables and upvalues.
///
/// # Panics
/// When it is not Lua 5.4's: this is for the time of the build.
pub fn without_local_names(chunk: &[u8]) -> Vec<u8> {
    assert!(chunk.starts_with(KNOWN), "not a chunk of Lua 5.4 with the sizes of a 64-bit machine");
    let mut copy = Copy { from: chunk, out: Vec::with_capacity(chunk.len()) };
    copy.bytes(HEAD);
    copy.function();
    assert!(copy.from.is_empty(), "a chunk with something behind it");
    copy.out
}

struct Copy<'a> {
    from: &'a [u8],
    out: Vec<u8>,
}

impl<'a> Copy<'a> {
    /// Goes past so many bytes.
    fn skip(&mut self, count: usize) -> &'a [u8] {
        let (passed, rest) = self.from.split_at(count);
        self.from = rest;
        passed
    }

    fn bytes(&mut self, count: usize) -> &'a [u8] {
        let passed = self.skip(count);
        self.out.extend_from_slice(passed);
        passed
    }

    /// A number of seven bits a byte, the last of which has the high bit.
    fn skip_size(&mut self) -> usize {
        let mut size = 0;
        loop {
            let byte = self.skip(1)[0];
            size = size << 7 | usize::from(byte & 0x7f);
            if byte & 0x80 != 0 {
                return size;
            }
        }
    }

    fn size(&mut self) -> usize {
        let before = self.from;
        let size = self.skip_size();
        self.out.extend_from_slice(&before[..before.len() - self.from.len()]);
        size
    }

    /// A string, whose size counts one more; 0 stands for none.
    fn string(&mut self) {
        let size = self.size();
        self.bytes(size.saturating_sub(1));
    }

    fn skip_string(&mut self) -> &'a [u8] {
        let size = self.skip_size();
        self.skip(size.saturating_sub(1))
    }

    fn put_size(&mut self, size: u8) {
        assert!(size < 0x80, "one byte is enough");
        self.out.push(size | 0x80);
    }

    fn function(&mut self) {
        self.string(); // the source
        self.size(); // its first line
        self.size(); // its last
        self.bytes(3); // parameters, whether there may be more, the size of its stack
        let instructions = self.size();
        self.bytes(instructions * 4);
        for _ in 0..self.size() {
            match self.bytes(1)[0] {
                INTEGER | NUMBER => _ = self.bytes(8),
                kind if STRINGS.contains(&kind) => self.string(),
                _ => {}
            }
        }
        let upvalues = self.size();
        self.bytes(upvalues * 3);
        for _ in 0..self.size() {
            self.function();
        }
        let lines = self.size();
        self.bytes(lines);
        for _ in 0..self.size() {
            self.size();
            self.size();
        }
        for _ in 0..self.skip_size() {
            self.skip_string();
            self.skip_size();
            self.skip_size();
        }
        self.put_size(0);
        let names = self.size();
        for _ in 0..names {
            let name = self.skip_string();
            if name == ENVIRONMENT {
                self.put_size(ENVIRONMENT.len() as u8 + 1);
                self.out.extend_from_slice(ENVIRONMENT);
            } else {
                self.put_size(0);
            }
        }
    }
}
