//! The index: from a tag's slot, or a credential, to the entries that depend on it, so that a write
//! removes them at once. It holds what the store holds, and nothing else.

use crate::cache::entry::CacheEntry;
use crate::cache::epochs::SlotId;
use crate::cache::key::CacheKey;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::collections::hash_map;
use std::hash::{BuildHasher, RandomState};

const SHARDS: usize = 32;

/// What entries are found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum IndexKey {
    Slot(SlotId),
    Credential(u64),
}

/// Entries that were taken out of the index: by their own number, so that an entry and its successor
/// under one key are two.
pub(super) type Members = hash_map::IntoIter<u64, CacheKey>;

type Shard = Mutex<HashMap<IndexKey, HashMap<u64, CacheKey>>>;

#[derive(Default)]
pub(super) struct TagIndex {
    shards: [Shard; SHARDS],
    hasher: RandomState,
}

fn keys_of(entry: &CacheEntry) -> impl Iterator<Item = IndexKey> + '_ {
    let slots = entry.dependencies.slots().map(IndexKey::Slot);
    slots.chain([IndexKey::Credential(entry.canonical.credential)])
}

impl TagIndex {
    fn shard(&self, key: &IndexKey) -> &Shard {
        let place = self.hasher.hash_one(key) % SHARDS as u64;
        let [first, ..] = &self.shards;
        let place = usize::try_from(place).unwrap_or(0);
        self.shards.get(place).unwrap_or(first)
    }

    /// Enters an entry under all its keys.
    pub fn add(&self, entry: &CacheEntry) {
        for key in keys_of(entry) {
            let mut shard = self.shard(&key).lock();
            shard.entry(key).or_default().insert(entry.id, entry.key);
        }
    }

    /// Takes an entry out again.
    pub fn remove(&self, entry: &CacheEntry) {
        for key in keys_of(entry) {
            if let hash_map::Entry::Occupied(mut members) = self.shard(&key).lock().entry(key) {
                members.get_mut().remove(&entry.id);
                if members.get().is_empty() {
                    members.remove();
                }
            }
        }
    }

    /// Takes out all entries of a key; `None` when there are none.
    pub fn take(&self, key: IndexKey) -> Option<Members> {
        let members = self.shard(&key).lock().remove(&key);
        members.map(HashMap::into_iter)
    }

    /// Keys in use, for tests of leaks.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }
}
