//! Pools of plain values.

use crate::balance::screen::ScreenRules;
use crate::balance::{EndpointView, Needs, Pick, PoolView, Selector};
use crate::clock::Moment;
use crate::config::StrategyName;
use crate::endpoint::{EndpointLoad, Gate, HealthStatus, ServingRules, WriteFitness};
use crate::random::Random;

/// A healthy, idle endpoint of weight 1 that was given a request a moment ago.
pub const IDLE: EndpointView = EndpointView {
    is_tried: false,
    is_home: false,
    is_resolved: true,
    weight: 1.0,
    write_fitness: WriteFitness::Unknown,
    status: HealthStatus::Healthy,
    gate: Gate::Closed,
    is_overloaded: false,
    is_slow_start_full: false,
    last_failure: None,
    load: EndpointLoad {
        in_flight: 0,
        max_connections: 100,
        connections: None,
        cpu: None,
        memory: None,
        queue: None,
        mean_time: None,
        error_rate: None,
    },
    recent_mean: None,
    last_chosen: Some(Moment(0)),
};

/// A selector over plain values.
pub struct Plain {
    pub views: Vec<EndpointView>,
    pub selector: Selector,
    pub needs: Needs,
    pub now: Moment,
}

impl Plain {
    pub fn new(strategy: StrategyName, views: Vec<EndpointView>) -> Self {
        let rules = ScreenRules {
            serving: ServingRules::default(),
            max_ejected: 0.34,
        };
        Self {
            views,
            selector: Selector::new(strategy, rules, None),
            needs: Needs {
                writer: false,
                is_retry: false,
            },
            now: Moment(0),
        }
    }

    /// So many idle endpoints.
    pub fn idle(strategy: StrategyName, count: usize) -> Self {
        Self::new(strategy, vec![IDLE; count])
    }

    pub fn select(&self) -> Option<Pick> {
        let pool = PoolView::new(&self.views, self.now, 5.0);
        let random = &mut Random::seeded(self.now.0);
        self.selector.select(pool, self.needs, random)
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
