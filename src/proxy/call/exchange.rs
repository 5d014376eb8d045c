//! One exchange with an endpoint: a request is sent and its response read at the same time, within time
//! limits. Both directions go on until both ended, or the response is an error or a close.

use super::exchange_error::{ExchangeError, TOTAL_TIMEOUT};
use super::limits::CallLimits;
use super::outbound::OutboundMessage;
use super::parts::next_piece;
use super::requester::{Gone, Requester};
use crate::http::{BodyLength, Part, ResponseHeader, Stage, Upstream, UpstreamError};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// How long a response is waited for after the request could not be sent to its end.
const LAST_WORD: Duration = Duration::from_millis(250);

/// Why an exchange has no response, or not all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExchangeEnd {
    Failed(ExchangeError),
    /// Who the request is made for is gone.
    RequesterGone,
}

impl From<UpstreamError> for ExchangeEnd {
    fn from(error: UpstreamError) -> Self {
        Self::Failed(error.into())
    }
}

/// How far the request was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Upload {
    Sending,
    Flushing,
    Done,
    /// The endpoint took no more of it.
    Failed(ExchangeError),
    /// It is not wanted any more: the response is an error.
    Abandoned,
}

/// Who is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waiting {
    EndpointReads,
    EndpointResponds,
    LastWord,
    Requester,
}

/// An exchange on a connection.
pub struct Exchange {
    upstream: Box<dyn Upstream>,
    upload: Upload,
    /// What is held of the body and not yet sent.
    body: Bytes,
    trailers: Option<HeaderMap>,
    /// Whether nothing follows what is held.
    is_whole: bool,
    limits: CallLimits,
    deadline: Instant,
    timer: Pin<Box<Sleep>>,
    waiting: Option<Waiting>,
    responding: bool,
}

impl Exchange {
    /// Begins an exchange: queues the head of the request.
    pub fn begin(
        mut upstream: Box<dyn Upstream>,
        message: OutboundMessage,
        limits: CallLimits,
        deadline: Instant,
    ) -> Result<Self, UpstreamError> {
        upstream.send_head(&message.head, message.length)?;
        Ok(Self {
            upstream,
            upload: Upload::Sending,
            body: message.body,
            trailers: message.trailers,
            is_whole: message.is_whole,
            limits,
            deadline,
            timer: Box::pin(tokio::time::sleep_until(deadline)),
            waiting: None,
            responding: false,
        })
    }

    /// The final head of the response. Informational ones go to the requester.
    pub async fn head(
        &mut self,
        requester: &mut Option<&mut dyn Requester>,
    ) -> Result<ResponseHeader, ExchangeEnd> {
        poll_fn(|cx| self.poll_head(cx, requester)).await
    }

