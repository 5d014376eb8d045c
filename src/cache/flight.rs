//! Flights: fetches under way, one for each key and epoch (A06). The first request leads and
//! fetches; others of the same key, that began under the same epochs, follow. When a leader goes away
//! without an answer, one follower takes its place. The table and the followers are bounded.

use super::Cache;
use super::entry::Entry;
use super::epochs::{Depends, EndpointId};
use super::key::Key;
use super::pass::Pass;
use super::reason::{CacheReason, words};
use crate::clock::Moment;
use crate::dialect::Canonical;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use tokio::sync::watch;

const SHARDS: usize = 16;

/// Fetches in one shard of the table.
const FLIGHTS_PER_SHARD: usize = 1024;

/// Followers of one fetch.
const FOLLOWERS: usize = 4096;

/// Where a fetch stands.
#[derive(Debug, Clone)]
pub(super) enum Stage {
    Flying,
    /// The leader left; the next one to look takes over.
    Vacant,
    Landed(Arc<Entry>),
    /// There is nothing to share.
    Lost(CacheReason),
}

/// The key, and a number that grows with each write on what the answer depends on.
type FlightId = (Key, u64);

/// One fetch: what was known when it began, and who waits for it.
pub(super) struct Flight {
    pub key: Key,
    pub canonical: Canonical,
    pub service: Arc<str>,
    pub depends: Depends,
    pub generation: u64,
    pub pass: Arc<Pass>,
    pub home: Option<EndpointId>,
    pub stage: watch::Sender<Stage>,
    followers: AtomicUsize,
}

/// What is known when a fetch begins.
pub(super) struct Start {
    pub key: Key,
    pub canonical: Canonical,
    pub service: Arc<str>,
    pub depends: Depends,
    pub generation: u64,
    pub pass: Arc<Pass>,
    pub home: Option<EndpointId>,
}

impl From<Start> for Flight {
    fn from(start: Start) -> Self {
        Self {
            key: start.key,
            canonical: start.canonical,
            service: start.service,
            depends: start.depends,
            generation: start.generation,
            pass: start.pass,
            home: start.home,
            stage: watch::Sender::new(Stage::Flying),
            followers: AtomicUsize::new(0),
        }
    }
}

impl Flight {
    fn id(&self) -> FlightId {
        (self.key, self.depends.age())
    }

    fn is_of(&self, start: &Start) -> bool {
        self.canonical == start.canonical && self.depends == start.depends
    }

    /// Takes a vacant flight over; one caller succeeds.
    pub fn claim(&self) -> bool {
        self.stage.send_if_modified(|stage| {
            let vacant = matches!(stage, Stage::Vacant);
            if vacant {
                *stage = Stage::Flying;
            }
            vacant
        })
    }
}

impl Cache {
    /// Whether an answer to this flight may be kept or shared now.
    pub(super) fn standing(&self, flight: &Flight, now: Moment) -> Result<(), CacheReason> {
        if self.generation.load(SeqCst) != flight.generation {
            return Err(words::CLEARED);
        }
        if !flight.pass.is_good() {
            return Err(words::REVOKED);
        }
        self.epochs.standing(&flight.depends, now)
    }
}

/// What a request becomes.
pub(super) enum Joined {
    Lead(Arc<Flight>),
    Follow(Arc<Flight>),
    /// The fetch ended a moment ago.
    Hit(Arc<Entry>),
    Alone(CacheReason),
}

type Shard = Mutex<HashMap<FlightId, Arc<Flight>>>;

/// The table of flights.
#[derive(Default)]
pub(super) struct Flights {
    shards: [Shard; SHARDS],
}

impl Flights {
    fn shard(&self, key: &Key) -> &Shard {
        let place = usize::try_from(key.bits() % SHARDS as u64).unwrap_or(0);
        let [first, ..] = &self.shards;
        self.shards.get(place).unwrap_or(first)
    }

    /// Leads or follows. `stored` looks into the store once more: an answer is stored before its flight
    /// is taken out, so a request that finds neither was here first.
    pub fn join(&self, start: Start, stored: impl FnOnce() -> Option<Arc<Entry>>) -> Joined {
        let mut shard = self.shard(&start.key).lock();
        if let Some(flight) = shard.get(&(start.key, start.depends.age())) {
            return flight.board(&start);
        }
        if let Some(entry) = stored() {
            return Joined::Hit(entry);
        }
        if shard.len() >= FLIGHTS_PER_SHARD {
            return Joined::Alone(words::FLIGHTS_FULL);
        }
        let flight = Arc::new(Flight::from(start));
        shard.insert(flight.id(), Arc::clone(&flight));
        Joined::Lead(flight)
    }

    /// Ends a flight: it is taken out of the table, and its followers are told.
    pub fn land(&self, flight: &Flight, stage: Stage) {
        self.shard(&flight.key).lock().remove(&flight.id());
        flight.stage.send_replace(stage);
    }

    /// The leader left without an answer.
    pub fn vacate(&self, flight: &Flight) {
        let mut shard = self.shard(&flight.key).lock();
        if flight.followers.load(SeqCst) == 0 {
            shard.remove(&flight.id());
        }
        flight.stage.send_replace(Stage::Vacant);
    }

    /// A follower left.
    pub fn leave(&self, flight: &Flight) {
        let mut shard = self.shard(&flight.key).lock();
        let last = flight.followers.fetch_sub(1, SeqCst) == 1;
        if last && matches!(*flight.stage.borrow(), Stage::Vacant) {
            shard.remove(&flight.id());
        }
    }

    /// Fetches under way.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }
}

impl Flight {
    /// Boards a flight that is in the table; called under the table's lock.
    fn board(self: &Arc<Self>, start: &Start) -> Joined {
        if !self.is_of(start) {
            return Joined::Alone(words::KEY_CLASH);
        }
        if self.claim() {
            return Joined::Lead(Arc::clone(self));
        }
        if self.followers.load(SeqCst) >= FOLLOWERS {
            return Joined::Alone(words::FOLLOWERS_FULL);
        }
        self.followers.fetch_add(1, SeqCst);
        Joined::Follow(Arc::clone(self))
    }
}
