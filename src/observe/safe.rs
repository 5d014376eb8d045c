//! Text that clients chose, made fit for logs, explanations and header values: bounded, without
//! control bytes, on one line. It never decides what a name means.

use std::borrow::Cow;
use std::fmt::Write;

/// Characters of a path or a name that are kept.
pub const MAX_TEXT: usize = 512;
/// Characters of a method that are kept.
pub const MAX_METHOD: usize = 24;

/// Whether a character could move a cursor, start a line or turn the direction of writing.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `text` on one line and at most `max` bytes long; what could harm a terminal or a log is escaped.
pub fn text(text: &str, max: usize) -> Cow<'_, str> {
    if text.len() <= max && !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len().min(max) + 4);
    for c in text.chars() {
        let before = out.len();
        push_escaped(&mut out, c);
        if out.len() > max {
            out.truncate(before);
            out.push('…');
            break;
        }
    }
    Cow::Owned(out)
}

fn push_escaped(out: &mut String, c: char) {
    if is_unsafe(c) {
        // The form of JSON, so that an escaped line of JSON stays JSON. All of them have four digits.
        let _ = write!(out, "\\u{:04x}", u32::from(c));
    } else {
        out.push(c);
    }
}

/// The path of a request target: without query, fragment, scheme and authority, bounded and escaped.
pub fn path(target: &str) -> String {
    let end = target.find(['?', '#']).unwrap_or(target.len());
    let path = without_authority(target.get(..end).unwrap_or(target));
    text(path, MAX_TEXT).into_owned()
}

/// An absolute target may carry a user and a password before its host: only what follows is kept.
fn without_authority(target: &str) -> &str {
    match target.split_once("://") {
        Some((scheme, rest)) if !scheme.contains('/') => {
            rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/")
        }
        _ => target,
    }
}

/// A method's name: static where it is a common one, else bounded and escaped.
pub fn method(method: &http::Method) -> Cow<'static, str> {
    const COMMON: [&str; 7] = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];
    match COMMON.iter().find(|known| **known == method.as_str()) {
        Some(known) => Cow::Borrowed(known),
        None => Cow::Owned(text(method.as_str(), MAX_METHOD).into_owned()),
    }
}

/// Appends `text` as part of a header value: letters, digits and `-_.:/` stay, the rest becomes `%XX`.
pub fn push_header_word(out: &mut String, text: &str, max: usize) {
    for byte in text.bytes().take(max) {
        if byte.is_ascii_alphanumeric() || b"-_.:/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
}
