//! The shortest expected completion by estimated costs: the estimated work in flight over the told workers, and the request's
//! own, at the speed that was learned from requests that did not queue.

use super::{Told, lowest};
use balancing::{Ask, Completion, EndpointView, Pick, Policy, PoolView, Random, Start};
use parking_lot::Mutex;

/// The share of a new value in the time that a unit of cost takes.
const GAIN: f64 = 0.02;
/// The time of a unit of cost at speed 1, seconds.
const UNIT: f64 = 0.001;

/// Shortest expected completion.
pub struct Cost {
    replicas: Mutex<Vec<Known>>,
    workers: Vec<f64>,
}

/// What is known of a replica.
#[derive(Clone)]
struct Known {
    /// Estimated cost in flight.
    work: f64,
    in_flight: f64,
    /// Seconds per unit of cost.
    slowness: f64,
    /// Requests in flight that found an idle worker, by their arrival.
    unqueued: Vec<Start>,
}

impl Cost {
    /// For replicas whose workers are told.
    pub fn new(told: &Told) -> Self {
        let known = Known {
            work: 0.0,
            in_flight: 0.0,
            slowness: UNIT,
            unqueued: Vec::new(),
        };
        Self {
            replicas: Mutex::new(vec![known; told.replicas()]),
            workers: told.workers.clone(),
        }
    }
}

impl Policy for Cost {
    fn pick(&self, pool: &PoolView<'_>, ask: &Ask, random: &mut Random) -> Option<Pick> {
        let replicas = self.replicas.lock();
        lowest(pool, random, |index: usize, _: &EndpointView| {
            let known = &replicas[index];
            let workers = self.workers[index];
            let ahead = match known.in_flight < workers {
                true => 0.0,
                false => known.work / workers,
            };
            (ahead + ask.cost) * known.slowness
        })
    }

    fn on_start(&self, start: &Start) {
        let known = &mut self.replicas.lock()[start.endpoint];
        if known.in_flight < self.workers[start.endpoint] {
            known.unqueued.push(*start);
        }
        known.work += start.ask.cost;
        known.in_flight += 1.0;
    }

    fn on_finish(&self, completion: &Completion) {
        let start = completion.start;
        let known = &mut self.replicas.lock()[start.endpoint];
        known.in_flight -= 1.0;
        known.work = match known.in_flight > 0.0 {
            true => known.work - start.ask.cost,
            false => 0.0,
        };
        let unqueued = known.unqueued.iter().position(|one| *one == start);
        if let Some(at) = unqueued {
            known.unqueued.swap_remove(at);
            let slowness = completion.service_time.as_secs_f64() / start.ask.cost;
            known.slowness += GAIN * (slowness - known.slowness);
        }
    }
}
