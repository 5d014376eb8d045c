//! Weighted random: each with the probability of its share of the weights. Where all weights are zero, the first.

use crate::{Ask, Pick, Policy, PoolView, Random, RouteReason};

/// One at random, by weight.
#[derive(Debug)]
pub struct WeightedRandom;

impl Policy for WeightedRandom {
    fn pick(&self, pool: &PoolView<'_>, _ask: &Ask, random: &mut Random) -> Option<Pick> {
        let total: f64 = pool.iter().map(|(_, one)| one.weight).sum();
        let mut point = random.fraction() * total;
        let mut chosen = pool.iter().next()?.0;
        for (index, one) in pool.iter().filter(|(_, one)| one.weight > 0.0) {
            chosen = index;
            point -= one.weight;
            if point < 0.0 {
                break;
            }
        }
        Some(Pick::because(chosen, RouteReason::Weight))
    }
}
