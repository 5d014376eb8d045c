//! A request's body, as far as it was read before the call is made.

use crate::dialect;
use bytes::Bytes;
use http::HeaderMap;

/// A body, as far as it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestBody {
    pub bytes: Bytes,
    pub trailers: Option<HeaderMap>,
    /// All of it was read; otherwise the rest is still with the client.
    pub is_whole: bool,
}

impl RequestBody {
    /// The body as a dialect reads it.
    pub fn view(&self) -> dialect::Body<'_> {
        match self.is_whole {
            true => dialect::Body::Whole(&self.bytes),
            false => dialect::Body::Prefix(&self.bytes),
        }
    }
}
