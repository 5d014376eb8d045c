//! The one source of randomness. It is handed in and seeded, so that every decision can be replayed
//! in a test or a simulation. Fast, and no source of secrets.

use rand::rngs::SmallRng;
use rand::{Rng, RngExt, SeedableRng};

/// A seeded generator: the same seed gives the same numbers.
#[derive(Debug)]
pub struct Random(SmallRng);

impl Random {
    /// A generator whose numbers follow from the seed.
    pub fn seeded(seed: u64) -> Self {
        Self(SmallRng::seed_from_u64(seed))
    }

    /// A generator seeded by the system.
    pub fn from_system() -> Self {
        Self(rand::make_rng())
    }

    /// A number in `0..bound`; 0 when `bound` is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        if bound == 0 {
            0
        } else {
            self.0.random_range(0..bound)
        }
    }

    /// A number in `0.0..1.0`.
    pub fn fraction(&mut self) -> f64 {
        self.0.random()
    }

    /// Sixty-four random bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }
}
