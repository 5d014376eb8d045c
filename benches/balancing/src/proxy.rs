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
    feedback: Option<Arc<dyn ServerFeedback>>,
    views: Vec<EndpointView>,
    random: Random,
}

/// Learns what servers say of themselves with each response.
pub trait ServerFeedback {
    /// Requests that wait in the server, and how long a worker was busy with the one that ended, seconds.
    fn hear(&self, endpoint: usize, queued: usize, busy: f64);
}

/// A policy, and what it needs beside the views.
pub struct Equipped {
    pub policy: Arc<dyn Policy>,
    pub feedback: Option<Arc<dyn ServerFeedback>>,
    /// The configured weight of each replica.
    pub weights: Vec<f64>,
}

impl Equipped {
    /// A policy that needs nothing but the views of so many replicas.
    pub fn unweighted(policy: Arc<dyn Policy>, replicas: usize) -> Self {
        Self {
            policy,
            feedback: None,
            weights: vec![1.0; replicas],
        }
    }
}

impl Proxy {
    /// A proxy that knows nothing yet of its replicas but their weights.
    pub fn new(equipped: Equipped, settings: &Settings, random: Random) -> Self {
        let Equipped {
            policy,
            feedback,
            weights,
        } = equipped;
        let endpoints = weights
            .iter()
            .map(|weight| SimEndpoint::new(settings, *weight))
            .collect();
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
            feedback,
            views: Vec::with_capacity(weights.len()),
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

    fn in_flight(&self, replica: usize) -> u32 {
        self.endpoints[replica].in_flight()
    }

    fn start(&mut self, start: &Start) {
        self.endpoints[start.endpoint].start(start);
        self.selector.policy.on_start(start);
    }

    fn finish(&mut self, completion: &Completion, queued: usize, busy: f64) {
        if let Some(feedback) = &self.feedback {
            feedback.hear(completion.start.endpoint, queued, busy);
        }
        self.endpoints[completion.start.endpoint].finish(completion);
        self.selector.policy.on_finish(completion);
    }
}
