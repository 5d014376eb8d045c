//! Shapes of statements that the database refused as writes, where they were taken for reads.

use parking_lot::Mutex;
use std::collections::{HashSet, VecDeque};

/// The most shapes that are kept.
const MAX_SHAPES: usize = 4096;

/// The shapes that are writes.
#[derive(Default)]
pub struct LearnedWrites {
    shapes: Mutex<Shapes>,
}

#[derive(Default)]
struct Shapes {
    known: HashSet<u64>,
    order: VecDeque<u64>,
}

impl LearnedWrites {
    /// Keeps a shape; the oldest one goes when there are too many.
    pub fn learn(&self, shape: u64) {
        let mut shapes = self.shapes.lock();
        if shape == 0 || !shapes.known.insert(shape) {
            return;
        }
        shapes.order.push_back(shape);
        if shapes.order.len() > MAX_SHAPES
            && let Some(oldest) = shapes.order.pop_front()
        {
            shapes.known.remove(&oldest);
        }
    }

    /// Whether the database refused this shape as a write.
    pub fn contains(&self, shape: u64) -> bool {
        self.shapes.lock().known.contains(&shape)
    }
}
