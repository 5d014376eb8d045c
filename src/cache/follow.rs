//! Following: waiting for the answer of another client's fetch. Only successes that may be stored
//! are shared; an error never is, and neither is an answer that a write has overtaken.

use super::Cache;
use super::entry::Entry;
use super::fill::Fill;
use super::flight::{Flight, Stage};
use super::reason::{CacheReason, words};
use crate::dialect::Storability;
use crate::plan::CachePlan;
use std::ops::ControlFlow::{self, Break, Continue};
use std::sync::Arc;
use std::time::Duration;

/// A request that waits for another one.
#[must_use = "a follower does nothing until it waits"]
pub struct Follower {
    seat: Seat,
    plan: CachePlan,
    storability: Storability,
}

/// What the waiting brought.
pub enum Waited {
    /// The other request's answer.
    Shared(Arc<Entry>),
    /// The other request went away: this one fetches now, for all that wait.
    Lead(Fill),
    /// Nothing: this request fetches for itself.
    Alone(CacheReason),
}

/// A place among the followers; given back on drop.
struct Seat {
    cache: Arc<Cache>,
    flight: Arc<Flight>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.cache.flights.leave(&self.flight);
    }
}

impl Follower {
    pub(super) fn new(
        cache: Arc<Cache>,
        flight: Arc<Flight>,
        plan: CachePlan,
        storability: Storability,
    ) -> Self {
        let seat = Seat { cache, flight };
        Self {
            seat,
            plan,
            storability,
        }
    }

    /// Waits, at most for `limit` and for `cache.share_wait`.
    pub async fn wait(self, limit: Duration) -> Waited {
        let limit = limit.min(self.seat.cache.settings().share_wait);
        let waited = tokio::time::timeout(limit, self.landing()).await;
        let waited = waited.unwrap_or(Waited::Alone(words::WAITED));
        self.count(&waited);
        waited
    }

    async fn landing(&self) -> Waited {
        let mut stage = self.seat.flight.stage.subscribe();
        loop {
            let seen = stage.borrow_and_update().clone();
            if let Break(waited) = self.look(seen) {
                return waited;
            }
            if stage.changed().await.is_err() {
                return Waited::Alone(words::NO_ANSWER);
            }
        }
    }

    fn look(&self, stage: Stage) -> ControlFlow<Waited> {
        let flight = &self.seat.flight;
        match stage {
            Stage::Landed(entry) => Break(self.share(entry)),
            Stage::Lost(reason) => Break(Waited::Alone(reason)),
            Stage::Vacant if flight.claim() => Break(Waited::Lead(self.lead())),
            Stage::Vacant | Stage::Flying => Continue(()),
        }
    }

    /// The answer is as good as one of our own only if no write came since this request began.
    fn share(&self, entry: Arc<Entry>) -> Waited {
        let cache = &self.seat.cache;
        match cache.standing(&self.seat.flight, cache.clock.now()) {
            Ok(()) => Waited::Shared(entry),
            Err(reason) => Waited::Alone(reason),
        }
    }

    fn lead(&self) -> Fill {
        let (cache, flight) = (Arc::clone(&self.seat.cache), Arc::clone(&self.seat.flight));
        Fill::new(cache, flight, self.plan, self.storability, words::ABSENT)
    }

    fn count(&self, waited: &Waited) {
        let stats = &self.seat.cache.stats;
        match waited {
            Waited::Shared(_) => stats.coalesced(self.plan.category),
            Waited::Lead(_) => stats.promoted(self.plan.category),
            Waited::Alone(reason) => stats.went_alone(*reason),
        }
    }
}
