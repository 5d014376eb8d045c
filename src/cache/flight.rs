//! Flights: fetches under way, one for each key and epoch. The first request leads and fetches; others
//! of the same key that began under the same epochs follow. When a leader goes away without a
//! response, one follower takes its place. The table and the followers are bounded.

mod table;

pub(super) use table::{FlightRole, Flights};

use super::Cache;
use super::credentials::CredentialState;
use super::entry::CacheEntry;
use super::epochs::Dependencies;
use super::home::WriteHome;
use super::key::CacheKey;
use super::reason::{CacheReason, words};
use crate::clock::Moment;
use crate::dialect::Canonical;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use tokio::sync::{Notify, watch};

/// Followers of one fetch.
const FOLLOWERS: usize = 4096;

/// What was known when a fetch began.
pub(super) struct Fetch {
    pub key: CacheKey,
    pub canonical: Canonical,
    pub dependencies: Dependencies,
    pub generation: u64,
    pub credential: Arc<CredentialState>,
    pub home: Option<WriteHome>,
}

impl Fetch {
    fn is_same(&self, other: &Fetch) -> bool {
        self.canonical == other.canonical && self.dependencies == other.dependencies
    }

    /// Whether a response to this fetch may be stored or shared now.
    pub fn check(&self, cache: &Cache, now: Moment) -> Result<(), CacheReason> {
        if cache.generation.load(SeqCst) != self.generation {
            return Err(words::CLEARED);
        }
        if !self.credential.is_accepted() {
            return Err(words::REVOKED);
        }
        cache.epochs.check(&self.dependencies, now)
    }
}

/// How far a fetch is.
#[derive(Debug, Clone)]
pub(super) enum FlightState {
    InProgress,
    /// The leader left; the next request to look takes over.
    Leaderless,
    Finished(Arc<CacheEntry>),
    /// There is nothing to share.
    Failed(CacheReason),
}

/// One fetch, and who waits for it.
pub(super) struct Flight {
    pub fetch: Fetch,
    pub state: watch::Sender<FlightState>,
    followers: AtomicUsize,
    /// Whether the request that leads still waits.
    leader_waits: AtomicBool,
    /// Somebody that waited has left.
    left: Notify,
}

/// The interest of the request that leads a fetch, apart from its followers. Dropped, it waits no longer.
#[must_use = "a fetch that nothing waits for ends"]
pub struct LeaderInterest(Arc<Flight>);

impl LeaderInterest {
    pub(super) fn new(flight: &Arc<Flight>) -> Self {
        flight.leader_waits.store(true, SeqCst);
        Self(Arc::clone(flight))
    }
}

impl Drop for LeaderInterest {
    fn drop(&mut self) {
        self.0.leader_waits.store(false, SeqCst);
        self.0.left.notify_one();
    }
}

impl Flight {
    fn new(fetch: Fetch) -> Self {
        Self {
            fetch,
            state: watch::Sender::new(FlightState::InProgress),
            followers: AtomicUsize::new(0),
            leader_waits: AtomicBool::new(false),
            left: Notify::new(),
        }
    }

    /// Waits until neither the request that leads nor a follower waits for the fetch.
    pub async fn unwanted(&self) {
        while self.leader_waits.load(SeqCst) || self.followers.load(SeqCst) > 0 {
            self.left.notified().await;
        }
    }

    /// Takes the lead of a flight without a leader; one caller succeeds.
    pub fn take_lead(&self) -> bool {
        self.state.send_if_modified(|state| {
            let leaderless = matches!(state, FlightState::Leaderless);
            if leaderless {
                *state = FlightState::InProgress;
            }
            leaderless
        })
    }

    /// Joins a flight that is in the table; called under the table's lock.
    fn join(self: &Arc<Self>, fetch: &Fetch) -> FlightRole {
        if !self.fetch.is_same(fetch) {
            return FlightRole::Bypass(words::KEY_CLASH);
        }
        if self.take_lead() {
            return FlightRole::Leader(Arc::clone(self));
        }
        if self.followers.load(SeqCst) >= FOLLOWERS {
            return FlightRole::Bypass(words::FOLLOWERS_FULL);
        }
        self.followers.fetch_add(1, SeqCst);
        FlightRole::Follower(Arc::clone(self))
    }
}
