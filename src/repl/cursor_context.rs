//! The context of the cursor in a piece of Lua: a name, a key of an options table or a string, and the
//! enclosing call. It only scans tokens and brackets; it is not a full parser.

use super::lex::{Kind, Token, tokens};

/// The item being typed.
#[derive(Debug, PartialEq)]
pub enum CursorContext<'a> {
    /// A name with its path, "tiny.mou"; empty where a name could begin.
    Name(&'a str),
    /// A key in the table that is an argument of a call.
    Key { call: Call<'a>, prefix: &'a str },
    /// In a string, which may be an argument of a call or the value of a key in one.
    Text { call: Option<Call<'a>>, prefix: &'a str },
    /// Nothing to complete: a comment, a number.
    Nothing,
}

/// The call around a position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Call<'a> {
    /// The called function, "tiny.clone", "child:wait".
    pub callee: &'a str,
    /// The index of the argument at the position, from 0.
    pub index: usize,
    /// In a table that is this argument: the key whose value is at the position, if any.
    pub table: bool,
    pub key: Option<&'a str>,
}

/// An open bracket, and the called function.
struct Open<'a> {
    bracket: char,
    callee: Option<&'a str>,
    /// For parentheses: the number of arguments before. For a table: its index as an argument.
    index: usize,
    key: Option<&'a str>,
}

impl<'a> Open<'a> {
    fn call(&self) -> Option<Call<'a>> {
        Some(Call { callee: self.callee?, index: self.index, table: self.bracket == '{', key: self.key })
    }
}

#[derive(Default)]
struct Reader<'a> {
    text: &'a str,
    open: Vec<Open<'a>>,
    /// The path that ends before this token, ignoring spaces: the function that an opening bracket calls.
    path: Option<(usize, usize)>,
    /// The last sign that is neither a space nor part of a path.
    sign: char,
}

/// The context at the end of `text`.
pub fn cursor_context(text: &str) -> CursorContext<'_> {
    let (reader, last) = read(text);
    match last {
        Some(Token { kind: Kind::Text, open: true, text, .. }) => {
            let quote = text.chars().next().map_or(0, char::len_utf8);
            let prefix = if text.starts_with('[') { "" } else { &text[quote..] };
            return CursorContext::Text { call: reader.around_text(), prefix };
        }
        Some(Token { kind: Kind::Comment, open: true, .. } | Token { kind: Kind::Number, .. }) => {
            return CursorContext::Nothing;
        }
        _ => {}
    }
    let word = reader.path.filter(|(_, end)| *end == text.len()).map_or("", |(start, end)| &text[start..end]);
    match reader.open.last() {
        Some(open @ Open { bracket: '{', .. })
            if matches!(reader.sign, '{' | ',' | ';') && !word.contains(['.', ':']) =>
        {
            open.call().map_or(CursorContext::Name(word), |call| CursorContext::Key { call, prefix: word })
        }
        _ => CursorContext::Name(word),
    }
}

/// The innermost call whose parentheses or table are open at the end of `text`, also inside a string but
/// not inside a comment.
pub fn call(text: &str) -> Option<Call<'_>> {
    match read(text) {
        (_, Some(Token { kind: Kind::Comment, open: true, .. })) => None,
        (reader, Some(Token { kind: Kind::Text, open: true, .. })) => reader.around_text(),
        (reader, _) => reader.open.last()?.call(),
    }
}

/// Reads all tokens; returns an open string or comment, or a number, at the end.
fn read(text: &str) -> (Reader<'_>, Option<Token<'_>>) {
    let mut reader = Reader { text, ..Reader::default() };
    let mut last = None;
    for token in tokens(text) {
        last = Some(token);
        if !token.open {
            reader.step(token);
        }
    }
    (reader, last)
}

impl<'a> Reader<'a> {
    fn step(&mut self, token: Token<'a>) {
        let goes_on = self.path.filter(|(_, end)| *end == token.start).map(|(start, _)| start);
        let joins = goes_on.is_some() && self.text[..token.start].ends_with(['.', ':']);
        match (token.kind, token.text) {
            (Kind::Space | Kind::Comment, _) => {}
            (Kind::Word, word) => {
                self.path = Some((goes_on.filter(|_| joins).unwrap_or(token.start), token.end()));
                self.block(word);
            }
            (Kind::Sign, "." | ":") if goes_on.is_some() && !joins => {
                self.path = goes_on.map(|start| (start, token.end()));
            }
            (Kind::Sign, sign) => self.sign(sign.chars().next().unwrap_or(' ')),
            (Kind::Text | Kind::Number, text) => {
                self.path = None;
                self.sign = text.chars().next().unwrap_or(' ');
            }
        }
    }

    /// Statements in a function argument are not in the call.
    fn block(&mut self, word: &str) {
        match word {
            "function" | "if" | "do" | "repeat" => {
                self.open.push(Open { bracket: ' ', callee: None, index: 0, key: None });
            }
            "end" | "until" if self.open.last().is_some_and(|open| open.bracket == ' ') => {
                self.open.pop();
            }
            _ => {}
        }
    }

