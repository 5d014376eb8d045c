//! Bookmarks: opaque to clients, and nearly so to us. Of two of the same database the one with the
//! larger transaction number is newer; where that cannot be read, the later seen one counts.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use json_reader::{Json, parse, set_member, top_level};

/// The members that hold bookmarks: Query API, transactional API.
pub const MEMBERS: [&str; 2] = ["bookmarks", "lastBookmarks"];
/// The longest bookmark that is kept, in bytes.
const MAX_LENGTH: usize = 4096;
/// Before the transaction number: a list of one, sixteen bytes that name the database.
const HEAD: usize = 19;

/// The bookmark of a list of one.
pub fn only_bookmark(list: &[u8]) -> Option<String> {
    let list = parse(list).ok()?;
    match list.items() {
        [Json::String(text)] if text.len() <= MAX_LENGTH => Some(text.to_string()),
        _ => None,
    }
}

/// Whether `a` may take the place of `b`: it is not known to be older.
pub fn supersedes(a: &str, b: &str) -> bool {
    match (number(a), number(b)) {
        (Some((home, a)), Some((other, b))) if home == other => a >= b,
        _ => true,
    }
}

/// Whether `a` is known to be newer than `b`, of the same database.
fn is_newer(a: &str, b: &str) -> bool {
    match (number(a), number(b)) {
        (Some((home, a)), Some((other, b))) => home == other && a > b,
        _ => a != b,
    }
}

/// Whether the bookmark is of the system database, which answers SHOW commands sent to any other.
pub fn is_of_system(bookmark: &str) -> bool {
    number(bookmark).is_some_and(|(head, _)| head.iter().skip(3).take(15).all(|byte| *byte == 0))
}

/// A body whose bookmark is older than the newest one, with that one in its place: a client that takes
/// back an older bookmark than it had would lose sight of its own writes. `None` when nothing changes.
pub fn refreshed(body: &[u8], newest: &str) -> Option<Bytes> {
    let found = top_level(body, MEMBERS).values;
    let mut found = MEMBERS.into_iter().zip(found);
    let (key, stored) = found.find_map(|(key, range)| Some((key, body.get(range?)?)))?;
    if !is_newer(newest, &only_bookmark(stored)?) {
        return None;
    }
    set_member(body, key, &list_of(newest)).map(Bytes::from)
}

/// A bookmark as a JSON list of one.
pub fn list_of(bookmark: &str) -> String {
    serde_json::json!([bookmark]).to_string()
}

/// The database's bytes and the transaction number.
fn number(bookmark: &str) -> Option<(Vec<u8>, i64)> {
    let packed = bookmark.strip_prefix("FB:")?.trim_end_matches('=');
    let bytes = STANDARD_NO_PAD.decode(packed).ok()?;
    let (head, rest) = bytes.split_at_checked(HEAD)?;
    if !head.starts_with(&[0x91, 0xcc, 0x10]) {
        return None;
    }
    let number = match rest {
        [0xc8, a, ..] => i64::from(i8::from_be_bytes([*a])),
        [0xc9, a, b, ..] => i64::from(i16::from_be_bytes([*a, *b])),
        [0xca, a, b, c, d, ..] => i64::from(i32::from_be_bytes([*a, *b, *c, *d])),
        [0xcb, a, b, c, d, e, f, g, h, ..] => i64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]),
        [tiny, ..] if *tiny < 0x80 => i64::from(*tiny),
        _ => return None,
    };
    Some((head.to_vec(), number))
}
