//! Balancers that know what no proxy knows. The better of both is what a policy is compared with.

use crate::arrivals::Arrival;
use crate::balancer::{Balancer, Place};
use crate::replica::Replica;
use balancing::Moment;

/// Assigns at arrival to where the request will be done first, by true sizes, true work left and true speeds.
#[derive(Debug, Default)]
pub struct ShortestCompletion;

/// One queue for all: the first that waits goes to the fastest replica with an idle worker. It knows no sizes.
#[derive(Debug, Default)]
pub struct CentralQueue;

impl Balancer for ShortestCompletion {
    fn pick(&mut self, replicas: &[Replica], arrival: &Arrival, now: Moment) -> Option<Place> {
        let time = |replica: &Replica| replica.time_to_complete(arrival.size, now);
        let (index, _) = well(replicas).min_by(|a, b| time(a.1).total_cmp(&time(b.1)))?;
        Some(Place::at(index))
    }
}

impl Balancer for CentralQueue {
    fn pick(&mut self, replicas: &[Replica], _arrival: &Arrival, _now: Moment) -> Option<Place> {
        let idle = well(replicas).filter(|(_, one)| one.has_idle_worker() && one.speed() > 0.0);
        let (index, _) = idle.max_by(|a, b| a.1.speed().total_cmp(&b.1.speed()))?;
        Some(Place::at(index))
    }
}

fn well(replicas: &[Replica]) -> impl Iterator<Item = (usize, &Replica)> {
    let all = replicas.iter().enumerate();
    all.filter(|(_, replica)| replica.is_present && replica.failure.is_none())
}
