//! What the engine asks where a request is to go.

use crate::replica::Replica;
use balancing::health::Trial;
use balancing::{Ask, Completion, Moment, SlowAttempt, Start, Wait};

/// Chooses replicas for the requests of one proxy.
pub trait Balancer {
    /// The place that a request is given now, or what it waits for in the proxy; `Err(None)`: to wait does not help it.
    fn pick(&mut self, wanted: &Wanted<'_>, now: Moment) -> Result<Place, Option<Wait>>;

    /// The place of a second attempt beside one that waits at the replica that was tried. `spend` takes it from the budget.
    fn pick_second(
        &mut self,
        _wanted: &Wanted<'_>,
        _attempt: SlowAttempt,
        _now: Moment,
        _spend: &dyn Fn() -> bool,
    ) -> Option<Place> {
        None
    }

    /// Requests that the proxy has in flight at a replica.
    fn in_flight(&self, _replica: usize) -> u32 {
        0
    }

    /// Whether a write was acknowledged a moment ago, which other replicas may lack.
    fn is_after_write(&self, _now: Moment) -> bool {
        false
    }

    /// How many requests the proxy has learned that a replica works on at once.
    fn places(&self, _replica: usize, _now: Moment) -> Option<f64> {
        None
    }

    /// A request begins.
    fn start(&mut self, _start: &Start) {}

    /// A request ended.
    fn finish(&mut self, _end: End) {}

    /// When the replicas are to be probed next.
    fn next_probe(&self) -> Option<Moment> {
        None
    }

    /// Probes them, if that is due.
    fn probe(&mut self, _replicas: &[Replica], _now: Moment) {}
}

/// A request that needs a place.
pub struct Wanted<'a> {
    /// Only an oracle looks into replicas, and at the size: seconds of work.
    pub replicas: &'a [Replica],
    pub size: f64,
    pub ask: Ask,
    /// Replicas that are not asked again.
    pub tried: &'a [usize],
}

/// A place at a replica.
#[derive(Debug)]
pub struct Place {
    pub replica: usize,
    /// The trial of its breaker, where the request is one.
    pub trial: Option<Trial>,
}

impl Place {
    /// At this replica, for a request that is no trial.
    pub fn at(replica: usize) -> Self {
        Self {
            replica,
            trial: None,
        }
    }
}

/// The end of a request at a replica.
#[derive(Debug)]
pub struct End {
    pub completion: Completion,
    pub trial: Option<Trial>,
    /// Its replica hangs, and another one has answered.
    pub timed_out: bool,
    /// Requests that wait in the replica.
    pub queued: usize,
    /// Seconds of a worker's time that it took.
    pub busy: f64,
}
