//! Transaction ids that carry their endpoint: `<id>-<token>`. Any instance, also one that was just
//! started, can route them; nobody keeps a table.

use super::path::path_of;
use crate::dialect::endpoint_token::TOKEN_LENGTH;

/// What stands between the id and the token.
pub const SEPARATOR: char = '-';

/// Segments of paths that are no ids.
const NO_IDS: [&str; 4] = ["", ".", "..", "commit"];

/// The id as the client is to see it.
pub fn joined(id: &str, token: &str) -> String {
    format!("{id}{SEPARATOR}{token}")
}

/// Whether a segment of a path, as it was sent, can be a transaction's id, with or without a token.
/// It holds no escape, so that nothing is ever re-encoded, and what is left of it without its
/// token is not a segment that means something else: `commit` would commit on its own.
pub fn is_id(segment: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~:".contains(&b);
    let (id, _) = split(segment).unwrap_or((segment, ""));
    id.bytes().all(allowed) && !NO_IDS.contains(&id)
}

/// Splits an id that the client sent at its last separator; `None` when it carries no token.
pub fn split(id: &str) -> Option<(&str, &str)> {
    let (id, token) = id.rsplit_once(SEPARATOR)?;
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let ours = token.len() == TOKEN_LENGTH && token.bytes().all(plain);
    ours.then_some((id, token))
}

/// The target with the token taken out of its transaction id.
pub fn without_token(target: &str, seen: &str) -> Option<String> {
    let (id, _) = split(seen)?;
    let path = path_of(target);
    let query = target.get(path.len()..)?;
    let (before, last) = path.rsplit_once("/tx/")?;
    let tail = last
        .find('/')
        .and_then(|at| last.get(at..))
        .unwrap_or_default();
    Some(format!("{before}/tx/{id}{tail}{query}"))
}

/// A URL with the token put behind the transaction id in it.
pub fn with_token(url: &str, token: &str) -> Option<String> {
    let (before, last) = url.rsplit_once("/tx/")?;
    let end = last.find(['/', '?']).unwrap_or(last.len());
    let (id, tail) = last.split_at_checked(end)?;
    Some(format!("{before}/tx/{}{tail}", joined(id, token)))
}
