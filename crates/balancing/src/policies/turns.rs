//! Turns: each endpoint in turn, in proportion to its weight.

use crate::view::{EndpointView, PoolView};
use std::sync::atomic::{AtomicU64, Ordering};

/// Gives turns by stride scheduling (Waldspurger 1995): each endpoint has a pass, the lowest pass goes and moves on by
/// 1/weight. The long-run shares are exact. Lock-free: two choices at the same moment may give one turn twice.
#[derive(Debug)]
pub struct Turns {
    passes: Box<[AtomicF64]>,
    /// The pass that went last: one that was away goes on from here, and makes up for nothing.
    base: AtomicF64,
}

/// The bits of a number.
#[derive(Debug, Default)]
struct AtomicF64(AtomicU64);

impl AtomicF64 {
    fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }

    fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }
}

impl Turns {
    /// The turns of a pool of so many endpoints.
    pub fn new(endpoints: usize) -> Self {
        Self {
            passes: (0..endpoints).map(|_| AtomicF64::default()).collect(),
            base: AtomicF64::default(),
        }
    }

    /// The index of the endpoint whose turn it is, among those that `may`.
    pub fn next(&self, pool: &PoolView<'_>, may: impl Fn(&EndpointView) -> bool) -> Option<usize> {
        let base = self.base.get();
        let mut first: Option<(f64, f64, usize)> = None;
        for (index, endpoint) in pool.iter().filter(|(_, endpoint)| may(endpoint)) {
            let stride = 1.0 / endpoint.share();
            // Half a stride before its first turn: the heavy ones go first, and none goes twice for it.
            let pass: f64 = match self.passes.get(index)?.get() {
                0.0 => stride / 2.0,
                pass => pass,
            }
            .max(base);
            if first.is_none_or(|(lowest, _, _)| pass < lowest) {
                first = Some((pass, stride, index));
            }
        }
        let (pass, stride, index) = first?;
        self.passes.get(index)?.set(pass + stride);
        self.base.set(pass);
        Some(index)
    }
}
