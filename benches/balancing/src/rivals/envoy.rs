//! Envoy's least request with its defaults. Where all weights are equal: the better of two at random by requests in flight.
//! Envoy may draw one host twice; here both differ, which is a little better. Where weights differ: earliest deadline first,
//! where a pick moves the deadline of a host on by the requests in flight and this one over its weight.

use super::two_choices::TwoChoices;
use balancing::{Ask, Pick, Policy, PoolView, Random, RouteReason};
use parking_lot::Mutex;
use std::sync::Arc;

/// Least request for hosts of these weights.
pub fn least_request(weights: &[f64]) -> Arc<dyn Policy> {
    match weights.windows(2).all(|pair| pair[0] == pair[1]) {
        true => Arc::new(TwoChoices),
        false => Arc::new(Weighted::new(weights)),
    }
}

struct Weighted {
    schedule: Mutex<Schedule>,
}

struct Schedule {
    deadlines: Vec<f64>,
    now: f64,
}

impl Weighted {
    fn new(weights: &[f64]) -> Self {
        let schedule = Schedule {
            deadlines: weights.iter().map(|weight| 1.0 / weight).collect(),
            now: 0.0,
        };
        Self {
            schedule: Mutex::new(schedule),
        }
    }
}

impl Policy for Weighted {
    fn pick(&self, pool: &PoolView<'_>, _ask: &Ask, _random: &mut Random) -> Option<Pick> {
        let schedule = &mut *self.schedule.lock();
        let deadline = |index: usize| schedule.deadlines[index];
        let by_deadline = |a: usize, b: usize| deadline(a).total_cmp(&deadline(b));
        let (index, view) = pool.iter().min_by(|a, b| by_deadline(a.0, b.0))?;
        let score = deadline(index).max(schedule.now);
        schedule.now = score;
        let weight = view.share() / f64::from(view.load.in_flight + 1);
        schedule.deadlines[index] = score + 1.0 / weight;
        Some(Pick {
            index,
            reason: RouteReason::Weight,
            score,
        })
    }
}
