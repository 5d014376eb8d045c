//! Following: waiting for the response to another client's fetch. Only successes that may be stored
//! are shared; an error never is, and neither is a response that a write has made outdated.

use super::Cache;
use super::entry::CacheEntry;
use super::fill::Fill;
use super::flight::{Flight, FlightState};
use super::reason::{CacheReason, words};
use crate::dialect::Storability;
use crate::plan::CachePlan;
use std::ops::ControlFlow::{self, Break, Continue};
use std::sync::Arc;
use std::time::Duration;

/// A request that waits for another one. Dropped, it leaves the flight.
#[must_use = "a follower does nothing until it waits"]
pub struct Follower {
    cache: Arc<Cache>,
    flight: Arc<Flight>,
    plan: CachePlan,
    storability: Storability,
}

/// What the waiting brought.
pub enum Waited {
    /// The other request's response.
    Shared(Arc<CacheEntry>),
    /// The other request went away: this one fetches now, for all that wait.
    Lead(Fill),
    /// Nothing: this request fetches for itself.
    Alone(CacheReason),
}

impl Drop for Follower {
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
        Self {
            cache,
            flight,
            plan,
            storability,
        }
    }

    /// Waits, at most for `limit` and for `cache.share_wait`.
    pub async fn wait(self, limit: Duration) -> Waited {
        let limit = limit.min(self.cache.settings().share_wait);
        let waited = tokio::time::timeout(limit, self.outcome()).await;
        let waited = waited.unwrap_or(Waited::Alone(words::WAITED));
        self.count(&waited);
        waited
    }

    async fn outcome(&self) -> Waited {
        let mut state = self.flight.state.subscribe();
        loop {
            let seen = state.borrow_and_update().clone();
            if let Break(waited) = self.look(seen) {
                return waited;
            }
            if state.changed().await.is_err() {
                return Waited::Alone(words::NO_RESPONSE);
            }
        }
    }

    fn look(&self, state: FlightState) -> ControlFlow<Waited> {
        match state {
            FlightState::Finished(entry) => Break(self.share(entry)),
            FlightState::Failed(reason) => Break(Waited::Alone(reason)),
            FlightState::Leaderless if self.flight.take_lead() => Break(Waited::Lead(self.lead())),
            FlightState::Leaderless | FlightState::InProgress => Continue(()),
        }
    }

    /// The response is as good as one of our own only if no write came since this request began.
    fn share(&self, entry: Arc<CacheEntry>) -> Waited {
        let now = self.cache.clock.now();
        match self.flight.fetch.check(&self.cache, now) {
            Ok(()) => Waited::Shared(entry),
            Err(reason) => Waited::Alone(reason),
        }
    }

    fn lead(&self) -> Fill {
        let (cache, flight) = (Arc::clone(&self.cache), Arc::clone(&self.flight));
        Fill::new(cache, flight, self.plan, self.storability, words::ABSENT)
    }

    fn count(&self, waited: &Waited) {
        let counters = &self.cache.counters;
        match waited {
            Waited::Shared(_) => counters.coalesced(self.plan.category),
            Waited::Lead(_) => counters.promoted(self.plan.category),
            Waited::Alone(reason) => counters.went_alone(self.plan.category, *reason),
        }
    }
}
