//! What the engine asks where a request is to go.

use crate::arrivals::Arrival;
use crate::replica::Replica;
use balancing::{Completion, Moment, Start};

/// Chooses replicas for the requests of one proxy.
pub trait Balancer {
    /// The replica that takes a request now; `None` where it waits in the proxy. Only an oracle looks into replicas.
    fn pick(&mut self, replicas: &[Replica], arrival: &Arrival, now: Moment) -> Option<usize>;

    /// Requests that the proxy has in flight at a replica.
    fn in_flight(&self, _replica: usize) -> u32 {
        0
    }

    /// A request begins.
    fn start(&mut self, _start: &Start) {}

    /// A request ended. `queued`: requests that wait in its replica; `busy`: seconds of a worker's time that it took.
    fn finish(&mut self, _completion: &Completion, _queued: usize, _busy: f64) {}
}
