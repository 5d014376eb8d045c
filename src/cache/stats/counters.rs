//! Counters of the cache: by category and by reason. Every request is counted once: as a hit or a miss when it
//! is looked up, as a bypass when it ends as one. What became of it (stored, refused, coalesced) is counted separately.

use crate::cache::entry::CacheEntry;
use crate::cache::reason::{CacheReason, words};
use crate::cache::store::Removal;
use crate::plan::Category;
use parking_lot::RwLock;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Different reasons that are counted apart; the words of dialects are few, and this bounds them.
const REASONS: usize = 128;

/// Counters of one category.
#[derive(Default)]
pub(in crate::cache) struct CategoryCounters {
    pub hits: AtomicU64,
    pub hit_nanos: AtomicU64,
    pub misses: AtomicU64,
    pub coalesced: AtomicU64,
    pub promoted: AtomicU64,
    pub bypasses: AtomicU64,
    pub stores: AtomicU64,
    pub evictions: AtomicU64,
    pub replaced: AtomicU64,
    pub expired: AtomicU64,
    pub invalidations: AtomicU64,
    pub entries: AtomicU64,
    pub bytes: AtomicU64,
}

/// Counts by reason.
#[derive(Default)]
pub(in crate::cache) struct ReasonCounters(RwLock<BTreeMap<CacheReason, AtomicU64>>);

impl ReasonCounters {
    fn count(&self, reason: CacheReason) {
        if let Some(count) = self.0.read().get(&reason) {
            increment(count);
            return;
        }
        let mut counts = self.0.write();
        let reason = if counts.len() >= REASONS {
            words::OTHER
        } else {
            reason
        };
        increment(counts.entry(reason).or_default());
    }

    /// The counts by the reason's text.
    pub fn read(&self) -> BTreeMap<String, u64> {
        let counts = self.0.read();
        let text =
            |(reason, count): (&CacheReason, &AtomicU64)| (reason.to_string(), count.load(Relaxed));
        counts.iter().map(text).collect()
    }
}

/// All counters of a cache.
#[derive(Default)]
pub(in crate::cache) struct CacheCounters {
    categories: [CategoryCounters; Category::ALL.len()],
    /// Requests that bypassed the cache without a category.
    unplanned: AtomicU64,
    pub bypass_reasons: ReasonCounters,
    /// Responses that were not stored.
    pub refused_reasons: ReasonCounters,
    /// Followers that fetched alone.
    pub alone_reasons: ReasonCounters,
}

fn increment(counter: &AtomicU64) {
    counter.fetch_add(1, Relaxed);
}

impl CacheCounters {
    fn of(&self, category: Category) -> &CategoryCounters {
        let [.., misc] = &self.categories;
        self.categories.get(category as usize).unwrap_or(misc)
    }

    /// All categories by name.
    pub fn categories(&self) -> impl Iterator<Item = (&'static str, &CategoryCounters)> {
        let names = Category::ALL.into_iter().map(Category::label);
        names.zip(&self.categories)
    }

    /// Requests that bypassed the cache without a category.
    pub fn unplanned(&self) -> u64 {
        self.unplanned.load(Relaxed)
    }

    pub fn hit(&self, category: Category, took: Duration) {
        let counters = self.of(category);
        increment(&counters.hits);
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        counters.hit_nanos.fetch_add(nanos, Relaxed);
    }

    pub fn miss(&self, category: Category) {
        increment(&self.of(category).misses);
    }

    pub fn bypass(&self, category: Option<Category>, reason: Option<CacheReason>) {
        let counters = category.map(|category| &self.of(category).bypasses);
        increment(counters.unwrap_or(&self.unplanned));
        if let Some(reason) = reason {
            self.bypass_reasons.count(reason);
        }
    }

    pub fn coalesced(&self, category: Category) {
        increment(&self.of(category).coalesced);
    }

    pub fn promoted(&self, category: Category) {
        increment(&self.of(category).promoted);
    }

    /// A follower fetches alone after all: its request ends as a bypass, and is a miss no longer.
    pub fn went_alone(&self, category: Category, reason: CacheReason) {
        self.of(category).misses.fetch_sub(1, Relaxed);
        self.alone_reasons.count(reason);
    }

    pub fn refused(&self, reason: CacheReason) {
        self.refused_reasons.count(reason);
    }

    pub fn inserted(&self, entry: &CacheEntry) {
        let counters = self.of(entry.category);
        increment(&counters.stores);
        increment(&counters.entries);
        counters.bytes.fetch_add(entry.size, Relaxed);
    }

    pub fn removed(&self, entry: &CacheEntry, why: Removal) {
        let counters = self.of(entry.category);
        increment(match why {
            Removal::Evicted => &counters.evictions,
            Removal::Replaced => &counters.replaced,
            Removal::Expired => &counters.expired,
            Removal::Invalidated => &counters.invalidations,
        });
        counters.entries.fetch_sub(1, Relaxed);
        counters.bytes.fetch_sub(entry.size, Relaxed);
    }
}
