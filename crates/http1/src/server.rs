//! A server's side of a connection: requests are read, responses written.

use crate::body::Body;
use crate::inbox::Inbox;
use crate::scan::Scan;
use crate::sender::Sender;
use crate::writer::Writer;
use crate::{BodyLength, Closed, Error, Limits, Part, fields, head};
use http::{StatusCode, Version};
use pingora_http::{RequestHeader, ResponseHeader};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite};

/// A client's connection. One request at a time: [`poll_head`](Self::poll_head), then body and response in any order
/// and at the same time, then, if [`is_reusable`](Self::is_reusable), the next head. After an error in a head, a
/// response can still be sent; the connection then ends.
#[derive(Debug)]
pub struct Server<T> {
    io: T,
    inbox: Inbox,
    sender: Sender,
    limits: Limits,
    scan: Scan,
    empty_lines: u8,
    body: Body,
    version: Version,
    is_head: bool,
    keep_alive: bool,
    expects_continue: bool,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Server<T> {
    /// A connection on which nothing was read.
    pub fn new(io: T, limits: Limits) -> Self {
        Self {
            io,
            inbox: Inbox::default(),
            sender: Sender::new(),
            limits,
            scan: Scan::default(),
            empty_lines: 0,
            body: Body::none(),
            version: Version::HTTP_11,
            is_head: false,
            keep_alive: true,
            expects_continue: false,
        }
    }

    /// Sets the limits, from the next read on.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Waits for the first byte of a request; `false`: the client ended the connection instead. An idle connection
    /// waits here and holds no buffer.
    pub fn poll_begun(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, Error>> {
        if !self.inbox.is_empty() {
            return Poll::Ready(Ok(true));
        }
        self.inbox.rest();
        let read = ready!(self.inbox.poll_fill(&mut self.io, cx))?;
        Poll::Ready(Ok(read > 0))
    }

    /// Reads the next head; `None`: the client ended the connection before it. May be cancelled: what was read is kept.
    pub fn poll_head(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<RequestHeader>, Error>> {
        if !self.keep_alive || !self.body.is_done() {
            return Poll::Ready(Ok(None));
        }
        self.sender.next_message();
        loop {
            match self.head_there() {
                Ok(Some(head)) => return Poll::Ready(Ok(Some(head))),
                Ok(None) => {}
                Err(error) => return Poll::Ready(Err(self.refuse(error))),
            }
            match ready!(self.inbox.poll_fill(&mut self.io, cx)) {
                Ok(0) if self.inbox.is_empty() => return Poll::Ready(Ok(None)),
                Ok(0) => return Poll::Ready(Err(self.refuse(Error::Closed))),
                Ok(_) => {}
                Err(error) => return Poll::Ready(Err(self.refuse(error.into()))),
            }
        }
    }

    /// The next head, if it is there whole.
    fn head_there(&mut self) -> Result<Option<RequestHeader>, Error> {
        while let [b'\r', b'\n', ..] = self.inbox.bytes() {
            if self.empty_lines == self.limits.empty_lines {
                return Err(Error::Malformed("empty lines before a request"));
            }
            self.empty_lines += 1;
            self.inbox.advance(2);
        }
        // Known even of a head that is refused: the response to it has no body.
        self.is_head = self.inbox.bytes().starts_with(b"HEAD ");
        let too_large = "a head larger than may be";
        let end = self
            .scan
            .end(self.inbox.bytes(), self.limits.head, too_large);
        end?.map(|length| self.begin(length)).transpose()
    }

    fn begin(&mut self, length: usize) -> Result<RequestHeader, Error> {
        let bytes = self.inbox.take(length);
        let parsed = head::request(&bytes, &self.limits)?;
        self.scan = Scan::default();
        self.empty_lines = 0;
        self.body = Body::of_request(parsed.delimiter);
        self.version = parsed.head.version;
        self.keep_alive = fields::keeps_alive(&parsed.head.headers, self.version);
        self.expects_continue =
            !self.body.is_done() && fields::expects_continue(&parsed.head.headers, self.version);
        Ok(parsed.head)
    }

    /// Gives up on a head that does not come to its end: all that is left is the response to it. Whether one was begun;
    /// empty lines before it are none.
    pub fn abandon_head(&mut self) -> bool {
        self.refuse(Error::Closed);
        !self.inbox.is_empty()
    }

    /// Nothing after a broken head can be understood; all that is left is the response to it.
    fn refuse(&mut self, error: Error) -> Error {
        self.keep_alive = false;
        self.body = Body::none();
        self.expects_continue = false;
        error
    }

    /// How long the request's body is.
    pub fn body_length(&self) -> BodyLength {
        self.body.length
    }

    /// Whether the client waits for `100 Continue` before it sends its body.
    pub fn expects_continue(&self) -> bool {
        self.expects_continue && self.inbox.is_empty()
    }

    /// The next part of the request's body; after the end, `End` again. May be cancelled.
    pub fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Result<Part, Error>> {
        let (inbox, limits) = (&mut self.inbox, &self.limits);
        let part = ready!(self.body.poll_part(inbox, &mut self.io, limits, cx));
        if part.is_err() {
            self.keep_alive = false;
        }
        Poll::Ready(part)
    }

    /// Waits until the client has left. What is read on the way is kept, up to the limit of the read buffer; past it
    /// nothing is noticed.
    pub fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<Closed> {
        while self.inbox.len() < self.limits.read_buffer {
            match ready!(self.inbox.poll_fill(&mut self.io, cx)) {
                Ok(0) => return Poll::Ready(Closed::Sending),
                Ok(_) => {}
                Err(_) => {
                    self.keep_alive = false;
                    return Poll::Ready(Closed::Both);
                }
            }
        }
        Poll::Pending
    }

    /// Queues an informational response. To a client of HTTP/1.0 none is sent.
    pub fn send_informational(&mut self, head: &ResponseHeader) -> Result<(), Error> {
        let switches = head.status == StatusCode::SWITCHING_PROTOCOLS;
        if !head.status.is_informational() || switches || self.sender.is_begun() {
            return Err(Error::Unwritable("an informational response that is none"));
        }
        if self.version == Version::HTTP_10 {
            return Ok(());
        }
        if head.status == StatusCode::CONTINUE {
            self.expects_continue = false;
        }
        self.sender.send_informational(head)
    }

    /// Queues the final head. Fields of framing and of the connection are written from what is known here, not from `head`.
    pub fn send_head(&mut self, head: &ResponseHeader, body: BodyLength) -> Result<(), Error> {
        if head.status.is_informational() || self.sender.is_begun() {
            return Err(Error::Unwritable("a final response that is none"));
        }
        let (announce, writer) = Writer::of_response(body, head.status, self.is_head, self.version);
        // A client that still sends may never end its body.
        self.keep_alive &= self.body.is_done() && writer != Writer::UntilClose;
        let connection: &[u8] = match self.keep_alive {
            true => b"keep-alive",
            false => b"close",
        };
        let body = (announce, writer);
        self.sender.begin_response(head, body, connection)
    }

    /// Waits until no more than the limit of the write buffer is queued.
    pub fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let left = self.limits.write_buffer;
        self.sender.poll_ready(&mut self.io, left, cx)
    }

    /// Queues a part of the response's body.
    pub fn send_part(&mut self, part: Part) -> Result<(), Error> {
        self.sender.send_part(part)
    }

    /// Writes everything that is queued.
    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.sender.poll_flush(&mut self.io, cx)
    }

    /// The connection takes no request after this one.
    pub fn close_after_response(&mut self) {
        self.keep_alive = false;
    }

    /// Whether the response was written to its end.
    pub fn is_response_complete(&self) -> bool {
        self.sender.is_complete()
    }

    /// Whether a head of the response was queued.
    pub fn is_response_begun(&self) -> bool {
        self.sender.is_begun()
    }

    /// Whether closing the connection now would look like the clean end of a response that is not whole: it must be
    /// reset instead.
    pub fn is_cut_unseen(&self) -> bool {
        self.sender.is_delimited_by_close()
    }

    /// Whether both messages are whole and the connection takes another request.
    pub fn is_reusable(&self) -> bool {
        self.keep_alive && self.body.is_done() && self.is_response_complete()
    }

    /// Closes a connection so that the client can still read the response: a close while bytes of the client are unread
    /// would reset it, and the response would be lost with it. Ends our side, then reads and drops what still comes
    /// until the client ends too or more than `bytes` came. Wants a limit of time around it.
    pub async fn linger(&mut self, bytes: usize) -> Result<(), Error> {
        std::future::poll_fn(|cx| self.sender.poll_flush(&mut self.io, cx)).await?;
        std::future::poll_fn(|cx| Pin::new(&mut self.io).poll_shutdown(cx)).await?;
        let mut dropped = self.inbox.len();
        while dropped <= bytes {
            self.inbox.clear();
            let read = std::future::poll_fn(|cx| self.inbox.poll_fill(&mut self.io, cx)).await?;
            if read == 0 {
                break;
            }
            dropped += read;
        }
        Ok(())
    }

    /// The stream below.
    pub fn get_ref(&self) -> &T {
        &self.io
    }
}
