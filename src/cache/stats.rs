//! What the admin API and the metrics read of the cache: one document, printed as it is.

mod counters;

pub(super) use counters::CacheCounters;

use counters::CategoryCounters;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Figures of one category, of a level, or of all together.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct CacheFigures {
    pub hits: u64,
    /// Look-ups that found nothing; some were then answered by another client's fetch (`coalesced`).
    pub misses: u64,
    pub bypasses: u64,
    /// Hits, misses and bypasses.
    pub total_requests: u64,
    /// Hits among hits and misses, 0..=1; 0 when there are none.
    pub hit_rate: f64,
    /// 1 - hit_rate; 0 when there are none.
    pub miss_rate: f64,
    pub coalesced: u64,
    /// Followers that took a fetch over from a leader that went away.
    pub promoted: u64,
    pub stores: u64,
    pub evictions: u64,
    pub replaced: u64,
    pub expired: u64,
    /// Entries dropped because a write, a clearing or a refused credential made them invalid.
    pub invalidations: u64,
    pub entry_count: u64,
    pub size_bytes: u64,
    /// Mean over hits, in milliseconds.
    pub avg_access_time_ms: f64,
    /// Bytes held, in percent of the limit, 0..=100.
    pub memory_usage_percent: f64,
}

/// The whole document.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CacheStats {
    #[serde(flatten)]
    pub total: CacheFigures,
    #[serde(flatten)]
    aliases: Aliases,
    /// The level in memory.
    pub l1: CacheFigures,
    pub capacity_bytes: u64,
    pub categories: BTreeMap<&'static str, CacheFigures>,
    /// Requests that bypassed the cache, by reason.
    pub bypass_reasons: BTreeMap<String, u64>,
    /// Responses that were not stored, by reason.
    pub refused_reasons: BTreeMap<String, u64>,
    /// Followers that fetched alone, by reason.
    pub alone_reasons: BTreeMap<String, u64>,
    /// Fetches under way.
    pub flights: u64,
}

/// Names by which dashboards know some of the figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Aliases {
    hit_count: u64,
    miss_count: u64,
    eviction_count: u64,
    total_entries: u64,
    /// Bytes.
    cache_size: u64,
    total_size_bytes: u64,
    total_size_mb: f64,
    average_access_time: f64,
}

impl From<&CacheFigures> for Aliases {
    fn from(figures: &CacheFigures) -> Self {
        Self {
            hit_count: figures.hits,
            miss_count: figures.misses,
            eviction_count: figures.evictions,
            total_entries: figures.entry_count,
            cache_size: figures.size_bytes,
            total_size_bytes: figures.size_bytes,
            total_size_mb: figures.size_bytes as f64 / f64::from(1 << 20),
            average_access_time: figures.avg_access_time_ms,
        }
    }
}

impl CacheStats {
    pub(super) fn read(counters: &CacheCounters, capacity: u64, flights: usize) -> Self {
        let (mut total, mut all_nanos) = (CacheFigures::default(), 0);
        let mut categories = BTreeMap::new();
        for (name, category) in counters.categories() {
            let (mut figures, mut nanos) = (CacheFigures::default(), 0);
            figures.add(category, &mut nanos);
            total.add(category, &mut all_nanos);
            categories.insert(name, figures.complete(nanos, capacity));
        }
        total.bypasses += counters.unplanned();
        let total = total.complete(all_nanos, capacity);
        Self {
            aliases: Aliases::from(&total),
            l1: total.clone(),
            total,
            capacity_bytes: capacity,
            categories,
            bypass_reasons: counters.bypass_reasons.read(),
            refused_reasons: counters.refused_reasons.read(),
            alone_reasons: counters.alone_reasons.read(),
            flights: flights as u64,
        }
    }
}

impl CacheStats {
    /// Each level by name, with its figures and the bytes that it may hold.
    pub fn levels(&self) -> [(&'static str, &CacheFigures, u64); 1] {
        [("l1", &self.l1, self.capacity_bytes)]
    }
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

impl CacheFigures {
    /// Adds a category's counters; `nanos` collects the time of hits.
    fn add(&mut self, counters: &CategoryCounters, nanos: &mut u64) {
        let pairs: [(&mut u64, &AtomicU64); 13] = [
            (&mut self.hits, &counters.hits),
            (&mut self.misses, &counters.misses),
            (&mut self.bypasses, &counters.bypasses),
            (&mut self.coalesced, &counters.coalesced),
            (&mut self.promoted, &counters.promoted),
            (&mut self.stores, &counters.stores),
            (&mut self.evictions, &counters.evictions),
            (&mut self.replaced, &counters.replaced),
            (&mut self.expired, &counters.expired),
            (&mut self.invalidations, &counters.invalidations),
            (&mut self.entry_count, &counters.entries),
            (&mut self.size_bytes, &counters.bytes),
            (nanos, &counters.hit_nanos),
        ];
        for (sum, counter) in pairs {
            *sum += counter.load(Relaxed);
        }
    }

    /// Works out what follows from the counters.
    fn complete(self, nanos: u64, capacity: u64) -> Self {
        let lookups = self.hits + self.misses;
        Self {
            total_requests: lookups + self.bypasses,
            hit_rate: share(self.hits, lookups),
            miss_rate: share(self.misses, lookups),
            avg_access_time_ms: share(nanos, self.hits) / 1e6,
            memory_usage_percent: 100.0 * share(self.size_bytes, capacity),
            ..self
        }
    }
}
