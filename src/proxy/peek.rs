//! Reading a request's body before it is understood. What was read is ours to send, so that no
//! buffer of the HTTP layer decides whether the rest arrives.

use bytes::{Bytes, BytesMut};
use pingora_core::protocols::http::ServerSession;
use pingora_error::Result;

/// A body, as far as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Peeked {
    /// All of it.
    Whole(Bytes),
    /// Its beginning; the rest is still with the client.
    Begun(Bytes),
}

impl Peeked {
    /// What was read.
    pub fn bytes(&self) -> &Bytes {
        match self {
            Peeked::Whole(bytes) | Peeked::Begun(bytes) => bytes,
        }
    }

    /// Whether all of it was read.
    pub fn is_whole(&self) -> bool {
        matches!(self, Peeked::Whole(_))
    }
}

/// Reads until the end or until more than `limit` bytes are held.
pub async fn read(session: &mut ServerSession, limit: usize) -> Result<Peeked> {
    if session.is_body_empty() {
        return Ok(Peeked::Whole(Bytes::new()));
    }
    if expects_continue(session) {
        // The rule that closes after an answer before the end of the body is for the answer, not for this.
        session.set_close_on_response_before_downstream_finish(false);
        session.write_continue_response().await?;
        session.set_close_on_response_before_downstream_finish(true);
    }
    more(session, Bytes::new(), limit).await
}

/// Goes on reading a body that was begun, up to a larger limit.
pub async fn more(session: &mut ServerSession, begun: Bytes, limit: usize) -> Result<Peeked> {
    let mut first = begun;
    let mut held: Option<BytesMut> = None;
    loop {
        let length = held.as_ref().map_or(first.len(), BytesMut::len);
        if length > limit {
            return Ok(Peeked::Begun(held.map_or(first, BytesMut::freeze)));
        }
        match session.read_request_body().await? {
            None => return Ok(Peeked::Whole(held.map_or(first, BytesMut::freeze))),
            Some(chunk) if held.is_none() && first.is_empty() => first = chunk,
            Some(chunk) => held
                .get_or_insert_with(|| BytesMut::from(&first[..]))
                .extend_from_slice(&chunk),
        }
    }
}

fn expects_continue(session: &ServerSession) -> bool {
    let asks = session
        .get_header(http::header::EXPECT)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"));
    asks && session.req_header().version == http::Version::HTTP_11
}
