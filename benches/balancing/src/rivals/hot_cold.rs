//! Prequal's hot-cold rule (NSDI 2024) on what the proxy itself sees: a replica is hot when it has as many requests in flight
//! as a high quantile of them. The fastest of the cold ones is taken; where all are hot, the least busy.

use super::{Told, lowest};
use balancing::{Ask, Completion, EndpointView, Pick, Policy, PoolView, Random};
use parking_lot::Mutex;
use std::collections::VecDeque;

/// The quantile of requests in flight from which a replica is hot.
const HOT: f64 = 0.84;
/// Latencies whose median counts.
const KEPT: usize = 16;

/// The hot-cold rule.
pub struct HotCold {
    latencies: Mutex<Vec<Latencies>>,
}

/// The last latencies of a replica.
struct Latencies {
    last: VecDeque<f64>,
    median: f64,
}

impl HotCold {
    /// For replicas whose mean time is told.
    pub fn new(told: &Told) -> Self {
        let latencies = (0..told.replicas()).map(|_| Latencies {
            last: VecDeque::new(),
            median: told.mean_time,
        });
        Self {
            latencies: Mutex::new(latencies.collect()),
        }
    }
}

impl Policy for HotCold {
    fn pick(&self, pool: &PoolView<'_>, _ask: &Ask, random: &mut Random) -> Option<Pick> {
        let hot = hot_from(pool)?;
        let latencies = self.latencies.lock();
        let cold = |index: usize, view: &EndpointView| match view.load.in_flight < hot {
            true => latencies[index].median,
            false => f64::INFINITY,
        };
        lowest(pool, random, cold)
            .or_else(|| lowest(pool, random, |_, view| f64::from(view.load.in_flight)))
    }

    fn on_finish(&self, completion: &Completion) {
        let seconds = completion.service_time.as_secs_f64();
        self.latencies.lock()[completion.start.endpoint].add(seconds);
    }
}

/// Requests in flight from which a replica is hot.
fn hot_from(pool: &PoolView<'_>) -> Option<u32> {
    let mut held: Vec<u32> = pool.iter().map(|(_, view)| view.load.in_flight).collect();
    held.sort_unstable();
    let rank = (HOT * held.len() as f64).ceil() as usize;
    held.get(rank.saturating_sub(1)).copied()
}

impl Latencies {
    fn add(&mut self, seconds: f64) {
        if self.last.len() >= KEPT {
            self.last.pop_front();
        }
        self.last.push_back(seconds);
        let mut sorted = [0.0; KEPT];
        let sorted = &mut sorted[..self.last.len()];
        sorted
            .iter_mut()
            .zip(&self.last)
            .for_each(|(to, from)| *to = *from);
        sorted.sort_unstable_by(f64::total_cmp);
        self.median = sorted[sorted.len() / 2];
    }
}
