//! A client's side of a connection: a request is written, its responses are read.

use crate::body::Body;
use crate::fields::Delimiter;
use crate::inbox::Inbox;
use crate::scan::Scan;
use crate::sender::Sender;
use crate::{BodyLength, Error, Limits, Part, fields, head};
use http::{Method, StatusCode};
use pingora_http::{RequestHeader, ResponseHeader};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite};

/// What every response begins with.
const VERSION: &[u8] = b"HTTP/1.";

/// A connection to a server, during one exchange: a request goes out while its response comes in.
#[derive(Debug)]
pub struct Client<T> {
    io: T,
    inbox: Inbox,
    sender: Sender,
    limits: Limits,
    scan: Scan,
    is_head: bool,
    informational: u8,
    /// From the final head on.
    body: Option<Body>,
    keep_alive: bool,
    begun: bool,
    failed: Option<Error>,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Client<T> {
    /// A connection that carries no other exchange.
    pub fn new(io: T, limits: Limits) -> Self {
        Self {
            io,
            inbox: Inbox::default(),
            sender: Sender::new(),
            limits,
            scan: Scan::default(),
            is_head: false,
            informational: 0,
            body: None,
            keep_alive: true,
            begun: false,
            failed: None,
        }
    }

    /// Queues the request's head. Fields of framing and of the connection are written from what is known here, not from `head`.
    pub fn send_head(&mut self, head: &RequestHeader, body: BodyLength) -> Result<(), Error> {
        if self.sender.is_begun() || head.method == Method::CONNECT {
            return Err(Error::Unwritable(
                "CONNECT, or a second request in one exchange",
            ));
        }
        self.sender.begin_request(head, body)?;
        self.is_head = head.method == Method::HEAD;
        Ok(())
    }

    /// Waits until no more than the limit of the write buffer is queued.
    pub fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let left = self.limits.write_buffer;
        self.sender.poll_ready(&mut self.io, left, cx)
    }

    /// Queues a part of the request's body.
    pub fn send_part(&mut self, part: Part) -> Result<(), Error> {
        self.sender.send_part(part)
    }

    /// Writes everything that is queued. After an error the response can still be read: a server that refuses a body
    /// closes its side while we send.
    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.sender.poll_flush(&mut self.io, cx)
    }

    /// The next head: informational ones first, then the final one. May be cancelled.
    pub fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<ResponseHeader, Error>> {
        loop {
            let there = match self.failed {
                Some(error) => Err(error),
                None => self.head_there(),
            };
            match there {
                Ok(Some(head)) => return Poll::Ready(Ok(head)),
                Ok(None) => {}
                Err(error) => return Poll::Ready(Err(self.fail(error))),
            }
            match ready!(self.inbox.poll_fill(&mut self.io, cx)) {
                Ok(0) => return Poll::Ready(Err(self.fail(Error::Closed))),
                Ok(_) => self.begun = true,
                Err(error) => return Poll::Ready(Err(self.fail(error.into()))),
            }
        }
    }

    fn fail(&mut self, error: Error) -> Error {
        self.failed = Some(error);
        error
    }

    fn head_there(&mut self) -> Result<Option<ResponseHeader>, Error> {
        if self.body.is_some() {
            return Err(Error::Malformed("response head after the final one"));
        }
        // Other protocols may never send what ends a head.
        let begins = |(byte, expected)| byte == expected;
        if !self.inbox.bytes().iter().zip(VERSION).all(begins) {
            return Err(Error::Malformed("response is not HTTP/1"));
        }
        let too_large = "response head exceeds the limit";
        let end = self
            .scan
            .end(self.inbox.bytes(), self.limits.head, too_large);
        end?.map(|length| self.begin(length)).transpose()
    }

    fn begin(&mut self, length: usize) -> Result<ResponseHeader, Error> {
        let bytes = self.inbox.take(length);
        self.scan = Scan::default();
        let parsed = head::response(&bytes, &self.limits)?;
        let status = parsed.head.status;
        if status == StatusCode::SWITCHING_PROTOCOLS {
            return Err(Error::Malformed("protocol switch that was not requested"));
        }
        if status.is_informational() {
            self.informational += 1;
            if self.informational > self.limits.informational {
                return Err(Error::TooLarge("too many informational responses"));
            }
            return Ok(parsed.head);
        }
        self.keep_alive = fields::keeps_alive(&parsed.head.headers, parsed.head.version);
        self.body = Some(self.body_of(status, parsed.delimiter));
        Ok(parsed.head)
    }

    /// The body that follows a final head (RFC 9112, section 6.3).
    fn body_of(&mut self, status: StatusCode, delimiter: Delimiter) -> Body {
        if self.is_head || status == StatusCode::NOT_MODIFIED {
            return Body::none();
        }
        if status == StatusCode::NO_CONTENT {
            // A 204 that announces a body may send one.
            self.keep_alive &= matches!(delimiter, Delimiter::Nothing | Delimiter::Length(0));
            return Body::none();
        }
        self.keep_alive &= delimiter != Delimiter::Nothing;
        Body::of_response(delimiter)
    }

    /// Whether a byte of a response came.
    pub fn is_response_begun(&self) -> bool {
        self.begun
    }

    /// How long the response's body is; `None` before its final head.
    pub fn body_length(&self) -> Option<BodyLength> {
        self.body.as_ref().map(|body| body.length)
    }

    /// Whether closing the connection tells the end of the response: a cut cannot be told from an end.
    pub fn is_delimited_by_close(&self) -> bool {
        self.body.as_ref().is_some_and(|body| body.until_close)
    }

    /// The next part of the response's body; after the end, `End` again. May be cancelled.
    pub fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Result<Part, Error>> {
        let Some(body) = &mut self.body else {
            return Poll::Ready(Err(Error::Malformed("body before its head")));
        };
        body.poll_part(&mut self.inbox, &mut self.io, &self.limits, cx)
    }

    /// The stream, if it may carry another exchange: both messages are whole, both sides keep the connection, and
    /// nothing came that was not asked for.
    pub fn into_reusable(self) -> Option<T> {
        let whole = self.body.is_some_and(|body| body.is_done());
        let clean = self.inbox.is_empty() && !self.inbox.is_ended() && self.failed.is_none();
        (whole && self.sender.is_complete() && clean && self.keep_alive).then_some(self.io)
    }
}
