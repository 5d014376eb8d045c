//! A look at the top level of an object: where the values of some members begin and end. What is
//! below is stepped over, so that rows of an answer are never built.

use crate::JsonError;
use crate::cursor::Cursor;
use std::ops::Range;

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
    let text = match std::str::from_utf8(body) {
        Ok(text) => text,
        Err(error) => {
            let valid = body.get(..error.valid_up_to()).unwrap_or_default();
            std::str::from_utf8(valid).unwrap_or_default()
        }
    };
    let read = read(&mut Cursor::new(text), keys, &mut found);
    found.is_complete = read.is_ok() && text.len() == body.len();
    found
}

fn read<const N: usize>(
    cursor: &mut Cursor<'_>,
    keys: [&str; N],
    found: &mut TopLevel<N>,
) -> Result<(), JsonError> {
    cursor.space();
    cursor.need(b'{')?;
    found.inside = cursor.place();
    cursor.space();
    if cursor.eat(b'}') {
        return cursor.end();
    }
    loop {
        let key = cursor.key()?;
        let start = cursor.place();
        cursor.skip(MAX_SKIPPED_DEPTH)?;
        let range = start..cursor.place();
        found.is_empty = false;
        for (wanted, value) in keys.iter().zip(&mut found.values) {
            if *wanted == key {
                value.get_or_insert(range.clone());
            }
        }
        cursor.space();
        if !cursor.eat(b',') {
            cursor.need(b'}')?;
            return cursor.end();
        }
    }
}
