//! Where the cursor stands in a piece of Lua: in a name, at a key of a table of options, in the
//! name of a module. It reads forward over strings, comments and brackets, and parses no more.

/// What is being written.
#[derive(Debug, PartialEq)]
pub enum Spot<'a> {
    /// A name with what leads to it, "tiny.mou"; empty where any could begin.
    Name(&'a str),
    /// A key in the table that this function is called with.
    Key { callee: &'a str, prefix: &'a str },
    /// The name of a module, within the quotes after `require`.
    Module(&'a str),
    /// Nothing that could be completed: a comment, a string, a number.
    Nothing,
}

/// An open bracket, and the function whose call it belongs to.
struct Open<'a> {
    bracket: u8,
    callee: Option<&'a str>,
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    open: Vec<Open<'a>>,
    /// The path that ends right here, spaces aside: what an opening bracket calls.
    path: Option<(usize, &'a str)>,
    /// The last sign that is neither space nor part of a path.
    sign: u8,
}

/// The spot at the end of `text`.
pub fn spot(text: &str) -> Spot<'_> {
    let mut reader = Reader { text, at: 0, open: Vec::new(), path: None, sign: 0 };
    while reader.at < text.len() {
        if let Some(end) = reader.step() {
            return end;
        }
    }
    let word = match reader.path {
        Some((start, path)) if start + path.len() == text.len() => path,
        _ => "",
    };
    if word.is_empty() && text.ends_with(|c: char| c.is_ascii_digit()) {
        return Spot::Nothing;
    }
    match reader.open.last() {
        Some(Open { bracket: b'{', callee: Some(callee) })
            if matches!(reader.sign, b'{' | b',' | b';') && !word.contains(['.', ':']) =>
        {
            Spot::Key { callee, prefix: word }
        }
        _ => Spot::Name(word),
    }
}

/// The function whose arguments or table begin with the last sign of `text`.
pub fn just_opened(text: &str) -> Option<(&str, u8)> {
    let mut reader = Reader { text, at: 0, open: Vec::new(), path: None, sign: 0 };
    while reader.at < text.len() {
        if reader.step().is_some() {
            return None;
        }
    }
    let last = *text.as_bytes().last()?;
    let open = reader.open.last().filter(|open| open.bracket == last)?;
    Some((open.callee?, last))
}

impl<'a> Reader<'a> {
    /// Reads one token; returns the spot when the text ends inside it.
    fn step(&mut self) -> Option<Spot<'a>> {
        let rest = &self.text[self.at..];
        let first = rest.as_bytes()[0];
        match first {
            b'-' if rest.starts_with("--[[") => return self.skip(4, "]]"),
            b'-' if rest.starts_with("--") => return self.skip(2, "\n"),
            b'[' if rest.starts_with("[[") => return self.skip(2, "]]"),
            b'"' | b'\'' => return self.string(first),
            b if b.is_ascii_alphabetic() || b == b'_' => self.name(),
            b if b.is_ascii_whitespace() => self.at += 1,
            _ => self.sign(first),
        }
        None
    }

    fn skip(&mut self, from: usize, end: &str) -> Option<Spot<'a>> {
        match self.text[self.at + from..].find(end) {
            Some(i) => {
                self.at += from + i + end.len();
                self.path = None;
                None
            }
            None => Some(Spot::Nothing),
        }
    }

    fn string(&mut self, quote: u8) -> Option<Spot<'a>> {
        let start = self.at + 1;
        let bytes = self.text.as_bytes();
        let mut i = start;
        while i < bytes.len() && bytes[i] != quote {
            i += if bytes[i] == b'\\' { 2 } else { 1 };
        }
        if i >= bytes.len() {
            let called = match self.open.last() {
                Some(open) if open.bracket == b'(' && self.sign == b'(' => open.callee,
                _ => self.path.map(|(_, path)| path),
            };
            let module = self.text.get(start..).filter(|_| called == Some("require"));
            return Some(module.map_or(Spot::Nothing, Spot::Module));
        }
        self.at = i + 1;
        self.path = None;
        self.sign = quote;
        None
    }

    /// A name with its dots and colons: "tiny.clone", "child:", "tiny.".
    fn name(&mut self) {
        let start = self.at;
        let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        let bytes = self.text.as_bytes();
        let mut i = start;
        while i < bytes.len() && (word(bytes[i]) || (matches!(bytes[i], b'.' | b':') && word(bytes[i - 1]))) {
            i += 1;
        }
        self.at = i;
        self.path = Some((start, &self.text[start..i]));
    }

    fn sign(&mut self, sign: u8) {
        let called = self.path.map(|(_, path)| path);
        match sign {
            b'(' => self.open.push(Open { bracket: sign, callee: called }),
            b'{' => {
                // `f { … }` and `f(x, { … })` both hand the table to f.
                let around = || self.open.last().filter(|open| open.bracket == b'(').and_then(|open| open.callee);
                let callee = called.or_else(around);
                self.open.push(Open { bracket: sign, callee });
            }
            b')' | b'}' => {
                self.open.pop();
            }
            _ => {}
        }
        // A sign of several bytes is stepped over whole.
        self.at += self.text[self.at..].chars().next().map_or(1, char::len_utf8);
        self.path = None;
        self.sign = sign;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(spot("tiny.mou"), Spot::Name("tiny.mou"));
        assert_eq!(spot("x = child:"), Spot::Name("child:"));
        assert_eq!(spot("print(ti"), Spot::Name("ti"));
        assert_eq!(spot("f({ a = ti"), Spot::Name("ti"));
        assert_eq!(spot(""), Spot::Name(""));
        assert_eq!(spot("x = 12"), Spot::Nothing);
    }

    #[test]
    fn keys_of_calls() {
        let key = |callee, prefix| Spot::Key { callee, prefix };
        assert_eq!(spot("tiny.unshare { "), key("tiny.unshare", ""));
        assert_eq!(spot("tiny.clone({ pid = true, mo"), key("tiny.clone", "mo"));
        assert_eq!(spot("tiny.mount_bind(\"/a\", f(1), { r"), key("tiny.mount_bind", "r"));
        assert_eq!(spot("log:write(x, {"), key("log:write", ""));
        assert_eq!(spot("tiny.exec { \"sh\", env = { "), Spot::Name(""));
        assert_eq!(spot("x = { p"), Spot::Name("p"));
    }

    #[test]
    fn strings_and_comments() {
        assert_eq!(spot("require \"tiny.co"), Spot::Module("tiny.co"));
        assert_eq!(spot("c = require('ti"), Spot::Module("ti"));
        assert_eq!(spot("print(\"tiny."), Spot::Nothing);
        assert_eq!(spot("x = 1 -- tiny."), Spot::Nothing);
        assert_eq!(spot("x = [[ tiny."), Spot::Nothing);
        assert_eq!(spot("f(\"{\", \"é\") ti"), Spot::Name("ti"));
        assert_eq!(spot("x = \"\\\"\" .. ti"), Spot::Name("ti"));
        assert_eq!(spot("\"\\"), Spot::Nothing);
    }

    #[test]
    fn calls_just_opened() {
        assert_eq!(just_opened("tiny.clone("), Some(("tiny.clone", b'(')));
        assert_eq!(just_opened("tiny.nat {"), Some(("tiny.nat", b'{')));
        assert_eq!(just_opened("tiny.clone(x"), None);
        assert_eq!(just_opened("x = {"), None);
        assert_eq!(just_opened("é("), None);
    }
}
