//! A look at the top level of an object: where the values of some members begin and end. What is
//! below is stepped over, so that rows of a response are never built.

use crate::JsonError;
use crate::cursor::Cursor;
use std::ops::{ControlFlow, Range};

/// The deepest nesting that is stepped over. A bound of memory, one byte a level.
const MAX_SKIPPED_DEPTH: usize = 1 << 16;

/// Where the wanted members of an object are.
///
/// ```
/// let body = br#"{"data": {"values": [[1]]}, "errors": []}"#;
/// let found = json_reader::top_level(body, ["errors", "notifications"]);
/// assert!(found.is_complete);
/// let [errors, notifications] = found.values;
/// assert_eq!(errors.and_then(|range| body.get(range)), Some(&b"[]"[..]));
/// assert_eq!(notifications, None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopLevel<const N: usize> {
    /// Where the first value of each key is, in bytes of the body.
    pub values: [Option<Range<usize>>; N],
    /// Just behind the opening brace.
    pub inside: usize,
    /// It has no member.
    pub is_empty: bool,
    /// The object was there from its first byte to its last, with nothing behind it.
    pub is_complete: bool,
}

/// Looks for members of the object in a body, or in the beginning of one: then it finds what is
/// whole. Anything that is no object has no members.
pub fn top_level<const N: usize>(body: &[u8], keys: [&str; N]) -> TopLevel<N> {
    let mut found = TopLevel {
        values: [const { None }; N],
        inside: 0,
        is_empty: true,
        is_complete: false,
    };
    let text = valid(body);
    let mut cursor = Cursor::new(text);
    let read = begin(&mut cursor).and_then(|inside| {
        found.inside = inside;
        members(&mut cursor, |key, range| {
            found.is_empty = false;
            for (wanted, value) in keys.iter().zip(&mut found.values) {
                if *wanted == key {
                    value.get_or_insert(range.clone());
                }
            }
            ControlFlow::Continue(())
        })
    });
    found.is_complete = read.is_ok() && text.len() == body.len();
    found
}

/// Where the first value of a key is in the object of a body. What comes behind it is not looked at.
pub fn member(body: &[u8], wanted: &str) -> Option<Range<usize>> {
    let mut cursor = Cursor::new(valid(body));
    let mut found = None;
    begin(&mut cursor).ok()?;
    let _ = members(&mut cursor, |key, range| match key == wanted {
        true => {
            found = Some(range);
            ControlFlow::Break(())
        }
        false => ControlFlow::Continue(()),
    });
    found
}

/// The body with a member of its object set to a value, given as JSON text: in the place of the first value
/// of that key, or as the first member. All other bytes stay as they are. `None` when it is no object.
///
/// ```
/// let body = br#"{ "limit": 5 }"#;
/// let sent = json_reader::set_member(body, "limit", "7").unwrap();
/// assert_eq!(sent, br#"{ "limit": 7 }"#);
/// let sent = json_reader::set_member(body, "mode", "\"read\"").unwrap();
/// assert_eq!(sent, br#"{"mode":"read", "limit": 5 }"#);
/// ```
pub fn set_member(body: &[u8], key: &str, value: &str) -> Option<Vec<u8>> {
    let found = top_level(body, [key]);
    if !found.is_complete {
        return None;
    }
    let (range, text) = match found.values {
        [Some(range)] => (range, value.to_owned()),
        [None] => {
            let comma = if found.is_empty { "" } else { "," };
            let member = format!("\"{key}\":{value}{comma}");
            (found.inside..found.inside, member)
        }
    };
    let (before, after) = (body.get(..range.start)?, body.get(range.end..)?);
    Some([before, text.as_bytes(), after].concat())
}

/// As much of a body as is UTF-8.
fn valid(body: &[u8]) -> &str {
    std::str::from_utf8(body).unwrap_or_else(|error| {
        let valid = body.get(..error.valid_up_to()).unwrap_or_default();
        std::str::from_utf8(valid).unwrap_or_default()
    })
}

/// The opening brace; gives the place behind it.
fn begin(cursor: &mut Cursor<'_>) -> Result<usize, JsonError> {
    cursor.space();
    cursor.need(b'{')?;
    Ok(cursor.place())
}

/// The members of the object, until the visitor has seen enough, or to the end of the text.
fn members(
    cursor: &mut Cursor<'_>,
    mut visit: impl FnMut(&str, Range<usize>) -> ControlFlow<()>,
) -> Result<(), JsonError> {
    cursor.space();
    if cursor.eat(b'}') {
        return cursor.end();
    }
    loop {
        let key = cursor.key()?;
        let start = cursor.place();
        cursor.skip(MAX_SKIPPED_DEPTH)?;
        if visit(&key, start..cursor.place()).is_break() {
            return Ok(());
        }
        cursor.space();
        if !cursor.eat(b',') {
            cursor.need(b'}')?;
            return cursor.end();
        }
    }
}
