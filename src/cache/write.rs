//! Writes as the cache sees them: raised before they are sent, raised again when they are answered,
//! whatever the answer (A02, A03). The guard settles itself as unknown when it is dropped.

use super::Cache;
use super::epochs::{EndpointId, SlotId};
use crate::dialect::Tag;
use std::sync::Arc;

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// Answered, and its effect can be read at this endpoint.
    Done { endpoint: EndpointId },
    /// Accepted; the effect comes within the quarantine.
    Queued { endpoint: EndpointId },
    /// No answer, or one that tells nothing: the effect may still come within the quarantine.
    Unknown,
    /// It had no effect: no byte of it left, or the database refused it or rolled it back.
    NoEffect,
}

/// A write under way. While it lives, nothing that depends on its tags is stored or shared.
#[must_use = "dropping it settles the write as unknown"]
pub struct OpenWrite {
    cache: Arc<Cache>,
    slots: Vec<SlotId>,
    outcome: Settled,
}

impl Cache {
    /// Begins a write: to be called before its first byte is sent.
    pub fn begin_write(self: &Arc<Self>, tags: &[Tag]) -> OpenWrite {
        let slots = self.epochs.slots_of(tags);
        for slot in &slots {
            self.epochs.open(*slot);
            self.raise(*slot);
        }
        OpenWrite {
            cache: Arc::clone(self),
            slots,
            outcome: Settled::Unknown,
        }
    }

    /// The endpoint that acknowledged the last write on these tags, where there is one: writes that
    /// go there again spare the quarantine that a change of home brings.
    pub fn home(&self, tags: &[Tag]) -> Option<EndpointId> {
        let slots = self.epochs.slots_of(tags);
        let lag = self.settings().quarantine;
        let home = self.epochs.home(slots.into_iter(), self.clock.now(), lag);
        home.ok().flatten()
    }

    /// Forgets an endpoint that left the configuration. What it acknowledged last is not stored from
    /// others until `cache.rejoin_hold` has passed.
    pub fn forget_home(&self, endpoint: EndpointId) {
        let until = self.clock.now() + self.settings().rejoin_hold;
        self.epochs.forget(endpoint, until);
    }

    /// Raises a slot, and drops what depends on it: dead entries must not fill the store.
    pub(super) fn raise(&self, slot: SlotId) {
        self.epochs.raise(slot);
        self.store.purge(slot);
    }
}

impl OpenWrite {
    /// Ends the write.
    pub fn settle(mut self, outcome: Settled) {
        self.outcome = outcome;
    }

    fn note(&self, slot: SlotId) {
        let (now, lag) = (self.cache.clock.now(), self.cache.settings().quarantine);
        let epochs = &self.cache.epochs;
        if let Settled::Done { endpoint } | Settled::Queued { endpoint } = self.outcome {
            epochs.settle(slot, endpoint, now, lag);
        }
        if let Settled::Queued { .. } | Settled::Unknown = self.outcome {
            epochs.quarantine(slot, now + lag);
        }
    }
}

impl Drop for OpenWrite {
    /// The order matters: note, raise, close (see `epochs`).
    fn drop(&mut self) {
        for slot in &self.slots {
            self.note(*slot);
            self.cache.raise(*slot);
            self.cache.epochs.close(*slot);
        }
    }
}
