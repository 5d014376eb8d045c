//! The attempts of one request: each stands in the request's record and in the metrics from the moment it is sent,
//! and its end as soon as that is known, also where the request ended before.

use super::in_flight::Ticket;
use super::name::Name;
use super::notes::{AttemptNote, MAX_ATTEMPTS, MAX_CANDIDATES};
use super::observer::Observer;
use crate::clock::Moment;
use crate::dialect::Fault;
use balancing::RouteReason;
use parking_lot::Mutex;
use serde::{Serialize, Serializer};
use std::sync::Arc;
use std::time::Duration;

/// The code of an attempt that has not ended.
pub const UNDER_WAY: &str = "under_way";
/// The code of an attempt whose end nobody waited for.
pub const ABANDONED: &str = "abandoned";
/// The code of an attempt that was cancelled because another one at the same call was faster.
pub const HEDGE_CANCELLED: &str = "hedge_cancelled";
/// The code of such an attempt at an endpoint that hung.
pub const HEDGE_TIMEOUT: &str = "hedge_timeout";
const OVERTAKEN: [&str; 2] = [HEDGE_CANCELLED, HEDGE_TIMEOUT];

/// The attempts of a request, in order; at most [`MAX_ATTEMPTS`] are kept. Shared by the record and the code that makes them.
#[derive(Debug, Clone, Default)]
pub struct Attempts(Arc<Mutex<Vec<AttemptNote>>>);

impl Attempts {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.lock().len()
    }

    /// Whether nothing was sent.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The one that decided the request, as it stands now: the last to end of those that were not overtaken by another.
    pub fn decisive(&self) -> Option<AttemptNote> {
        let attempts = self.0.lock();
        let counting = attempts.iter().filter(|one| !OVERTAKEN.contains(&one.code));
        let ended = |one: &&AttemptNote| (one.code == UNDER_WAY, one.started + one.elapsed);
        counting.max_by_key(ended).cloned()
    }

    /// All of them, as they stand now.
    pub fn list(&self) -> Vec<AttemptNote> {
        self.0.lock().clone()
    }

    /// The time in which any attempt was under way; one that still is counts until now.
    pub fn elapsed(&self, now: Moment) -> Duration {
        let (mut sum, mut until) = (Duration::ZERO, Moment::default());
        for attempt in &*self.0.lock() {
            let end = match attempt.code {
                UNDER_WAY => now,
                _ => attempt.started + attempt.elapsed,
            };
            sum += end.since(attempt.started.max(until));
            until = until.max(end);
        }
        sum
    }

    /// Notes one more, and gives its place. Past [`MAX_ATTEMPTS`] the last one is replaced, so that the end is kept.
    fn push(&self, mut attempt: AttemptNote) -> usize {
        let chosen = (attempt.scores.iter()).position(|one| one.endpoint == attempt.endpoint);
        if let Some(chosen) = chosen.filter(|at| *at >= MAX_CANDIDATES) {
            attempt.scores.swap(0, chosen);
        }
        attempt.scores.truncate(MAX_CANDIDATES);
        let mut attempts = self.0.lock();
        if attempts.len() >= MAX_ATTEMPTS {
            attempts.pop();
        }
        attempts.push(attempt);
        attempts.len() - 1
    }
}

impl Serialize for Attempts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.lock().serialize(serializer)
    }
}

/// An attempt under way. Dropped before its end was told, it was abandoned: who it was made for did not wait for
/// it, which is the client's doing.
pub struct RunningAttempt {
    observer: Arc<Observer>,
    service: Name,
    attempts: Attempts,
    place: usize,
    started: Moment,
    ended: bool,
}

impl RunningAttempt {
    /// Notes that a request is sent to an endpoint.
    pub fn begin(
        observer: &Arc<Observer>,
        ticket: &Ticket,
        service: &Name,
        attempt: AttemptNote,
    ) -> Self {
        let endpoint = attempt.endpoint.clone();
        ticket.update(observer, |entry| entry.endpoint = Some(endpoint));
        let attempts = ticket.attempts().clone();
        if observer.counts() {
            let before = attempts.0.lock().last().map(|before| before.fault);
            let beside = [RouteReason::Hedge, RouteReason::Silent];
            let is_beside = beside.iter().any(|one| attempt.reason == one.label());
            let retried = before.filter(|_| !is_beside);
            observer.metrics().attempt_sent(service, &attempt, retried);
        }
        Self {
            observer: Arc::clone(observer),
            service: service.clone(),
            started: attempt.started,
            place: attempts.push(attempt),
            attempts,
            ended: false,
        }
    }

    /// The time since it was sent.
    pub fn elapsed(&self) -> Duration {
        self.observer.now().since(self.started)
    }

    /// A response began after this time of the endpoint.
    pub fn responded(&self, status: u16, service_time: Duration) {
        self.change(|attempt| {
            attempt.status = Some(status);
            attempt.service_time = Some(service_time);
        });
    }

    /// It has ended, by this fault and with this word of a judge or of the exchange.
    pub fn end(mut self, fault: Fault, code: &'static str) {
        self.settle(fault, code);
    }

    fn settle(&mut self, fault: Fault, code: &'static str) {
        self.ended = true;
        let now = self.observer.now();
        self.change(|attempt| {
            (attempt.fault, attempt.code) = (fault, code);
            attempt.elapsed = now.since(attempt.started);
            if self.observer.counts() {
                self.observer
                    .metrics()
                    .attempt_ended(&self.service, attempt);
            }
        });
    }

    fn change(&self, change: impl FnOnce(&mut AttemptNote)) {
        if let Some(attempt) = self.attempts.0.lock().get_mut(self.place) {
            change(attempt);
        }
    }
}

impl Drop for RunningAttempt {
    fn drop(&mut self) {
        if !self.ended {
            self.settle(Fault::Client, ABANDONED);
        }
    }
}
