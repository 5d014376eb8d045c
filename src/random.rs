//! The one source of randomness: it is handed in and seeded, so that every decision can be replayed in a test or a
//! simulation.

pub use balancing::Random;
use std::sync::atomic::{AtomicU64, Ordering};

/// Makes generators: each task has its own, so drawing a number takes no lock.
#[derive(Debug)]
pub struct RandomSource(AtomicU64);

impl RandomSource {
    /// A source that makes the same generators in the same order for the same seed.
    pub fn seeded(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// The next generator.
    pub fn random(&self) -> Random {
        Random::seeded(self.0.fetch_add(1, Ordering::Relaxed))
    }
}
