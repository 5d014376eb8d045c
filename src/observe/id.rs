//! The id of a request: twelve hexadecimal digits that pointsman chooses, and the rule by which a client's own
//! `x-request-id` is taken over.

use http::HeaderMap;

/// The header by which a request's id travels.
pub const REQUEST_ID: &str = "x-request-id";

/// Longest `x-request-id` that is taken from a client, in bytes.
pub const MAX_CLIENT_ID: usize = 128;

/// The client's own `x-request-id`, if there is exactly one and it is 1..=128 visible ASCII
/// characters. Otherwise the request goes on under a generated [`crate::request_id::RequestId`].
pub fn from_client(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(REQUEST_ID).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    let visible = (1..=MAX_CLIENT_ID).contains(&value.len())
        && value.as_bytes().iter().all(u8::is_ascii_graphic);
    visible.then(|| value.to_str().ok()).flatten()
}
