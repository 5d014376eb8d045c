//! The `\uXXXX` escapes of a statement, replaced before anything else looks at it, as Neo4j does:
//! a keyword, the end of a comment or of a string may be written so. A backslash that stands
//! behind another one is no beginning of an escape.

use std::borrow::Cow;
use std::str::Chars;

/// The text without escapes; `None` for an escape that Neo4j refuses, or half a surrogate pair.
pub fn decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains("\\u") {
        return Some(Cow::Borrowed(text));
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('u') => out.push(escape(&mut chars)?),
            Some(next) => out.extend(['\\', next]),
            None => out.push('\\'),
        }
    }
    Some(Cow::Owned(out))
}

/// The character of an escape, or of two that are a surrogate pair.
fn escape(chars: &mut Chars<'_>) -> Option<char> {
    let first = unit(chars)?;
    let mut units = [first, 0];
    let length = match first {
        0xd800..0xdc00 => {
            chars.next().filter(|c| *c == '\\')?;
            chars.next().filter(|c| *c == 'u')?;
            units = [first, unit(chars)?];
            2
        }
        _ => 1,
    };
    char::decode_utf16(units.into_iter().take(length))
        .next()?
        .ok()
}

/// The four digits of an escape.
fn unit(chars: &mut Chars<'_>) -> Option<u16> {
    (0..4).try_fold(0, |value: u16, _| {
        let digit = chars.next()?.to_digit(16)?;
        Some(value << 4 | u16::try_from(digit).ok()?)
    })
}
