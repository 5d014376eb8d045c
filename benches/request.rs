//! A request of a benchmark, owned, and as the proxy would hand it to a dialect.

use bytes::Bytes;
use http::Method;
use http::header::HeaderMap;
use pointsman::dialect::{Body, Request};

/// A request of a client.
pub struct OwnedRequest {
    pub method: Method,
    pub target: &'static str,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl OwnedRequest {
    /// The request as the proxy would hand it on.
    pub fn as_request(&self) -> Request<'_> {
        Request {
            method: &self.method,
            target: self.target,
            headers: &self.headers,
            body: Body::Whole(&self.body),
        }
    }
}
