//! The oldest of the requests that wait for their response.

use crate::{Moment, Start};
use std::collections::BTreeSet;

/// When the requests began that an endpoint has not responded to. It holds these and no others.
#[derive(Debug, Default)]
pub struct Oldest {
    /// With how many were in flight then, which tells those apart that began at the same moment.
    awaited: BTreeSet<(Moment, u32)>,
}

impl Oldest {
    /// A request begins.
    pub fn start(&mut self, start: &Start) {
        self.awaited.insert((start.now, start.in_flight));
    }

    /// It waits no more; what waits no more already is passed over.
    pub fn finish(&mut self, start: &Start) {
        self.awaited.remove(&(start.now, start.in_flight));
    }

    /// When the oldest one began.
    pub fn get(&self) -> Option<Moment> {
        self.awaited.first().map(|(begun, _)| *begun)
    }

    /// How many wait.
    pub fn count(&self) -> usize {
        self.awaited.len()
    }
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
        let mut oldest = Oldest::default();
        [3, 1, 2].iter().for_each(|now| oldest.start(&at(*now, 1)));
        assert_eq!(oldest.get(), Some(Moment(1)));
        oldest.finish(&at(2, 1));
        assert_eq!(oldest.get(), Some(Moment(1)));
        oldest.finish(&at(1, 1));
        assert_eq!(oldest.get(), Some(Moment(3)));
        oldest.finish(&at(3, 1));
        assert_eq!(oldest.get(), None);
    }

    #[test]
    fn one_that_ends_twice_ends_no_other_that_began_with_it() {
        let mut oldest = Oldest::default();
        [1, 2].iter().for_each(|held| oldest.start(&at(7, *held)));
        oldest.finish(&at(7, 1));
        oldest.finish(&at(7, 1));
        assert_eq!(oldest.get(), Some(Moment(7)));
    }

    #[test]
    fn those_that_ended_are_not_kept_while_an_older_one_waits() {
        let mut oldest = Oldest::default();
        oldest.start(&at(0, 1));
        for now in 1..1_000 {
            oldest.start(&at(now, 2));
            oldest.finish(&at(now, 2));
        }
        assert_eq!(oldest.count(), 1);
    }
}
