//! What a response depends on.

use super::{Epochs, SlotId};

/// The slots that a response depends on, sorted, and their epochs when the fetch began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cache) struct Dependencies(Box<[(SlotId, u64)]>);

impl Dependencies {
    /// The slots with their epochs of now.
    pub(super) fn read(epochs: &Epochs, slots: &[SlotId]) -> Self {
        let epoch = |id: &SlotId| (*id, epochs.slot(*id).epoch());
        Self(slots.iter().map(epoch).collect())
    }

    pub(super) fn parts(&self) -> impl Iterator<Item = (SlotId, u64)> + '_ {
        self.0.iter().copied()
    }

    /// The slots, sorted.
    pub fn slots(&self) -> impl Iterator<Item = SlotId> + '_ {
        self.0.iter().map(|(slot, _)| *slot)
    }

    /// A number that changes with every write on any of the slots.
    pub fn epoch_sum(&self) -> u64 {
        self.0
            .iter()
            .fold(0, |sum, (_, epoch)| sum.wrapping_add(*epoch))
    }
}
