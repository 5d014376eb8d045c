//! Where times leave the line through the logarithms of their costs: by the cost itself, and by the shape of requests. Without
//! it an endpoint that is given the costly requests would seem fast where the line is too steep for these, and be given more.
//!
//! Written by one at a time and read by many, without a lock. Bounded: new shapes take the place of those that are rare.

use crate::Ask;
use crate::atomic::AtomicF64;
use std::sync::atomic::{AtomicU64, Ordering};

/// Groups of costs, one for each doubling, around a cost of one.
const COSTS: usize = 64;
/// Shapes that are known at most.
const SHAPES: usize = 512;
/// Samples after which a group's own mean counts half.
const HALF: f64 = 20.0;
/// Samples that a mean goes back to.
const MEMORY: f64 = 500.0;
/// A shape that was seen so often outlasts as many new ones in its place.
const ESTABLISHED: f64 = 100.0;

/// The means by group.
#[derive(Debug)]
pub struct Bends {
    costs: Box<[Bend]>,
    shapes: Box<[Bend]>,
}

/// The mean of what the line leaves of the times of a group.
#[derive(Debug, Default)]
struct Bend {
    key: AtomicU64,
    samples: AtomicF64,
    mean: AtomicF64,
}

impl Default for Bends {
    fn default() -> Self {
        let groups = |count| (0..count).map(|_| Bend::default()).collect();
        Self {
            costs: groups(COSTS),
            shapes: groups(SHAPES),
        }
    }
}

impl Bends {
    /// By how much the logarithm of the time of such a request lies above the line.
    pub fn of(&self, ask: &Ask) -> f64 {
        let cost = self.cost(ask).map_or(0.0, Bend::get);
        let shape = self.shape(ask).filter(|shape| shape.is_of(ask.shape));
        cost + shape.map_or(0.0, Bend::get)
    }

    /// The time of such a request lay so far above the line and what is known of its groups.
    pub fn learn(&self, ask: &Ask, residual: f64) {
        if let Some(cost) = self.cost(ask) {
            cost.learn(residual);
        }
        if let Some(shape) = self.shape(ask)
            && shape.take(ask.shape)
        {
            shape.learn(residual);
        }
    }

    /// All of it, for [`Bends::recall`]: groups of costs by their place, then shapes.
    pub fn figures(&self) -> Vec<(u64, f64, f64)> {
        let places = (0..).zip(&self.costs);
        let costs = places.map(|(place, one)| (place, one.samples.get(), one.mean.get()));
        let known = self.shapes.iter().filter(|one| one.samples.get() > 0.0);
        let shapes = known.map(|one| {
            let key = one.key.load(Ordering::Relaxed);
            (key, one.samples.get(), one.mean.get())
        });
        costs.chain(shapes).collect()
    }

    /// Goes on from such figures, as far as they are trusted (0..=1).
    pub fn recall(&self, figures: &[(u64, f64, f64)], trust: f64) {
        let (costs, shapes) = figures.split_at(figures.len().min(COSTS));
        for (one, (_, samples, mean)) in self.costs.iter().zip(costs) {
            one.recall(*samples * trust, *mean);
        }
        for (key, samples, mean) in shapes {
            if let Some(one) = self.shapes.get(*key as usize % SHAPES) {
                one.key.store(*key, Ordering::Relaxed);
                one.recall(*samples * trust, *mean);
            }
        }
    }

    fn cost(&self, ask: &Ask) -> Option<&Bend> {
        let doubling = ask.cost.log2().floor() + (COSTS / 2) as f64;
        // A negative number becomes 0.
        self.costs.get((doubling as usize).min(COSTS - 1))
    }

    fn shape(&self, ask: &Ask) -> Option<&Bend> {
        self.shapes.get(ask.shape as usize % SHAPES)
    }
}

impl Bend {
    /// The mean, as far as it is known.
    fn get(&self) -> f64 {
        let samples = self.samples.get();
        self.mean.get() * samples / (samples + HALF)
    }

    /// `residual`: what is left of a time when [`Bend::get`] is taken out.
    fn learn(&self, residual: f64) {
        let own = residual + self.get();
        let samples = (self.samples.get() + 1.0).min(MEMORY);
        self.samples.set(samples);
        self.mean
            .set(self.mean.get() + (own - self.mean.get()) / samples);
    }

    fn recall(&self, samples: f64, mean: f64) {
        self.samples.set(samples.clamp(0.0, MEMORY));
        self.mean.set(mean);
    }

    fn is_of(&self, key: u64) -> bool {
        self.key.load(Ordering::Relaxed) == key
    }

    /// Whether it is this group's, which may have taken it from one that is rare.
    fn take(&self, key: u64) -> bool {
        if self.is_of(key) {
            return true;
        }
        let left = self.samples.get().min(ESTABLISHED) - 1.0;
        self.samples.set(left.max(0.0));
        let is_free = left <= 0.0;
        if is_free {
            self.key.store(key, Ordering::Relaxed);
            self.mean.set(0.0);
        }
        is_free
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::READ;

    #[test]
    fn a_shape_that_is_common_outlasts_those_that_are_asked_for_once() {
        let bends = Bends::default();
        let of = |shape| Ask { shape, ..READ };
        (0..200).for_each(|_| bends.learn(&of(7), 1.0 - bends.of(&of(7))));
        let before = bends.of(&of(7));
        let rare = (1..=50).map(|n| of(7 + n * SHAPES as u64));
        rare.for_each(|ask| bends.learn(&ask, 0.0));
        assert!(bends.of(&of(7)) > 0.5 * before);
    }

    #[test]
    fn costs_beyond_all_bounds_have_a_place() {
        let bends = Bends::default();
        for cost in [f64::MIN_POSITIVE, 1e-300, 1e300, f64::INFINITY] {
            let ask = Ask { cost, ..READ };
            bends.learn(&ask, 1.0);
            assert!(bends.of(&ask) > 0.0);
        }
    }
}
