//! A server's side of a connection: requests are read, responses written.

use crate::body::Body;
use crate::head::Parsed;
use crate::inbox::Inbox;
use crate::request_heads::RequestHeads;
use crate::sender::Sender;
use crate::writer::Writer;
use crate::{BodyLength, Closed, Error, Limits, Part, fields};
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
    heads: RequestHeads,
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
            heads: RequestHeads::default(),
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

    /// Waits for the first byte of a request; `false`: the client ended the connection instead. Empty lines begin none.
    /// An idle connection waits here and holds no buffer.
    pub fn poll_begun(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, Error>> {
        while !self.heads.is_begun(&mut self.inbox, &self.limits) {
            self.inbox.rest();
            if ready!(self.inbox.poll_fill(&mut self.io, cx))? == 0 {
                return Poll::Ready(Ok(false));
            }
        }
        Poll::Ready(Ok(true))
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
        if !self.heads.is_begun(&mut self.inbox, &self.limits) {
            return Ok(None);
        }
        // Known even of a head that is refused: the response to it has no body.
        self.is_head = self.inbox.bytes().starts_with(b"HEAD ");
        let parsed = self.heads.next(&mut self.inbox, &self.limits)?;
        Ok(parsed.map(|parsed| self.begin(parsed)))
    }

    fn begin(&mut self, parsed: Parsed<RequestHeader>) -> RequestHeader {
        let head = parsed.head;
        self.body = Body::of_request(parsed.delimiter);
        self.version = head.version;
        self.keep_alive = fields::keeps_alive(&head.headers, self.version);
        self.expects_continue =
            !self.body.is_done() && fields::expects_continue(&head.headers, self.version);
        head
    }

    /// Gives up on an incomplete head; only a response can follow.
    pub fn abandon_head(&mut self) {
        self.refuse(Error::Closed);
    }

    /// Nothing after an invalid head can be parsed; only a response can follow.
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
            return Err(Error::Unwritable("not an informational response"));
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
            return Err(Error::Unwritable("not a final response, or a second one"));
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

    /// Writes everything that is queued and ends our side. What the client still sends is to be discarded before the
    /// connection is closed: a close while bytes of the client are unread resets it, and the response is lost with it.
    pub fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        ready!(self.sender.poll_flush(&mut self.io, cx))?;
        let ended = ready!(Pin::new(&mut self.io).poll_shutdown(cx));
        Poll::Ready(ended.map_err(Error::from))
    }

    /// Reads and drops what the client still sends; `false`: it ended its side too.
    pub fn poll_discard(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, Error>> {
        let read = ready!(self.inbox.poll_discard(&mut self.io, cx));
        Poll::Ready(read.map(|count| count > 0).map_err(Error::from))
    }

    /// Whether the request's body can be whole, if the client sends nothing after these bytes, which are not read yet.
    pub fn is_body_whole_with(&self, unread: &[u8]) -> bool {
        self.body.is_whole_with(&self.inbox, unread, &self.limits)
    }

    /// The stream below.
    pub fn get_ref(&self) -> &T {
        &self.io
    }
}
