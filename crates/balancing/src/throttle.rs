//! Stops extra attempts while a service fails as a whole: tokens that failures take and successes give back. The rule is
//! gRPC's (its proposal for retry throttling); our figures differ, see [`TOKENS`] and [`PER_SUCCESS`].

use crate::Fault;
use std::sync::atomic::{AtomicU32, Ordering};

/// Hundredths of a token.
const WHOLE: u32 = 100;
/// As many as a service may hold. Half of them must outlast the requests in flight at an endpoint that dies: their retries
/// succeed elsewhere. gRPC's usual ten would be gone at once.
const TOKENS: u32 = 100 * WHOLE;
/// What a success gives back: extra attempts stop for good where more than a third of all attempts fail, which one endpoint
/// of three does not bring about. gRPC's usual tenth of a token stops them at 9 %.
const PER_SUCCESS: u32 = WHOLE / 2;

/// The tokens of a service. Lock-free.
#[derive(Debug)]
pub struct Throttle(AtomicU32);

impl Default for Throttle {
    fn default() -> Self {
        Self(AtomicU32::new(TOKENS))
    }
}

impl Throttle {
    /// An attempt ended. What is no sign that the servers are weak, such as a client's mistake, changes nothing.
    pub fn ended(&self, fault: Fault) {
        let next = |tokens: u32| match fault {
            Fault::None => Some(tokens.saturating_add(PER_SUCCESS).min(TOKENS)),
            Fault::Endpoint | Fault::Overload | Fault::Peer => Some(tokens.saturating_sub(WHOLE)),
            Fault::Client | Fault::Access | Fault::Role | Fault::Database | Fault::Lag => None,
        };
        let _ = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
    }

    /// Whether extra attempts are stopped.
    pub fn is_on(&self) -> bool {
        self.0.load(Ordering::Relaxed) <= TOKENS / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(faults: impl IntoIterator<Item = Fault>) -> Throttle {
        let throttle = Throttle::default();
        faults.into_iter().for_each(|fault| throttle.ended(fault));
        throttle
    }

    #[test]
    fn failures_stop_extra_attempts_at_half_of_the_tokens() {
        assert!(!after([Fault::Endpoint; 49]).is_on());
        for fault in [Fault::Endpoint, Fault::Overload, Fault::Peer] {
            assert!(after([fault; 50]).is_on());
        }
    }

    #[test]
    fn successes_bring_them_back_and_no_more_than_all_tokens() {
        let throttle = after([Fault::Endpoint; 60]);
        (0..20).for_each(|_| throttle.ended(Fault::None));
        assert!(throttle.is_on());
        throttle.ended(Fault::None);
        assert!(!throttle.is_on());
        (0..10_000).for_each(|_| throttle.ended(Fault::None));
        (0..50).for_each(|_| throttle.ended(Fault::Endpoint));
        assert!(throttle.is_on());
    }

    #[test]
    fn what_is_not_the_servers_weakness_stops_nothing() {
        for fault in [
            Fault::Client,
            Fault::Access,
            Fault::Role,
            Fault::Database,
            Fault::Lag,
        ] {
            assert!(!after([fault; 1000]).is_on());
        }
    }

    #[test]
    fn one_endpoint_of_three_that_always_fails_stops_nothing() {
        let three = [Fault::Endpoint, Fault::None, Fault::None];
        assert!(!after(three.into_iter().cycle().take(30_000)).is_on());
    }
}