    fn called(&self) -> Option<&'a str> {
        self.path.map(|(start, end)| &self.text[start..end])
    }

    fn sign(&mut self, sign: char) {
        let called = self.called();
        match sign {
            '(' => self.open.push(Open { bracket: sign, callee: called, index: 0, key: None }),
            '{' => {
                // `f { … }` and `f(x, { … })` both pass the table to f.
                let around = self.open.last().filter(|open| called.is_none() && open.bracket == '(');
                let (callee, index) = around.map_or((called, 0), |open| (open.callee, open.index));
                self.open.push(Open { bracket: sign, callee, index, key: None });
            }
            ')' | '}' => {
                self.open.pop();
            }
            ',' | ';' => {
                if let Some(open) = self.open.last_mut() {
                    open.key = None;
                    open.index += usize::from(open.bracket == '(');
                }
            }
            '=' => {
                if let Some(open) = self.open.last_mut().filter(|open| open.bracket == '{') {
                    open.key = called.or(open.key);
                }
            }
            _ => {}
        }
        self.path = None;
        self.sign = sign;
    }

    /// The call that contains an open string at the end.
    fn around_text(&self) -> Option<Call<'a>> {
        match self.called() {
            // `f "…"`
            Some(callee) => Some(Call { callee, index: 0, table: false, key: None }),
            None => self.open.last()?.call(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(callee: &str, index: usize) -> Call<'_> {
        Call { callee, index, table: false, key: None }
    }

    #[test]
    fn names() {
        assert_eq!(cursor_context("tiny.mou"), CursorContext::Name("tiny.mou"));
        assert_eq!(cursor_context("x = child:"), CursorContext::Name("child:"));
        assert_eq!(cursor_context("print(ti"), CursorContext::Name("ti"));
        assert_eq!(cursor_context("f({ a = ti"), CursorContext::Name("ti"));
        assert_eq!(cursor_context("a..ti"), CursorContext::Name("ti"));
        assert_eq!(cursor_context(""), CursorContext::Name(""));
        assert_eq!(cursor_context("x = 12"), CursorContext::Nothing);
    }

    #[test]
    fn keys_of_calls() {
        let key =
            |callee, index, prefix| CursorContext::Key { call: Call { table: true, ..at(callee, index) }, prefix };
        assert_eq!(cursor_context("tiny.unshare { "), key("tiny.unshare", 0, ""));
        assert_eq!(cursor_context("tiny.clone({ pid = true, mo"), key("tiny.clone", 0, "mo"));
        assert_eq!(cursor_context("tiny.mount_bind(\"/a\", f(1), { r"), key("tiny.mount_bind", 2, "r"));
        assert_eq!(cursor_context("log:write(x, {"), key("log:write", 1, ""));
        assert_eq!(cursor_context("tiny.exec { \"sh\", env = { "), CursorContext::Name(""));
        assert_eq!(cursor_context("x = { p"), CursorContext::Name("p"));
    }

    #[test]
    fn strings_and_comments() {
        let text = |call, prefix| CursorContext::Text { call, prefix };
        assert_eq!(cursor_context("require \"tiny.co"), text(Some(at("require", 0)), "tiny.co"));
        assert_eq!(cursor_context("c = require('ti"), text(Some(at("require", 0)), "ti"));
        assert_eq!(cursor_context("f(x, '/e"), text(Some(at("f", 1)), "/e"));
        let how = Call { table: true, key: Some("how"), ..at("f", 1) };
        assert_eq!(cursor_context("f(x, { a = 1, how = '"), text(Some(how), ""));
        assert_eq!(cursor_context("x = '/e"), text(None, "/e"));
        assert_eq!(cursor_context("x = 1 -- tiny."), CursorContext::Nothing);
        assert_eq!(cursor_context("x = [[ tiny."), text(None, ""));
        assert_eq!(cursor_context("f(\"{\", \"é\") ti"), CursorContext::Name("ti"));
        assert_eq!(cursor_context("x = \"\\\"\" .. ti"), CursorContext::Name("ti"));
        assert_eq!(cursor_context("\"\\"), text(None, "\\"));
    }

    #[test]
    fn calls_around() {
        assert_eq!(call("tiny.clone("), Some(at("tiny.clone", 0)));
        assert_eq!(call("tiny.mount_bind('a', "), Some(at("tiny.mount_bind", 1)));
        assert_eq!(call("tiny.mount_bind('a', g(1), 'b"), Some(at("tiny.mount_bind", 2)));
        assert_eq!(call("tiny.nat {"), Some(Call { table: true, ..at("tiny.nat", 0) }));
        assert_eq!(call("tiny.clone({}, function() if x then y() end "), None);
        assert_eq!(call("tiny.try(function() end, "), Some(at("tiny.try", 1)));
        assert_eq!(call("tiny.clone(x)"), None);
        assert_eq!(call("tiny.clone(x -- "), None);
        assert_eq!(call("x = {"), None);
        assert_eq!(call("é("), None);
    }
}
