//! A request to a service, as far as it was read before its call is made.

use crate::dialect::{Body, Call, Dialect, Request};
use crate::http::{BodyLength, RequestHeader};
use crate::offload;
use bytes::Bytes;
use http::{HeaderMap, Method};
use std::sync::Arc;

/// A request to a service.
#[derive(Clone)]
pub struct OutboundRequest {
    /// Without the fields of the hop on which it came.
    pub head: Arc<RequestHeader>,
    /// Path and query.
    pub target: Arc<str>,
    pub body: RequestBody,
    /// How long the body was said to be.
    pub body_length: BodyLength,
}

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
    pub fn view(&self) -> Body<'_> {
        match self.is_whole {
            true => Body::Whole(&self.bytes),
            false => Body::Prefix(&self.bytes),
        }
    }
}

impl OutboundRequest {
    /// The request as a dialect reads it.
    pub fn view(&self) -> Request<'_> {
        Request {
            method: &self.head.method,
            target: &self.target,
            headers: &self.head.headers,
            body: self.body.view(),
        }
    }

    /// Understands it without delaying other requests of the worker.
    pub async fn understand(&self, dialect: &Arc<dyn Dialect>) -> Call {
        offload::understand(dialect, &self.view()).await
    }

    /// The length of the body that is sent with this head. A whole body has a length, unless trailers follow it; one
    /// that still streams keeps its own.
    pub fn length_with(&self, head: &RequestHeader, body: &Bytes) -> BodyLength {
        let expects_content = matches!(head.method, Method::POST | Method::PUT | Method::PATCH);
        match self.body_length {
            length if !self.body.is_whole => length,
            _ if self.body.trailers.is_some() => BodyLength::Unknown,
            BodyLength::None if body.is_empty() && !expects_content => BodyLength::None,
            _ => BodyLength::Known(body.len() as u64),
        }
    }
}
