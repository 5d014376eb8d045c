//! The inline cache: keys, tags and their epochs, single flight, quarantine, homes, the store in
//! memory. It decides whether a request may be answered from store and whether a response may be
//! stored. It sends nothing, judges nothing, and waits only for another client's fetch.
//!
//! A read calls [`Cache::look_up`] before it is sent; a write holds an [`OpenWrite`] from before its
//! first byte until its response. That a reader never gets less than the last acknowledged write
//! rests on `epochs`, and on nothing else here.

mod credentials;
mod entry;
mod epochs;
mod fill;
mod flight;
mod follower;
mod home;
mod key;
mod lookup;
mod reason;
mod stats;
mod status;
mod store;
#[cfg(test)]
mod tests;
mod write;

pub use entry::{CacheEntry, Selection};
pub use fill::{FetchedResponse, Fill, FillOutcome};
pub use follower::{Follower, Waited};
pub use home::WriteHome;
pub use key::CacheKey;
pub use lookup::{Hit, LookupRequest, Verdict};
pub use reason::{CacheReason, words};
pub use stats::{CacheFigures, CacheStats};
pub use status::{CacheStatus, LookupResult};
pub use write::{OpenWrite, Settled};

use crate::clock::Clock;
use crate::config;
use crate::dialect::Tag;
use crate::endpoint_id::EndpointId;
use crate::plan::Category;
use arc_swap::ArcSwap;
use credentials::CredentialTable;
use epochs::Epochs;
use flight::Flights;
use lookup::Lookup;
use stats::CacheCounters;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use store::{Removal, Store};

/// One cache for all services and threads of a process.
pub struct Cache {
    settings: ArcSwap<config::Cache>,
    clock: Clock,
    epochs: Epochs,
    credentials: CredentialTable,
    flights: Flights,
    store: Store,
    counters: Arc<CacheCounters>,
    /// Changes when the cache is cleared; a fetch that began before is not stored.
    generation: AtomicU64,
}

impl Cache {
    /// An empty cache.
    pub fn new(settings: &config::Cache, clock: Clock) -> Arc<Self> {
        let counters = Arc::<CacheCounters>::default();
        Arc::new(Self {
            settings: ArcSwap::from_pointee(settings.clone()),
            clock,
            epochs: Epochs::new(),
            credentials: CredentialTable::default(),
            flights: Flights::default(),
            store: Store::new(settings, Arc::clone(&counters)),
            counters,
            generation: AtomicU64::new(0),
        })
    }

    /// Takes new settings; entries that fit them stay, and keep the time that they were given.
    pub fn reconfigure(&self, settings: &config::Cache) {
        self.settings.store(Arc::new(settings.clone()));
        self.store.resize(settings);
    }

    /// Whether the cache can store responses, or is switched off.
    pub fn is_healthy(&self) -> bool {
        !self.is_on() || self.store.capacity() > 0
    }

    /// Looks a request up; to be called before it is sent anywhere.
    pub fn look_up(self: &Arc<Self>, request: &LookupRequest<'_>) -> Verdict {
        let verdict = Lookup::new(self, request).and_then(|lookup| lookup.run());
        verdict.unwrap_or_else(Verdict::Bypass)
    }

    /// Counts a request that bypassed the cache, whether it was looked up or not; to be called once, at its end.
    pub fn bypassed(&self, category: Option<Category>, reason: Option<CacheReason>) {
        self.counters.bypass(category, reason);
    }

    /// Begins a write: to be called before its first byte is sent.
    pub fn begin_write(self: &Arc<Self>, tags: &[Tag]) -> OpenWrite {
        OpenWrite::new(Arc::clone(self), self.epochs.slots_of(tags))
    }

    /// The endpoint that acknowledged the last write on these tags, where there is one and anything is
    /// stored. Writes that go there again avoid the quarantine that a change of home brings.
    pub fn home(&self, tags: &[Tag]) -> Option<WriteHome> {
        if !self.is_on() {
            return None;
        }
        let slots = self.epochs.slots_of(tags);
        let lag = self.settings().quarantine;
        let home = self.epochs.home(slots.into_iter(), self.clock.now(), lag);
        home.ok().flatten()
    }

    /// The endpoint that acknowledged the newest write on these tags, where others may still lag behind it: it is asked for
    /// what is not stored because of that write.
    pub fn newest_home(&self, tags: &[Tag]) -> Option<WriteHome> {
        let slots = self.epochs.slots_of(tags);
        let lag = self.settings().quarantine;
        self.epochs
            .newest_home(slots.into_iter(), self.clock.now(), lag)
    }

    /// Forgets an endpoint that left the configuration. Where it acknowledged the last write, nothing
    /// is stored from other endpoints until `cache.rejoin_hold` has passed.
    pub fn forget_home(&self, endpoint: EndpointId) {
        let until = self.clock.now() + self.settings().rejoin_hold;
        self.epochs.forget(endpoint, until);
    }

    /// Drops entries, and returns how many. Fetches under way are not stored afterwards.
    pub fn clear(&self, selection: Selection) -> usize {
        self.generation.fetch_add(1, SeqCst);
        let selected = |entry: &CacheEntry| selection.holds(entry).then_some(Removal::Invalidated);
        self.store.remove_where(selected)
    }

    /// Drops all entries of a credential that the database refused (401, 403): they are out of reach
    /// at once, however many there are.
    pub fn revoke(&self, credential: u64) {
        self.credentials.revoke(credential);
        self.store.purge_credential(credential);
    }

    /// Drops what is expired or invalid, and returns how many; for a task in the background.
    pub fn sweep(&self) -> usize {
        self.store.purge_condemned(usize::MAX);
        let now = self.clock.now();
        self.store.remove_where(|entry| {
            let invalid = (!entry.is_valid(&self.epochs)).then_some(Removal::Invalidated);
            let expired = entry.is_expired(now).then_some(Removal::Expired);
            expired.or(invalid)
        })
    }

    /// All figures, at one moment as nearly as counters allow.
    pub fn stats(&self) -> CacheStats {
        CacheStats::read(&self.counters, self.store.capacity(), self.flights.len())
    }

    fn settings(&self) -> arc_swap::Guard<Arc<config::Cache>> {
        self.settings.load()
    }

    fn is_on(&self) -> bool {
        let settings = self.settings();
        settings.enabled && settings.l1.enabled
    }
}
