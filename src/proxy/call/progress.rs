//! What is known while a call runs: the attempts so far, what they leave open, and what is told to
//! the rules of retrying.

use super::caller::{CallEnd, CallReport, CallResponse};
use super::exchange_error::ExchangeError;
use super::outbound::Outbound;
use crate::balance::{Exclusion, NoRoute};
use crate::dialect::{Fault, Judgement};
use crate::endpoint::Endpoint;
use crate::http::Stage;
use crate::observe;
use crate::rejection::{Rejection, RejectionReason};
use crate::retry::{self, AttemptOutcome, RetryDecision, RetryFacts};
use crate::shared::Shared;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// When it makes sense to come back, where nothing else tells.
pub const SOON: Duration = Duration::from_secs(1);

/// The way of a call so far.
pub struct Progress<'a> {
    shared: &'a Shared,
    outbound: &'a Outbound,
    /// When all attempts must be over.
    pub deadline: Instant,
    attempts: Vec<observe::AttemptNote>,
    nowhere: Option<NoRoute>,
    /// Endpoints that are not asked again.
    pub excluded: Vec<Arc<Endpoint>>,
    pub routing: Duration,
    pub sent: bool,
    unsure: bool,
    /// Only an endpoint that takes writes is asked from now on.
    pub to_writer: bool,
    pub reconnects: u32,
    /// The last response that was not good enough: given if nothing better comes.
    pub fallback: Option<Box<CallResponse>>,
    pub error: Option<ExchangeError>,
    target_is_known: bool,
}

impl<'a> Progress<'a> {
    /// A call of which nothing was sent.
    pub fn new(shared: &'a Shared, outbound: &'a Outbound) -> Self {
        Self {
            shared,
            outbound,
            deadline: Instant::now() + outbound.limits().total,
            attempts: Vec::new(),
            nowhere: None,
            excluded: Vec::new(),
            routing: Duration::ZERO,
            sent: false,
            unsure: false,
            to_writer: false,
            reconnects: 0,
            fallback: None,
            error: None,
            target_is_known: false,
        }
    }

    /// An endpoint responded: what follows.
    pub fn responded(
        &mut self,
        response: &CallResponse,
        attempt: observe::AttemptNote,
    ) -> RetryDecision {
        self.sent = true;
        self.attempts.push(attempt);
        self.remember(&response.judgement);
        self.decide(AttemptOutcome::Response {
            judgement: &response.judgement,
            held: response.response.is_whole,
        })
    }

    /// An attempt failed: what follows.
    pub fn failed(
        &mut self,
        error: &ExchangeError,
        attempt: observe::AttemptNote,
    ) -> RetryDecision {
        self.sent |= error.stage != Stage::Connect;
        self.unsure |= error.stage != Stage::Connect;
        self.attempts.push(attempt);
        self.decide(AttemptOutcome::Failure {
            stage: error.stage,
            timed_out: error.timed_out,
            stale: error.stale,
        })
    }

    fn decide(&self, end: AttemptOutcome<'_>) -> RetryDecision {
        let outbound = self.outbound;
        let balance = &outbound.snapshot.config.balance;
        let attempts = u32::try_from(self.attempts.len()).unwrap_or(u32::MAX);
        let facts = RetryFacts {
            effect: outbound.call.effect,
            idempotent: outbound.service.is_idempotent(outbound.call.operation),
            placement: &outbound.call.placement,
            fence: outbound.call.fence,
            replayable: outbound.body.is_whole,
            target_is_known: self.target_is_known,
            has_fallback: self.fallback.is_some(),
            attempts: attempts.saturating_sub(self.reconnects),
            max_attempts: balance.max_retries,
            reconnects: self.reconnects,
            overdue: Instant::now() >= self.deadline,
            retry_timeouts: balance.retry_timeouts,
        };
        let budget = outbound.service.pool.budget();
        retry::decide(&facts, end, || budget.retry(self.shared.clock.now()))
    }

    /// What the call is about is there, or was not found by two endpoints.
    fn remember(&mut self, judgement: &Judgement) {
        let known = &self.shared.known_targets;
        let (service, call) = (&self.outbound.service.name, &self.outbound.call);
        if judgement.is_success() {
            known.succeeded(service, call);
        } else if judgement.fault == Fault::Client {
            self.target_is_known = known.contains(service, call);
            if self.fallback.is_some() {
                known.forget(service, call);
            }
        }
    }

    /// No endpoint is left: the last response if there was one, otherwise a refusal that says why.
    pub fn nowhere(&mut self, none: NoRoute) -> CallEnd {
        let end = match (self.fallback.take(), &self.error) {
            (Some(fallback), _) => CallEnd::Response(fallback),
            (None, Some(error)) => CallEnd::Refused(self.refusal(error, Some(&none))),
            (None, None) => CallEnd::Refused(none.rejection()),
        };
        self.nowhere = Some(none);
        end
    }

    /// No further attempt is made after this failure.
    pub fn given_up(&mut self, error: &ExchangeError) -> CallEnd {
        match self.fallback.take() {
            Some(fallback) => CallEnd::Response(fallback),
            None => CallEnd::Refused(self.refusal(error, None)),
        }
    }

    fn refusal(&self, error: &ExchangeError, nowhere: Option<&NoRoute>) -> Rejection {
        if !self.sent {
            return self.unreachable(nowhere);
        }
        let (reason, state) = match (self.outbound.call.effect.is_read(), error.timed_out) {
            (true, true) => (RejectionReason::UpstreamTimeout, "no whole response came"),
            (true, false) => (RejectionReason::UpstreamBroken, "no whole response came"),
            (false, _) => (
                RejectionReason::OutcomeUnknown,
                "it was sent, and its outcome is unknown: it may have been done. It is not sent again; \
                 look before you send it again",
            ),
        };
        Rejection::new(
            reason,
            format!("{} ({}): {state}", self.outbound.service.name, error.kind),
        )
    }

    /// Nothing was sent anywhere: each endpoint that was tried and what became of it, and why the others were not.
    fn unreachable(&self, nowhere: Option<&NoRoute>) -> Rejection {
        let tried = self.attempts.iter();
        let tried = tried.map(|attempt| (&*attempt.endpoint, attempt.code));
        let others = nowhere.iter().flat_map(|none| &none.excluded);
        let others = others
            .filter(|(_, why)| *why != Exclusion::Tried)
            .map(|(name, why)| (name.as_str(), why.label()));
        let mut text = String::from("no endpoint could be reached, and nothing was sent");
        for (number, (name, why)) in tried.chain(others).enumerate() {
            let comma = if number == 0 { ": " } else { ", " };
            text.extend([comma, name, " ", why]);
        }
        let again = nowhere.and_then(|none| none.retry_after);
        Rejection::new(RejectionReason::NoEndpoint, text).retry_after(again.unwrap_or(SOON))
    }

    /// The report of the call that ended so.
    pub fn report(self, end: CallEnd) -> CallReport {
        CallReport {
            end,
            attempts: self.attempts,
            nowhere: self.nowhere,
            routing: self.routing,
            sent: self.sent,
            unsure: self.unsure,
        }
    }
}
