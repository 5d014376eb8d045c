//! The extra attempts of a service: what it is given beyond one attempt for each request, retries and hedges. Budgets bound
//! how many there are, and none is made while the service fails as a whole.

use crate::budget::{Allowance, Budget, Savings};
use crate::hedge::{self, HedgeStages, Slowness};
use crate::learn::TailTimes;
use crate::throttle::Throttle;
use crate::{Ask, Fault, Moment};
use std::sync::Arc;
use std::time::Duration;

/// Retries that may be saved up.
const SAVED_RETRIES: u32 = 80;
/// Hedges as a share of requests, and how many may be saved up.
const HEDGES: Allowance = Allowance {
    share: 0.02,
    per_second: 0,
    saved_at_most: 100,
};
/// Hedges that are kept for attempts that are very slow: a server that pauses holds up many requests at once, which would find
/// none left where more requests than the budget allows are merely slow.
const KEPT_HEDGES: u32 = 75;

/// Why a call is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RetryCause {
    /// An endpoint failed, or could not serve it.
    Failure,
    /// The client is at fault as far as one endpoint knows; another one is asked to make sure.
    Doubt,
}

/// How many extra attempts a service is given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExtraRules {
    /// Retries as a share of requests, 0..=1.
    pub retry_share: f64,
    /// Retries that each second grants, whatever was earned.
    pub retry_floor: u32,
    /// Whether reads that take long are sent to a second endpoint.
    pub hedging: bool,
}

impl Default for ExtraRules {
    fn default() -> Self {
        Self {
            retry_share: 0.2,
            retry_floor: 10,
            hedging: true,
        }
    }
}

/// What is kept of a service from one configuration to the next.
#[derive(Debug, Default)]
struct Kept {
    failures: Arc<Savings>,
    doubts: Arc<Savings>,
    hedges: Arc<Savings>,
    throttle: Throttle,
    times: TailTimes,
}

/// The extra attempts of a service.
#[derive(Debug)]
pub struct ExtraAttempts {
    failures: Budget,
    /// Apart from the other: mistakes of clients must not use up the retries that failing endpoints need.
    doubts: Budget,
    /// `None`: hedging is off.
    hedges: Option<Budget>,
    kept: Arc<Kept>,
}

impl ExtraAttempts {
    /// By these rules, going on from what was there `before`.
    pub fn new(rules: ExtraRules, before: Option<&Self>) -> Self {
        let kept = before.map_or_else(Arc::default, |before| Arc::clone(&before.kept));
        let retries = Allowance {
            share: rules.retry_share,
            per_second: rules.retry_floor,
            saved_at_most: SAVED_RETRIES,
        };
        Self {
            failures: Budget::new(retries, Arc::clone(&kept.failures)),
            doubts: Budget::new(retries, Arc::clone(&kept.doubts)),
            hedges: rules
                .hedging
                .then(|| Budget::new(HEDGES, Arc::clone(&kept.hedges))),
            kept,
        }
    }

    /// A request came in.
    pub fn request(&self) {
        self.doubts.earn();
        self.hedges.iter().for_each(Budget::earn);
    }

    /// An attempt that an endpoint may have worked on has ended. A first one that did not fail earns its share of a retry: the
    /// more of them fail, the fewer are sent again, so that what was saved up before stays within the share as well.
    pub fn ended(&self, ask: &Ask, fault: Fault) {
        self.kept.throttle.ended(fault);
        if !ask.is_retry && !fault.is_weakness() {
            self.failures.earn();
        }
    }

    /// Takes a retry; false when none may be made.
    pub fn retry(&self, cause: RetryCause, now: Moment) -> bool {
        let budget = match cause {
            RetryCause::Failure => &self.failures,
            RetryCause::Doubt => &self.doubts,
        };
        !self.kept.throttle.is_on() && budget.spend(now)
    }

    /// Takes a second attempt beside a first one that is so slow; false when none may be made.
    pub fn second(&self, slowness: Slowness, now: Moment) -> bool {
        let Some(hedges) = self.hedges.as_ref() else {
            return false;
        };
        match slowness {
            _ if self.kept.throttle.is_on() => false,
            Slowness::Slow => hedges.spend_surplus(KEPT_HEDGES),
            Slowness::VerySlow => hedges.spend(now),
            Slowness::Hanging => self.failures.spend(now),
        }
    }

    /// After which times an attempt of this shape is how slow; `None` where hedging is off or too little is known.
    pub fn stages(&self, shape: u64) -> Option<HedgeStages> {
        self.hedges.as_ref()?;
        self.kept.times.tail(shape).map(hedge::stages)
    }

    /// A read of this shape succeeded within this time.
    pub fn read(&self, shape: u64, time: Duration) {
        if self.hedges.is_some() {
            self.kept.times.learn(shape, time);
        }
    }

    /// A read of this shape was cancelled after this time, because another attempt was faster.
    pub fn outpaced(&self, shape: u64, time: Duration) {
        self.kept.times.learn_at_least(shape, time);
    }
}

#[cfg(test)]
mod tests;
