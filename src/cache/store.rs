//! The store in memory: entries by key, bounded by bytes (CA-05, XC-14), with the index beside it.
//! It evicts by `quick_cache`'s policy and knows nothing of epochs: whether an entry may be served
//! is decided above it.

use super::entry::Entry;
use super::epochs::SlotId;
use super::index::{Index, Label, Leaving};
use super::key::Key;
use super::stats::Stats;
use crate::config;
use parking_lot::Mutex;
use quick_cache::sync::Cache as Quick;
use quick_cache::{DefaultHashBuilder, Lifecycle, OptionsBuilder, Weighter};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Dead entries that one operation removes at most; the rest waits for the next one.
const PURGED_AT_ONCE: usize = 256;

/// Shards at most: more would make each too small for a large answer.
const SHARDS: u64 = 8;

/// Below this limit on entries one shard holds them all, so that the limit is exact.
const ONE_SHARD_BELOW: u64 = 10_000;

/// The size that the tables are laid out for, in bytes; any size works.
const USUAL_ENTRY: u64 = 8 << 10;

#[derive(Clone)]
struct Weigh;

impl Weighter<Key, Arc<Entry>> for Weigh {
    fn weight(&self, _: &Key, entry: &Arc<Entry>) -> u64 {
        entry.weight
    }
}

/// Where the policy puts what it drops, until it is taken from the index.
#[derive(Clone, Default)]
struct Dropped(Arc<Mutex<Vec<Arc<Entry>>>>);

impl Lifecycle<Key, Arc<Entry>> for Dropped {
    type RequestState = ();

    fn on_evict(&self, (): &mut (), _: Key, entry: Arc<Entry>) {
        self.0.lock().push(entry);
    }
}

/// Why an entry left the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    Evicted,
    Replaced,
    Expired,
    Invalidated,
}

/// Entries, their index, and the dead that still wait to be removed.
pub(super) struct Store {
    quick: Quick<Key, Arc<Entry>, Weigh, DefaultHashBuilder, Dropped>,
    dropped: Dropped,
    index: Index,
    condemned: Mutex<VecDeque<Leaving>>,
    stats: Arc<Stats>,
    /// Weight that every entry has at least; 0 without a limit on their number.
    least_weight: AtomicU64,
}

fn shards(settings: &config::Cache) -> u64 {
    let one = settings.max_size.is_some_and(|n| n < ONE_SHARD_BELOW);
    let roomy = settings.l1.size.0 / settings.max_entry.0.max(1) / 8;
    if one { 1 } else { roomy.clamp(1, SHARDS) }
}

fn least_weight(settings: &config::Cache) -> u64 {
    let bytes = settings.l1.size.0;
    let share = |n: u64| (bytes / n.max(1)).min(bytes / 100 * 97);
    settings.max_size.map_or(0, share)
}

impl Store {
    pub fn new(settings: &config::Cache, stats: Arc<Stats>) -> Self {
        let bytes = settings.l1.size.0;
        let usual = (bytes / USUAL_ENTRY).min(settings.max_size.unwrap_or(u64::MAX));
        let dropped = Dropped::default();
        Self {
            quick: build(shards(settings), usual.max(64), bytes, dropped.clone()),
            dropped,
            index: Index::default(),
            condemned: Mutex::default(),
            stats,
            least_weight: AtomicU64::new(least_weight(settings)),
        }
    }

    /// Takes new limits; what fits them stays (CA-46).
    pub fn resize(&self, settings: &config::Cache) {
        self.least_weight.store(least_weight(settings), Relaxed);
        self.quick.set_capacity(settings.l1.size.0);
        self.tidy();
        let at_most = settings.max_size.unwrap_or(u64::MAX);
        let surplus = (self.quick.len() as u64).saturating_sub(at_most);
        let surplus = usize::try_from(surplus).unwrap_or(usize::MAX);
        for (_, entry) in self.quick.iter().take(surplus).collect::<Vec<_>>() {
            self.remove(&entry, Left::Evicted);
        }
    }

    /// What an entry of this size weighs.
    pub fn weight(&self, size: u64) -> u64 {
        size.max(self.least_weight.load(Relaxed))
    }

    /// Whether an entry of this weight can be held at all. The policy keeps 3 in 100 of a shard apart.
    pub fn fits(&self, weight: u64) -> bool {
        weight <= self.quick.shard_capacity() / 100 * 97
    }

