//! Epochs: a counter for each tag, increased by writes, in a table of fixed size. A keyed hash of the
//! tag chooses the slot; two tags in one slot invalidate too much and never too little, so nothing
//! has to be evicted and nothing grows. Beside the counter a slot holds the number of open writes,
//! the end of a quarantine, and the home: the endpoint that acknowledged the last write.
//!
//! Why it is right. A write marks itself open, then increases the epoch, and only then is sent; when
//! its response is there it notes home and quarantine, increases the epoch again, and closes last. A
//! read loads the epoch first and the rest after it. If it began before the write, the first increase
//! makes it outdated. If it finds the write open, it bypasses the cache. If it finds it closed, it
//! began after the response and sees home and quarantine. The second increase covers whatever came
//! between, so that no single check carries all. All orderings are SeqCst: one order for all threads,
//! at a cost that is small against a request's.

mod dependencies;
mod slot;

pub(super) use dependencies::Dependencies;
pub(super) use slot::Slot;

use super::home::WriteHome;
use super::reason::{CacheReason, words};
use crate::clock::Moment;
use crate::dialect::Tag;
use crate::endpoint_id::EndpointId;
use balancing::Home;
use slot::AcknowledgedWrite;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// Slots in the table: one for each value of [`SlotId`].
const SLOTS: usize = 1 << 16;

/// The place of a tag in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct SlotId(u16);

/// The table.
pub(super) struct Epochs {
    slots: Box<[Slot]>,
    /// Never used: it spares a panic where a slot is looked up.
    spare: Slot,
    hasher: RandomState,
}

impl Epochs {
    pub fn new() -> Self {
        Self {
            slots: (0..SLOTS).map(|_| Slot::default()).collect(),
            spare: Slot::default(),
            hasher: RandomState::new(),
        }
    }

    /// The slots of some tags, sorted, each once.
    pub fn slots_of(&self, tags: &[Tag]) -> Vec<SlotId> {
        let place = |tag: &Tag| SlotId((self.hasher.hash_one(tag.as_str()) & 0xffff) as u16);
        let mut slots: Vec<SlotId> = tags.iter().map(place).collect();
        slots.sort_unstable();
        slots.dedup();
        slots
    }

    /// The slot at a place.
    pub fn slot(&self, id: SlotId) -> &Slot {
        self.slots.get(usize::from(id.0)).unwrap_or(&self.spare)
    }

    /// Notes the epochs at the start of a fetch, or says why its response could not be stored.
    pub fn begin(&self, slots: &[SlotId], now: Moment) -> Result<Dependencies, CacheReason> {
        let dependencies = Dependencies::read(self, slots);
        self.quiet(&dependencies, now).map(|()| dependencies)
    }

    /// Whether no write came since.
    pub fn unchanged(&self, dependencies: &Dependencies) -> bool {
        let mut parts = dependencies.parts();
        parts.all(|(id, epoch)| self.slot(id).epoch() == epoch)
    }

    /// Whether a response that was fetched under these epochs may be stored now.
    pub fn check(&self, dependencies: &Dependencies, now: Moment) -> Result<(), CacheReason> {
        if !self.unchanged(dependencies) {
            return Err(words::EPOCH);
        }
        self.quiet(dependencies, now)
    }

    fn quiet(&self, dependencies: &Dependencies, now: Moment) -> Result<(), CacheReason> {
        let mut slots = dependencies.slots();
        slots.try_for_each(|id| self.slot(id).quiet(now))
    }

    /// The only endpoint whose response may be stored; `None`: any. Where the slots have different
    /// homes, the newest counts once the others' writes are older than `lag`.
    pub fn home(
        &self,
        slots: impl Iterator<Item = SlotId>,
        now: Moment,
        lag: Duration,
    ) -> Result<Option<WriteHome>, CacheReason> {
        let writes: Vec<_> = slots.filter_map(|id| self.slot(id).last_write()).collect();
        let Some(newest) = writes.iter().max_by_key(|write| write.acknowledged_at) else {
            return Ok(None);
        };
        let differs = |write: &AcknowledgedWrite| {
            write.endpoint != newest.endpoint && now < write.acknowledged_at + lag
        };
        if writes.iter().any(differs) {
            return Err(words::HOMES_DIFFER);
        }
        Ok(Some(newest.home(now, lag)))
    }

    /// Who acknowledged the newest write of the slots within `lag`.
    pub fn newest_home(
        &self,
        slots: impl Iterator<Item = SlotId>,
        now: Moment,
        lag: Duration,
    ) -> Option<WriteHome> {
        let writes = slots.filter_map(|id| self.slot(id).last_write());
        let newest = writes.max_by_key(|write| write.acknowledged_at)?;
        Some(newest.home(now, lag)).filter(|home| home.stands == Home::Ahead)
    }

    /// Forgets an endpoint as a home; its slots are in quarantine until the given moment.
    pub fn forget(&self, endpoint: EndpointId, until: Moment) {
        for slot in &self.slots {
            slot.forget(endpoint, until);
        }
    }
}
