//! The oldest of the requests in flight.

use crate::Moment;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// When the requests in flight began. Those that ended are only taken out when they are the oldest.
#[derive(Debug, Default)]
pub struct Oldest {
    begun: BinaryHeap<Reverse<Moment>>,
    ended: BinaryHeap<Reverse<Moment>>,
}

impl Oldest {
    /// A request begins.
    pub fn start(&mut self, at: Moment) {
        self.begun.push(Reverse(at));
    }

    /// A request that began then has ended.
    pub fn finish(&mut self, begun: Moment) {
        self.ended.push(Reverse(begun));
        while self.begun.peek().is_some() && self.begun.peek() == self.ended.peek() {
            self.begun.pop();
            self.ended.pop();
        }
        if self.begun.is_empty() {
            self.ended.clear();
        }
    }

    /// When the oldest one began.
    pub fn get(&self) -> Option<Moment> {
        self.begun.peek().map(|oldest| oldest.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_that_has_not_ended_is_told() {
        let mut oldest = Oldest::default();
        [3, 1, 2].iter().for_each(|at| oldest.start(Moment(*at)));
        assert_eq!(oldest.get(), Some(Moment(1)));
        oldest.finish(Moment(2));
        assert_eq!(oldest.get(), Some(Moment(1)));
        oldest.finish(Moment(1));
        assert_eq!(oldest.get(), Some(Moment(3)));
        oldest.finish(Moment(3));
        assert_eq!(oldest.get(), None);
    }
}