    fn poll_head(
        &mut self,
        cx: &mut Context<'_>,
        requester: &mut Option<&mut dyn Requester>,
    ) -> Poll<Result<ResponseHeader, ExchangeEnd>> {
        loop {
            if let Poll::Ready(Err(Gone)) = self.poll_upload(cx, requester) {
                return Poll::Ready(Err(ExchangeEnd::RequesterGone));
            }
            match self.upstream.poll_head(cx) {
                Poll::Ready(Ok(head)) if head.status.is_informational() => {
                    self.waiting = None;
                    // We have asked the client to go on ourselves.
                    if let Some(requester) = requester
                        && head.status != StatusCode::CONTINUE
                    {
                        requester.informational(head);
                    }
                }
                Poll::Ready(Ok(head)) => return Poll::Ready(Ok(self.begun(head))),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(self.failed(error))),
                Poll::Pending => return self.poll_wait(cx, requester).map(Err),
            }
        }
    }

    fn begun(&mut self, head: ResponseHeader) -> ResponseHeader {
        self.waiting = None;
        self.responding = true;
        let is_error = head.status.is_client_error() || head.status.is_server_error();
        if is_error && !self.upload_ended() {
            self.upload = Upload::Abandoned;
        }
        head
    }

    /// Nothing is there at the moment: ready when that is to end.
    fn poll_wait(
        &mut self,
        cx: &mut Context<'_>,
        requester: &mut Option<&mut dyn Requester>,
    ) -> Poll<ExchangeEnd> {
        if let Some(requester) = requester {
            requester.poll_flush(cx);
            if requester.poll_gone(cx).is_ready() {
                return Poll::Ready(ExchangeEnd::RequesterGone);
            }
        }
        self.poll_time(cx).map(ExchangeEnd::Failed)
    }

    /// The next part of the response. The request goes on being sent meanwhile.
    pub fn poll_part(
        &mut self,
        cx: &mut Context<'_>,
        requester: &mut Option<&mut dyn Requester>,
    ) -> Poll<Result<Part, ExchangeEnd>> {
        if let Poll::Ready(Err(Gone)) = self.poll_upload(cx, requester) {
            return Poll::Ready(Err(ExchangeEnd::RequesterGone));
        }
        match self.upstream.poll_part(cx) {
            Poll::Ready(part) => {
                self.waiting = None;
                Poll::Ready(part.map_err(|error| self.failed(error)))
            }
            Poll::Pending => self.poll_wait(cx, requester).map(Err),
        }
    }

    /// Sends on what there is of the request; ready when nothing is left to send, or the endpoint takes no more.
    pub fn poll_upload(
        &mut self,
        cx: &mut Context<'_>,
        requester: &mut Option<&mut dyn Requester>,
    ) -> Poll<Result<(), Gone>> {
        loop {
            let step = match self.upload {
                Upload::Sending => ready!(self.poll_next_part(cx, requester))?,
                Upload::Flushing => ready!(self.upstream.poll_flush(cx)).map(|()| Upload::Done),
                Upload::Done | Upload::Failed(_) | Upload::Abandoned => return Poll::Ready(Ok(())),
            };
            self.waiting = None;
            self.upload = step.unwrap_or_else(|error| Upload::Failed(error.into()));
        }
    }

    /// Queues one part more, when there is room for it and it is there.
    fn poll_next_part(
        &mut self,
        cx: &mut Context<'_>,
        requester: &mut Option<&mut dyn Requester>,
    ) -> Poll<Result<Result<Upload, UpstreamError>, Gone>> {
        match self.upstream.poll_ready(cx) {
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(error)) => return Poll::Ready(Ok(Err(error))),
            Poll::Pending => {
                if let Some(requester) = requester {
                    requester.pause();
                }
                if self.waiting == Some(Waiting::Requester) {
                    self.waiting = None;
                }
                return Poll::Pending;
            }
        }
        let part = match next_piece(&mut self.body) {
            Some(piece) => Part::Data(piece),
            None if self.is_whole => self.trailers.take().map_or(Part::End, Part::Trailers),
            None => match requester {
                Some(requester) => match requester.poll_part(cx) {
                    Poll::Ready(part) => part?,
                    Poll::Pending => return self.poll_rest(cx),
                },
                None => return Poll::Ready(Err(Gone)),
            },
        };
        let next = match part {
            Part::End => Upload::Flushing,
            Part::Data(_) | Part::Trailers(_) => Upload::Sending,
        };
        Poll::Ready(Ok(self.upstream.send_part(part).map(|()| next)))
    }

    /// The requester rests: what is queued goes out meanwhile.
    fn poll_rest(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Result<Upload, UpstreamError>, Gone>> {
        match self.upstream.poll_flush(cx) {
            Poll::Ready(Ok(())) => {
                if self.waiting != Some(Waiting::Requester) {
                    self.wait_for(Waiting::Requester);
                }
                Poll::Pending
            }
            Poll::Ready(Err(error)) => Poll::Ready(Ok(Err(error))),
            Poll::Pending => Poll::Pending,
        }
    }

    /// Whether nothing more of the request will be sent.
    pub fn upload_ended(&self) -> bool {
        !matches!(self.upload, Upload::Sending | Upload::Flushing)
    }

    /// The response is not read for a while: that is not the endpoint's time.
    pub fn pause(&mut self) {
        self.waiting = None;
    }

    /// Ready when the endpoint takes too long, or the call's deadline passed.
    pub fn poll_time(&mut self, cx: &mut Context<'_>) -> Poll<ExchangeError> {
        if self.waiting.is_none() {
            self.wait_for(match self.upload {
                Upload::Sending | Upload::Flushing => Waiting::EndpointReads,
                Upload::Failed(_) if !self.responding => Waiting::LastWord,
                _ => Waiting::EndpointResponds,
            });
        }
        ready!(self.timer.as_mut().poll(cx));
        let stage = if self.responding {
            Stage::Responding
        } else {
            Stage::Sent
        };
        let kind = match (self.waiting, self.upload) {
            (Some(Waiting::LastWord), Upload::Failed(error)) => return Poll::Ready(error),
            _ if Instant::now() >= self.deadline => TOTAL_TIMEOUT,
            (Some(Waiting::EndpointReads), _) => "send_timeout",
            _ => "read_timeout",
        };
        Poll::Ready(ExchangeError::timeout(stage, kind))
    }

    fn wait_for(&mut self, waiting: Waiting) {
        let until = match waiting {
            Waiting::EndpointReads => Instant::now() + self.limits.send,
            Waiting::EndpointResponds => Instant::now() + self.limits.read,
            Waiting::LastWord => Instant::now() + LAST_WORD,
            Waiting::Requester => self.deadline,
        };
        self.waiting = Some(waiting);
        self.timer.as_mut().reset(until.min(self.deadline));
    }

    /// An endpoint that refuses a body closes while we send: then our failure to send says it better.
    fn failed(&self, error: UpstreamError) -> ExchangeEnd {
        match self.upload {
            Upload::Failed(first) if !self.responding => ExchangeEnd::Failed(first),
            _ => error.into(),
        }
    }

    /// How long the response's body is.
    pub fn body_length(&self) -> BodyLength {
        self.upstream.body_length().unwrap_or(BodyLength::Unknown)
    }

    /// Whether the end of the response is told by closing the connection: a cut cannot be told from an end.
    pub fn is_delimited_by_close(&self) -> bool {
        self.upstream.is_delimited_by_close()
    }

    /// Ends the exchange; the connection is kept if both messages were whole.
    pub fn release(self) {
        if self.upload == Upload::Done {
            self.upstream.release();
        }
    }
}
