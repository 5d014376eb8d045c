//! What is known to exist: names that a change of schema made through this process, collections and databases that were read
//! or written, and shapes of reads that succeeded. When one endpoint says "not found" of such a thing, it may lag behind the others; of
//! anything else it is the client's mistake, and asking again would only double the load.
//!
//! A table of fixed size; a newer entry takes the place of an older one.

use crate::dialect::{Call, Effect, Fault, Judgement};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

const SLOTS: usize = 4096;

/// The table. Reading it takes no lock.
#[derive(Debug)]
pub struct KnownTargets {
    slots: Box<[AtomicU64]>,
    hasher: RandomState,
}

impl Default for KnownTargets {
    fn default() -> Self {
        Self {
            slots: (0..SLOTS).map(|_| AtomicU64::new(0)).collect(),
            hasher: RandomState::new(),
        }
    }
}

impl KnownTargets {
    /// Takes the judgement of a response; `is_second`: another endpoint was asked before. Gives whether the target was
    /// known, where the call failed by itself.
    pub fn learn(
        &self,
        service: &str,
        call: &Call,
        judgement: &Judgement,
        is_second: bool,
    ) -> Option<bool> {
        if judgement.is_success() {
            self.succeeded(service, call);
            return None;
        }
        if judgement.fault != Fault::Client {
            return None;
        }
        let known = self.contains(service, call, judgement);
        if is_second {
            self.forget(service, call);
        }
        Some(known)
    }

    /// A call of this service succeeded.
    fn succeeded(&self, service: &str, call: &Call) {
        let what = match call.effect {
            Effect::Read => Some(self.shape(service, call)),
            Effect::Schema => Some(self.target(service, call)),
            _ => None,
        };
        let held = call.needs_target().then(|| self.held(service, call));
        for key in [what, held].into_iter().flatten() {
            if let Some(slot) = self.slot(key) {
                slot.store(key, Relaxed);
            }
        }
    }

    /// Whether what a call asks for, and by this judgement does not exist, was seen to exist.
    pub fn contains(&self, service: &str, call: &Call, judgement: &Judgement) -> bool {
        let is_there = |key| self.slot(key).is_some_and(|slot| slot.load(Relaxed) == key);
        is_there(self.shape(service, call))
            || is_there(self.target(service, call))
            || judgement.denies_target && is_there(self.held(service, call))
    }

    /// Two endpoints agree that it does not exist.
    fn forget(&self, service: &str, call: &Call) {
        let (shape, target) = (self.shape(service, call), self.target(service, call));
        for key in [shape, target, self.held(service, call)] {
            if let Some(slot) = self.slot(key) {
                let _ = slot.compare_exchange(key, 0, Relaxed, Relaxed);
            }
        }
    }

    fn shape(&self, service: &str, call: &Call) -> u64 {
        self.hasher.hash_one((service, call.shape)) | 1
    }

    fn target(&self, service: &str, call: &Call) -> u64 {
        self.hasher.hash_one((service, &call.target)) | 1
    }

    /// The target as what holds data: of what is missing in it, this says nothing.
    fn held(&self, service: &str, call: &Call) -> u64 {
        self.hasher.hash_one((service, &call.target, "held")) | 1
    }

    fn slot(&self, key: u64) -> Option<&AtomicU64> {
        self.slots.get((key >> 32) as usize % SLOTS)
    }
}

#[cfg(test)]
mod tests {
    use super::KnownTargets;
    use crate::dialect::{Call, Effect, Executed, Fault, Judgement, Placement, QueryType, Target};

    fn call(effect: Effect, name: &str, shape: u64) -> Call {
        Call {
            effect,
            target: Target::Collection(name.into()),
            shape,
            ..Call::unknown("test")
        }
    }

    #[test]
    fn what_was_made_or_read_is_known_until_two_endpoints_miss_it() {
        let known = KnownTargets::default();
        let read = call(Effect::Read, "a", 7);
        let missing = Judgement::failure(Fault::Client, Executed::Nothing, "test");
        let contains = |service: &str, call: &Call| known.contains(service, call, &missing);
        assert!(!contains("s", &read));
        known.succeeded("s", &call(Effect::Schema, "a", 1));
        assert!(contains("s", &read));
        assert!(!contains("other", &read));
        known.forget("s", &read);
        assert!(!contains("s", &read));
        known.succeeded("s", &read);
        assert!(contains("s", &read));
        assert!(!contains("s", &call(Effect::Read, "a", 8)));
    }

    #[test]
    fn a_collection_that_was_read_is_known_to_be_missing_for_every_read_of_it_and_nothing_in_it_is()
    {
        let known = KnownTargets::default();
        let read = |shape| Call {
            query_type: QueryType::SemanticSearch,
            placement: Placement::Any,
            ..call(Effect::Read, "a", shape)
        };
        known.succeeded("s", &read(7));
        let other = Judgement::failure(Fault::Client, Executed::Nothing, "test");
        let denied = Judgement {
            denies_target: true,
            ..other.clone()
        };
        assert!(known.contains("s", &read(8), &denied));
        assert!(!known.contains("s", &read(8), &other));
        known.forget("s", &read(8));
        assert!(!known.contains("s", &read(8), &denied));
    }
}
