//! Balancers that know what no proxy knows. The better of both is what a policy is compared with.

use crate::balancer::{Balancer, Place, Wanted};
use crate::replica::Replica;
use balancing::{Moment, Wait};

/// Assigns at arrival to where the request will be done first, by true sizes, true work left and true speeds.
#[derive(Debug, Default)]
pub struct ShortestCompletion;

/// One queue for all: the first that waits goes to the fastest replica with an idle worker. It knows no sizes.
#[derive(Debug, Default)]
pub struct CentralQueue;

impl Balancer for ShortestCompletion {
    fn pick(&mut self, wanted: &Wanted<'_>, now: Moment) -> Result<Place, Option<Wait>> {
        let time = |replica: &Replica| replica.time_to_complete(wanted.size, now);
        let best = well(wanted.replicas).min_by(|a, b| time(a.1).total_cmp(&time(b.1)));
        best.map(|(index, _)| Place::at(index))
            .ok_or(Some(Wait::ForRoom))
    }
}

impl Balancer for CentralQueue {
    fn pick(&mut self, wanted: &Wanted<'_>, _now: Moment) -> Result<Place, Option<Wait>> {
        let all = well(wanted.replicas);
        let idle = all.filter(|(_, one)| one.has_idle_worker() && one.speed() > 0.0);
        let fastest = idle.max_by(|a, b| a.1.speed().total_cmp(&b.1.speed()));
        fastest
            .map(|(index, _)| Place::at(index))
            .ok_or(Some(Wait::ForRoom))
    }
}

fn well(replicas: &[Replica]) -> impl Iterator<Item = (usize, &Replica)> {
    let all = replicas.iter().enumerate();
    all.filter(|(_, replica)| replica.is_present && replica.failure.is_none())
}
