//! A moment that threads share without a lock; it only moves forward.

use crate::Moment;
use std::sync::atomic::{AtomicU64, Ordering};

/// The latest moment that was marked, or none yet.
#[derive(Debug, Default)]
pub struct Stamp(AtomicU64);

impl Stamp {
    /// Marks a moment; an earlier one than the present mark changes nothing.
    pub fn mark(&self, moment: Moment) {
        self.0
            .fetch_max(moment.0.saturating_add(1), Ordering::Relaxed);
    }

    /// The latest mark.
    pub fn get(&self) -> Option<Moment> {
        self.0.load(Ordering::Relaxed).checked_sub(1).map(Moment)
    }

    /// Whether the mark lies in the future.
    pub fn is_after(&self, now: Moment) -> bool {
        self.get().is_some_and(|mark| mark > now)
    }
}
