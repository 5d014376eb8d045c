//! Peak-EWMA (Finagle, Linkerd, tower): a latency above the mean becomes the mean at once, one below it enters slowly. The
//! load is the mean times the requests in flight and this one. A mean that is read decays towards 0.

use super::{Told, better_of_two, lowest};
use balancing::{Ask, Completion, EndpointView, Moment, Pick, Policy, PoolView, Random};
use parking_lot::Mutex;

/// Seconds in which a mean decays.
const DECAY: f64 = 10.0;

/// The load by peak-sensitive latencies.
pub struct PeakEwma {
    means: Mutex<Vec<Mean>>,
    compares_all: bool,
}

#[derive(Clone, Copy)]
struct Mean {
    seconds: f64,
    updated: Moment,
}

impl PeakEwma {
    /// Compares two at random.
    pub fn of_two(told: &Told) -> Self {
        let mean = Mean {
            seconds: told.mean_time,
            updated: Moment(0),
        };
        Self {
            means: Mutex::new(vec![mean; told.replicas()]),
            compares_all: false,
        }
    }

    /// Compares all.
    pub fn of_all(told: &Told) -> Self {
        Self {
            compares_all: true,
            ..Self::of_two(told)
        }
    }
}

impl Policy for PeakEwma {
    fn pick(&self, pool: &PoolView<'_>, _ask: &Ask, random: &mut Random) -> Option<Pick> {
        let means = self.means.lock();
        let load = |index: usize, view: &EndpointView| {
            means[index].after(0.0, pool.now) * f64::from(view.load.in_flight + 1)
        };
        match self.compares_all {
            true => lowest(pool, random, load),
            false => better_of_two(pool, random, load),
        }
    }

    fn on_finish(&self, completion: &Completion) {
        let mean = &mut self.means.lock()[completion.start.endpoint];
        let seconds = mean.after(completion.service_time.as_secs_f64(), completion.now);
        *mean = Mean {
            seconds,
            updated: completion.now,
        };
    }
}

impl Mean {
    /// What it is after this latency.
    fn after(self, latency: f64, now: Moment) -> f64 {
        if latency > self.seconds {
            return latency;
        }
        let past = (-(now - self.updated).as_secs_f64() / DECAY).exp();
        self.seconds * past + latency * (1.0 - past)
    }
}
