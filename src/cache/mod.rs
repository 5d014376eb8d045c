//! The inline cache: keys, tags and their epochs, single flight, quarantine, homes, the store in
//! memory. It answers "may this request be answered from store, and may this answer be stored"; it
//! sends nothing, judges nothing, and waits only for another client's fetch.
//!
//! A read asks [`Cache::look_up`] before it is sent; a write holds an [`OpenWrite`] from before its
//! first byte until its answer. That a reader never gets less than the last acknowledged write
//! rests on `epochs`, and on nothing else here.

mod clear;
mod entry;
mod epochs;
mod fill;
mod flight;
mod follow;
mod index;
mod key;
mod lookup;
mod pass;
mod reason;
mod report;
mod stats;
mod status;
mod store;
#[cfg(test)]
mod tests;
mod write;

pub use clear::Selection;
pub use entry::Entry;
pub use epochs::EndpointId;
pub use fill::{Fill, Filled, Kept};
pub use follow::{Follower, Waited};
pub use key::Key;
pub use lookup::{Hit, LookupRequest, Verdict};
pub use reason::{CacheReason, words};
pub use report::{Figures, Report};
pub use status::CacheStatus;
pub use write::{OpenWrite, Settled};

use crate::clock::Clock;
use crate::config;
use arc_swap::ArcSwap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// One cache for all services and threads of a process (CA-44).
pub struct Cache {
    settings: ArcSwap<config::Cache>,
    clock: Clock,
    epochs: epochs::Epochs,
    passes: pass::Passes,
    flights: flight::Flights,
    store: store::Store,
    stats: Arc<stats::Stats>,
    /// Raised when the cache is cleared.
    generation: AtomicU64,
    /// Number of the next entry.
    ids: AtomicU64,
}

impl Cache {
    /// An empty cache.
    pub fn new(settings: &config::Cache, clock: Clock) -> Arc<Self> {
        let stats = Arc::<stats::Stats>::default();
        Arc::new(Self {
            settings: ArcSwap::from_pointee(settings.clone()),
            clock,
            epochs: epochs::Epochs::new(),
            passes: pass::Passes::default(),
            flights: flight::Flights::default(),
            store: store::Store::new(settings, Arc::clone(&stats)),
            stats,
            generation: AtomicU64::new(0),
            ids: AtomicU64::new(0),
        })
    }

    /// Takes new settings; entries that fit them stay, and keep the time that they were given.
    pub fn reconfigure(&self, settings: &config::Cache) {
        self.settings.store(Arc::new(settings.clone()));
        self.store.resize(settings);
    }

    /// Whether the cache can do its work, or has none (CA-48).
    pub fn is_healthy(&self) -> bool {
        let settings = self.settings();
        !(settings.enabled && settings.l1.enabled) || self.store.capacity() > 0
    }

    fn settings(&self) -> arc_swap::Guard<Arc<config::Cache>> {
        self.settings.load()
    }
}
