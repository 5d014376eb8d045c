//! The upload of a request to an endpoint: first the buffered body, then what the requester still sends.

use super::exchange_error::ExchangeError;
use super::outbound::OutboundMessage;
use super::parts::next_piece;
use super::requester::{Gone, Requester};
use super::wait::{Wait, WaitFor};
use crate::http::{Part, Upstream, UpstreamError};
use bytes::Bytes;
use http::HeaderMap;
use std::task::{Context, Poll, ready};

/// How far the request was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadState {
    Sending,
    Flushing,
    Done,
    /// The endpoint took no more of it.
    Failed(ExchangeError),
    /// Given up: the response is an error.
    Abandoned,
}

/// What is still to be sent of a request.
pub struct Upload {
    pub state: UploadState,
    /// The buffered part of the body.
    body: Bytes,
    trailers: Option<HeaderMap>,
    /// Whether nothing follows the buffered part.
    is_whole: bool,
}

/// The result of one step: the new state, or why the endpoint takes no more.
type Step = Result<UploadState, UpstreamError>;

impl Upload {
    /// The body of a message whose head was queued.
    pub fn new(message: OutboundMessage) -> Self {
        Self {
            state: UploadState::Sending,
            body: message.body,
            trailers: message.trailers,
            is_whole: message.is_whole,
        }
    }

    /// Whether the upload is over.
    pub fn is_ended(&self) -> bool {
        !matches!(self.state, UploadState::Sending | UploadState::Flushing)
    }

    /// Whether it ended before all of it was sent.
    pub fn is_given_up(&self) -> bool {
        self.is_ended() && self.state != UploadState::Done
    }

    /// Sends what is available; ready when nothing is left to send, or the endpoint takes no more.
    pub fn poll(
        &mut self,
        upstream: &mut dyn Upstream,
        wait: &mut Wait,
        requester: &mut Option<&mut dyn Requester>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Gone>> {
        loop {
            let step = match self.state {
                UploadState::Sending => ready!(self.poll_next(upstream, wait, requester, cx))?,
                UploadState::Flushing => {
                    ready!(upstream.poll_flush(cx)).map(|()| UploadState::Done)
                }
                UploadState::Done | UploadState::Failed(_) | UploadState::Abandoned => {
                    return Poll::Ready(Ok(()));
                }
            };
            wait.end();
            self.state = step.unwrap_or_else(|error| UploadState::Failed(error.into()));
        }
    }

    /// Queues the next part, once there is room for it and it is available.
    fn poll_next(
        &mut self,
        upstream: &mut dyn Upstream,
        wait: &mut Wait,
        requester: &mut Option<&mut dyn Requester>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Step, Gone>> {
        match upstream.poll_ready(cx) {
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(error)) => return Poll::Ready(Ok(Err(error))),
            Poll::Pending => {
                if let Some(requester) = requester
                    && requester.poll_paused(cx).is_ready()
                {
                    return Poll::Ready(Err(Gone));
                }
                wait.end_of(WaitFor::Requester);
                return Poll::Pending;
            }
        }
        let part = match self.held() {
            Some(part) => part,
            None => match requester {
                Some(requester) => match requester.poll_part(cx) {
                    Poll::Ready(part) => part?,
                    Poll::Pending => return poll_rest(upstream, wait, cx).map(Ok),
                },
                None => return Poll::Ready(Err(Gone)),
            },
        };
        let next = match part {
            Part::End => UploadState::Flushing,
            Part::Data(_) | Part::Trailers(_) => UploadState::Sending,
        };
        Poll::Ready(Ok(upstream.send_part(part).map(|()| next)))
    }

    /// The next buffered part; `None`: the requester has to supply it.
    fn held(&mut self) -> Option<Part> {
        match next_piece(&mut self.body) {
            Some(piece) => Some(Part::Data(piece)),
            None if self.is_whole => Some(self.trailers.take().map_or(Part::End, Part::Trailers)),
            None => None,
        }
    }
}

/// The requester has nothing to send: flushes what is queued.
fn poll_rest(upstream: &mut dyn Upstream, wait: &mut Wait, cx: &mut Context<'_>) -> Poll<Step> {
    match ready!(upstream.poll_flush(cx)) {
        Ok(()) => {
            wait.begin(WaitFor::Requester);
            Poll::Pending
        }
        Err(error) => Poll::Ready(Err(error)),
    }
}
