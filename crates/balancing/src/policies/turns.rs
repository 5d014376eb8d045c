//! Turns: each endpoint in turn, in proportion to its weight.

use crate::atomic::AtomicF64;
use crate::view::{EndpointView, PoolView};

/// Gives turns by stride scheduling (Waldspurger 1995): each endpoint has a pass, the lowest pass goes and moves on by
/// 1/weight. The long-run shares are exact. Lock-free: two choices at the same moment may give one turn twice.
#[derive(Debug)]
pub struct Turns {
    passes: Box<[AtomicF64]>,
    /// The pass that went last: one that was away goes on from here, and makes up for nothing.
    base: AtomicF64,
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
    pub fn next(
        &self,
        pool: &PoolView<'_>,
        may: impl Fn(usize, &EndpointView) -> bool,
    ) -> Option<usize> {
        let among = pool.iter().filter(|(index, one)| may(*index, one));
        self.next_of(among.map(|(index, one)| (index, one.share())))
    }

    /// The same among these, each with its weight.
    pub fn next_of(&self, among: impl Iterator<Item = (usize, f64)>) -> Option<usize> {
        let base = self.base.get();
        let mut first: Option<(f64, f64, usize)> = None;
        for (index, weight) in among {
            let stride = 1.0 / weight;
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
