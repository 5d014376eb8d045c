//! What the requests of one endpoint came to: counts of the last minute, failures in a row, and when the last ones ended.
//! Only the counts take a lock.

use super::traffic::{Traffic, TrafficCounts, WINDOW};
use crate::atomic::{AtomicF64, Stamp};
use crate::{Fault, Moment};
use parking_lot::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Failures in a row of which an endpoint is failing.
const SEVERAL: u32 = 2;

/// Refused credentials in a row of which an endpoint refuses them all.
const DENIALS: u32 = 5;

/// How requests ended.
#[derive(Debug, Default)]
pub struct TrafficRecord {
    traffic: Mutex<Traffic>,
    /// Share of errors in the last minute, when a request was last counted; reading it takes no lock.
    errors: AtomicF64,
    counted: Stamp,
    succeeded: Stamp,
    /// When a request last failed that counts.
    failed: Stamp,
    in_a_row: AtomicU32,
    denied: AtomicU32,
}

impl TrafficRecord {
    /// A request ended; gives how requests ended lately.
    pub fn count(&self, fault: Fault, now: Moment) -> TrafficCounts {
        let mut traffic = self.traffic.lock();
        traffic.count(fault, now);
        if let Some(rate) = traffic.last_minute(now).error_rate() {
            self.errors.set(rate);
            self.counted.mark(now);
        }
        traffic.lately(now)
    }

    /// The share of errors in the last minute, as it was when the last request ended; `None` when that is longer ago.
    pub fn error_rate(&self, now: Moment) -> Option<f64> {
        let at = self.counted.get()?;
        (now.since(at) <= WINDOW).then(|| self.errors.get())
    }

    /// A request succeeded; only one for data ends a row of failures.
    pub fn succeeded(&self, asked_data: bool, now: Moment) {
        self.count(Fault::None, now);
        self.succeeded.mark(now);
        if asked_data {
            self.in_a_row.store(0, Ordering::Relaxed);
            self.denied.store(0, Ordering::Relaxed);
        }
    }

    /// The credential of a request was refused.
    pub fn denied(&self) {
        self.denied.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether it refused the credentials of its last requests.
    pub fn is_denying(&self) -> bool {
        self.denied.load(Ordering::Relaxed) >= DENIALS
    }

    /// A request failed; gives how requests ended lately, and failures in a row.
    pub fn failed(&self, fault: Fault, now: Moment) -> (TrafficCounts, u32) {
        let counts = self.count(fault, now);
        self.failed.mark(now);
        let before = self.in_a_row.fetch_add(1, Ordering::Relaxed);
        (counts, before.saturating_add(1))
    }

    /// Failures since the last success.
    pub fn in_a_row(&self) -> u32 {
        self.in_a_row.load(Ordering::Relaxed)
    }

    /// Whether its last requests failed, the last one less than `fresh` ago.
    pub fn is_failing(&self, fresh: Duration, now: Moment) -> bool {
        let last = self.failed.get();
        self.in_a_row() >= SEVERAL && last.is_some_and(|at| now.since(at) < fresh)
    }

    /// Whether a request succeeded after this moment.
    pub fn has_succeeded_since(&self, moment: Moment) -> bool {
        self.succeeded.get() > Some(moment)
    }

    /// Whether the last request succeeded or failed; `None` when that is longer ago than `fresh`.
    pub fn last_word(&self, fresh: Duration, now: Moment) -> Option<bool> {
        let last = self.succeeded.get().max(self.failed.get())?;
        (now.since(last) < fresh).then(|| self.in_a_row() == 0)
    }

    /// The counts of the last minute.
    pub fn last_minute(&self, now: Moment) -> TrafficCounts {
        self.traffic.lock().last_minute(now)
    }

    /// The counts of the last ten to fifteen seconds.
    pub fn lately(&self, now: Moment) -> TrafficCounts {
        self.traffic.lock().lately(now)
    }
}
