//! What the admin API and the metrics read of the cache: one document with the sources' names for
//! each figure (CA-03), printed as it is.

use super::Cache;
use super::stats::Tally;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Figures of one category, of a level, or of all together.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Figures {
    pub hits: u64,
    pub hit_count: u64,
    /// Look-ups that found nothing; some were then answered by another client's fetch (`coalesced`).
    pub misses: u64,
    pub miss_count: u64,
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
    pub eviction_count: u64,
    pub replaced: u64,
    pub expired: u64,
    pub invalidations: u64,
    pub entry_count: u64,
    pub total_entries: u64,
    pub size_bytes: u64,
    pub total_size_bytes: u64,
    pub total_size_mb: f64,
    /// Mean over hits, in milliseconds.
    pub avg_access_time_ms: f64,
    pub average_access_time: f64,
    /// Bytes held as a share of what may be held, 0..=100.
    pub memory_usage_percent: f64,
}

/// The whole document.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    #[serde(flatten)]
    pub total: Figures,
    /// The level in memory, under the names of the sources.
    pub l1: Figures,
    pub memory_cache: Figures,
    pub l1_cache: Figures,
    pub capacity_bytes: u64,
    pub categories: BTreeMap<&'static str, Figures>,
    /// Look-ups past the cache, by reason.
    pub bypass_reasons: BTreeMap<String, u64>,
    /// Answers that were not stored, by reason.
    pub refused_reasons: BTreeMap<String, u64>,
    /// Followers that went alone, by reason.
    pub alone_reasons: BTreeMap<String, u64>,
    /// Fetches under way.
    pub flights: u64,
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

impl Figures {
    /// Adds a category's counters; `nanos` collects the time of hits.
    fn add(&mut self, tally: &Tally, nanos: &mut u64) {
        let pairs: [(&mut u64, &AtomicU64); 13] = [
            (&mut self.hits, &tally.hits),
            (&mut self.misses, &tally.misses),
            (&mut self.bypasses, &tally.bypasses),
            (&mut self.coalesced, &tally.coalesced),
            (&mut self.promoted, &tally.promoted),
            (&mut self.stores, &tally.stores),
            (&mut self.evictions, &tally.evictions),
            (&mut self.replaced, &tally.replaced),
            (&mut self.expired, &tally.expired),
            (&mut self.invalidations, &tally.invalidations),
            (&mut self.entry_count, &tally.entries),
            (&mut self.size_bytes, &tally.bytes),
            (nanos, &tally.hit_nanos),
        ];
        for (sum, counter) in pairs {
            *sum += counter.load(Relaxed);
        }
    }

    /// Works out what follows from the counters.
    fn close(mut self, nanos: u64, capacity: u64) -> Self {
        let asked = self.hits + self.misses;
        self.total_requests = asked + self.bypasses;
        self.hit_rate = share(self.hits, asked);
        self.miss_rate = share(self.misses, asked);
        self.avg_access_time_ms = share(nanos, self.hits) / 1e6;
        self.memory_usage_percent = 100.0 * share(self.size_bytes, capacity);
        self.total_size_mb = self.size_bytes as f64 / f64::from(1 << 20);
        self.named_twice()
    }

    fn named_twice(self) -> Self {
        Self {
            hit_count: self.hits,
            miss_count: self.misses,
            eviction_count: self.evictions,
            total_entries: self.entry_count,
            total_size_bytes: self.size_bytes,
            average_access_time: self.avg_access_time_ms,
            ..self
        }
    }
}

impl Cache {
    /// All figures, at one moment as nearly as counters allow.
    pub fn report(&self) -> Report {
        let capacity = self.store.capacity();
        let (mut total, mut all_nanos) = (Figures::default(), 0);
        let mut categories = BTreeMap::new();
        for (name, tally) in self.stats.tallies() {
            let (mut figures, mut nanos) = (Figures::default(), 0);
            figures.add(tally, &mut nanos);
            total.add(tally, &mut all_nanos);
            categories.insert(name, figures.close(nanos, capacity));
        }
        total.bypasses += self.stats.unplanned.load(Relaxed);
        let total = total.close(all_nanos, capacity);
        Report {
            l1: total.clone(),
            memory_cache: total.clone(),
            l1_cache: total.clone(),
            total,
            capacity_bytes: capacity,
            categories,
            bypass_reasons: self.stats.bypassed.read(),
            refused_reasons: self.stats.refused.read(),
            alone_reasons: self.stats.alone.read(),
            flights: self.flights.len() as u64,
        }
    }
}
