//! What a queue does when more comes than can be served.

use crate::Moment;
use std::time::Duration;

/// How a queue keeps itself short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overload {
    /// Refuses who would wait for longer than its deadline leaves, or than clients do, by the rate at which the queue drains.
    PredictedWait,
    /// Controlled delay with adaptive LIFO (Maurer, Fail at Scale, 2015): while those of a tenant and a need have not been gone for a tenth
    /// of a second, the newest of them goes first and who of them has waited for 5 ms is refused.
    ControlledDelay,
}

/// The longest wait without congestion, and how long requests must have waited without a break for congestion.
const INTERVAL: Duration = Duration::from_millis(100);
/// The longest wait under congestion.
const TARGET: Duration = Duration::from_millis(5);

impl Overload {
    /// Whether the newest goes first, of those of which one has been waiting since then.
    pub fn is_lifo(self, since: Moment, now: Moment) -> bool {
        self == Self::ControlledDelay && now - since > INTERVAL
    }

    /// The longest wait of these at present; `None`: as long as the deadline allows.
    pub fn patience(self, since: Moment, now: Moment) -> Option<Duration> {
        match self {
            Self::PredictedWait => None,
            Self::ControlledDelay if self.is_lifo(since, now) => Some(TARGET),
            Self::ControlledDelay => Some(INTERVAL),
        }
    }
}
