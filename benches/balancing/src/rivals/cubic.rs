//! Cubic replica selection (NSDI 2015; Elasticsearch's adaptive replica selection): the response time as the client sees
//! it, and the server's own service time times the cube of the queue that is expected there. Servers tell their queue and
//! service time with each response. Both are counted per worker, and an idle worker as no queue.

use super::{Told, lowest};
use crate::proxy::ServerFeedback;
use balancing::{Ask, Completion, EndpointView, Pick, Policy, PoolView, Random};
use parking_lot::Mutex;

/// The share of a new value in the means.
const GAIN: f64 = 0.1;

/// Cubic replica selection.
pub struct Cubic {
    heard: Mutex<Vec<Heard>>,
    told: Told,
}

/// Means of what was seen and heard of a server, seconds and requests.
#[derive(Clone, Copy)]
struct Heard {
    response: f64,
    service: f64,
    queue: f64,
}

impl Cubic {
    /// For replicas whose workers and mean time are told.
    pub fn new(told: &Told) -> Self {
        let heard = Heard {
            response: told.mean_time,
            service: told.mean_time,
            queue: 0.0,
        };
        Self {
            heard: Mutex::new(vec![heard; told.replicas()]),
            told: told.clone(),
        }
    }
}

impl Policy for Cubic {
    fn pick(&self, pool: &PoolView<'_>, _ask: &Ask, random: &mut Random) -> Option<Pick> {
        let heard = self.heard.lock();
        lowest(pool, random, |index: usize, view: &EndpointView| {
            let one = heard[index];
            let outstanding = f64::from(view.load.in_flight) * self.told.proxies;
            let per_worker = (1.0 + outstanding + one.queue) / self.told.workers[index];
            let queue = per_worker.max(1.0);
            one.response - one.service + queue.powi(3) * one.service
        })
    }

    fn on_finish(&self, completion: &Completion) {
        let mean = &mut self.heard.lock()[completion.start.endpoint].response;
        enter(mean, completion.service_time.as_secs_f64());
    }
}

impl ServerFeedback for Cubic {
    fn hear(&self, endpoint: usize, queued: usize, busy: f64) {
        let heard = &mut self.heard.lock()[endpoint];
        enter(&mut heard.queue, queued as f64);
        enter(&mut heard.service, busy);
    }
}

fn enter(mean: &mut f64, value: f64) {
    *mean += GAIN * (value - *mean);
}
