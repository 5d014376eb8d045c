//! The table of flights.

use super::{Fetch, Flight, FlightState};
use crate::cache::entry::CacheEntry;
use crate::cache::key::CacheKey;
use crate::cache::reason::{CacheReason, words};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

const SHARDS: usize = 16;

/// Fetches in one shard of the table.
const FLIGHTS_PER_SHARD: usize = 1024;

/// The key, and a number that changes with each write on what the response depends on.
type FlightId = (CacheKey, u64);

type Shard = Mutex<HashMap<FlightId, Arc<Flight>>>;

/// What a request becomes when it joins.
pub(in crate::cache) enum FlightRole {
    Leader(Arc<Flight>),
    Follower(Arc<Flight>),
    /// The fetch ended a moment ago.
    Hit(Arc<CacheEntry>),
    Bypass(CacheReason),
}

/// All flights.
#[derive(Default)]
pub(in crate::cache) struct Flights {
    shards: [Shard; SHARDS],
}

fn id(fetch: &Fetch) -> FlightId {
    (fetch.key, fetch.dependencies.epoch_sum())
}

impl Flights {
    fn shard(&self, key: &CacheKey) -> &Shard {
        let place = usize::try_from(key.bits() % SHARDS as u64).unwrap_or(0);
        let [first, ..] = &self.shards;
        self.shards.get(place).unwrap_or(first)
    }

    /// Leads or follows. `stored` looks into the store once more: a response is stored before its
    /// flight is taken out, so a request that finds neither was here first.
    pub fn join(
        &self,
        fetch: Fetch,
        stored: impl FnOnce() -> Option<Arc<CacheEntry>>,
    ) -> FlightRole {
        let mut shard = self.shard(&fetch.key).lock();
        let id = id(&fetch);
        if let Some(flight) = shard.get(&id) {
            return flight.join(&fetch);
        }
        if let Some(entry) = stored() {
            return FlightRole::Hit(entry);
        }
        if shard.len() >= FLIGHTS_PER_SHARD {
            return FlightRole::Bypass(words::FLIGHTS_FULL);
        }
        let flight = Arc::new(Flight::new(fetch));
        shard.insert(id, Arc::clone(&flight));
        FlightRole::Leader(flight)
    }

    /// Ends a flight: it leaves the table, and its followers are woken.
    pub fn finish(&self, flight: &Flight, state: FlightState) {
        let mut shard = self.shard(&flight.fetch.key).lock();
        shard.remove(&id(&flight.fetch));
        drop(shard);
        flight.state.send_replace(state);
    }

    /// The leader left without a response.
    pub fn abandon(&self, flight: &Flight) {
        let mut shard = self.shard(&flight.fetch.key).lock();
        if flight.followers.load(SeqCst) == 0 {
            shard.remove(&id(&flight.fetch));
        }
        flight.state.send_replace(FlightState::Leaderless);
    }

    /// A follower left.
    pub fn leave(&self, flight: &Flight) {
        let mut shard = self.shard(&flight.fetch.key).lock();
        let last = flight.followers.fetch_sub(1, SeqCst) == 1;
        flight.left.notify_one();
        if last && matches!(*flight.state.borrow(), FlightState::Leaderless) {
            shard.remove(&id(&flight.fetch));
        }
    }

    /// Fetches under way.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }
}
