//! The sending half of a connection: the queued bytes, and the progress of their message.

use crate::outbox::Outbox;
use crate::writer::{self, Announce, Writer};
use crate::{BodyLength, Error, Part};
use pingora_http::{RequestHeader, ResponseHeader};
use std::io;
use std::task::{Context, Poll, ready};
use tokio::io::AsyncWrite;

#[derive(Debug)]
pub(crate) struct Sender {
    outbox: Outbox,
    writer: Writer,
}

impl Sender {
    /// Nothing is queued, and no message was begun.
    pub fn new() -> Self {
        Self {
            outbox: Outbox::default(),
            writer: Writer::Unbegun,
        }
    }

    /// Another message may begin.
    pub fn next_message(&mut self) {
        self.writer = Writer::Unbegun;
    }

    /// Whether the head of the message was queued.
    pub fn is_begun(&self) -> bool {
        self.writer != Writer::Unbegun
    }

    /// Whether the message was written to its end.
    pub fn is_complete(&self) -> bool {
        self.writer == Writer::Ended && self.outbox.is_empty()
    }

    /// Whether closing the connection is what tells the end of the message.
    pub fn is_delimited_by_close(&self) -> bool {
        self.writer == Writer::UntilClose
    }

    /// Queues a request's head.
    pub fn begin_request(&mut self, head: &RequestHeader, body: BodyLength) -> Result<(), Error> {
        let (announce, writer) = Writer::of_request(body);
        writer::request_head(&mut self.outbox, head, announce)?;
        self.writer = writer;
        Ok(())
    }

    /// Queues the head of a final response, whose body is announced and written so.
    pub fn begin_response(
        &mut self,
        head: &ResponseHeader,
        (announce, writer): (Announce, Writer),
        connection: &'static [u8],
    ) -> Result<(), Error> {
        writer::response_head(&mut self.outbox, head, announce, Some(connection))?;
        self.writer = writer;
        Ok(())
    }

    /// Queues an informational response; the final one is still to begin.
    pub fn send_informational(&mut self, head: &ResponseHeader) -> Result<(), Error> {
        writer::response_head(&mut self.outbox, head, Announce::Nothing, None)
    }

    /// Queues a part of the body.
    pub fn send_part(&mut self, part: Part) -> Result<(), Error> {
        self.writer.push(&mut self.outbox, part)
    }

    /// Waits until no more than `left` bytes are queued.
    pub fn poll_ready<T: AsyncWrite + Unpin>(
        &mut self,
        io: &mut T,
        left: usize,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Error>> {
        let written = ready!(self.outbox.poll_write_to(io, cx, left));
        Poll::Ready(self.wrote(written))
    }

    /// Writes everything that is queued.
    pub fn poll_flush<T: AsyncWrite + Unpin>(
        &mut self,
        io: &mut T,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Error>> {
        let written = ready!(self.outbox.poll_flush(io, cx));
        Poll::Ready(self.wrote(written))
    }

    /// After an error the message cannot be ended.
    fn wrote(&mut self, written: io::Result<()>) -> Result<(), Error> {
        written.map_err(|error| {
            self.writer = Writer::Failed;
            error.into()
        })
    }
}
