//! The rest of a response that streams, as its endpoint sends it. It is judged on its way, and at its end the attempt and
//! the write that it belongs to are settled, however slowly its reader takes it. Dropped before, the attempt was
//! abandoned, and the outcome of the write is unknown.

use super::exchange::{Exchange, ExchangeEnd};
use super::exchange_error::ExchangeError;
use super::requester::{Gone, Requester};
use super::sent_attempt::SentAttempt;
use super::write::PendingWrite;
use crate::dialect::{Judgement, StreamJudge};
use crate::endpoint::Permit;
use crate::endpoint_id::EndpointId;
use crate::http::Part;
use std::task::{Context, Poll};

/// The rest of a response.
pub struct ResponseStream {
    exchange: Exchange,
    /// What its beginning means.
    judgement: Judgement,
    judge: Option<Box<dyn StreamJudge>>,
    /// Until the endpoint has nothing more to say.
    attempt: Option<SentAttempt>,
    write: Option<(PendingWrite, EndpointId)>,
}

impl ResponseStream {
    /// What is left of a response, whose beginning means this. The judge takes all of it from the first byte on.
    pub fn new(
        exchange: Exchange,
        attempt: SentAttempt,
        judgement: Judgement,
        judge: Option<Box<dyn StreamJudge>>,
    ) -> Self {
        Self {
            exchange,
            judgement,
            judge,
            attempt: Some(attempt),
            write: None,
        }
    }

    /// The write, sent to this endpoint, that ends with the response.
    pub(super) fn settles(&mut self, write: PendingWrite, endpoint: EndpointId) {
        self.write = Some((write, endpoint));
    }

    /// Takes what was read of the body before.
    pub fn begun(&mut self, bytes: &[u8]) {
        if let Some(judge) = &mut self.judge {
            judge.chunk(bytes);
        }
    }

    /// The next part. The request goes on being sent meanwhile. Not to be polled after the end.
    pub fn poll_part(
        &mut self,
        cx: &mut Context<'_>,
        requester: &mut Option<&mut dyn Requester>,
    ) -> Poll<Result<Part, ExchangeEnd>> {
        let part = std::task::ready!(self.exchange.poll_part(cx, requester));
        match &part {
            Ok(Part::Data(data)) => self.begun(data),
            Ok(Part::Trailers(_)) => {}
            Ok(Part::End) => self.ended(),
            Err(ExchangeEnd::Failed(error)) => self.failed(error),
            Err(ExchangeEnd::RequesterGone) => {}
        }
        Poll::Ready(part)
    }

    /// The endpoint has sent all of it.
    pub fn ended(&mut self) {
        let judgement = self.judge.take().map(|judge| judge.end(true));
        if let Some(attempt) = self.attempt.take() {
            attempt.judged(judgement.as_ref().unwrap_or(&self.judgement));
        }
        if let Some((write, endpoint)) = self.write.take() {
            write.ended(endpoint, judgement.as_ref());
        }
    }

    /// The endpoint broke it off. Of a write the outcome stays unknown.
    fn failed(&mut self, error: &ExchangeError) {
        if let Some(attempt) = self.attempt.take() {
            attempt.failed(error);
        }
        self.write = None;
    }

    /// The permit of its endpoint, until that has nothing more to say.
    pub fn permit(&mut self) -> Option<&mut Permit> {
        self.attempt.as_mut().map(SentAttempt::permit)
    }

    /// Its reader takes no more for a while. That is not the endpoint's time.
    pub fn hold_up(&mut self) {
        self.exchange.hold_up();
    }

    /// Sends on what there is of the request; ready when nothing is left to send, or the endpoint takes no more.
    pub fn poll_upload(
        &mut self,
        cx: &mut Context<'_>,
        requester: &mut Option<&mut dyn Requester>,
    ) -> Poll<Result<(), Gone>> {
        self.exchange.poll_upload(cx, requester)
    }

    /// Ready when the endpoint takes too long, or the call's deadline passed.
    pub fn poll_time(&mut self, cx: &mut Context<'_>) -> Poll<ExchangeError> {
        self.exchange.poll_time(cx)
    }

    /// Ends the exchange; the connection is kept if both messages were whole.
    pub fn release(self) {
        self.exchange.release();
    }
}
