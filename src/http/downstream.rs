//! One request of a client and its response: an exchange on an HTTP/1.1 connection, later a stream of HTTP/2.

use super::{BodyLength, Closed, Part, ResponseHeader};
use std::task::{Context, Poll};

/// Which rule of HTTP a request breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Violation {
    /// The grammar, or what a message may say of itself.
    Malformed,
    /// The client speaks another protocol.
    OtherProtocol,
    /// The head or the trailers are larger than they may be.
    TooLarge,
    /// The version is not served.
    Version,
    /// A tunnel is not served.
    Tunnel,
    /// The head did not come in time.
    Late,
}

/// Why a request is refused by the rules of HTTP; the connection ends with the refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    pub violation: Violation,
    /// What was wrong, in fixed words.
    pub reason: &'static str,
}

/// What went wrong on a client's side. Nothing can be read or written afterwards, but for the response to a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DownstreamError {
    /// The request breaks a rule of HTTP. A response can still be sent, if none was begun.
    Refused(Refusal),
    /// The client ended its side before its message was whole. It may still read.
    Ended,
    /// The connection broke.
    Gone,
    /// The response is no message of HTTP (a control byte in a value, a body of another length than its head says):
    /// a fault of the endpoint, or of ours.
    Unwritable(&'static str),
}

/// One request of a client and its response. Its head was given with it. Dropped before the response's end was
/// flushed, the connection (or the stream) is cut, never ended cleanly.
pub trait Downstream: Send {
    /// How long the request's body is.
    fn body_length(&self) -> BodyLength;

    /// Whether the client waits for `100 Continue` before it sends the body. False once it was sent, or the body came.
    fn expects_continue(&self) -> bool;

    /// The next part of the request's body; `End` again and again after the end. May be cancelled: nothing is lost.
    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Result<Part, DownstreamError>>;

    /// Waits until the client has left. May be polled at any time, beside everything else: what it reads on the way is
    /// kept for `poll_part` and the next request, up to the limit of the read buffer; past it nothing is noticed.
    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<Closed>;

    /// Whether the client ended or broke its side before its body was whole, as far as it can be told without reading
    /// on: what the system holds is looked at. For when the body cannot be sent on; costs a copy of what is unread.
    fn is_cut(&self) -> bool;

    /// Queues an informational response (`1xx`, not 101). A client of HTTP/1.0 is sent none, and that is no error.
    fn send_informational(&mut self, head: &ResponseHeader) -> Result<(), DownstreamError>;

    /// Queues the final head. The codec owns the fields of framing and of the connection: `Content-Length`,
    /// `Transfer-Encoding` and `Connection` come from `body` and from what the connection can do; those in `head` are
    /// not written. `Date` is added if it is missing. For a response to HEAD and a 304, `body` is what GET would have had.
    fn send_head(&mut self, head: &ResponseHeader, body: BodyLength)
    -> Result<(), DownstreamError>;

    /// Waits until a part may be queued: until less than the write buffer's limit is.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), DownstreamError>>;

    /// Queues a part of the response's body; without copying, if it is large. Every response ends with `Part::End`,
    /// also one without a body. Trailers are left out where they cannot be sent (no chunks, HTTP/1.0).
    fn send_part(&mut self, part: Part) -> Result<(), DownstreamError>;

    /// Writes everything that is queued.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), DownstreamError>>;

    /// The connection takes no request after this one. To be called before `send_head`, which says so to the client.
    fn close_after_response(&mut self);
}
