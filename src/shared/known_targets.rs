//! What is known to exist: names that a change of schema made through this process, and shapes of reads
//! that succeeded. When one endpoint says "not found" of such a thing, it may lag behind the others; of
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
        let known = self.contains(service, call);
        if is_second {
            self.forget(service, call);
        }
        Some(known)
    }

    /// A call of this service succeeded.
    fn succeeded(&self, service: &str, call: &Call) {
        let key = match call.effect {
            Effect::Read => self.shape(service, call),
            Effect::Schema => self.target(service, call),
            _ => return,
        };
        if let Some(slot) = self.slot(key) {
            slot.store(key, Relaxed);
        }
    }

    /// Whether what a call asks for was seen to exist.
    pub fn contains(&self, service: &str, call: &Call) -> bool {
        let is_there = |key| self.slot(key).is_some_and(|slot| slot.load(Relaxed) == key);
        is_there(self.shape(service, call)) || is_there(self.target(service, call))
    }

    /// Two endpoints agree that it does not exist.
    fn forget(&self, service: &str, call: &Call) {
        for key in [self.shape(service, call), self.target(service, call)] {
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

    fn slot(&self, key: u64) -> Option<&AtomicU64> {
        self.slots.get((key >> 32) as usize % SLOTS)
    }
}

#[cfg(test)]
mod tests {
    use super::KnownTargets;
    use crate::dialect::{Call, Effect, Target};

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
        assert!(!known.contains("s", &read));
        known.succeeded("s", &call(Effect::Schema, "a", 1));
        assert!(known.contains("s", &read));
        assert!(!known.contains("other", &read));
        known.forget("s", &read);
        assert!(!known.contains("s", &read));
        known.succeeded("s", &read);
        assert!(known.contains("s", &read));
        assert!(!known.contains("s", &call(Effect::Read, "a", 8)));
    }
}
