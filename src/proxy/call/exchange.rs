//! One exchange with an endpoint: a request is sent and its response read at the same time, within time
//! limits. Both directions go on until both ended, or the response is an error or a close.

use super::exchange_error::{ExchangeError, TOTAL_TIMEOUT};
use super::limits::CallLimits;
use super::outbound::OutboundMessage;
use super::requester::{Gone, Requester};
use super::upload::{Upload, UploadState};
use super::wait::{TimeUp, Wait, WaitFor};
use crate::http::{BodyLength, Part, ResponseHeader, Stage, Upstream, UpstreamError};
use http::StatusCode;
use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Instant;

/// Why an exchange has no response, or not all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExchangeEnd {
    Failed(ExchangeError),
    /// The requester is gone.
    RequesterGone,
}

impl From<UpstreamError> for ExchangeEnd {
    fn from(error: UpstreamError) -> Self {
        Self::Failed(error.into())
    }
}

/// An exchange on a connection.
pub struct Exchange {
    upstream: Box<dyn Upstream>,
    upload: Upload,
    wait: Wait,
    responding: bool,
    /// Whether the reader of the response has ever paused it.
    was_held_up: bool,
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
            upload: Upload::new(message),
            wait: Wait::new(limits, deadline),
            responding: false,
            was_held_up: false,
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
                    self.wait.end();
                    // The proxy has sent its own `100 Continue`.
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
        self.wait.end();
        self.responding = true;
        let is_error = head.status.is_client_error() || head.status.is_server_error();
        if is_error && !self.upload_ended() {
            self.upload.state = UploadState::Abandoned;
        }
        head
    }

    /// Nothing has arrived: ready when the requester is gone or time is up.
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
                self.wait.end();
                Poll::Ready(part.map_err(|error| self.failed(error)))
            }
            Poll::Pending => self.poll_wait(cx, requester).map(Err),
        }
    }

    /// How long the requester has let the endpoint wait for the rest of the request so far.
    pub fn requester_time(&self) -> Duration {
        self.wait.requester_time()
    }

    /// Sends more of the request; ready when nothing is left to send, or the endpoint takes no more.
    pub fn poll_upload(
        &mut self,
        cx: &mut Context<'_>,
        requester: &mut Option<&mut dyn Requester>,
    ) -> Poll<Result<(), Gone>> {
        let (upstream, wait) = (&mut *self.upstream, &mut self.wait);
        let sent = self.upload.poll(upstream, wait, requester, cx);
        // Without a response, the call may fail before anything of it had an effect.
        if self.responding
            && self.upload.is_given_up()
            && let Some(requester) = requester
        {
            requester.discard_body();
        }
        sent
    }

    /// Whether nothing more of the request will be sent.
    pub fn upload_ended(&self) -> bool {
        self.upload.is_ended()
    }

    /// The reader of the response pauses it: the endpoint's time stops.
    pub fn hold_up(&mut self) {
        self.wait.end();
        self.was_held_up = true;
    }

    /// Ready when the endpoint takes too long, or the call's deadline has passed. After a pause by the reader, the deadline
    /// is not held against the endpoint.
    pub fn poll_time(&mut self, cx: &mut Context<'_>) -> Poll<ExchangeError> {
        let otherwise = match self.upload.state {
            UploadState::Sending | UploadState::Flushing => WaitFor::EndpointReads,
            UploadState::Failed(_) if !self.responding => WaitFor::LastWord,
            _ => WaitFor::EndpointResponds,
        };
        self.wait.poll(otherwise, cx).map(|up| self.late(up))
    }

    fn late(&self, up: TimeUp) -> ExchangeError {
        let stage = if self.responding {
            Stage::Responding
        } else {
            Stage::Sent
        };
        let kind = match (up, self.upload.state) {
            (TimeUp::Wait(WaitFor::LastWord), UploadState::Failed(error)) => return error,
            (TimeUp::Deadline, _) => TOTAL_TIMEOUT,
            (TimeUp::Wait(WaitFor::EndpointReads), _) => "send_timeout",
            (TimeUp::Wait(_), _) => "read_timeout",
        };
        ExchangeError {
            ours: up == TimeUp::Deadline && self.was_held_up,
            ..ExchangeError::timeout(stage, kind)
        }
    }

    /// An endpoint that refuses a body closes while it is sent: the write error then says more than the read error.
    fn failed(&self, error: UpstreamError) -> ExchangeEnd {
        match self.upload.state {
            UploadState::Failed(first) if !self.responding => ExchangeEnd::Failed(first),
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
        if self.upload.state == UploadState::Done {
            self.upstream.release();
        }
    }
}

#[cfg(test)]
mod tests;
