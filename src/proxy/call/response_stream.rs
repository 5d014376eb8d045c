//! A response that streams: what is still to come of it, in order. It is judged from its first byte on, and at its end the
//! attempt is completed and the write that it belongs to is settled, however slowly its reader takes it. A stream that is
//! dropped before its end abandons the attempt and leaves the outcome of the write unknown.

use super::buffered::BufferedResponse;
use super::exchange::{Exchange, ExchangeEnd};
use super::exchange_error::ExchangeError;
use super::parts::next_piece;
use super::requester::{Gone, Requester};
use super::sent_attempt::SentAttempt;
use super::write::PendingWrite;
use crate::dialect::{Judgement, StreamJudge};
use crate::endpoint::Permit;
use crate::endpoint_id::EndpointId;
use crate::http::Part;
use bytes::Bytes;
use http::HeaderMap;
use std::task::{Context, Poll};

/// What follows the buffered beginning of a response's body, up to its end.
pub struct ResponseStream {
    exchange: Exchange,
    /// What the beginning means.
    judgement: Judgement,
    judge: Option<Box<dyn StreamJudge>>,
    /// Trailers that were read with the beginning, until they are yielded.
    trailers: Option<HeaderMap>,
    /// Until the endpoint has sent the whole response, or failed.
    attempt: Option<SentAttempt>,
    write: Option<(PendingWrite, EndpointId)>,
    /// The endpoint has sent the whole response.
    is_ended: bool,
}

impl ResponseStream {
    /// The stream of a response whose beginning, or all of it, was read, and means what `judgement` says. The data of the
    /// beginning stays with `begun`; the stream yields what follows it, from the trailers on.
    pub async fn begin(
        exchange: Exchange,
        attempt: SentAttempt,
        judgement: Judgement,
        judge: Option<Box<dyn StreamJudge>>,
        begun: &mut BufferedResponse,
    ) -> Self {
        let mut stream = Self {
            exchange,
            judgement,
            // A whole response was judged as a whole.
            judge: judge.filter(|_| !begun.is_whole),
            trailers: begun.trailers.take(),
            attempt: Some(attempt),
            write: None,
            is_ended: false,
        };
        stream.judge_beginning(begun.body.clone()).await;
        if begun.is_whole {
            stream.end();
        }
        stream
    }

    /// Judges a piece at a time: all of it at once would hold up the worker.
    async fn judge_beginning(&mut self, mut data: Bytes) {
        while let Some(judge) = &mut self.judge
            && let Some(piece) = next_piece(&mut data)
        {
            judge.chunk(&piece);
            tokio::task::yield_now().await;
        }
    }

    /// Whether trailers are still to be yielded that were read with the beginning.
    pub fn holds_trailers(&self) -> bool {
        self.trailers.is_some()
    }

    /// Settles this write, which was sent to this endpoint, when the response ends.
    pub(super) fn settles(&mut self, write: PendingWrite, endpoint: EndpointId) {
        match self.is_ended {
            // The judgement of the whole response settled its outcome before.
            true => write.ended(endpoint, None),
            false => self.write = Some((write, endpoint)),
        }
    }

    /// The next part; `End` again and again after the end. The request goes on being sent meanwhile. Not to be polled
    /// after an error.
    pub fn poll_part(
        &mut self,
        cx: &mut Context<'_>,
        requester: &mut Option<&mut dyn Requester>,
    ) -> Poll<Result<Part, ExchangeEnd>> {
        if let Some(trailers) = self.trailers.take() {
            return Poll::Ready(Ok(Part::Trailers(trailers)));
        }
        if self.is_ended {
            return Poll::Ready(Ok(Part::End));
        }
        let part = std::task::ready!(self.exchange.poll_part(cx, requester));
        match &part {
            Ok(Part::Data(data)) => {
                if let Some(judge) = &mut self.judge {
                    judge.chunk(data);
                }
            }
            Ok(Part::Trailers(_)) => {}
            Ok(Part::End) => self.end(),
            Err(ExchangeEnd::Failed(error)) => self.failed(error),
            Err(ExchangeEnd::RequesterGone) => {}
        }
        Poll::Ready(part)
    }

    /// The endpoint has sent the whole response.
    fn end(&mut self) {
        self.is_ended = true;
        let judgement = self.judge.take().map(|judge| judge.end());
        if let Some(attempt) = self.attempt.take() {
            attempt.judged(judgement.as_ref().unwrap_or(&self.judgement));
        }
        if let Some((write, endpoint)) = self.write.take() {
            write.ended(endpoint, judgement.as_ref());
        }
    }

    /// The endpoint broke the response off: the outcome of its write stays unknown.
    fn failed(&mut self, error: &ExchangeError) {
        if let Some(attempt) = self.attempt.take() {
            attempt.failed(error);
        }
        self.write = None;
    }

    /// The permit of the endpoint, until it has sent the whole response.
    pub fn permit(&mut self) -> Option<&mut Permit> {
        self.attempt.as_mut().map(SentAttempt::permit)
    }

    /// The reader takes nothing for a while: the endpoint's time stops.
    pub fn hold_up(&mut self) {
        self.exchange.hold_up();
    }

    /// Sends more of the request; ready when nothing is left to send, or the endpoint takes no more.
    pub fn poll_upload(
        &mut self,
        cx: &mut Context<'_>,
        requester: &mut Option<&mut dyn Requester>,
    ) -> Poll<Result<(), Gone>> {
        self.exchange.poll_upload(cx, requester)
    }

    /// Ready when the endpoint takes too long, or the call's deadline has passed.
    pub fn poll_time(&mut self, cx: &mut Context<'_>) -> Poll<ExchangeError> {
        self.exchange.poll_time(cx)
    }

    /// Ends the exchange; the connection is kept if both messages were whole.
    pub fn release(self) {
        self.exchange.release();
    }
}
