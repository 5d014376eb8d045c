//! What the engine asks where a request is to go.

use crate::arrivals::Arrival;
use crate::replica::Replica;
use balancing::health::Trial;
use balancing::{Ask, Completion, Moment, Start};

/// Chooses replicas for the requests of one proxy.
pub trait Balancer {
    /// The place that a request is given now; `None` where it waits in the proxy. Only an oracle looks into replicas.
    fn pick(&mut self, replicas: &[Replica], arrival: &Arrival, now: Moment) -> Option<Place>;

    /// How long a request is expected to take, as a multiple of the mean one.
    fn work(&self, _ask: &Ask) -> f64 {
        1.0
    }

    /// Requests that the proxy has in flight at a replica.
    fn in_flight(&self, _replica: usize) -> u32 {
        0
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
    /// Requests that wait in the replica.
    pub queued: usize,
    /// Seconds of a worker's time that it took.
    pub busy: f64,
}
