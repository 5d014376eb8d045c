//! One exchange with an endpoint: a request and its responses.

use super::{BodyLength, Part, RequestHeader, ResponseHeader};
use crate::shortage::Shortage;
use std::task::{Context, Poll};

/// How far an exchange had come when it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The endpoint did not process the request: it had no effect. Over HTTP/1.1 no byte of it was sent.
    Unprocessed,
    /// Something may have been sent, and no byte of a response came.
    Sent,
    /// A response was begun.
    Responding,
}

/// Why an exchange failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// In the connector's words, of a closed set: `connect_refused`, `no_route`, `connect_error`.
    Connect(&'static str),
    /// The connection was not there in time.
    ConnectTimeout,
    /// The endpoint closed the connection before the response was whole.
    Closed,
    /// The connection broke while it was read.
    Read,
    /// The connection broke while it was written.
    Write,
    /// The response breaks a rule of HTTP, or is larger than it may be.
    Malformed(&'static str),
    /// The request is no message of HTTP: no endpoint would take it.
    Unwritable(&'static str),
    /// This process or machine lacks something: no fault of the endpoint.
    Shortage(Shortage),
}

/// A failed exchange. The connection is closed when it is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpstreamError {
    pub stage: Stage,
    pub cause: Cause,
    /// The connection came from the pool, and closed or broke before a byte of a response: it had been closed while
    /// it was idle. A malformed response is never this.
    pub stale: bool,
}

/// One exchange with an endpoint. Dropped, its connection closes; [`Upstream::release`] gives it back.
pub trait Upstream: Send {
    /// Queues the head of the request. The codec owns the fields of framing and of the connection; those in `head` are not written.
    fn send_head(&mut self, head: &RequestHeader, body: BodyLength) -> Result<(), UpstreamError>;

    /// Waits until a part may be queued: until less than the write buffer's limit is.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), UpstreamError>>;

    /// Queues a part of the request's body; without copying, if it is large. Every request ends with `Part::End`, also
    /// one without a body. Trailers are left out where they cannot be sent (a body of known length).
    fn send_part(&mut self, part: Part) -> Result<(), UpstreamError>;

    /// Writes everything that is queued. After an error the response can still be read: an endpoint that refuses a
    /// body closes its side while we send.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), UpstreamError>>;

    /// The next head: informational ones (`1xx`) first, then the final one. May be polled before the request is sent
    /// to its end, and cancelled.
    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<ResponseHeader, UpstreamError>>;

    /// How long the response's body is; `None` before its final head.
    fn body_length(&self) -> Option<BodyLength>;

    /// Whether the end of the response is told by closing the connection: a cut cannot be told from an end.
    fn is_delimited_by_close(&self) -> bool;

    /// The next part of the response's body; `End` again and again after the end. May be cancelled.
    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Result<Part, UpstreamError>>;

    /// Gives the connection back to the pool, if both messages were whole and both sides keep it; otherwise closes it.
    fn release(self: Box<Self>);
}
