//! The lexer: decoded text in, tokens out. One pass, no recursion, bounded; anything unterminated
//! or out of place is a fault, and a fault is a write. Token rules as in Neo4j's own lexer, but
//! narrower where that one accepts what no honest client sends (letters glued to numbers).

/// The most tokens of one statement.
const MAX_TOKENS: usize = 1 << 17;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// An unquoted word: a keyword or a name.
    Word,
    /// A name in backticks.
    Quoted,
    /// A string.
    Text,
    Number,
    /// Punctuation; its raw text is the ASCII form.
    Mark,
}

/// One token. `raw` is the source text; of punctuation its ASCII form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    pub kind: TokenKind,
    pub raw: &'a str,
}

impl Token<'_> {
    /// Whether this is the mark. None is longer than two characters, so that no call compares memory.
    pub fn is_mark(&self, mark: &str) -> bool {
        let (found, mark) = (self.raw.as_bytes(), mark.as_bytes());
        self.kind == TokenKind::Mark
            && found.len() == mark.len()
            && found.first() == mark.first()
            && found.last() == mark.last()
    }

    /// Whether this is one of the marks.
    pub fn is_mark_of(&self, marks: &[&str]) -> bool {
        self.kind == TokenKind::Mark && marks.iter().any(|mark| self.is_mark(mark))
    }
}

/// What Neo4j takes for the line of an arrow, and for its heads.
const LINES: &str =
    "\u{ad}\u{2010}\u{2011}\u{2012}\u{2013}\u{2014}\u{2015}\u{fe58}\u{fe63}\u{ff0d}";
const LEFT_HEADS: &str = "\u{27e8}\u{3008}\u{fe64}\u{ff1c}";
const RIGHT_HEADS: &str = "\u{27e9}\u{3009}\u{fe65}\u{ff1e}";
/// Letters that some case rules fold into ASCII: no word with one of them is known for sure.
const FOLDING: &str = "\u{17f}\u{212a}\u{130}\u{131}";

/// Cuts a decoded text into tokens; `None` when any of it is out of place.
pub fn tokens(text: &str) -> Option<Vec<Token<'_>>> {
    let mut tokens = Vec::with_capacity((text.len() / 4).min(256));
    let mut rest = text;
    loop {
        rest = gap(rest)?;
        let Some(first) = rest.chars().next() else {
            return Some(tokens);
        };
        let (token, length) = token(rest, first)?;
        tokens.push(token);
        rest = rest.get(length..)?;
        if tokens.len() > MAX_TOKENS {
            return None;
        }
    }
}

/// Skips white space and comments.
fn gap(text: &str) -> Option<&str> {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(is_space);
        if let Some(comment) = rest.strip_prefix("//") {
            let end = comment.find(['\n', '\r']).unwrap_or(comment.len());
            rest = comment.get(end..)?;
        } else if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/")?.1;
        } else {
            return Some(rest);
        }
    }
}

/// White space as Neo4j's lexer lists it.
fn is_space(c: char) -> bool {
    matches!(c, '\t'..='\r' | '\u{1c}'..=' ' | '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}'
        | '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{205f}' | '\u{3000}')
}

fn token(rest: &str, first: char) -> Option<(Token<'_>, usize)> {
    let dotted = first == '.' && rest.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
    let (kind, length) = match first {
        '`' => (TokenKind::Quoted, quoted(rest)?),
        '\'' | '"' => (TokenKind::Text, string(rest, first)?),
        '0'..='9' => (TokenKind::Number, number(rest)?),
        _ if dotted => (TokenKind::Number, number(rest)?),
        _ if is_letter(first) => (TokenKind::Word, word(rest)?),
        _ => return mark(rest, first),
    };
    let raw = rest.get(..length)?;
    Some((Token { kind, raw }, length))
}

fn is_letter(c: char) -> bool {
    c == '_' || c.is_alphabetic()
}

fn is_part(c: char) -> bool {
    is_letter(c) || c.is_numeric() || c == '$'
}

fn word(rest: &str) -> Option<usize> {
    let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
    let word = rest.get(..length)?;
    let folds = !word.is_ascii() && word.contains(|c| FOLDING.contains(c));
    (!folds).then_some(length)
}

/// The length of a name in backticks; two of them inside stand for one.
fn quoted(rest: &str) -> Option<usize> {
    let mut at = 1;
    loop {
        at += rest.get(at..)?.find('`')? + 1;
        if rest.as_bytes().get(at) != Some(&b'`') {
            return Some(at);
        }
        at += 1;
    }
}

/// The length of a string; a backslash takes the next character with it.
fn string(rest: &str, quote: char) -> Option<usize> {
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        if c == quote {
            return Some(at + 1);
        }
        if c == '\\' {
            chars.next()?;
        }
    }
    None
}

/// The length of a number. What a letter is glued to is a fault, other than `0x`, `0o` and exponents.
fn number(rest: &str) -> Option<usize> {
    let bytes = rest.as_bytes();
    let run = |from: usize, digit: fn(&u8) -> bool| {
        let tail = bytes.get(from..).unwrap_or_default();
        from + tail.iter().take_while(|b| digit(b) || **b == b'_').count()
    };
    let mut at = match bytes {
        [b'0', b'x' | b'X', ..] => run(2, u8::is_ascii_hexdigit),
        [b'0', b'o', ..] => run(2, u8::is_ascii_digit),
        _ => run(0, u8::is_ascii_digit),
    };
    if bytes.get(at) == Some(&b'.') && bytes.get(at + 1).is_some_and(u8::is_ascii_digit) {
        at = run(at + 1, u8::is_ascii_digit);
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        let sign = matches!(bytes.get(at + 1), Some(b'+' | b'-'));
        at = run(at + 1 + usize::from(sign), u8::is_ascii_digit);
    }
    let glued = rest.get(at..)?.starts_with(is_part);
    (!glued).then_some(at)
}

fn mark(rest: &str, first: char) -> Option<(Token<'_>, usize)> {
    let ascii = ascii_mark(rest.as_bytes());
    let raw = match first {
        _ if ascii > 0 => rest.get(..ascii)?,
        _ if first.is_ascii() => return None,
        _ if LINES.contains(first) => "-",
        _ if LEFT_HEADS.contains(first) => "<",
        _ if RIGHT_HEADS.contains(first) => ">",
        _ => return None,
    };
    let length = ascii.max(first.len_utf8());
    let kind = TokenKind::Mark;
    Some((Token { kind, raw }, length))
}

/// The length of the mark that begins here, of two characters rather than of one; 0 when there is none.
fn ascii_mark(rest: &[u8]) -> usize {
    match rest {
        [b'.', b'.', ..] | [b':', b':', ..] | [b'|', b'|', ..] => 2,
        [b'<' | b'>' | b'+' | b'!', b'=', ..] | [b'<', b'>', ..] | [b'=', b'~', ..] => 2,
        [
            b'(' | b')' | b'{' | b'}' | b'[' | b']' | b'.' | b',' | b':' | b';' | b'|' | b'=',
            ..,
        ] => 1,
        [
            b'<' | b'>' | b'+' | b'-' | b'*' | b'/' | b'%' | b'^' | b'$' | b'&' | b'!',
            ..,
        ] => 1,
        _ => 0,
    }
}
