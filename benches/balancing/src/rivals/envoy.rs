//! Envoy's least request for unequal weights: earliest deadline first, where a pick moves the deadline of a host on by the
//! requests in flight and this one over its weight.

use balancing::{Ask, Pick, Policy, PoolView, Random, RouteReason};
use parking_lot::Mutex;

/// Weighted least request.
pub struct LeastRequest {
    schedule: Mutex<Schedule>,
}

struct Schedule {
    deadlines: Vec<f64>,
    now: f64,
}

impl LeastRequest {
    /// For so many replicas.
    pub fn new(replicas: usize) -> Self {
        let schedule = Schedule {
            deadlines: vec![0.0; replicas],
            now: 0.0,
        };
        Self {
            schedule: Mutex::new(schedule),
        }
    }
}

impl Policy for LeastRequest {
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
