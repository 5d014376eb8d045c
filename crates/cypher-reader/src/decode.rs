//! The `\uXXXX` escapes of a statement, replaced before anything else looks at it, as Neo4j does:
//! a keyword, the end of a comment or of a string may be written so. A backslash that stands
//! behind another one is no beginning of an escape.

use std::borrow::Cow;

/// The text without escapes; `None` for an escape that Neo4j refuses, or half a surrogate pair.
pub fn decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains("\\u") {
        return Some(Cow::Borrowed(text));
    }
    let mut out = Vec::with_capacity(text.len());
    let mut units = text.encode_utf16();
    while let Some(unit) = units.next() {
        if unit != u16::from(b'\\') {
            out.push(unit);
            continue;
        }
        match units.next() {
            Some(next) if next == u16::from(b'u') => out.push(escape(&mut units)?),
            Some(next) => out.extend([unit, next]),
            None => out.push(unit),
        }
    }
    String::from_utf16(&out).ok().map(Cow::Owned)
}

fn escape(units: &mut impl Iterator<Item = u16>) -> Option<u16> {
    (0..4).try_fold(0, |value: u16, _| {
        let digit = char::from_u32(u32::from(units.next()?))?.to_digit(16)?;
        Some(value << 4 | u16::try_from(digit).ok()?)
    })
}
