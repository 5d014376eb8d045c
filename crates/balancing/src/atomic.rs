//! Numbers and moments that threads share without a lock.

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

/// A shared number that may be unknown. Unknown is not zero: a formula leaves an unknown part out.
#[derive(Debug)]
pub struct Gauge(AtomicF64);

impl Default for Gauge {
    fn default() -> Self {
        Self(AtomicF64::new(f64::NAN))
    }
}

impl Gauge {
    /// Sets the value; one that is not finite makes it unknown.
    pub fn set(&self, value: f64) {
        self.0.set(if value.is_finite() { value } else { f64::NAN });
    }

    /// The value, if it is known.
    pub fn get(&self) -> Option<f64> {
        let value = self.0.get();
        (!value.is_nan()).then_some(value)
    }
}

/// The latest moment that was marked, or none yet: it only moves forward, whichever thread comes first.
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

    /// None yet.
    pub fn clear(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// Whether the mark lies in the future.
    pub fn is_after(&self, now: Moment) -> bool {
        self.get().is_some_and(|mark| mark > now)
    }
}
