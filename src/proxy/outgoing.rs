//! The request as it goes out: the client's head without the fields of its hop, with what the
//! dialect changes, framed for the body that we send. Made anew for each attempt.

use super::exchange::Parcel;
use super::peek::Peeked;
use crate::dialect::RequestEdits;
use bytes::Bytes;
use http::{Method, Version, header};
use pingora_error::Result;
use pingora_http::RequestHeader;

/// Builds the head and the body of one attempt.
pub fn build(
    client: &RequestHeader,
    peeked: &Peeked,
    changes: RequestEdits,
    authority: &str,
) -> Result<Parcel> {
    let mut head = client.clone();
    head.set_version(Version::HTTP_11);
    if let Some(target) = &changes.target {
        head.set_raw_path(target.as_bytes())?;
    }
    for name in &changes.remove {
        head.remove_header(name);
    }
    for (name, value) in changes.set {
        head.insert_header(name, value)?;
    }
    if !head.headers.contains_key(header::HOST) {
        head.insert_header(header::HOST, authority)?;
    }
    let body = changes.body.unwrap_or_else(|| peeked.bytes().clone());
    frame(&mut head, &body, peeked.is_whole())?;
    Ok(Parcel {
        head: Box::new(head),
        body,
    })
}

/// Path and query as they go out; a target in absolute form loses its authority, which the HTTP layer has
/// checked against Host. `None`: a target that is not plain text, or no path.
pub fn origin_form(head: &mut RequestHeader) -> Option<String> {
    let raw = std::str::from_utf8(head.raw_path()).ok()?;
    if raw.starts_with('/') || raw == "*" {
        return Some(raw.to_string());
    }
    let target = head.uri.path_and_query()?.as_str().to_string();
    head.set_raw_path(target.as_bytes()).ok()?;
    target.starts_with('/').then_some(target)
}

/// A whole body has a length. A body that still streams keeps the client's length, or is chunked.
fn frame(head: &mut RequestHeader, body: &Bytes, whole: bool) -> Result<()> {
    if !whole {
        if !head.headers.contains_key(header::CONTENT_LENGTH) {
            head.insert_header(header::TRANSFER_ENCODING, "chunked")?;
        }
        return Ok(());
    }
    let expects_content = matches!(head.method, Method::POST | Method::PUT | Method::PATCH);
    if body.is_empty() && !expects_content && !head.headers.contains_key(header::CONTENT_LENGTH) {
        return Ok(());
    }
    head.insert_header(header::CONTENT_LENGTH, body.len())
}
