//! A permit: the right of one request to use an endpoint. It counts up when it is given and down when it goes,
//! however it goes, so that a client that vanishes leaks nothing. While the client holds the response up,
//! it is not counted as in flight.

use super::Endpoint;
use super::stalled::Stall;
use crate::clock::{Clock, Moment};
use balancing::health::{Evidence, Trial};
use balancing::{Ask, Completion, Fault, Policy, Start};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// The right of one request to use an endpoint. Dropped without [`Permit::complete`] it is only given back, and
/// with it the breaker's trial: nothing was learned. The policy of its pool is told the end of each request that was sent
/// once, however it ended, and it is that policy which is told, whatever a reload put in its place.
#[derive(Debug)]
pub struct Permit {
    endpoint: Arc<Endpoint>,
    trial: Option<Trial>,
    /// Whether the policy was free to choose the endpoint.
    is_free: bool,
    judged: bool,
    /// While the client holds the response up; the permit then counts as no request in flight.
    stall: Option<Stall>,
    place: Option<PoolPlace>,
    /// The cost in thousandths that counts as in flight while the permit does.
    cost: u64,
    /// The request that was sent and has not ended, and the clock that tells its end.
    running: Option<(Start, Clock)>,
}

/// What may be in flight at an endpoint while a permit is taken.
#[derive(Debug, Clone, Copy)]
pub struct PermitLimits {
    /// Requests at most.
    pub requests: u32,
    /// Estimated cost at most; one request may always be in flight, whatever it costs.
    pub capacity: Option<f64>,
}

impl PermitLimits {
    /// None.
    pub const NONE: Self = Self {
        requests: u32::MAX,
        capacity: None,
    };
}

/// Wants to know when an endpoint has room again.
pub trait Room: Send + Sync {
    /// A request left an endpoint, or an endpoint changed.
    fn returned(&self);
}

/// The place of an endpoint in its pool.
#[derive(Clone)]
pub struct PoolPlace {
    /// Index of the endpoint.
    pub index: usize,
    /// Learns of the request; `None` where it says nothing of how the endpoint fares with requests for data.
    pub policy: Option<Arc<dyn Policy>>,
    /// Who is told when the request leaves.
    pub room: Arc<dyn Room>,
}

impl fmt::Debug for PoolPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PoolPlace").field(&self.index).finish()
    }
}

impl Permit {
    /// Takes a permit for a request of this estimated cost, unless that is beyond the limits. The cost counts from now on.
    pub fn claim(endpoint: &Arc<Endpoint>, cost: f64, limits: PermitLimits) -> Option<Self> {
        let cost = thousandths(cost);
        let capacity = limits.capacity.map_or(u64::MAX, thousandths);
        let entered = endpoint.state.enter(limits.requests, cost, capacity);
        entered.then(|| Self {
            endpoint: endpoint.clone(),
            trial: None,
            is_free: false,
            judged: false,
            stall: None,
            place: None,
            cost,
            running: None,
        })
    }

    /// From now on the endpoint's pool learns of the request.
    #[must_use]
    pub fn at(mut self, place: PoolPlace) -> Self {
        self.place = Some(place);
        self
    }

    /// The request is sent now.
    pub fn start(&mut self, ask: Ask, clock: &Clock) -> Start {
        let place = self.place.as_ref();
        let start = Start {
            endpoint: place.map_or(Start::OUTSIDE, |place| place.index),
            in_flight: self.endpoint.state.in_flight(),
            ask,
            now: clock.now(),
        };
        self.running = Some((start, clock.clone()));
        if let Some(policy) = self.policy() {
            policy.on_start(&start);
        }
        start
    }

    /// How long the policy expects the request to take that began so.
    pub fn expected_time(&self, start: &Start) -> Option<Duration> {
        let policy = self.place.as_ref()?.policy.as_ref()?;
        policy.expected_time(start)
    }

    /// The policy chose the endpoint, and might have chosen another one.
    #[must_use]
    pub fn freely(mut self) -> Self {
        self.is_free = true;
        self
    }

