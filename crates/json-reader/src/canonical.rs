//! The canonical form: no insignificant white space, members sorted by key, numbers and arrays of
//! numbers as they stand in the document (never re-encoded). It is not JSON: strings are behind their
//! lengths, so that there are no escapes to decide on and no way to forge a boundary.

use crate::{Json, parse};

/// Writes the canonical form of a value, piece by piece, without the top-level members named in `skip`.
/// Documents that differ in white space, escapes and the order of members alone have the same form;
/// others have another one.
///
/// ```
/// use json_reader::{canonical, parse};
///
/// let form = |text: &[u8]| {
///     let mut form = Vec::new();
///     canonical(&parse(text).unwrap(), &["timeout"], &mut |piece| form.extend_from_slice(piece));
///     form
/// };
/// assert_eq!(form(br#"{"a": 1, "b": "x", "timeout": 5}"#), form(br#"{"b":"\u0078","a":1}"#));
/// ```
pub fn canonical(value: &Json<'_>, skip: &[&str], write: &mut impl FnMut(&[u8])) {
    match value {
        Json::Null => write(b"null"),
        Json::Bool(true) => write(b"true"),
        Json::Bool(false) => write(b"false"),
        Json::Number(raw) | Json::Numbers(raw, _) => write(raw.as_bytes()),
        Json::String(text) => string(text, write),
        Json::Unread(text) => unread(text, write),
        Json::Array(items) => array(items, write),
        Json::Object(_) => object(value, skip, write),
    }
}

/// As if it had been read, when it can be; otherwise as it stands, which is another form of it.
fn unread(text: &str, write: &mut impl FnMut(&[u8])) {
    match parse(text.as_bytes()) {
        Ok(value) => canonical(&value, &[], write),
        Err(_) => {
            write(b"=");
            string(text, write);
        }
    }
}

fn string(text: &str, write: &mut impl FnMut(&[u8])) {
    write(b"\"");
    write(text.len().to_string().as_bytes());
    write(b":");
    write(text.as_bytes());
}

fn array(items: &[Json<'_>], write: &mut impl FnMut(&[u8])) {
    write(b"[");
    for item in items {
        canonical(item, &[], write);
        write(b",");
    }
    write(b"]");
}

fn object(value: &Json<'_>, skip: &[&str], write: &mut impl FnMut(&[u8])) {
    let mut members: Vec<_> = value
        .members()
        .iter()
        .filter(|(key, _)| !skip.contains(&key.as_ref()))
        .collect();
    members.sort_by(|a, b| a.0.cmp(&b.0));
    write(b"{");
    for (key, value) in members {
        string(key, write);
        canonical(value, &[], write);
        write(b",");
    }
    write(b"}");
}
