//! Numbers that many threads read and one writes, without a lock.

use crate::Moment;
use std::sync::atomic::{AtomicU64, Ordering};

/// A shared number.
#[derive(Debug, Default)]
pub struct AtomicF64(AtomicU64);

impl AtomicF64 {
    /// A number.
    pub fn new(value: f64) -> Self {
        Self(AtomicU64::new(value.to_bits()))
    }

    /// The number.
    pub fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }

    /// Sets it.
    pub fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }
}

/// A shared moment.
#[derive(Debug, Default)]
pub struct AtomicMoment(AtomicU64);

impl AtomicMoment {
    /// A moment.
    pub fn new(moment: Moment) -> Self {
        Self(AtomicU64::new(moment.0))
    }

    /// The moment.
    pub fn get(&self) -> Moment {
        Moment(self.0.load(Ordering::Relaxed))
    }

    /// Sets it.
    pub fn set(&self, moment: Moment) {
        self.0.store(moment.0, Ordering::Relaxed);
    }
}
