//! The live state of one endpoint: requests in flight, failures, times, its reported load, and its
//! condition. It outlives reloads. Choosing reads it without a lock.

use super::permit::Evidence;
use super::reported::ReportedLoad;
use super::stalled::StalledResponses;
use super::stamp::Stamp;
use super::timeouts::Timeouts;
use super::times::ResponseTimes;
use super::window::{Window, WindowCounts};
use super::{Condition, Failure, HealthRules};
use crate::clock::Moment;
use crate::dialect::Fault;
use crate::plan::Complexity;
use balancing::Completion;
use parking_lot::Mutex;
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
    /// The timeouts of all endpoints of the service.
    timeouts: Arc<Timeouts>,
    completed: Stamp,
    in_flight: AtomicU32,
    failures_in_a_row: AtomicU32,
    requests: AtomicU64,
    successes: AtomicU64,
    errors: AtomicU64,
    aborted: AtomicU64,
    window: Mutex<Window>,
    /// What an agent reports.
    pub reported: ReportedLoad,
}

/// Counts of an endpoint's life.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Requests given to it.
    pub requests: u64,
    pub successes: u64,
    /// Failures that were its own, and refusals for too much load.
    pub errors: u64,
    /// Requests that ended without a judgement.
    pub aborted: u64,
}

impl EndpointState {
    /// The state of an endpoint that was never used.
    pub fn new(health: Arc<Condition>, generation: u64, timeouts: Arc<Timeouts>) -> Self {
        Self {
            health,
            generation,
            times: ResponseTimes::default(),
            stalled: StalledResponses::default(),
            timeouts,
            completed: Stamp::default(),
            in_flight: AtomicU32::new(0),
            failures_in_a_row: AtomicU32::new(0),
            requests: AtomicU64::new(0),
            successes: AtomicU64::new(0),
            errors: AtomicU64::new(0),
            aborted: AtomicU64::new(0),
            window: Mutex::default(),
            reported: ReportedLoad::default(),
        }
    }

    /// Requests in flight.
    pub fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed)
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

    /// Failures that were its own since its last success.
    pub fn failures_in_a_row(&self) -> u32 {
        self.failures_in_a_row.load(Ordering::Relaxed)
    }

    /// Counts of its life.
    pub fn totals(&self) -> Totals {
        Totals {
            requests: self.requests.load(Ordering::Relaxed),
            successes: self.successes.load(Ordering::Relaxed),
            errors: self.errors.load(Ordering::Relaxed),
            aborted: self.aborted.load(Ordering::Relaxed),
        }
    }

    /// Counts of the last minute.
    pub fn recent(&self, now: Moment) -> WindowCounts {
        self.window.lock().counts(now)
    }

    /// Counts one request in, unless `limit` are in flight.
    pub(super) fn enter(&self, limit: u32) -> bool {
        let entered = self.reenter(limit);
        if entered {
            self.requests.fetch_add(1, Ordering::Relaxed);
        }
        entered
    }

    /// Counts one request as in flight again, unless `limit` are in flight.
    pub(super) fn reenter(&self, limit: u32) -> bool {
        let next = |n: u32| (n < limit).then(|| n + 1);
        self.in_flight
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, next)
            .is_ok()
    }

    /// Counts one request out.
    pub(crate) fn leave(&self) {
        let next = |n: u32| n.checked_sub(1);
        let _ = self
            .in_flight
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, next);
    }

    /// A request ended without a judgement.
    pub(super) fn abort(&self) {
        self.aborted.fetch_add(1, Ordering::Relaxed);
    }

    /// Learns from a judged request. True when it decided the breaker's trial.
    pub(super) fn learn(
        &self,
        done: &Completion,
        evidence: Evidence,
        trial: bool,
        limit: u32,
        rules: &HealthRules,
    ) -> bool {
        self.completed.mark(done.now);
        // A trial that times out has failed: there was evidence enough to open the breaker.
        if evidence.timed_out && !trial && !self.is_to_blame(done) {
            return false;
        }
        if done.service_time >= rules.slow {
            self.health.hold(rules, done.now);
        }
        match done.fault {
            Some(Fault::None) => self.succeeded(done, trial, limit, rules),
            Some(Fault::Endpoint) => self.failed(done, evidence, trial, rules),
            Some(Fault::Overload) => {
                self.count(false, done.now);
                self.health.note_overload(done.now);
            }
            Some(Fault::Role) => self.health.refused_write(done.now),
            Some(Fault::Lag) => self.health.hold(rules, done.now),
            Some(Fault::Client | Fault::Database | Fault::Peer) | None => {}
        }
        matches!(done.fault, Some(Fault::None | Fault::Endpoint))
    }

    /// Whether a timeout speaks against this endpoint rather than against the statement.
    fn is_to_blame(&self, done: &Completion) -> bool {
        let address = &self.health.identity().address;
        let alone = self
            .timeouts
            .speaks_against(address, done.start.ask.shape, done.now);
        alone || self.health.probe_failing()
    }

    fn succeeded(&self, done: &Completion, trial: bool, limit: u32, rules: &HealthRules) {
        self.count(true, done.now);
        self.failures_in_a_row.store(0, Ordering::Relaxed);
        let complexity = Complexity::of_class(done.start.ask.class);
        self.times.add(done.service_time, complexity);
        self.health.succeeded(trial, limit, rules, done.now);
    }

    fn failed(&self, done: &Completion, evidence: Evidence, trial: bool, rules: &HealthRules) {
        self.count(false, done.now);
        self.failures_in_a_row.fetch_add(1, Ordering::Relaxed);
        let failure = Failure {
            shape: done.start.ask.shape,
            needs_two_shapes: evidence.needs_two_shapes && !evidence.timed_out,
        };
        self.health.failed(trial, &failure, rules, done.now);
    }

    fn count(&self, success: bool, now: Moment) {
        let total = if success {
            &self.successes
        } else {
            &self.errors
        };
        total.fetch_add(1, Ordering::Relaxed);
        self.window.lock().count(success, now);
    }
}