    /// The entry of a key; counts as a use.
    pub fn get(&self, key: &Key) -> Option<Arc<Entry>> {
        self.quick.get(key)
    }

    /// Stores an entry in place of any other of its key. Dead entries make room before living ones.
    pub fn insert(&self, entry: &Arc<Entry>) {
        self.work(PURGED_AT_ONCE);
        self.index.add(entry);
        self.stats.entered(entry);
        self.quick.insert(entry.key, Arc::clone(entry));
        self.tidy();
    }

    /// Removes exactly this entry; false if it is gone already.
    pub fn remove(&self, entry: &Entry, why: Left) -> bool {
        self.take_out(&entry.key, entry.id, why)
    }

    fn take_out(&self, key: &Key, id: u64, why: Left) -> bool {
        let gone = self.quick.remove_if(key, |entry| entry.id == id);
        if let Some((_, entry)) = &gone {
            self.left(entry, why);
        }
        gone.is_some()
    }

    fn left(&self, entry: &Entry, why: Left) {
        self.index.remove(entry);
        self.stats.left(entry, why);
    }

    /// Books what the policy dropped; where its key is still held, it had a successor.
    fn tidy(&self) {
        let dropped = std::mem::take(&mut *self.dropped.0.lock());
        for entry in dropped {
            let replaced = self.quick.contains_key(&entry.key);
            self.left(
                &entry,
                if replaced {
                    Left::Replaced
                } else {
                    Left::Evicted
                },
            );
        }
    }

    /// Drops what depends on a slot whose epoch was raised: some at once, the rest step by step. What is
    /// left behind can no longer be served, and makes room before anything living does.
    pub fn purge(&self, slot: SlotId) {
        self.condemn(Label::Slot(slot));
    }

    /// Drops the entries of a revoked credential, in the same way.
    pub fn purge_credential(&self, credential: u64) {
        self.condemn(Label::Credential(credential));
    }

    fn condemn(&self, label: Label) {
        let members = self.index.take(label);
        if !members.is_empty() {
            self.condemned.lock().push_back(members.into_iter());
            self.work(PURGED_AT_ONCE);
        }
    }

    /// Removes up to `limit` of the condemned.
    pub fn work(&self, limit: usize) {
        for _ in 0..limit {
            let Some((id, key)) = self.next_condemned() else {
                return;
            };
            self.take_out(&key, id, Left::Invalidated);
        }
    }

    fn next_condemned(&self) -> Option<(u64, Key)> {
        let mut condemned = self.condemned.lock();
        while let Some(members) = condemned.front_mut() {
            if let Some(member) = members.next() {
                return Some(member);
            }
            condemned.pop_front();
        }
        None
    }

    /// Removes all entries of a slot now, and counts them.
    pub fn drain(&self, slot: SlotId) -> usize {
        let members = self.index.take(Label::Slot(slot)).into_iter();
        members
            .filter(|(id, key)| self.take_out(key, *id, Left::Invalidated))
            .count()
    }

    /// Removes the entries that a test names a reason for, and counts them.
    pub fn drop_where(&self, why: impl Fn(&Entry) -> Option<Left>) -> usize {
        let all = self.quick.iter().filter_map(|(_, entry)| {
            let why = why(&entry)?;
            Some((entry, why))
        });
        let doomed = all.collect::<Vec<_>>();
        doomed
            .into_iter()
            .filter(|(entry, why)| self.remove(entry, *why))
            .count()
    }

    /// Bytes that may be stored.
    pub fn capacity(&self) -> u64 {
        self.quick.capacity()
    }

    /// Weight of all entries, and labels in the index, for tests of leaks.
    #[cfg(test)]
    pub fn footprint(&self) -> (u64, usize) {
        (self.quick.weight(), self.index.len())
    }
}

fn build(
    shards: u64,
    usual: u64,
    bytes: u64,
    dropped: Dropped,
) -> Quick<Key, Arc<Entry>, Weigh, DefaultHashBuilder, Dropped> {
    let count = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    let options = OptionsBuilder::new()
        .shards(count(shards))
        .estimated_items_capacity(count(usual))
        .weight_capacity(bytes)
        .build();
    match options {
        Ok(options) => Quick::with_options(options, Weigh, DefaultHashBuilder::default(), dropped),
        // Not reached: both sizes are given. The same limits, with as many shards as the crate likes.
        Err(_) => Quick::with(
            count(usual),
            bytes,
            Weigh,
            DefaultHashBuilder::default(),
            dropped,
        ),
    }
}
