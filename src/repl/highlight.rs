//! The colours of an input: keywords, strings, numbers, comments, primitives, unknown names in
//! `tiny`, and the pair of brackets at the cursor. It only adds colours.

use super::lex::{KEYWORDS, Kind, Token, tokens};

const KEYWORD: &str = "35";
const TEXT: &str = "32";
const NUMBER: &str = "36";
const COMMENT: &str = "2";
const PRIMITIVE: &str = "1;34";
const WRONG: &str = "31";
const PAIR: &str = "1;7";

/// The input in colours. `cursor` is a byte offset; `None` when the input is only displayed. `known`
/// returns whether `tiny` has a name.
pub fn highlight(text: &str, cursor: Option<usize>, known: impl Fn(&str) -> bool) -> String {
    let tokens = tokens(text);
    let (pairs, stray) = brackets(&tokens);
    let at = |i: usize| tokens.get(i).map_or(0, |t| t.start);
    // The bracket under the cursor, or else the one right before it.
    let chosen = cursor.and_then(|cursor| {
        let here = pairs.iter().find(|(a, b)| [at(*a), at(*b)].contains(&cursor));
        here.or_else(|| pairs.iter().find(|(a, b)| [at(*a) + 1, at(*b) + 1].contains(&cursor)))
    });
    let mut out = String::with_capacity(2 * text.len());
    for (i, token) in tokens.iter().enumerate() {
        let colour = match token.kind {
            Kind::Sign if chosen.is_some_and(|(a, b)| i == *a || i == *b) => PAIR,
            Kind::Sign if stray.contains(&i) => WRONG,
            // A name that is still being typed is not marked as wrong.
            Kind::Word if of_tiny(&tokens, i) => match known(token.text) {
                true => PRIMITIVE,
                false if cursor == Some(token.end()) => "",
                false => WRONG,
            },
            Kind::Word if KEYWORDS.contains(&token.text) => KEYWORD,
            Kind::Text => TEXT,
            Kind::Number => NUMBER,
            Kind::Comment => COMMENT,
            _ => "",
        };
        out.push_str(&if colour.is_empty() {
            token.text.to_owned()
        } else {
            format!("\x1b[{colour}m{}\x1b[0m", token.text)
        });
    }
    out
}

/// Whether the token is NAME in `tiny.NAME`.
fn of_tiny(tokens: &[Token<'_>], i: usize) -> bool {
    let [.., tiny, dot] = &tokens[..i] else { return false };
    let field = i > 2 && matches!(tokens[i - 3].text, "." | ":");
    tiny.text == "tiny" && dot.text == "." && !field
}

/// The matching brackets, and the unmatched closing ones.
fn brackets(tokens: &[Token<'_>]) -> (Vec<(usize, usize)>, Vec<usize>) {
    let (mut open, mut pairs, mut stray) = (Vec::new(), Vec::new(), Vec::new());
    for (i, token) in tokens.iter().enumerate().filter(|(_, token)| token.kind == Kind::Sign) {
        let opens = match token.text {
            "(" | "[" | "{" => {
                open.push(i);
                continue;
            }
            ")" => "(",
            "]" => "[",
            "}" => "{",
            _ => continue,
        };
        match open.last().filter(|at| tokens[**at].text == opens) {
            Some(at) => pairs.push((*at, i)),
            None => {
                stray.push(i);
                continue;
            }
        }
        open.pop();
    }
    (pairs, stray)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, cursor: Option<usize>) -> String {
        let painted = highlight(text, cursor, |name| name == "clone");
        painted.replace('\x1b', "").replace("[0m", "›").replace('[', "‹")
    }

    #[test]
    fn each_kind_has_its_colour() {
        assert_eq!(shown("return 'a'", None), "‹35mreturn› ‹32m'a'›");
        assert_eq!(shown("x = 1 -- y", None), "x = ‹36m1› ‹2m-- y›");
        assert_eq!(shown("tiny.clone(tiny.nope)", None), "tiny.‹1;34mclone›(tiny.‹31mnope›)");
        assert_eq!(shown("tiny.clo", Some(8)), "tiny.clo");
        assert_eq!(shown("x.tiny.nope", None), "x.tiny.nope");
    }

    #[test]
    fn brackets_at_the_cursor() {
        assert_eq!(shown("f('(')", Some(6)), "f‹1;7m(›‹32m'('›‹1;7m)›");
        assert_eq!(shown("f()", Some(1)), "f‹1;7m(›‹1;7m)›");
        assert_eq!(shown("f())", Some(1)), "f‹1;7m(›‹1;7m)›‹31m)›");
        assert_eq!(shown("f(}", None), "f(‹31m}›");
    }

    #[test]
    fn nothing_but_colours_is_added() {
        for text in ["", "é(", "tiny.", "\"\\", "[[ x", "tiny.clone { pid = true }"] {
            let painted = highlight(text, Some(0), |_| false);
            let mut plain = String::new();
            let mut rest = &painted[..];
            while let Some(i) = rest.find('\x1b') {
                plain.push_str(&rest[..i]);
                rest = &rest[i + rest[i..].find('m').expect("an end") + 1..];
            }
            assert_eq!(plain + rest, text);
        }
    }
}
