//! The state of a running call: its attempts so far, what they leave unknown, and the input of the retry rules.

use super::attempt::AttemptEnd;
use super::caller::CallResponse;
use super::exchange_error::ExchangeError;
use super::outbound::Outbound;
use super::place::Unplaced;
use super::send::{CallTrace, SendEnd, SendReport};
use crate::balance::{Exclusion, NoRoute};
use crate::endpoint::Endpoint;
use crate::rejection::{self, Rejection, RejectionReason};
use crate::retry::{self, AttemptOutcome, RetryDecision, RetryFacts};
use crate::shared::Shared;
use balancing::HedgeStages;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The `Retry-After` of a refusal for which nothing better is known.
pub const SOON: Duration = Duration::from_secs(1);

/// The attempts of a call so far.
pub struct Progress<'a> {
    shared: &'a Shared,
    outbound: &'a Outbound,
    /// When all attempts must be over.
    pub deadline: Instant,
    pub trace: CallTrace,
    attempts: u32,
    /// The endpoints that gave no response, and why.
    failures: Vec<(Arc<Endpoint>, &'static str)>,
    /// Endpoints that are not asked again.
    pub excluded: Vec<Arc<Endpoint>>,
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
    pub fn new(shared: &'a Shared, outbound: &'a Outbound, deadline: Instant) -> Self {
        Self {
            shared,
            outbound,
            deadline,
            trace: CallTrace::default(),
            attempts: 0,
            failures: Vec::new(),
            excluded: Vec::new(),
            sent: false,
            unsure: false,
            to_writer: false,
            reconnects: 0,
            fallback: None,
            error: None,
            target_is_known: false,
        }
    }

    /// Whether no attempt was made yet.
    pub fn is_first(&self) -> bool {
        !self.sent && self.attempts == 0 && self.error.is_none()
    }

    /// An endpoint responded: what follows.
    pub fn responded(&mut self, response: &CallResponse) -> RetryDecision {
        self.note_response(response);
        self.decide(AttemptOutcome::Response {
            judgement: &response.judgement,
            is_whole: response.response.is_whole,
        })
    }

    fn note_response(&mut self, response: &CallResponse) {
        self.sent = true;
        self.attempts += 1;
        let (service, call) = (&self.outbound.service.name, &self.outbound.call);
        let known = &self.shared.known_targets;
        let is_second = self.fallback.is_some();
        if let Some(known) = known.learn(service, call, &response.judgement, is_second) {
            self.target_is_known = known;
        }
    }

    /// An attempt failed: what follows.
    pub fn failed(&mut self, error: &ExchangeError, endpoint: &Arc<Endpoint>) -> RetryDecision {
        self.note_failure(error, endpoint);
        self.decide(AttemptOutcome::Failure(error.failure))
    }

    fn note_failure(&mut self, error: &ExchangeError, endpoint: &Arc<Endpoint>) {
        self.sent |= error.failure.may_be_processed();
        self.unsure |= error.failure.may_be_processed();
        self.attempts += 1;
        self.failures.push((Arc::clone(endpoint), error.kind));
    }

    /// Whether an end counts while another attempt goes on: a response that this one could not better, or none is wanted.
    pub fn is_final(&self, end: &AttemptEnd) -> bool {
        let response = match end {
            AttemptEnd::Response(response) => response,
            AttemptEnd::RequesterGone => return true,
            AttemptEnd::Failed(..) | AttemptEnd::Unwritable => return false,
        };
        let (service, call) = (&self.outbound.service.name, &self.outbound.call);
        let judgement = &response.judgement;
        let known = &self.shared.known_targets;
        let facts = RetryFacts {
            target_is_known: known.contains(service, call, judgement),
            ..self.facts()
        };
        retry::is_final(&facts, judgement, response.response.is_whole)
    }

    /// An attempt ended without a good response while another one goes on, which is all that follows.
    pub fn superseded(&mut self, end: AttemptEnd) {
        match end {
            AttemptEnd::Response(response) => {
                self.note_response(&response);
                self.exclude_responder(response);
            }
            AttemptEnd::Failed(error, endpoint) => {
                self.note_failure(&error, &endpoint);
                self.exclude_failed(error, endpoint);
            }
            AttemptEnd::RequesterGone | AttemptEnd::Unwritable => {}
        }
    }

    /// An endpoint whose response was not good enough is not asked again; the response is kept in case nothing better comes.
    pub fn exclude_responder(&mut self, response: Box<CallResponse>) {
        self.excluded.push(Arc::clone(&response.endpoint));
        self.fallback = Some(response);
    }

    /// An endpoint that gave no response is not asked again.
    pub fn exclude_failed(&mut self, error: ExchangeError, endpoint: Arc<Endpoint>) {
        self.excluded.push(endpoint);
        self.error = Some(error);
    }

    /// After which times a first attempt is how slow, where a second one may be made beside it.
    pub fn stages(&self) -> Option<HedgeStages> {
        let rung = self.outbound.service.pool.rung();
        if !rung.allows_hedges() || !retry::may_hedge(&self.facts()) {
            return None;
        }
        let extra = self.outbound.service.pool.extra();
        extra.stages(self.outbound.call.shape)
    }

    fn decide(&self, end: AttemptOutcome<'_>) -> RetryDecision {
        let pool = &self.outbound.service.pool;
        let now = self.shared.clock.now();
        retry::decide(&self.facts(), end, |cause| {
            pool.rung().allows_retry(cause) && pool.extra().retry(cause, now)
        })
    }

    fn facts(&self) -> RetryFacts<'_> {
        let outbound = self.outbound;
        let balance = &outbound.snapshot.config.balance;
        RetryFacts {
            effect: outbound.call.effect,
            idempotent: outbound.service.is_idempotent(outbound.call.operation),
            placement: &outbound.call.placement,
            fence: outbound.call.fence,
            replayable: outbound.request.body.is_whole,
            target_is_known: self.target_is_known,
            has_fallback: self.fallback.is_some(),
            attempts: self.attempts.saturating_sub(self.reconnects),
            max_attempts: balance.max_retries,
            reconnects: self.reconnects,
            overdue: Instant::now() >= self.deadline,
            retry_timeouts: balance.retry_timeouts,
        }
    }

    /// The call has no place at any endpoint.
    pub fn unplaced(&mut self, why: Unplaced) -> SendEnd {
        match (why, self.fallback.take()) {
            (Unplaced::RequesterGone, _) => SendEnd::RequesterGone,
            (Unplaced::Infeasible(resource), _) => {
                SendEnd::Refused(rejection::infeasible(resource.label(), SOON))
            }
            (Unplaced::Refused(_), Some(fallback)) => SendEnd::Response(fallback),
            (Unplaced::Refused(refusal), None) => match self.error.take() {
                Some(error) => SendEnd::Refused(self.refusal(&error, None)),
                None => SendEnd::Refused(rejection::of_queue(&refusal)),
            },
            (Unplaced::NoRoute(none), fallback) => {
                self.fallback = fallback;
                self.nowhere(none)
            }
        }
    }

    /// No endpoint is left: the last response if there was one, otherwise a refusal that says why.
    fn nowhere(&mut self, none: NoRoute) -> SendEnd {
        let end = match (self.fallback.take(), &self.error) {
            (Some(fallback), _) => SendEnd::Response(fallback),
            (None, Some(error)) => SendEnd::Refused(self.refusal(error, Some(&none))),
            (None, None) => SendEnd::Refused(none.rejection()),
        };
        self.trace.nowhere = Some(none);
        end
    }

    /// No further attempt is made after this failure.
    pub fn given_up(&mut self, error: &ExchangeError) -> SendEnd {
        match self.fallback.take() {
            Some(fallback) => SendEnd::Response(fallback),
            None => SendEnd::Refused(self.refusal(error, None)),
        }
    }

    fn refusal(&self, error: &ExchangeError, nowhere: Option<&NoRoute>) -> Rejection {
        if !self.sent {
            return self.unreachable(nowhere);
        }
        let (reason, state) = match (self.outbound.call.effect.is_read(), error.failure.timed_out) {
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
        let tried = self.failures.iter();
        let tried = tried.map(|(endpoint, kind)| (&*endpoint.name, *kind));
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
    pub fn report(mut self, end: SendEnd) -> SendReport {
        self.trace.rung = Some(self.outbound.service.pool.rung());
        SendReport {
            end,
            trace: self.trace,
            sent: self.sent,
            unsure: self.unsure,
        }
    }
}
