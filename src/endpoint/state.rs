//! The live state of one endpoint: requests in flight, failures, times, its reported load, and its
//! condition. It outlives reloads. Choosing reads it without a lock.

use super::reported::ReportedLoad;
use super::stalled::StalledResponses;
use super::times::ResponseTimes;
use super::{Condition, HealthRules};
use crate::clock::Moment;
use crate::dialect::Fault;
use crate::plan::Complexity;
use balancing::Completion;
use balancing::atomic::Stamp;
use balancing::health::{Evidence, Lesson};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// The live state of one endpoint.
#[derive(Debug)]
pub struct EndpointState {
    /// Status, breaker, role, addresses.
    pub health: Arc<Condition>,
    /// Counts up with each address that the name stood for; 0 for the first.
    pub generation: u64,
    pub times: ResponseTimes,
    /// Responses that their clients hold up; none of them is in flight.
    pub stalled: StalledResponses,
    completed: Stamp,
    responded: Stamp,
    in_flight: AtomicU32,
    /// The estimated costs of the requests in flight, in thousandths.
    cost: AtomicU64,
    requests: AtomicU64,
    successes: AtomicU64,
    /// By their class, as [`Fault::FAILURES`] has them.
    failures: [AtomicU64; Fault::FAILURES.len()],
    errors: AtomicU64,
    aborted: AtomicU64,
    /// What an agent reports.
    pub reported: ReportedLoad,
}

/// Counts of an endpoint's life. Each request that has ended is a success, one of the failures, or aborted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Requests given to it.
    pub requests: u64,
    pub successes: u64,
    /// Failures by their class, as [`Fault::FAILURES`] has them.
    pub failures: [u64; Fault::FAILURES.len()],
    /// Of these, those that count against it: its own failures as far as there is evidence, and refusals for too much load.
    pub errors: u64,
    /// Requests that ended without a judgement.
    pub aborted: u64,
}

impl EndpointState {
    /// The state of an endpoint that was never used.
    pub fn new(health: Arc<Condition>, generation: u64) -> Self {
        Self {
            health,
            generation,
            times: ResponseTimes::default(),
            stalled: StalledResponses::default(),
            completed: Stamp::default(),
            responded: Stamp::default(),
            in_flight: AtomicU32::new(0),
            cost: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            successes: AtomicU64::new(0),
            failures: Default::default(),
            errors: AtomicU64::new(0),
            aborted: AtomicU64::new(0),
            reported: ReportedLoad::default(),
        }
    }

    /// Requests in flight.
    pub fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// The estimated costs of the requests in flight.
    pub fn cost(&self) -> f64 {
        self.cost.load(Ordering::Relaxed) as f64 / 1000.0
    }

    /// Requests in flight, and responses that slow readers hold up.
    pub fn unfinished(&self) -> u32 {
        let stalled = u32::try_from(self.stalled.count()).unwrap_or(u32::MAX);
        self.in_flight().saturating_add(stalled)
    }

    /// When a request last ended with a judgement.
    pub fn last_completed(&self) -> Option<Moment> {
        self.completed.get()
    }

    /// When a response was last there, or began to stream.
    pub fn last_response(&self) -> Option<Moment> {
        self.responded.get()
    }

    /// Counts of its life.
    pub fn totals(&self) -> Totals {
        Totals {
            requests: self.requests.load(Ordering::Relaxed),
            successes: self.successes.load(Ordering::Relaxed),
            failures: self
                .failures
                .each_ref()
                .map(|one| one.load(Ordering::Relaxed)),
            errors: self.errors.load(Ordering::Relaxed),
            aborted: self.aborted.load(Ordering::Relaxed),
        }
    }

    /// Counts one request of this cost in, unless `limit` are in flight or their costs would be beyond the capacity, both in
    /// thousandths. One may always be in flight, whatever it costs.
    pub(super) fn enter(&self, limit: u32, cost: u64, capacity: u64) -> bool {
        let next = |present: u64| {
            let sum = present.saturating_add(cost);
            (present == 0 || sum <= capacity).then_some(sum)
        };
        let (set, get) = (Ordering::AcqRel, Ordering::Relaxed);
        if self.cost.fetch_update(set, get, next).is_err() {
            return false;
        }
        let entered = self.reenter(limit);
        match entered {
            true => self.requests.fetch_add(1, Ordering::Relaxed),
            false => self.cost.fetch_sub(cost, Ordering::Relaxed),
        };
        entered
    }

    /// Counts one request as in flight again, unless `limit` are in flight.
    pub(super) fn reenter(&self, limit: u32) -> bool {
        let next = |n: u32| (n < limit).then(|| n + 1);
        self.in_flight
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, next)
            .is_ok()
    }

    /// A request of this cost, in thousandths, is worked on.
    pub(super) fn take_on(&self, cost: u64) {
        self.cost.fetch_add(cost, Ordering::Relaxed);
    }

    /// Counts one request out, with the cost that it was taken on for.
    pub(crate) fn leave(&self, cost: u64) {
        self.cost.fetch_sub(cost, Ordering::Relaxed);
        let next = |n: u32| n.checked_sub(1);
        let _ = self
            .in_flight
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, next);
    }

    fn count(&self, fault: Option<Fault>) {
        let class = Fault::FAILURES.iter().position(|one| Some(*one) == fault);
        let failures = class.and_then(|class| self.failures.get(class));
        let count = match fault {
            None => &self.aborted,
            Some(_) => failures.unwrap_or(&self.successes),
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// A response is there, or begins to stream.
    pub(super) fn respond(&self, now: Moment) {
        self.responded.mark(now);
    }

    /// A request ended without a judgement.
    pub(super) fn abort(&self) {
        self.aborted.fetch_add(1, Ordering::Relaxed);
    }

    /// Learns from a judged request.
    pub(super) fn learn(
        &self,
        done: &Completion,
        evidence: &Evidence,
        rules: &HealthRules,
    ) -> Lesson {
        self.completed.mark(done.now);
        let lesson = self.health.on_finish(done, evidence, rules);
        let is_success = done.fault == Some(Fault::None);
        self.count(lesson.correct(done).fault);
        if !is_success && matches!(lesson.fault, Fault::Endpoint | Fault::Overload) {
            self.errors.fetch_add(1, Ordering::Relaxed);
        }
        let is_evidence = is_success || lesson.fault != Fault::None;
        if is_evidence && done.service_time >= rules.slow {
            self.health.hold(rules, done.now);
        }
        // What any server answers that runs says nothing of how fast it reads data.
        if is_success && done.start.ask.asks_data {
            let complexity = Complexity::of_class(done.start.ask.class);
            self.times.add(done.service_time, complexity);
        }
        lesson
    }
}
