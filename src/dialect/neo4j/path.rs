//! Paths: split and percent-decoded as the server does it. A path that could be read in two ways
//! (empty or dotted segments, encoded slashes, path parameters) is read in none.

use percent_encoding::percent_decode_str;

/// The segments of a target's path, raw and decoded; one slash at the end does not count.
pub fn segments(target: &str) -> Option<Vec<(&str, String)>> {
    let path = path_of(target).strip_prefix('/')?;
    let path = path.strip_suffix('/').unwrap_or(path);
    if path.is_empty() {
        return Some(Vec::new());
    }
    path.split('/').map(segment).collect()
}

/// The path of a target, without its query.
pub fn path_of(target: &str) -> &str {
    target.split_once('?').map_or(target, |(path, _)| path)
}

fn segment(raw: &str) -> Option<(&str, String)> {
    let decoded = percent_decode_str(raw).decode_utf8().ok()?;
    let odd = |c: char| matches!(c, '/' | '\\' | ';' | '#') || c.is_control();
    let plain = !decoded.is_empty() && decoded != "." && decoded != ".." && !decoded.contains(odd);
    plain.then(|| (raw, decoded.into_owned()))
}
