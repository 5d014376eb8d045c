//! Writes as the cache sees them: they invalidate before they are sent, and again when their response
//! is there, whatever it says. The guard settles itself as unknown when it is dropped.

use super::Cache;
use super::epochs::SlotId;
use crate::clock::Moment;
use crate::endpoint_id::EndpointId;
use std::sync::Arc;

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// Its effect can be read at this endpoint.
    Done { endpoint: EndpointId },
    /// Accepted; the effect comes within the quarantine.
    Queued { endpoint: EndpointId },
    /// No response, or one that tells nothing: the effect may still come within the quarantine.
    Unknown,
    /// It had no effect: no byte of it left, or the database refused it or rolled it back.
    NoEffect,
}

/// A write under way. While it lives, nothing that depends on its tags is stored or shared.
#[must_use = "dropping it settles the write as unknown"]
pub struct OpenWrite {
    cache: Arc<Cache>,
    slots: Vec<SlotId>,
    begun: Moment,
    outcome: Settled,
}

impl OpenWrite {
    pub(super) fn new(cache: Arc<Cache>, slots: Vec<SlotId>) -> Self {
        let write = Self {
            begun: cache.clock.now(),
            cache,
            slots,
            outcome: Settled::Unknown,
        };
        for id in &write.slots {
            write.cache.epochs.slot(*id).open_write();
            write.invalidate(*id);
        }
        write
    }

    /// Ends the write.
    pub fn settle(mut self, outcome: Settled) {
        self.outcome = outcome;
    }

    /// Makes what depends on a slot outdated, and drops it: invalid entries must not fill the store.
    fn invalidate(&self, id: SlotId) {
        self.cache.epochs.slot(id).increase_epoch();
        self.cache.store.purge(id);
    }

    fn note_outcome(&self, id: SlotId) {
        let (now, lag) = (self.cache.clock.now(), self.cache.settings().quarantine);
        let slot = self.cache.epochs.slot(id);
        if let Settled::Done { endpoint } | Settled::Queued { endpoint } = self.outcome {
            slot.acknowledge(endpoint, self.begun, now, lag);
        }
        if let Settled::Queued { .. } | Settled::Unknown = self.outcome {
            slot.quarantine(now + lag);
        }
    }
}

impl Drop for OpenWrite {
    /// The order matters: note, invalidate, close (see `epochs`).
    fn drop(&mut self) {
        for id in &self.slots {
            self.note_outcome(*id);
            self.invalidate(*id);
            self.cache.epochs.slot(*id).close_write();
        }
    }
}
