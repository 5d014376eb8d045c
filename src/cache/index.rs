//! The index: from a tag's slot, or a credential, to the entries that depend on it, so that a write
//! drops them at once. It holds what the store holds, and nothing else.

use super::entry::Entry;
use super::epochs::SlotId;
use super::key::Key;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::collections::hash_map;
use std::hash::{BuildHasher, RandomState};

const SHARDS: usize = 32;

/// What entries are found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Label {
    Slot(SlotId),
    Credential(u64),
}

/// Entries by their own number, so that an entry and its successor under one key are two.
pub(super) type Members = HashMap<u64, Key>;

/// Members on their way out.
pub(super) type Leaving = hash_map::IntoIter<u64, Key>;

type Shard = Mutex<HashMap<Label, Members>>;

#[derive(Default)]
pub(super) struct Index {
    shards: [Shard; SHARDS],
    hasher: RandomState,
}

fn labels(entry: &Entry) -> impl Iterator<Item = Label> + '_ {
    let slots = entry.depends.slots().map(Label::Slot);
    slots.chain([Label::Credential(entry.canonical.credential)])
}

impl Index {
    fn shard(&self, label: &Label) -> Option<&Shard> {
        let place = self.hasher.hash_one(label) % SHARDS as u64;
        self.shards.get(usize::try_from(place).unwrap_or(0))
    }

    /// Enters an entry under all its labels.
    pub fn add(&self, entry: &Entry) {
        for label in labels(entry) {
            if let Some(shard) = self.shard(&label) {
                let mut shard = shard.lock();
                shard.entry(label).or_default().insert(entry.id, entry.key);
            }
        }
    }

    /// Takes an entry out again.
    pub fn remove(&self, entry: &Entry) {
        for label in labels(entry) {
            let Some(shard) = self.shard(&label) else {
                continue;
            };
            if let hash_map::Entry::Occupied(mut members) = shard.lock().entry(label) {
                members.get_mut().remove(&entry.id);
                if members.get().is_empty() {
                    members.remove();
                }
            }
        }
    }

    /// Takes out all entries of a label.
    pub fn take(&self, label: Label) -> Members {
        let taken = self
            .shard(&label)
            .and_then(|shard| shard.lock().remove(&label));
        taken.unwrap_or_default()
    }

    /// Labels in use, for tests of leaks.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }
}
