//! What a compiled chunk reads from its globals, from its bytecode: the names, and of `tiny` the fields,
//! each with its line. Nothing is run. The format is Lua 5.4's (ldump.c, lopcodes.h); only what this
//! binary's own Lua has just compiled is read. In a function with more than 255 constants a name behind
//! these is not seen.

/// A name that a chunk uses.
#[derive(Debug, PartialEq, Eq)]
pub struct Use {
    /// "print", or "tiny.mount_proc".
    pub name: String,
    /// Its line.
    pub line: u32,
    /// Whether it is assigned to.
    pub written: bool,
}

const GETTABUP: u32 = 11;
const GETFIELD: u32 = 14;
const SETTABUP: u32 = 15;
/// In the line information: the line stands in the table of absolute lines.
const ABSOLUTE: i8 = -0x80;

/// The uses in a chunk as `string.dump` writes it, in their order; nothing for what is no such chunk.
pub fn uses(dumped: &[u8]) -> Option<Vec<Use>> {
    // Signature, version, format, data, three sizes, and a sample of each number.
    const HEADER: usize = 4 + 1 + 1 + 6 + 3 + 8 + 8;
    let mut reader = Reader(dumped.get(HEADER + 1..)?);
    let mut found = Vec::new();
    function(&mut reader, None, &mut found)?;
    found.sort_by_key(|one| one.line);
    Some(found)
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        Some(self.take(1)?[0])
    }

    /// Seven bits a byte, the highest first; the last byte has its top bit set.
    fn number(&mut self) -> Option<usize> {
        let mut value = 0usize;
        loop {
            let byte = self.byte()?;
            value = value.checked_shl(7)? | usize::from(byte & 0x7f);
            if byte & 0x80 != 0 {
                return Some(value);
            }
        }
    }

    /// Its length and one, then its bytes; 0 for none.
    fn string(&mut self) -> Option<&'a [u8]> {
        match self.number()? {
            0 => Some(&[]),
            size => self.take(size - 1),
        }
    }
}

/// A function and those in it. `outer`: which upvalues of the function around it are the chunk's globals;
/// nothing for the chunk itself.
fn function(reader: &mut Reader<'_>, outer: Option<&[bool]>, found: &mut Vec<Use>) -> Option<()> {
    reader.string()?; // the source's name
    let mut line = reader.number()?;
    reader.number()?;
    reader.take(3)?; // parameters, varargs, stack
    let count = reader.number()?;
    let code: Vec<u32> = words(reader.take(count.checked_mul(4)?)?);
    let count = reader.number()?;
    let constants = (0..count).map(|_| constant(reader)).collect::<Option<Vec<_>>>()?;
    let count = reader.number()?;
    let mut globals = Vec::new();
    for i in 0..count {
        let [in_stack, index, _] = *reader.take(3)? else { return None };
        // The chunk's first upvalue is _ENV; others get it from the function around them.
        let own = outer.map_or(i == 0, |outer| in_stack == 0 && outer.get(usize::from(index)) == Some(&true));
        globals.push(own);
    }
    let nested = reader.number()?;
    for _ in 0..nested {
        function(reader, Some(&globals), found)?;
    }
    let count = reader.number()?;
    let steps = reader.take(count)?;
    let mut absolute = Vec::new();
    for _ in 0..reader.number()? {
        absolute.push((reader.number()?, reader.number()?));
    }
    for _ in 0..reader.number()? {
        reader.string()?;
        reader.number()?;
        reader.number()?;
    }
    for _ in 0..reader.number()? {
        reader.string()?;
    }
    for (at, word) in code.iter().enumerate() {
        match steps.get(at).map(|step| *step as i8) {
            Some(ABSOLUTE) => line = absolute.iter().find(|(place, _)| *place == at).map_or(line, |(_, line)| *line),
            Some(step) => line = line.checked_add_signed(isize::from(step))?,
            None => {}
        }
        let name = |index: u32| constants.get(index as usize).and_then(Clone::clone);
        let (op, a, b, c) = parts(*word);
        let is_global = |index: u32| globals.get(index as usize) == Some(&true);
        let used = match op {
            GETTABUP if is_global(b) => {
                name(c).map(|name| (field_of_tiny(&name, a, code.get(at + 1), &constants), false))
            }
            SETTABUP if is_global(a) => name(b).map(|name| (name, true)),
            _ => None,
        };
        if let Some((name, written)) = used {
            found.push(Use { name, line: line as u32, written });
        }
    }
    Some(())
}

/// "tiny.NAME" where the next instruction reads a field of the global that was just read.
fn field_of_tiny(name: &str, register: u32, next: Option<&u32>, constants: &[Option<String>]) -> String {
    let field =
        next.map(|word| parts(*word)).filter(|(op, _, b, _)| name == "tiny" && *op == GETFIELD && *b == register);
    match field.and_then(|(.., c)| constants.get(c as usize)?.clone()) {
        Some(field) => format!("tiny.{field}"),
        None => name.to_owned(),
    }
}

/// Opcode, A, B and C.
fn parts(word: u32) -> (u32, u32, u32, u32) {
    (word & 0x7f, word >> 7 & 0xff, word >> 16 & 0xff, word >> 24)
}

fn words(bytes: &[u8]) -> Vec<u32> {
    bytes.chunks_exact(4).map(|word| u32::from_ne_bytes([word[0], word[1], word[2], word[3]])).collect()
}

/// A constant, when it is a string.
fn constant(reader: &mut Reader<'_>) -> Option<Option<String>> {
    match reader.byte()? {
        0x00 | 0x01 | 0x11 => Some(None),
        0x03 | 0x13 => reader.take(8).map(|_| None),
        0x04 | 0x14 => reader.string().map(|text| Some(String::from_utf8_lossy(text).into_owned())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<(String, u32, bool)> {
        let lua = mlua::Lua::new();
        let dumped = lua.load(text).into_function().expect("it compiles").dump(false);
        uses(&dumped).expect("a chunk").into_iter().map(|u| (u.name, u.line, u.written)).collect()
    }

    #[test]
    fn names_and_lines() {
        let text = "local a = print\n\nlocal function f()\n  tiny.mount_proc('/proc')\n  return function() wrong = tiny end\nend\na(f)";
        let want = [("print", 1, false), ("tiny.mount_proc", 4, false), ("tiny", 5, false), ("wrong", 5, true)];
        let mut got = of(text);
        got.sort_by(|x, y| (x.1, &x.0).cmp(&(y.1, &y.0)));
        assert_eq!(got, want.map(|(name, line, written)| (name.to_owned(), line, written)));
    }

    #[test]
    fn lines_far_apart() {
        let text = format!("local t = {{\n{}}}\nlate(t)\n", "  'word',\n".repeat(400));
        assert_eq!(of(&text), [("late".to_owned(), 403, false)]);
        assert_eq!(of(&format!("{}last()", "\n".repeat(1000))), [("last".to_owned(), 1001, false)]);
    }

    #[test]
    fn locals_and_upvalues_are_no_globals() {
        assert!(of("local x = 1 local function f() x = 2 local _ENV = { y = x } return y end return f").is_empty());
        assert!(of("local function f(a) return function() return a.b end end return f").is_empty());
        assert_eq!(uses(b"not a chunk"), None);
    }
}
