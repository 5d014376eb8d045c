//! An attempt that was sent. Its end is reported once: to the endpoint's state, the metrics and the request's record. An
//! attempt that is dropped without an end counts as abandoned and says nothing about the endpoint.

use super::exchange_error::ExchangeError;
use super::outbound::Outbound;
use crate::balance::{Route, Scored, SpillCause};
use crate::dialect::{Effect, Fault, Judgement};
use crate::endpoint::{Distance, Evidence, Permit};
use crate::http::Stage;
use crate::observe::{
    AttemptNote, Candidate, ExpectedTime, HEDGE_CANCELLED, HEDGE_TIMEOUT, Name, RunningAttempt,
};
use crate::shared::Shared;
use crate::snapshot::Service;
use balancing::{Completion, RouteReason, Start};
use std::sync::Arc;
use std::time::Duration;

/// An attempt that was sent.
pub struct SentAttempt {
    shared: Arc<Shared>,
    service: Arc<Service>,
    permit: Permit,
    running: RunningAttempt,
    start: Start,
    effect: Effect,
    /// The time until the response was there, or began to stream: the sample of the endpoint's speed. The rest of a
    /// response that streams depends on its length, and on how fast its client reads.
    sample: Option<Duration>,
    /// How long the endpoint asks to be left alone.
    retry_after: Option<Duration>,
}

/// What hangs, where an attempt takes many times as long as is usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hang {
    /// This read, for all that is known: what it asks for may take that long.
    OfOneRead,
    /// The endpoint, which has responded to nothing: no request's fault.
    Silence,
}

impl SentAttempt {
    /// Records that this call is sent now, on this route.
    pub fn new(shared: &Arc<Shared>, outbound: &Outbound, mut route: Route) -> Self {
        let endpoint = Name::from(Arc::clone(&route.endpoint.name));
        let start = route.permit.start(route.ask, &shared.clock);
        let note = AttemptNote {
            expected: expected(outbound, &route, &start),
            distance: distance(&route),
            spill: route.spill.map_or("", SpillCause::label),
            score: (route.score != 0.0).then_some(route.score),
            scores: route.scores.iter().map(candidate).collect(),
            ..AttemptNote::sent(endpoint, route.reason.label(), shared.clock.now())
        };
        let service = &outbound.service.label;
        Self {
            shared: Arc::clone(shared),
            service: Arc::clone(&outbound.service),
            start,
            permit: route.permit,
            running: RunningAttempt::begin(&shared.observer, &outbound.ticket, service, note),
            effect: outbound.call.effect,
            sample: None,
            retry_after: None,
        }
    }

    /// The right to use the endpoint.
    pub fn permit(&mut self) -> &mut Permit {
        &mut self.permit
    }

    /// The response is there, or begins to stream. `requester_time`: how long the requester had let the request wait.
    pub fn responded(&mut self, status: u16, requester_time: Duration) {
        let sample = self.running.elapsed().saturating_sub(requester_time);
        self.running.responded(status, sample);
        self.sample = Some(sample);
        self.permit.responded(self.shared.clock.now());
    }

    /// The endpoint asks to be left alone for so long.
    pub fn asked_to_wait(&mut self, span: Option<Duration>) {
        self.retry_after = span;
    }

    /// The response, which was judged to be good so far, begins to stream.
    pub fn streams(&mut self) {
        let now = self.shared.clock.now();
        self.permit.streams(self.start.now, now);
    }

    /// The endpoint has sent the whole response, which was judged.
    pub fn judged(self, judgement: &Judgement) {
        let evidence = Evidence {
            needs_two_shapes: judgement.needs_two_shapes,
            denies_target: judgement.denies_target,
            retry_after: self.retry_after,
            ..Evidence::default()
        };
        let completion = self.completion(judgement.fault);
        let extra = self.service.pool.extra();
        extra.ended(&self.start.ask, judgement.fault);
        if judgement.is_success() && self.effect.is_read() {
            extra.read(self.start.ask.shape, completion.service_time);
        }
        self.permit.complete(&completion, evidence);
        self.running.end(judgement.fault, judgement.code);
    }

    /// The response failed or is incomplete. It counts against the endpoint only if the endpoint is to blame.
    pub fn failed(self, error: &ExchangeError) {
        self.end_failed(error, None);
    }

    fn end_failed(self, error: &ExchangeError, hang: Option<Hang>) {
        if !error.blames_endpoint() {
            return self.running.end(Fault::None, error.kind);
        }
        let may_be_processed = error.failure.may_be_processed();
        let is_silence = hang == Some(Hang::Silence);
        let evidence = Evidence {
            timed_out: error.failure.timed_out && may_be_processed && !is_silence,
            is_silence,
            ..Evidence::default()
        };
        if may_be_processed {
            let extra = self.service.pool.extra();
            extra.ended(&self.start.ask, Fault::Endpoint);
        }
        let completion = Completion {
            outpaced: hang.is_some(),
            ..self.completion(Fault::Endpoint)
        };
        let fault = self.permit.complete(&completion, evidence);
        self.running.end(fault, error.kind);
    }

    /// Another attempt at the same call was faster, and this one is cancelled. It says nothing against the endpoint, but
    /// that a request takes at least so long.
    pub fn outpaced(self) {
        let extra = self.service.pool.extra();
        extra.outpaced(self.start.ask.shape, self.running.elapsed());
        self.permit.outpaced();
        self.running.end(Fault::None, HEDGE_CANCELLED);
    }

    /// The endpoint hangs, and another one has responded.
    pub fn hung(self, hang: Hang) {
        let timeout = ExchangeError::timeout(Stage::Sent, HEDGE_TIMEOUT);
        self.end_failed(&timeout, Some(hang));
    }

    fn completion(&self, fault: Fault) -> Completion {
        Completion {
            start: self.start,
            now: self.shared.clock.now(),
            service_time: self.sample.unwrap_or_else(|| self.running.elapsed()),
            fault: Some(fault),
            outpaced: false,
        }
    }
}

/// The endpoint's time, as it is expected now; of what any server answers that runs nothing is.
fn expected(outbound: &Outbound, route: &Route, start: &Start) -> Option<ExpectedTime> {
    let is_planned = outbound.snapshot.config.planner.enabled;
    let learned = route.permit.expected_time(start).map(ExpectedTime::Learned);
    let planned = is_planned.then_some(ExpectedTime::Planned(outbound.plan.time));
    learned.or(planned).filter(|_| start.ask.asks_data)
}

/// How far it is to the endpoint; nothing where it may be no other one.
fn distance(route: &Route) -> Distance {
    match route.reason {
        RouteReason::Owner | RouteReason::Pinned => Distance::Near,
        _ => route.endpoint.distance,
    }
}

/// An endpoint as the choice saw it.
fn candidate(scored: &Scored) -> Candidate {
    Candidate {
        endpoint: Name::from(&*scored.endpoint),
        score: scored.by_strategy,
        in_flight: scored.in_flight,
        excluded: scored.excluded.map(|why| why.label()),
    }
}
