//! A client's HTTP/1.1 connection: request after request, until the client leaves, is idle for too
//! long, or the process stops. What a request means is its [`Handler`]'s.

use super::{
    BodyLength, Closed, Downstream, DownstreamError, Part, Refusal, RequestHeader, ResponseHeader,
    Violation,
};
use async_trait::async_trait;
use http1::{Error, Limits, Server};
use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::timeout;

/// Time and size limits of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Until the first byte of the first request.
    pub first: Duration,
    /// Until the first byte of each later request.
    pub idle: Duration,
    /// From the first byte of a head to its last.
    pub head: Duration,
    /// Requests on one connection.
    pub requests: u32,
    /// How long a connection that we close is read on, so that the client can read the response: a client whose body
    /// was refused early may send all of it before it reads. What it sends is dropped.
    pub linger: Duration,
    /// How long the client may be silent then.
    pub linger_silence: Duration,
    /// Bytes and number of a head's fields.
    pub head_bytes: usize,
    pub head_fields: usize,
}

impl ConnectionLimits {
    fn codec(&self) -> Limits {
        Limits {
            head: self.head_bytes,
            fields: self.head_fields,
            ..Limits::default()
        }
    }
}

/// What serves the requests of one connection.
#[async_trait]
pub trait Handler: Send + Sync {
    /// The limits, as they are now; asked before each request.
    fn limits(&self) -> ConnectionLimits;

    /// Serves one request. A response that was not flushed to its end when this returns is cut.
    async fn handle(&self, request: RequestHeader, downstream: &mut dyn Downstream);

    /// Responds to a request whose head could not be read.
    async fn refuse(&self, refusal: Refusal, downstream: &mut dyn Downstream);
}

/// A byte stream of a client.
pub trait Transport: AsyncRead + AsyncWrite + Unpin + Send {
    /// Turns the close that follows into a reset, so that the response is not taken for complete.
    fn reset_on_close(&self);

    /// The unread bytes, if the client has ended or broken its side and all of them can be seen. Nothing is consumed.
    fn unread_at_end(&self) -> Option<Vec<u8>>;
}

/// Serves a connection to its end. When `stop` turns true, an idle connection is closed; a request that was begun is served.
pub async fn serve<T: Transport>(io: T, handler: &impl Handler, stop: &mut watch::Receiver<bool>) {
    let mut server = Server::new(io, handler.limits().codec());
    let mut served = 0;
    loop {
        let limits = handler.limits();
        server.set_limits(limits.codec());
        let patience = if served == 0 {
            limits.first
        } else {
            limits.idle
        };
        if !begun(&mut server, patience, stop).await {
            return;
        }
        served += 1;
        match next_head(&mut server, limits.head).await {
            Some(Ok(head)) => {
                if served >= limits.requests {
                    server.close_after_response();
                }
                handler.handle(head, &mut server).await;
            }
            Some(Err(refusal)) => handler.refuse(refusal, &mut server).await,
            None => return,
        }
        if !server.is_reusable() {
            return close(server, &limits).await;
        }
    }
}

/// Reads a head that was begun, within its time. `None`: the client has gone.
async fn next_head<T: Transport>(
    server: &mut Server<T>,
    within: Duration,
) -> Option<Result<RequestHeader, Refusal>> {
    const LATE: Refusal = Refusal {
        violation: Violation::Late,
        reason: "the request head was not received in time",
    };
    match timeout(within, poll_fn(|cx| server.poll_head(cx))).await {
        Ok(Ok(head)) => head.map(Ok),
        Ok(Err(error)) => refusal(error).map(Err),
        Err(_) => {
            server.abandon_head();
            Some(Err(LATE))
        }
    }
}

/// Waits for a request; `false`: none will come.
async fn begun<T: Transport>(
    server: &mut Server<T>,
    patience: Duration,
    stop: &mut watch::Receiver<bool>,
) -> bool {
    let begun = timeout(patience, poll_fn(|cx| server.poll_begun(cx)));
    tokio::select! {
        biased;
        begun = begun => matches!(begun, Ok(Ok(true))),
        _ = stop.wait_for(|stop| *stop) => false,
    }
}

/// Ends a connection: cleanly after a whole response, otherwise so that the client sees the cut.
async fn close<T: Transport>(mut server: Server<T>, limits: &ConnectionLimits) {
    if server.is_response_complete() {
        // Whether the client took the end or not, the connection is dropped.
        let _ = timeout(limits.linger, linger(&mut server, limits.linger_silence)).await;
    } else if server.is_cut_unseen() {
        server.get_ref().reset_on_close();
    }
}

/// Ends our side, then drops what the client still sends, until it ends too (RFC 9112, section 9.6).
async fn linger<T: Transport>(server: &mut Server<T>, silence: Duration) -> Result<(), Error> {
    poll_fn(|cx| server.poll_end(cx)).await?;
    while let Ok(more) = timeout(silence, poll_fn(|cx| server.poll_discard(cx))).await {
        if !more? {
            break;
        }
    }
    Ok(())
}

fn refusal(error: Error) -> Option<Refusal> {
    let (violation, reason) = match error {
        Error::Malformed(reason) => (Violation::Malformed, reason),
        Error::OtherProtocol(reason) => (Violation::OtherProtocol, reason),
        Error::TooLarge(reason) => (Violation::TooLarge, reason),
        Error::Version => (Violation::Version, "unsupported HTTP version"),
        Error::Tunnel => (Violation::Tunnel, "CONNECT is not supported"),
        Error::Closed | Error::Io(_) | Error::Unwritable(_) => return None,
    };
    Some(Refusal { violation, reason })
}

fn error(error: Error) -> DownstreamError {
    match error {
        Error::Unwritable(reason) => DownstreamError::Unwritable(reason),
        Error::Closed => DownstreamError::Ended,
        error => refusal(error).map_or(DownstreamError::Gone, DownstreamError::Refused),
    }
}

impl<T: Transport> Downstream for Server<T> {
    fn body_length(&self) -> BodyLength {
        Server::body_length(self)
    }

    fn expects_continue(&self) -> bool {
        Server::expects_continue(self)
    }

    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Result<Part, DownstreamError>> {
        Server::poll_part(self, cx).map_err(error)
    }

    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<Closed> {
        Server::poll_closed(self, cx)
    }

    fn is_cut(&self) -> bool {
        let unread = self.get_ref().unread_at_end();
        unread.is_some_and(|unread| !self.is_body_whole_with(&unread))
    }

    fn send_informational(&mut self, head: &ResponseHeader) -> Result<(), DownstreamError> {
        Server::send_informational(self, head).map_err(error)
    }

    fn send_head(
        &mut self,
        head: &ResponseHeader,
        body: BodyLength,
    ) -> Result<(), DownstreamError> {
        Server::send_head(self, head, body).map_err(error)
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), DownstreamError>> {
        Server::poll_ready(self, cx).map_err(error)
    }

    fn send_part(&mut self, part: Part) -> Result<(), DownstreamError> {
        Server::send_part(self, part).map_err(error)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), DownstreamError>> {
        Server::poll_flush(self, cx).map_err(error)
    }

    fn close_after_response(&mut self) {
        Server::close_after_response(self);
    }
}

#[cfg(test)]
mod tests;
