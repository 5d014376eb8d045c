//! The table of entries: `quick_cache` with weights in bytes, whose evictions are collected until they
//! are booked.

use crate::cache::entry::CacheEntry;
use crate::cache::key::CacheKey;
use crate::config;
use parking_lot::Mutex;
use quick_cache::sync::Cache as QuickCache;
use quick_cache::{DefaultHashBuilder, Lifecycle, OptionsBuilder, Weighter};
use std::sync::Arc;

/// Shards at most: more would make each too small for a large response.
const SHARDS: u64 = 8;

/// Below this limit on entries one shard holds them all, so that the limit is exact.
const ONE_SHARD_BELOW: u64 = 10_000;

/// The size that the tables are laid out for, in bytes; any size works.
const USUAL_ENTRY: u64 = 8 << 10;

#[derive(Clone)]
struct ByWeight;

impl Weighter<CacheKey, Arc<CacheEntry>> for ByWeight {
    fn weight(&self, _: &CacheKey, entry: &Arc<CacheEntry>) -> u64 {
        entry.weight
    }
}

/// Where the policy puts what it evicts.
#[derive(Clone, Default)]
struct Evicted(Arc<Mutex<Vec<Arc<CacheEntry>>>>);

impl Lifecycle<CacheKey, Arc<CacheEntry>> for Evicted {
    type RequestState = ();

    fn on_evict(&self, (): &mut (), _: CacheKey, entry: Arc<CacheEntry>) {
        self.0.lock().push(entry);
    }
}

/// Entries by key, bounded by their weight.
pub(super) struct EntryTable {
    quick: QuickCache<CacheKey, Arc<CacheEntry>, ByWeight, DefaultHashBuilder, Evicted>,
    evicted: Evicted,
}

/// The heaviest entry that a shard of this capacity holds: the policy keeps 3 in 100 apart.
pub(super) fn largest_of(capacity: u64) -> u64 {
    capacity / 100 * 97
}

fn shards(settings: &config::Cache) -> u64 {
    let one = settings.max_size.is_some_and(|n| n < ONE_SHARD_BELOW);
    let roomy = settings.l1.size.0 / settings.max_entry.0.max(1) / 8;
    if one { 1 } else { roomy.clamp(1, SHARDS) }
}

impl EntryTable {
    pub fn new(settings: &config::Cache) -> Self {
        let count = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let bytes = settings.l1.size.0;
        let usual = (bytes / USUAL_ENTRY).min(settings.max_size.unwrap_or(u64::MAX));
        let usual = count(usual.max(64));
        let evicted = Evicted::default();
        let options = OptionsBuilder::new()
            .shards(count(shards(settings)))
            .estimated_items_capacity(usual)
            .weight_capacity(bytes)
            .build();
        let (hasher, lifecycle) = (DefaultHashBuilder::default(), evicted.clone());
        let quick = match options {
            Ok(options) => QuickCache::with_options(options, ByWeight, hasher, lifecycle),
            // Not reached: both sizes are given. The same limits, with as many shards as the crate likes.
            Err(_) => QuickCache::with(usual, bytes, ByWeight, hasher, lifecycle),
        };
        Self { quick, evicted }
    }

    pub fn get(&self, key: &CacheKey) -> Option<Arc<CacheEntry>> {
        self.quick.get(key)
    }

    pub fn holds(&self, key: &CacheKey) -> bool {
        self.quick.contains_key(key)
    }

    pub fn insert(&self, entry: &Arc<CacheEntry>) {
        self.quick.insert(entry.key, Arc::clone(entry));
    }

    /// Removes the entry of a key if it has this number.
    pub fn remove(&self, key: &CacheKey, id: u64) -> Option<Arc<CacheEntry>> {
        let removed = self.quick.remove_if(key, |entry| entry.id == id);
        removed.map(|(_, entry)| entry)
    }

    /// What was evicted since the last call.
    pub fn evicted(&self) -> Vec<Arc<CacheEntry>> {
        std::mem::take(&mut *self.evicted.0.lock())
    }

    /// What `select` makes of the entries, where it makes anything.
    pub fn select<T>(&self, select: impl Fn(Arc<CacheEntry>) -> Option<T>) -> Vec<T> {
        let entries = self.quick.iter().map(|(_, entry)| entry);
        entries.filter_map(select).collect()
    }

    /// As many entries as there are beyond a number.
    pub fn beyond(&self, at_most: u64) -> Vec<Arc<CacheEntry>> {
        let surplus = (self.quick.len() as u64).saturating_sub(at_most);
        let surplus = usize::try_from(surplus).unwrap_or(usize::MAX);
        let entries = self.quick.iter().map(|(_, entry)| entry);
        entries.take(surplus).collect()
    }

    /// The heaviest entry that can be held.
    pub fn largest(&self) -> u64 {
        largest_of(self.quick.shard_capacity())
    }

    /// Bytes that may be stored.
    pub fn capacity(&self) -> u64 {
        self.quick.capacity()
    }

    pub fn set_capacity(&self, bytes: u64) {
        self.quick.set_capacity(bytes);
    }

    #[cfg(test)]
    pub fn weight(&self) -> u64 {
        self.quick.weight()
    }
}
