//! Which shapes of requests failed lately, and at which endpoints. A statement that takes longer than its limit, or that
//! a server fails at, does so on every endpoint, and says nothing about any of them. So such failures speak against an
//! endpoint only where as many shapes as asked for failed at it lately, and at none of its peers. A success of the shape takes
//! its failure at that endpoint back.

use crate::Moment;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long a failure is remembered: long enough for one statement to be tried on one endpoint after another.
const REMEMBERED: Duration = Duration::from_secs(600);
/// Pairs of endpoint and shape kept; the oldest go first.
const KEPT: usize = 256;

/// The failures of one kind in one service.
#[derive(Debug, Default)]
pub struct SharedFailures {
    recent: Mutex<VecDeque<ShapeFailure>>,
    /// Whether there are any: spares good traffic the lock.
    any: AtomicBool,
}

#[derive(Debug)]
struct ShapeFailure {
    endpoint: u64,
    shape: u64,
    at: Moment,
}

impl SharedFailures {
    /// Notes a failure; true when it and those before speak against the endpoint: of so many shapes, on it alone.
    pub fn speaks_against(&self, endpoint: u64, shape: u64, shapes: usize, now: Moment) -> bool {
        let mut recent = self.recent.lock();
        self.any.store(true, Ordering::Relaxed);
        recent.retain(|one| {
            now.since(one.at) < REMEMBERED && !(one.endpoint == endpoint && one.shape == shape)
        });
        if recent.len() >= KEPT {
            recent.pop_front();
        }
        recent.push_back(ShapeFailure {
            endpoint,
            shape,
            at: now,
        });
        let shared = |shape: u64| {
            let mut others = recent.iter().filter(|other| other.endpoint != endpoint);
            others.any(|other| other.shape == shape)
        };
        if shared(shape) {
            return false;
        }
        let own = recent.iter().filter(|one| one.endpoint == endpoint);
        shapes <= 1 || own.filter(|one| !shared(one.shape)).count() >= shapes
    }

    /// The shape succeeded there: that it failed there before says nothing of the statement any more.
    pub fn succeeded(&self, endpoint: u64, shape: u64) {
        if !self.any.load(Ordering::Relaxed) {
            return;
        }
        let mut recent = self.recent.lock();
        recent.retain(|one| one.endpoint != endpoint || one.shape != shape);
        self.any.store(!recent.is_empty(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: u64 = 1;
    const B: u64 = 2;

    fn at(secs: u64) -> Moment {
        Moment(0) + Duration::from_secs(secs)
    }

    #[test]
    fn one_shape_speaks_against_an_endpoint_only_where_one_is_enough() {
        let failures = SharedFailures::default();
        assert!((0..20).all(|n| !failures.speaks_against(A, 1, 2, at(n))));
        assert!(failures.speaks_against(A, 2, 2, at(20)));
        assert!(SharedFailures::default().speaks_against(A, 1, 1, at(20)));
    }

    #[test]
    fn a_shape_that_fails_at_a_peer_too_is_the_statements_fault() {
        let failures = SharedFailures::default();
        for shape in [1, 2, 3] {
            assert!(!failures.speaks_against(B, shape, 2, at(0)) || shape > 1);
        }
        for shape in [1, 2, 3] {
            assert!(!failures.speaks_against(A, shape, 2, at(30)));
        }
        assert!(
            !failures.speaks_against(B, 1, 2, at(31)),
            "known on a by now"
        );
        assert!(!failures.speaks_against(A, 4, 2, at(32)));
        assert!(failures.speaks_against(A, 5, 2, at(33)));
        let shared = failures.speaks_against(A, 1, 2, at(34));
        assert!(!shared, "this one would have failed anywhere");
    }

    #[test]
    fn a_shape_that_succeeds_at_a_peer_again_speaks_against_the_endpoint_where_it_fails() {
        let failures = SharedFailures::default();
        failures.succeeded(B, 1);
        failures.speaks_against(B, 1, 1, at(0));
        assert!(!failures.speaks_against(A, 1, 1, at(1)));
        failures.succeeded(B, 2);
        assert!(!failures.speaks_against(A, 1, 1, at(2)), "another shape");
        failures.succeeded(B, 1);
        assert!(failures.speaks_against(A, 1, 1, at(3)));
        failures.speaks_against(B, 1, 1, at(4));
        assert!(
            !failures.speaks_against(A, 1, 1, at(5)),
            "it fails everywhere"
        );
    }

    #[test]
    fn a_failure_is_forgotten_and_the_memory_is_bounded() {
        let failures = SharedFailures::default();
        failures.speaks_against(A, 1, 2, at(0));
        assert!(!failures.speaks_against(A, 2, 2, at(600)));
        for shape in 0..1000 {
            failures.speaks_against(A, shape, 2, at(700));
        }
        assert_eq!(failures.recent.lock().len(), KEPT);
    }
}
