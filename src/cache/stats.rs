//! Counters of the cache: per category and by reason. Every look-up is counted once, as a hit, a miss
//! or a bypass; what followed a miss (stored, refused, coalesced) is counted beside it.

use super::entry::Entry;
use super::reason::CacheReason;
use super::store::Left;
use crate::plan::Category;
use parking_lot::RwLock;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Different reasons that are told apart; the words of dialects are few, and this keeps them so.
const REASONS: usize = 128;

/// Counters of one category.
#[derive(Default)]
pub(super) struct Tally {
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
pub(super) struct Reasons(RwLock<BTreeMap<CacheReason, AtomicU64>>);

impl Reasons {
    fn count(&self, reason: CacheReason) {
        if let Some(count) = self.0.read().get(&reason) {
            count.fetch_add(1, Relaxed);
            return;
        }
        let mut counts = self.0.write();
        let full = counts.len() >= REASONS;
        let reason = if full {
            CacheReason::word("other")
        } else {
            reason
        };
        counts.entry(reason).or_default().fetch_add(1, Relaxed);
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
pub(super) struct Stats {
    tallies: [Tally; Category::ALL.len()],
    /// Look-ups that bypassed the cache without a category.
    pub unplanned: AtomicU64,
    pub bypassed: Reasons,
    /// Answers that were not stored.
    pub refused: Reasons,
    /// Followers that went alone.
    pub alone: Reasons,
}

fn up(counter: &AtomicU64) {
    counter.fetch_add(1, Relaxed);
}

impl Stats {
    /// The counters of a category.
    pub fn of(&self, category: Category) -> &Tally {
        let mut tallies = self.tallies.iter().zip(Category::ALL);
        let found = tallies.find(|(_, other)| *other == category);
        let [.., misc] = &self.tallies;
        found.map_or(misc, |(tally, _)| tally)
    }

    /// All categories by name.
    pub fn tallies(&self) -> impl Iterator<Item = (&'static str, &Tally)> {
        let names = Category::ALL.into_iter().map(Category::label);
        names.zip(&self.tallies)
    }

    pub fn hit(&self, category: Category, took: Duration) {
        let tally = self.of(category);
        up(&tally.hits);
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        tally.hit_nanos.fetch_add(nanos, Relaxed);
    }

    pub fn miss(&self, category: Category) {
        up(&self.of(category).misses);
    }

    pub fn bypass(&self, category: Option<Category>, reason: CacheReason) {
        up(category.map_or(&self.unplanned, |category| &self.of(category).bypasses));
        self.bypassed.count(reason);
    }

    pub fn coalesced(&self, category: Category) {
        up(&self.of(category).coalesced);
    }

    pub fn promoted(&self, category: Category) {
        up(&self.of(category).promoted);
    }

    pub fn went_alone(&self, reason: CacheReason) {
        self.alone.count(reason);
    }

    pub fn refused(&self, reason: CacheReason) {
        self.refused.count(reason);
    }

    pub fn entered(&self, entry: &Entry) {
        let tally = self.of(entry.category);
        up(&tally.stores);
        up(&tally.entries);
        tally.bytes.fetch_add(entry.size, Relaxed);
    }

    pub fn left(&self, entry: &Entry, why: Left) {
        let tally = self.of(entry.category);
        up(match why {
            Left::Evicted => &tally.evictions,
            Left::Replaced => &tally.replaced,
            Left::Expired => &tally.expired,
            Left::Invalidated => &tally.invalidations,
        });
        tally.entries.fetch_sub(1, Relaxed);
        tally.bytes.fetch_sub(entry.size, Relaxed);
    }
}
