//! The store in memory: entries by key, bounded by bytes, with the index beside it. It evicts by
//! `quick_cache`'s policy and knows nothing of epochs: whether an entry may be served is decided
//! by its callers.

mod index;
mod table;

use super::entry::CacheEntry;
use super::epochs::SlotId;
use super::key::CacheKey;
use super::stats::CacheCounters;
use crate::config;
use index::{IndexKey, Members, TagIndex};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use table::EntryTable;

/// Condemned entries that one operation removes at most; the rest waits for the next one.
const PURGED_AT_ONCE: usize = 256;

/// Why an entry was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Removal {
    Evicted,
    Replaced,
    Expired,
    Invalidated,
}

/// Entries, their index, and the invalid ones that still wait to be removed.
pub(super) struct Store {
    table: EntryTable,
    index: TagIndex,
    condemned: Mutex<VecDeque<Members>>,
    counters: Arc<CacheCounters>,
    /// Weight that every entry has at least; 0 without a limit on their number.
    least_weight: AtomicU64,
    /// Number of the next entry.
    ids: AtomicU64,
}

fn least_weight(settings: &config::Cache) -> u64 {
    let bytes = settings.l1.size.0;
    let share = |n: u64| (bytes / n.max(1)).min(table::largest_of(bytes));
    settings.max_size.map_or(0, share)
}

impl Store {
    pub fn new(settings: &config::Cache, counters: Arc<CacheCounters>) -> Self {
        Self {
            table: EntryTable::new(settings),
            index: TagIndex::default(),
            condemned: Mutex::default(),
            counters,
            least_weight: AtomicU64::new(least_weight(settings)),
            ids: AtomicU64::new(0),
        }
    }

    /// Takes new limits; what fits them stays.
    pub fn resize(&self, settings: &config::Cache) {
        self.least_weight.store(least_weight(settings), Relaxed);
        self.table.set_capacity(settings.l1.size.0);
        self.book_evictions();
        let at_most = settings.max_size.unwrap_or(u64::MAX);
        for entry in self.table.beyond(at_most) {
            self.remove(&entry, Removal::Evicted);
        }
    }

    /// A number that no other entry has.
    pub fn next_id(&self) -> u64 {
        self.ids.fetch_add(1, Relaxed)
    }

    /// What an entry of this size weighs.
    pub fn weight(&self, size: u64) -> u64 {
        size.max(self.least_weight.load(Relaxed))
    }

    /// Whether an entry of this weight can be held at all.
    pub fn fits(&self, weight: u64) -> bool {
        weight <= self.table.largest()
    }

    /// The entry of a key; counts as a use.
    pub fn get(&self, key: &CacheKey) -> Option<Arc<CacheEntry>> {
        self.table.get(key)
    }

    /// Stores an entry in place of any other of its key. Invalid entries make room before valid ones.
    pub fn insert(&self, entry: &Arc<CacheEntry>) {
        self.purge_condemned(PURGED_AT_ONCE);
        self.index.add(entry);
        self.counters.inserted(entry);
        self.table.insert(entry);
        self.book_evictions();
    }

    /// Removes exactly this entry; false if it is gone already.
    pub fn remove(&self, entry: &CacheEntry, why: Removal) -> bool {
        self.take_out(&entry.key, entry.id, why)
    }

    fn take_out(&self, key: &CacheKey, id: u64, why: Removal) -> bool {
        let removed = self.table.remove(key, id);
        if let Some(entry) = &removed {
            self.book(entry, why);
        }
        removed.is_some()
    }

    fn book(&self, entry: &CacheEntry, why: Removal) {
        self.index.remove(entry);
        self.counters.removed(entry, why);
    }

    /// Books what the policy evicted; where its key is still held, it had a successor.
    fn book_evictions(&self) {
        for entry in self.table.evicted() {
            let replaced = self.table.holds(&entry.key);
            let why = if replaced {
                Removal::Replaced
            } else {
                Removal::Evicted
            };
            self.book(&entry, why);
        }
    }

    /// Removes what depends on a slot that was written: some at once, the rest step by step. What is
    /// left can no longer be served, and makes room before anything valid does.
    pub fn purge(&self, slot: SlotId) {
        self.condemn(IndexKey::Slot(slot));
    }

    /// Removes the entries of a refused credential, in the same way.
    pub fn purge_credential(&self, credential: u64) {
        self.condemn(IndexKey::Credential(credential));
    }

    fn condemn(&self, key: IndexKey) {
        if let Some(members) = self.index.take(key) {
            self.condemned.lock().push_back(members);
            self.purge_condemned(PURGED_AT_ONCE);
        }
    }

    /// Removes up to `limit` of the condemned.
    pub fn purge_condemned(&self, limit: usize) {
        for _ in 0..limit {
            let Some((id, key)) = self.next_condemned() else {
                return;
            };
            self.take_out(&key, id, Removal::Invalidated);
        }
    }

    fn next_condemned(&self) -> Option<(u64, CacheKey)> {
        let mut condemned = self.condemned.lock();
        while let Some(members) = condemned.front_mut() {
            if let Some(member) = members.next() {
                return Some(member);
            }
            condemned.pop_front();
        }
        None
    }

    /// Removes the entries that `why` names a reason for, and counts them.
    pub fn remove_where(&self, why: impl Fn(&CacheEntry) -> Option<Removal>) -> usize {
        let chosen = self
            .table
            .select(|entry| why(&entry).map(|why| (entry, why)));
        let removed = |(entry, why): &(Arc<CacheEntry>, Removal)| self.remove(entry, *why);
        chosen.iter().filter(|one| removed(one)).count()
    }

    /// Bytes that may be stored.
    pub fn capacity(&self) -> u64 {
        self.table.capacity()
    }

    /// Weight of all entries, and keys in the index, for tests of leaks.
    #[cfg(test)]
    pub fn footprint(&self) -> (u64, usize) {
        (self.table.weight(), self.index.len())
    }
}
