//! Pools of plain values.

use crate::view::EndpointView;
use crate::{Ask, Moment, Pick, Random, Selector, SlowAttempt, Slowness, policies::Strategy};
use std::cell::RefCell;
use std::time::Duration;

/// A first attempt of a read.
pub const READ: Ask = Ask::read(1, 0, 1.0, Moment(0));

/// A healthy, idle endpoint of weight 1 that was given a request a moment ago.
pub const IDLE: EndpointView = EndpointView {
    last_chosen: Some(Moment(0)),
    ..EndpointView::IDLE
};

/// A first attempt that is slow, while nothing waits for a place.
pub const SLOW: SlowAttempt = SlowAttempt {
    waited: Duration::from_millis(150),
    slowness: Slowness::Slow,
    others_wait: false,
};

/// The methods that a block of a source has, in order.
pub fn methods(source: &'static str, block: &str) -> Vec<&'static str> {
    let block = source.split_once(block).unwrap().1;
    let block = block.split_once("\n}").unwrap().0;
    let all = block
        .lines()
        .filter_map(|line| line.strip_prefix("    fn "));
    all.filter_map(|line| Some(line.split_once('(')?.0))
        .collect()
}

/// A selector over plain values.
pub struct Plain {
    pub views: Vec<EndpointView>,
    pub selector: Selector,
    pub ask: Ask,
    pub attempt: SlowAttempt,
    pub now: Moment,
    random: RefCell<Random>,
}

impl Plain {
    pub fn new(strategy: Strategy, views: Vec<EndpointView>) -> Self {
        Self {
            selector: Selector::new(strategy.policy(views.len())),
            views,
            ask: READ,
            attempt: SLOW,
            now: Moment(0),
            random: RefCell::new(Random::seeded(0)),
        }
    }

    /// So many idle endpoints.
    pub fn idle(strategy: Strategy, count: usize) -> Self {
        Self::new(strategy, vec![IDLE; count])
    }

    pub fn select(&self) -> Option<Pick> {
        let random = &mut *self.random.borrow_mut();
        let mut views = self.views.clone();
        self.selector
            .select(&mut views, &self.ask, self.now, random)
    }

    pub fn hedge(&self) -> Option<Pick> {
        let random = &mut *self.random.borrow_mut();
        let mut views = self.views.clone();
        self.selector
            .select_hedge(&mut views, &self.ask, self.attempt, self.now, random)
    }

    /// The index of the endpoint that takes a request, and leaves it at once.
    pub fn pick(&mut self) -> usize {
        let index = self.select().unwrap().index;
        self.views[index].last_chosen = Some(self.now);
        index
    }

    /// The endpoints, by index, that `count` requests in a row are sent to.
    pub fn picks(&mut self, count: usize) -> Vec<usize> {
        (0..count).map(|_| self.pick()).collect()
    }

    /// How many of `count` requests each endpoint takes.
    pub fn shares(&mut self, count: usize) -> Vec<usize> {
        let mut shares = vec![0; self.views.len()];
        self.picks(count)
            .iter()
            .for_each(|index| shares[*index] += 1);
        shares
    }
}
