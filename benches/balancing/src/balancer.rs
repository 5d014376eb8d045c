//! What the engine asks where a request is to go.

use crate::arrivals::Arrival;
use crate::replica::Replica;
use balancing::{Completion, Moment, Start};

/// Chooses replicas for the requests of one proxy.
pub trait Balancer {
    /// The replica that takes a request now; `None` where it waits in the proxy. Only an oracle looks into replicas.
    fn pick(&mut self, replicas: &[Replica], arrival: &Arrival, now: Moment) -> Option<usize>;

    /// A request begins.
    fn start(&mut self, _start: &Start) {}

    /// A request ended.
    fn finish(&mut self, _completion: &Completion) {}
}
