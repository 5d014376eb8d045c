//! The client of one request: its body is read and its response written here, at no less than the
//! least rate, and the bytes are counted.

use super::call::{Gone, Requester, next_piece};
use super::cut_watch::CutWatch;
use super::headers;
use super::min_rate::MinRate;
use crate::config;
use crate::http::{
    BodyLength, Closed, Downstream, DownstreamError, Part, Refusal, RequestHeader, ResponseHeader,
};
use bytes::Bytes;
use http::{Method, StatusCode, Version};
use std::future::poll_fn;
use std::task::{Context, Poll, ready};

/// Why a client's side ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientError {
    /// It left, or its connection broke.
    Gone,
    TooSlow,
    /// Its request breaks a rule of HTTP.
    Refused(Refusal),
    /// The response is no message of HTTP and cannot be written.
    Unwritable,
}

impl From<DownstreamError> for ClientError {
    fn from(error: DownstreamError) -> Self {
        match error {
            DownstreamError::Refused(refusal) => Self::Refused(refusal),
            DownstreamError::Ended | DownstreamError::Gone => Self::Gone,
            DownstreamError::Unwritable(_) => Self::Unwritable,
        }
    }
}

/// What a client's leaving ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OnLeave {
    /// The call, as soon as the client ended its side.
    Abort,
    /// Nothing before the response is written; and one that ended only its own side still reads.
    GoOn,
}

/// A client, for the length of one request.
pub struct Client<'a> {
    downstream: &'a mut dyn Downstream,
    method: Method,
    version: Version,
    sending: MinRate,
    reading: MinRate,
    on_leave: OnLeave,
    watch: CutWatch,
    request_ended: bool,
    /// Whether the rest of its body is dropped while the response is waited for and written.
    discards_body: bool,
    /// Why its body came to no end while a call was under way.
    pub failure: Option<ClientError>,
    pub bytes_in: u64,
    pub bytes_out: u64,
    /// The status of the final response, once it was begun.
    pub status: Option<StatusCode>,
}

impl<'a> Client<'a> {
    /// The client of a request whose head was read.
    pub fn new(
        downstream: &'a mut dyn Downstream,
        head: &RequestHeader,
        limits: &config::Path,
    ) -> Self {
        let rate = limits.client_rate.0;
        Self {
            request_ended: downstream.body_length() == BodyLength::None,
            downstream,
            method: head.method.clone(),
            version: head.version,
            sending: MinRate::new(limits.client_read_timeout, rate),
            reading: MinRate::of_reader(limits.client_write_timeout, rate),
            on_leave: OnLeave::Abort,
            watch: CutWatch::default(),
            discards_body: false,
            failure: None,
            bytes_in: 0,
            bytes_out: 0,
            status: None,
        }
    }

    /// How long the request's body is.
    pub fn body_length(&self) -> BodyLength {
        self.downstream.body_length()
    }

    /// Whether the request's body was read to its end.
    pub fn request_ended(&self) -> bool {
        self.request_ended
    }

    /// Whether a response of this status, to this request, has no body.
    pub fn is_bodiless(&self, status: StatusCode) -> bool {
        self.method == Method::HEAD
            || status == StatusCode::NO_CONTENT
            || status == StatusCode::NOT_MODIFIED
    }

    /// Whether trailers can be sent.
    pub fn takes_trailers(&self) -> bool {
        self.version != Version::HTTP_10
    }

    /// The next part of the request's body.
    pub fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Result<Part, ClientError>> {
        match self.downstream.poll_part(cx) {
            Poll::Ready(part) => {
                let part = part?;
                self.sent(&part);
                Poll::Ready(Ok(part))
            }
            Poll::Pending => self
                .sending
                .poll_too_slow(cx)
                .map(|()| Err(ClientError::TooSlow)),
        }
    }

    fn sent(&mut self, part: &Part) {
        let bytes = part.data_len();
        self.sending.moved(bytes);
        self.bytes_in += bytes as u64;
        self.request_ended = *part == Part::End;
    }

    /// Drops what the client sends of a body that is not wanted any more; ready when it left before the body's end. The
    /// response bounds the time. One that has seen the response may end its side and read on (RFC 9112, section 9.5).
    fn poll_discard(&mut self, cx: &mut Context<'_>) -> Poll<ClientError> {
        while self.discards_body && !self.request_ended {
            match ready!(self.downstream.poll_part(cx)) {
                Ok(part) => self.sent(&part),
                Err(DownstreamError::Ended) if self.status.is_some() => break,
                Err(error) => return Poll::Ready(error.into()),
            }
        }
        Poll::Pending
    }

    /// The response cannot be written at the moment: ready when the client takes too long, or left.
    fn poll_held_up(&mut self, cx: &mut Context<'_>) -> Poll<ClientError> {
        if let Poll::Ready(error) = self.poll_discard(cx) {
            return Poll::Ready(error);
        }
        let too_slow = self.reading.poll_too_slow(cx);
        too_slow.map(|()| ClientError::TooSlow)
    }

