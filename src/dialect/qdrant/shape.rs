//! The shape of a request: operation, collection and the structure of the body without its
//! literals, as a 64-bit hash that is the same in every process. Names of fields and vectors
//! belong to the structure; vectors, ids, values and texts do not. The order of members does not count.

use json_reader::Json;

/// Members whose text is a name rather than a value.
const NAMES: [&str; 7] = [
    "collection",
    "fusion",
    "group_by",
    "key",
    "lookup_from",
    "order_by",
    "using",
];

/// The shape of one request; `document` is absent when there is no body, or none that was read.
pub fn of(operation: &str, collection: &str, document: Option<&Json<'_>>) -> u64 {
    let path = mix(text(operation), text(collection));
    mix(path, document.map_or(0, |document| value("", document)))
}

fn value(key: &str, json: &Json<'_>) -> u64 {
    match json {
        Json::Null => 1,
        Json::Bool(false) => 2,
        Json::Bool(true) => 3,
        Json::Number(_) => 4,
        Json::Numbers(..) => 5,
        Json::Unread(_) => 10,
        Json::String(name) if NAMES.contains(&key) => mix(6, text(name)),
        Json::String(_) => 7,
        Json::Array(items) => mix(8, list(key, items)),
        Json::Object(members) => mix(9, object(members)),
    }
}

/// Neighbours of one shape count once: three ids have the shape of thirty.
fn list(key: &str, items: &[Json<'_>]) -> u64 {
    let mut last = 0;
    items
        .iter()
        .map(|item| value(key, item))
        .fold(0, |hash, shape| {
            let next = if shape == last {
                hash
            } else {
                mix(hash, shape)
            };
            last = shape;
            next
        })
}

/// A sum, so that the order does not count. A member that is null says as much as none.
fn object(members: &[(std::borrow::Cow<'_, str>, Json<'_>)]) -> u64 {
    members
        .iter()
        .filter(|(_, member)| !member.is_null())
        .map(|(key, member)| mix(text(key), value(key, member)))
        .fold(0, u64::wrapping_add)
}

/// FNV-1a.
fn text(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The finishing step of splitmix64 over both parts.
fn mix(a: u64, b: u64) -> u64 {
    let mut hash = a
        .rotate_left(23)
        .wrapping_add(b)
        .wrapping_add(0x9e37_79b9_7f4a_7c15);
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}
