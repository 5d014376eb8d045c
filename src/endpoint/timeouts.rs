//! Whether a timeout counts against an endpoint. A statement that takes longer than the limit
//! runs into it on every endpoint, and says nothing about any of them. So a timeout counts only where at
//! least two shapes of statements timed out on this endpoint lately, and on none of its peers. An endpoint is meant
//! by its address: a name that a reload points at another server does not take the evidence with it.

use crate::clock::Moment;
use crate::config::EndpointAddress;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::time::Duration;

/// How long a timeout is remembered: long enough for one statement to be tried on one endpoint after another.
const REMEMBERED: Duration = Duration::from_secs(600);
/// Pairs of address and shape kept; the oldest go first.
const KEPT: usize = 256;
/// Shapes that must have timed out on one endpoint alone.
const SHAPES: usize = 2;

/// The timeouts of one service.
#[derive(Debug, Default)]
pub struct Timeouts(Mutex<VecDeque<Timeout>>);

#[derive(Debug)]
struct Timeout {
    address: EndpointAddress,
    shape: u64,
    at: Moment,
}

impl Timeouts {
    /// Notes a timeout; true when it speaks against the endpoint.
    pub fn speaks_against(&self, address: &EndpointAddress, shape: u64, now: Moment) -> bool {
        let mut recent = self.0.lock();
        recent.retain(|one| {
            now.since(one.at) < REMEMBERED && !(one.address == *address && one.shape == shape)
        });
        if recent.len() >= KEPT {
            recent.pop_front();
        }
        recent.push_back(Timeout {
            address: address.clone(),
            shape,
            at: now,
        });
        let shared = |shape: u64| {
            let mut others = recent.iter().filter(|other| other.address != *address);
            others.any(|other| other.shape == shape)
        };
        let own = recent.iter().filter(|one| one.address == *address);
        !shared(shape) && own.filter(|one| !shared(one.shape)).count() >= SHAPES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(port: u16) -> EndpointAddress {
        EndpointAddress {
            host: "127.0.0.1".into(),
            port,
        }
    }

    fn at(secs: u64) -> Moment {
        Moment::default() + Duration::from_secs(secs)
    }

    #[test]
    fn one_shape_never_speaks_against_an_endpoint() {
        let (timeouts, a) = (Timeouts::default(), address(1));
        assert!((0..20).all(|n| !timeouts.speaks_against(&a, 1, at(n))));
        assert!(timeouts.speaks_against(&a, 2, at(20)));
    }

    #[test]
    fn a_shape_that_times_out_on_a_peer_too_is_the_statements_fault() {
        let (timeouts, a, b) = (Timeouts::default(), address(1), address(2));
        for shape in [1, 2, 3] {
            assert!(!timeouts.speaks_against(&b, shape, at(0)) || shape > 1);
        }
        for shape in [1, 2, 3] {
            assert!(!timeouts.speaks_against(&a, shape, at(30)));
        }
        assert!(!timeouts.speaks_against(&b, 1, at(31)), "known on a by now");
        assert!(!timeouts.speaks_against(&a, 4, at(32)));
        assert!(timeouts.speaks_against(&a, 5, at(33)));
        let shared = timeouts.speaks_against(&a, 1, at(34));
        assert!(!shared, "this one would have timed out anywhere");
    }

    #[test]
    fn a_timeout_is_forgotten_and_the_memory_is_bounded() {
        let (timeouts, a) = (Timeouts::default(), address(1));
        timeouts.speaks_against(&a, 1, at(0));
        assert!(!timeouts.speaks_against(&a, 2, at(600)));
        for shape in 0..1000 {
            timeouts.speaks_against(&a, shape, at(700));
        }
        assert_eq!(timeouts.0.lock().len(), KEPT);
    }
}
