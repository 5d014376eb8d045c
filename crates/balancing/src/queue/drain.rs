//! How fast a queue drains: the cost that was served per second while requests waited.

use crate::Moment;
use std::time::Duration;

/// The memory, in requests served: an estimate over about so many of the last ones. It counts requests and not seconds, so
/// that endpoints that take a millisecond and those that take ten seconds are measured alike.
const MEMORY: f64 = 256.0;
/// Fewer say nothing.
const FEWEST: u32 = 16;
/// How many times what was served so far may be foretold at most. The first of a burst are served after the others have
/// waited for a whole response, and seem slow.
const FORESIGHT: f64 = 10.0;

/// The rate at which a queue drains.
#[derive(Debug, Default)]
pub struct DrainRate {
    cost: f64,
    seconds: f64,
    served: u32,
    /// The cost of all that was ever served.
    total: f64,
    /// Until when the time is counted; `None` while nobody waits.
    counted: Option<Moment>,
}

impl DrainRate {
    /// The first request waits.
    pub fn began(&mut self, now: Moment) {
        self.counted = Some(now);
    }

    /// Nobody waits any more.
    pub fn ended(&mut self, now: Moment) {
        self.seconds += self.waited(now);
        self.counted = None;
    }

    /// A request was served.
    pub fn served(&mut self, cost: f64, now: Moment) {
        let kept = 1.0 - 1.0 / MEMORY;
        self.seconds = self.seconds * kept + self.waited(now);
        self.cost = self.cost * kept + cost;
        self.served = self.served.saturating_add(1);
        self.total += cost;
        if self.counted.is_some() {
            self.counted = Some(now);
        }
    }

    /// How long it takes to serve so much, and no time for nothing; `None` where that is not known.
    pub fn time_for(&self, cost: f64, now: Moment) -> Option<Duration> {
        let cost = cost.max(0.0);
        let seconds = self.seconds + self.waited(now);
        let is_known = self.served >= FEWEST && self.cost > 0.0 && seconds > 0.0;
        let is_near = cost <= FORESIGHT * self.total;
        let time = Duration::try_from_secs_f64(cost * seconds / self.cost);
        (is_known && is_near).then(|| time.unwrap_or(Duration::MAX))
    }

    fn waited(&self, now: Moment) -> f64 {
        self.counted
            .map_or(0.0, |counted| (now - counted).as_secs_f64())
    }
}
