//! A lexer for Lua that is still being typed: words, numbers, strings, comments, signs. Invalid text becomes
//! a sign or an open token; there are no errors.

/// The kind of a token.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// A name or a keyword.
    Word,
    Number,
    /// A string in quotes or long brackets.
    Text,
    Comment,
    Space,
    /// Any other character.
    Sign,
}

/// A piece of the text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Token<'a> {
    pub kind: Kind,
    /// Its first byte in the text.
    pub start: usize,
    pub text: &'a str,
    /// Whether it is a string or comment without its end.
    pub open: bool,
}

impl Token<'_> {
    /// The offset after it.
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// The keywords of Lua 5.4.
pub const KEYWORDS: [&str; 22] = [
    "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local", "nil",
    "not", "or", "repeat", "return", "then", "true", "until", "while",
];

/// The tokens, which together cover the whole text.
pub fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut all = Vec::new();
    let mut start = 0;
    while let Some(first) = text[start..].chars().next() {
        let rest = &text[start..];
        let (kind, length, open) = token(rest, first);
        all.push(Token { kind, start, text: &rest[..length], open });
        start += length;
    }
    all
}

fn token(rest: &str, first: char) -> (Kind, usize, bool) {
    let run = |fits: fn(char) -> bool| rest.find(|c| !fits(c)).unwrap_or(rest.len());
    if let Some(after) = rest.strip_prefix("--") {
        let (length, open) =
            long(after).unwrap_or_else(|| (after.find('\n').unwrap_or(after.len()), !after.contains('\n')));
        return (Kind::Comment, 2 + length, open);
    }
    if let Some((length, open)) = long(rest) {
        return (Kind::Text, length, open);
    }
    match first {
        '"' | '\'' => {
            let (length, open) = quoted(rest, first);
            (Kind::Text, length, open)
        }
        c if c.is_ascii_alphabetic() || c == '_' => (Kind::Word, run(word), false),
        c if c.is_ascii_digit() => (Kind::Number, run(|c| word(c) || c == '.'), false),
        c if c.is_whitespace() => (Kind::Space, run(char::is_whitespace), false),
        c => (Kind::Sign, c.len_utf8(), false),
    }
}

/// Whether the character can be part of a name.
pub fn word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The length of a string in quotes, and whether it lacks its end.
fn quoted(rest: &str, quote: char) -> (usize, bool) {
    let mut escaped = false;
    for (i, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return (i + 1, false),
            _ => {}
        }
    }
    (rest.len(), true)
}

/// The same for long brackets, `[[ … ]]` or `[==[ … ]==]`; `None` if there is no opening bracket.
fn long(rest: &str) -> Option<(usize, bool)> {
    let level = rest.strip_prefix('[')?.find(|c| c != '=')?;
    let after = rest[1 + level..].strip_prefix('[')?;
    let end = format!("]{}]", "=".repeat(level));
    Some(match after.find(&end) {
        Some(i) => (2 + level + i + end.len(), false),
        None => (rest.len(), true),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<(Kind, &str, bool)> {
        tokens(text).into_iter().filter(|t| t.kind != Kind::Space).map(|t| (t.kind, t.text, t.open)).collect()
    }

    #[test]
    fn each_kind() {
        use Kind::{Comment, Number, Sign, Text, Word};
        let want = [(Word, "x1", false), (Sign, "=", false), (Number, "0x1f.8", false), (Comment, "-- é", true)];
        assert_eq!(kinds("x1 = 0x1f.8 -- é"), want);
        assert_eq!(kinds("'a\\'b' y"), [(Text, "'a\\'b'", false), (Word, "y", false)]);
        assert_eq!(kinds("[==[ ]] ]==]\"a"), [(Text, "[==[ ]] ]==]", false), (Text, "\"a", true)]);
        assert_eq!(kinds("--[[ x"), [(Comment, "--[[ x", true)]);
        assert_eq!(kinds("a[1]").len(), 4);
    }

    #[test]
    fn they_are_the_whole_text() {
        for text in ["", "\"\\", "é(", "x\u{a0}[=", "--", "[[", "a\n\tb", "'\\é"] {
            assert_eq!(tokens(text).iter().map(|t| t.text).collect::<String>(), text);
        }
    }
}
