//! A proxy with a policy of the crate, driven as the path drives it: views of all endpoints, then the selector.

use crate::arrivals::Arrival;
use crate::balancer::Balancer;
use crate::endpoint::SimEndpoint;
use crate::replica::Replica;
use crate::settings::Settings;
use balancing::{
    Completion, EndpointView, Moment, Policy, Random, ScreenRules, Selector, ServingRules, Start,
};
use std::sync::Arc;

/// Share of the endpoints that may be ejected, as by default.
const MAX_EJECTED: f64 = 0.34;
/// Seconds that count as 1.0 in scores, as by default.
const SLOWEST: f64 = 5.0;

/// One proxy in front of the replicas.
pub struct Proxy {
    endpoints: Vec<SimEndpoint>,
    selector: Selector,
    views: Vec<EndpointView>,
    random: Random,
}

impl Proxy {
    /// A proxy that knows nothing yet of so many replicas.
    pub fn new(
        policy: Arc<dyn Policy>,
        replicas: usize,
        settings: &Settings,
        random: Random,
    ) -> Self {
        let endpoints = (0..replicas).map(|_| SimEndpoint::new(settings)).collect();
        let rules = ScreenRules {
            serving: ServingRules::default(),
            max_ejected: MAX_EJECTED,
        };
        let selector = Selector {
            policy,
            rules,
            slowest: SLOWEST,
        };
        Self {
            endpoints,
            selector,
            views: Vec::with_capacity(replicas),
            random,
        }
    }
}

impl Balancer for Proxy {
    fn pick(&mut self, replicas: &[Replica], arrival: &Arrival, now: Moment) -> Option<usize> {
        self.views.clear();
        let known = self.endpoints.iter().zip(replicas);
        let views = known.map(|(one, replica)| one.view(replica.is_present, &arrival.ask, now));
        self.views.extend(views);
        let random = &mut self.random;
        let pick = self
            .selector
            .select(&mut self.views, &arrival.ask, now, random)?;
        Some(pick.index)
    }

    fn start(&mut self, start: &Start) {
        self.endpoints[start.endpoint].start(start);
        self.selector.policy.on_start(start);
    }

    fn finish(&mut self, completion: &Completion) {
        self.endpoints[completion.start.endpoint].finish(completion);
        self.selector.policy.on_finish(completion);
    }
}
