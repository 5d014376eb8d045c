//! The requests in flight at an endpoint: those that wait for their response, those whose response has begun, and those that were
//! overtaken.

use crate::{Moment, Start};
use std::collections::BTreeSet;

/// When a request began, and how many were in flight then, which tells those apart that began at the same moment.
type Key = (Moment, u32);

/// It holds those in flight and no others.
#[derive(Debug, Default)]
pub struct InFlight {
    awaited: BTreeSet<Key>,
    responding: BTreeSet<Key>,
    /// Those that take long by their nature, or wait for their clients: the endpoint responds to others meanwhile.
    overtaken: BTreeSet<Key>,
}

impl InFlight {
    /// A request begins.
    pub fn start(&mut self, start: &Start) {
        self.awaited.insert(key(start));
    }

    /// Its response begins.
    pub fn respond(&mut self, start: &Start) {
        if self.awaited.remove(&key(start)) {
            self.responding.insert(key(start));
        }
    }

    /// It is in flight no more. Whether it was overtaken.
    pub fn finish(&mut self, start: &Start) -> bool {
        let key = key(start);
        let was_current = self.awaited.remove(&key) || self.responding.remove(&key);
        !was_current && self.overtaken.remove(&key)
    }

    /// One that began at `by` had its response in time: those from before it, and from before `late`, were overtaken.
    pub fn overtake(&mut self, by: Moment, late: Moment) {
        for current in [&mut self.awaited, &mut self.responding] {
            while let Some(first) = current.first().filter(|first| first.0 < by.min(late)) {
                let first = *first;
                current.remove(&first);
                self.overtaken.insert(first);
            }
        }
    }

    /// When the oldest one began that waits for its response and was not overtaken.
    pub fn oldest_awaited(&self) -> Option<Moment> {
        self.awaited.first().map(|(begun, _)| *begun)
    }

    /// How many wait for their response and were not overtaken.
    pub fn awaited(&self) -> usize {
        self.awaited.len()
    }

    /// How many were overtaken.
    pub fn overtaken(&self) -> usize {
        self.overtaken.len()
    }
}

fn key(start: &Start) -> Key {
    (start.now, start.in_flight)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::READ;

    fn at(micros: u64, in_flight: u32) -> Start {
        Start {
            endpoint: 0,
            in_flight,
            ask: READ,
            now: Moment(micros),
        }
    }

    #[test]
    fn the_oldest_that_has_not_ended_is_told() {
        let mut requests = InFlight::default();
        [3, 1, 2]
            .iter()
            .for_each(|now| requests.start(&at(*now, 1)));
        assert_eq!(requests.oldest_awaited(), Some(Moment(1)));
        requests.respond(&at(2, 1));
        assert_eq!(requests.oldest_awaited(), Some(Moment(1)));
        requests.finish(&at(1, 1));
        assert_eq!(requests.oldest_awaited(), Some(Moment(3)));
        requests.finish(&at(3, 1));
        assert_eq!(requests.oldest_awaited(), None);
    }

    #[test]
    fn one_that_ends_twice_ends_no_other_that_began_with_it() {
        let mut requests = InFlight::default();
        [1, 2].iter().for_each(|held| requests.start(&at(7, *held)));
        requests.finish(&at(7, 1));
        requests.finish(&at(7, 1));
        assert_eq!(requests.oldest_awaited(), Some(Moment(7)));
    }

    #[test]
    fn those_that_ended_are_not_kept_while_an_older_one_waits() {
        let mut requests = InFlight::default();
        requests.start(&at(0, 1));
        for now in 1..1_000 {
            requests.start(&at(now, 2));
            requests.finish(&at(now, 2));
        }
        assert_eq!(requests.awaited(), 1);
    }

    #[test]
    fn those_are_overtaken_that_are_late_and_older_than_one_that_was_in_time() {
        let mut requests = InFlight::default();
        [1, 2, 3, 9]
            .iter()
            .for_each(|now| requests.start(&at(*now, 1)));
        requests.respond(&at(2, 1));
        requests.finish(&at(9, 1));
        requests.overtake(Moment(9), Moment(3));
        assert_eq!((requests.overtaken(), requests.awaited()), (2, 1));
        assert!(requests.finish(&at(1, 1)) && requests.finish(&at(2, 1)));
        assert!(!requests.finish(&at(3, 1)));
        assert_eq!((requests.overtaken(), requests.awaited()), (0, 0));
    }
}
