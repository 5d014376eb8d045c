//! Late binding with told workers: the fastest replica with an idle worker, else the request waits in the proxy.

use super::{Told, lowest};
use balancing::{Ask, Completion, EndpointView, Pick, Policy, PoolView, Random};
use parking_lot::Mutex;

/// The share of a new latency in the mean.
const GAIN: f64 = 0.05;

/// Late binding.
pub struct Late {
    latencies: Mutex<Vec<f64>>,
    workers: Vec<f64>,
}

impl Late {
    /// For replicas whose workers and mean time are told.
    pub fn new(told: &Told) -> Self {
        Self {
            latencies: Mutex::new(vec![told.mean_time; told.replicas()]),
            workers: told.workers.clone(),
        }
    }
}

impl Policy for Late {
    fn pick(&self, pool: &PoolView<'_>, _ask: &Ask, random: &mut Random) -> Option<Pick> {
        let latencies = self.latencies.lock();
        lowest(pool, random, |index: usize, view: &EndpointView| {
            match f64::from(view.load.in_flight) < self.workers[index] {
                true => latencies[index],
                false => f64::INFINITY,
            }
        })
    }

    fn on_finish(&self, completion: &Completion) {
        let mean = &mut self.latencies.lock()[completion.start.endpoint];
        *mean += GAIN * (completion.service_time.as_secs_f64() - *mean);
    }
}
