//! What a queue does when more comes than can be served.

use crate::Moment;
use std::time::Duration;

/// How a queue keeps itself short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overload {
    /// Refuses who would wait for longer than its deadline leaves, or than clients do, by the rate at which the queue drains.
    PredictedWait,
    /// Controlled delay with adaptive LIFO (Maurer, Fail at Scale, 2015): while the queue has not been empty for a tenth of a
    /// second, the newest goes first and who has waited for 5 ms is refused.
    ControlledDelay,
}

/// The longest wait without congestion, and how long a queue must have stood for congestion.
const INTERVAL: Duration = Duration::from_millis(100);
/// The longest wait under congestion.
const TARGET: Duration = Duration::from_millis(5);

/// For how long a queue has not been empty.
#[derive(Debug, Default)]
pub struct Congestion {
    overload: Option<Overload>,
    since: Option<Moment>,
}

impl Congestion {
    /// The first request waits.
    pub fn began(&mut self, now: Moment) {
        self.since = Some(now);
    }

    /// Keeps to this from now on.
    pub fn obey(&mut self, overload: Overload) {
        self.overload = Some(overload);
    }

    /// Nobody waits any more.
    pub fn ended(&mut self) {
        self.since = None;
    }

    /// Whether the newest goes first.
    pub fn is_lifo(&self, now: Moment) -> bool {
        self.is_controlled() && self.since.is_some_and(|since| now - since > INTERVAL)
    }

    /// The longest wait at present; `None`: as long as the deadline allows.
    pub fn patience(&self, now: Moment) -> Option<Duration> {
        match self.is_controlled() {
            false => None,
            true if self.is_lifo(now) => Some(TARGET),
            true => Some(INTERVAL),
        }
    }

    fn is_controlled(&self) -> bool {
        self.overload == Some(Overload::ControlledDelay)
    }
}
