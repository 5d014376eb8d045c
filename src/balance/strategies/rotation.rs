//! Rotations: the plain one, and the smooth one by weight.

use super::PoolView;
use crate::balance::endpoint_set::MAX_ENDPOINTS;
use parking_lot::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Weights are counted in thousandths, so that shares stay exact over any number of turns.
const UNIT: f64 = 1000.0;

/// Each in turn.
#[derive(Debug, Default)]
pub struct Rotation(AtomicUsize);

impl Rotation {
    /// The index of the endpoint whose turn it is.
    pub fn next(&self, pool: &PoolView<'_>) -> Option<usize> {
        let turn = self.0.fetch_add(1, Ordering::Relaxed);
        let (index, _) = pool.iter().nth(turn.checked_rem(pool.len())?)?;
        Some(index)
    }
}

/// Each in turn in proportion to its weight, spread evenly: every endpoint gains its weight each turn,
/// the richest goes and pays the sum. All weights zero: all are alike.
#[derive(Debug)]
pub struct SmoothRotation(Mutex<[i64; MAX_ENDPOINTS]>);

impl Default for SmoothRotation {
    fn default() -> Self {
        Self(Mutex::new([0; MAX_ENDPOINTS]))
    }
}

impl SmoothRotation {
    /// The index of the endpoint whose turn it is.
    pub fn next(&self, pool: &PoolView<'_>) -> Option<usize> {
        let alike = pool.iter().all(|(_, endpoint)| endpoint.weight <= 0.0);
        let mut credit = self.0.lock();
        let mut total = 0;
        let mut richest: Option<(usize, i64)> = None;
        for (index, endpoint) in pool.iter() {
            let weight = if alike { 1 } else { units(endpoint.weight) };
            let own = credit.get_mut(index)?;
            *own += weight;
            total += weight;
            if richest.is_none_or(|(_, most)| *own > most) {
                richest = Some((index, *own));
            }
        }
        let (index, _) = richest?;
        *credit.get_mut(index)? -= total;
        Some(index)
    }
}

/// A weight in whole units; the smallest one above zero is still one.
fn units(weight: f64) -> i64 {
    let units = (weight.clamp(0.0, 1e6) * UNIT).round() as i64;
    if weight > 0.0 { units.max(1) } else { 0 }
}