    /// Takes the trial of an open breaker with it; false when it is not due, or taken.
    pub fn claim_trial(&mut self, now: Moment) -> bool {
        self.trial = self.endpoint.health().claim_trial(now);
        self.trial.is_some()
    }

    /// The response is there, or begins to stream: what the endpoint takes from now on, its client may take as well.
    pub fn responded(&self, now: Moment) {
        self.endpoint.state.respond(now);
        if let Some((start, _)) = &self.running
            && let Some(policy) = self.policy()
        {
            policy.on_response(start, now);
        }
    }

    /// A good response begins to stream: that decides the breaker's trial, if this is one.
    pub fn streams(&mut self, began: Moment, now: Moment) {
        if let Some(trial) = self.trial.take() {
            let endpoint = &self.endpoint;
            let health = endpoint.health();
            health.trial_responded(&trial, began, &endpoint.rules, now);
        }
    }

    /// The client holds the response up: from now on it is not in flight, and the breaker's trial is given back. An
    /// endpoint has at most `max_connections` such responses; past that one is evicted.
    pub fn stall(&mut self, client: IpAddr) {
        if self.stall.is_some() {
            return;
        }
        self.give_trial_back();
        let (state, limit) = (&self.endpoint.state, self.endpoint.max_connections);
        self.stall = Some(Stall::begin(state, client, limit));
        self.leave();
    }

    /// The response goes on: it is in flight again, unless the limit is reached.
    pub fn resume(&mut self) {
        let limit = self.endpoint.max_connections;
        if self.stall.is_some() && self.endpoint.state.reenter(limit) {
            self.endpoint.state.take_on(self.cost);
            self.stall = None;
        }
    }

    /// Whether the client holds the response up.
    pub fn is_stalled(&self) -> bool {
        self.stall.is_some()
    }

    /// Ready when a stalled response must make room for others. Not to be polled again then.
    pub fn poll_evicted(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.stall {
            Some(stall) => stall.poll_evicted(cx),
            None => Poll::Pending,
        }
    }

    fn give_trial_back(&mut self) {
        if let Some(trial) = self.trial.take() {
            self.endpoint.health().health().release_trial(trial);
        }
    }

    /// Gives the permit back and teaches the endpoint's state and the policy how it went.
    /// Gives whose fault it was, as far as there is evidence for it.
    pub fn complete(mut self, done: &Completion, evidence: Evidence) -> Fault {
        let evidence = Evidence {
            trial: self.trial.take(),
            is_free: self.is_free,
            ..evidence
        };
        let endpoint = &self.endpoint;
        let lesson = endpoint.state.learn(done, &evidence, &endpoint.rules);
        self.judged = true;
        if !lesson.decides_trial {
            self.trial = evidence.trial;
        }
        self.finish(|_| lesson.correct(done));
        lesson.fault
    }

    /// Gives the permit back: another attempt of the same request was faster. Only the policy learns of it.
    pub fn outpaced(mut self) {
        self.finish(|running| Completion {
            outpaced: true,
            ..abandoned(running)
        });
    }

    /// Tells the policy the end of the request, unless it was told before.
    fn finish(&mut self, end: impl FnOnce(&(Start, Clock)) -> Completion) {
        if let Some(running) = self.running.take()
            && let Some(policy) = self.policy()
        {
            policy.on_finish(&end(&running));
        }
    }

    fn policy(&self) -> Option<&Arc<dyn Policy>> {
        self.place.as_ref()?.policy.as_ref()
    }

    /// The request is no longer in flight: there is room for another one.
    fn leave(&self) {
        self.endpoint.state.leave(self.cost);
        if let Some(place) = &self.place {
            place.room.returned();
        }
    }
}

fn thousandths(cost: f64) -> u64 {
    (cost * 1000.0) as u64
}

fn abandoned((start, clock): &(Start, Clock)) -> Completion {
    let now = clock.now();
    Completion {
        start: *start,
        now,
        service_time: now - start.now,
        fault: None,
        outpaced: false,
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.give_trial_back();
        if !self.judged {
            self.endpoint.state.abort();
        }
        self.finish(abandoned);
        if self.stall.is_none() {
            self.leave();
        }
    }
}