    /// The next part of the request's body, as a future that may be cancelled.
    pub async fn part(&mut self) -> Result<Part, ClientError> {
        poll_fn(|cx| self.poll_part(cx)).await
    }

    /// Drops what is there already of a body that is not wanted, up to so many bytes or a little more. A client that waits to be
    /// invited is not.
    pub async fn drop_present(&mut self, most: usize) {
        let begun = self.bytes_in;
        poll_fn(|cx| {
            while !self.request_ended && self.bytes_in - begun < most as u64 {
                if !matches!(self.poll_part(cx), Poll::Ready(Ok(_))) {
                    break;
                }
            }
            Poll::Ready(())
        })
        .await;
    }

    /// Tells a client that waits for it to send its body.
    pub async fn invite_body(&mut self) -> Result<(), ClientError> {
        if !self.downstream.expects_continue() {
            return Ok(());
        }
        let head = ResponseHeader::build(StatusCode::CONTINUE, None);
        let head = head.map_err(|_| ClientError::Unwritable)?;
        self.downstream.send_informational(&head)?;
        poll_fn(|cx| self.poll_flush(cx)).await
    }

    /// Ready when the client has left, as far as that ends anything.
    pub fn poll_left(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match ready!(self.downstream.poll_closed(cx)) {
            Closed::Sending if self.on_leave == OnLeave::GoOn => Poll::Pending,
            Closed::Sending | Closed::Both => Poll::Ready(()),
        }
    }

    /// The connection ends with this response.
    pub fn close_after_response(&mut self) {
        self.downstream.close_after_response();
    }

    /// Queues the final head.
    pub fn send_head(
        &mut self,
        head: &ResponseHeader,
        body: BodyLength,
    ) -> Result<(), ClientError> {
        self.downstream.send_head(head, body)?;
        self.status = Some(head.status);
        Ok(())
    }

    /// Waits until a part may be queued.
    pub fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ClientError>> {
        match self.downstream.poll_ready(cx) {
            Poll::Ready(ready) => Poll::Ready(ready.map_err(ClientError::from)),
            Poll::Pending => self.poll_held_up(cx).map(Err),
        }
    }

    /// Queues a part of the response.
    pub fn send_part(&mut self, part: Part) -> Result<(), ClientError> {
        let bytes = part.data_len();
        self.downstream.send_part(part)?;
        // It may take the time of these bytes as well; they are fewer than the write buffer, or one part.
        self.reading.moved(bytes);
        self.bytes_out += bytes as u64;
        Ok(())
    }

    /// Writes everything that is queued.
    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ClientError>> {
        match self.downstream.poll_flush(cx) {
            Poll::Ready(flushed) => {
                self.reading.pause();
                Poll::Ready(flushed.map_err(ClientError::from))
            }
            Poll::Pending => self.poll_held_up(cx).map(Err),
        }
    }

    /// Queues bytes, piece by piece as there is room for them.
    pub async fn send(&mut self, mut bytes: Bytes) -> Result<(), ClientError> {
        while let Some(piece) = next_piece(&mut bytes) {
            poll_fn(|cx| self.poll_ready(cx)).await?;
            self.send_part(Part::Data(piece))?;
        }
        Ok(())
    }

    /// [`Client::poll_flush`] as a future.
    pub async fn flush(&mut self) -> Result<(), ClientError> {
        poll_fn(|cx| self.poll_flush(cx)).await
    }
}

impl Requester for Client<'_> {
    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Result<Part, Gone>> {
        Client::poll_part(self, cx).map_err(|error| {
            self.failure = Some(error);
            Gone
        })
    }

    fn poll_paused(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.sending.pause();
        self.watch.poll(cx, || self.downstream.is_cut())
    }

    fn discard_body(&mut self) {
        self.discards_body = true;
    }

    fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Poll::Ready(error) = self.poll_discard(cx) {
            self.failure = Some(error);
            return Poll::Ready(());
        }
        match self.on_leave {
            OnLeave::Abort if self.request_ended => self.poll_left(cx),
            _ => Poll::Pending,
        }
    }

    fn poll_gone_in_queue(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Poll::Ready(error) = self.poll_discard(cx) {
            self.failure = Some(error);
            return Poll::Ready(());
        }
        match self.request_ended {
            true => self.downstream.poll_closed(cx).map(|_| ()),
            false => self.poll_paused(cx),
        }
    }

    fn detach(&mut self) {
        self.on_leave = OnLeave::GoOn;
    }

    fn informational(&mut self, mut head: ResponseHeader) {
        headers::strip_response(&mut head);
        // A client that cannot be told goes without.
        let _ = self.downstream.send_informational(&head);
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) {
        let _ = self.downstream.poll_flush(cx);
    }
}
