//! A number that threads share without a lock, and that may be unknown.

use std::sync::atomic::{AtomicU64, Ordering};

/// A shared number. Unknown is not zero: a formula leaves an unknown part out.
#[derive(Debug)]
pub struct Gauge(AtomicU64);

impl Default for Gauge {
    fn default() -> Self {
        Self(AtomicU64::new(f64::NAN.to_bits()))
    }
}

impl Gauge {
    /// Sets the value; one that is not finite makes it unknown.
    pub fn set(&self, value: f64) {
        let value = if value.is_finite() { value } else { f64::NAN };
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }

    /// The value, if it is known.
    pub fn get(&self) -> Option<f64> {
        let value = f64::from_bits(self.0.load(Ordering::Relaxed));
        (!value.is_nan()).then_some(value)
    }
}
