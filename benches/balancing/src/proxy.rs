//! A proxy with a policy of the crate, driven as the path drives it: views of all endpoints, then the selector.

use crate::balancer::{Balancer, End, Place, Wanted};
use crate::endpoint::SimEndpoint;
use crate::home::LastWrite;
use crate::replica::Replica;
use crate::settings::Settings;
use crate::shipped::PROBE_INTERVAL;
use balancing::health::{Peers, ProbeSchedule};
use balancing::{
    EndpointView, Home, Moment, Policy, Random, RouteReason, Selector, SlowAttempt, Start, Wait,
};
use std::sync::Arc;

/// One proxy in front of the replicas.
pub struct Proxy {
    endpoints: Vec<SimEndpoint>,
    selector: Selector,
    feedback: Option<Arc<dyn ServerFeedback>>,
    views: Vec<EndpointView>,
    /// Whether writes are kept in mind.
    has_home: bool,
    /// `None`: nothing was written.
    last_write: Option<LastWrite>,
    /// `None`: nothing is probed.
    probes: Option<ProbeSchedule>,
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
    /// Whether requests are led to where the last write went, as by the proxy: the policies of others have no such rule.
    pub has_home: bool,
}

impl Equipped {
    /// A policy of the crate for so many replicas.
    pub fn own(policy: Arc<dyn Policy>, replicas: usize) -> Self {
        Self {
            policy,
            feedback: None,
            weights: vec![1.0; replicas],
            has_home: true,
        }
    }

    /// A policy of others that needs nothing but the views of so many replicas.
    pub fn rival(policy: Arc<dyn Policy>, replicas: usize) -> Self {
        Self {
            has_home: false,
            ..Self::own(policy, replicas)
        }
    }
}

impl Proxy {
    /// A proxy that knows nothing yet of its replicas but their weights.
    pub fn new(equipped: Equipped, settings: &Settings, mut random: Random) -> Self {
        let Equipped {
            policy,
            feedback,
            weights,
            has_home,
        } = equipped;
        let peers = Arc::<Peers>::default();
        let mut endpoint = |weight: &f64| {
            let health = peers.join(random.bits());
            SimEndpoint::new(settings, *weight, health)
        };
        let endpoints = weights.iter().map(&mut endpoint).collect();
        Self {
            endpoints,
            selector: Selector::new(policy),
            feedback,
            has_home,
            views: Vec::with_capacity(weights.len()),
            last_write: None,
            probes: settings
                .health
                .then(|| ProbeSchedule::new(PROBE_INTERVAL, Moment(0))),
            random,
        }
    }
}

impl Proxy {
    /// Reads how the endpoints stand for a request.
    fn look(&mut self, wanted: &Wanted<'_>, now: Moment) {
        self.views.clear();
        let known = self.endpoints.iter().zip(wanted.replicas).enumerate();
        let view = |(index, (one, replica)): (usize, (&SimEndpoint, &Replica))| EndpointView {
            is_tried: wanted.tried.contains(&index),
            home: self.last_write.and_then(|last| last.home(index, now)),
            ..one.view(replica.is_present, &wanted.ask, now)
        };
        self.views.extend(known.map(view));
    }
}

impl Balancer for Proxy {
    fn pick(&mut self, wanted: &Wanted<'_>, now: Moment) -> Result<Place, Option<Wait>> {
        self.look(wanted, now);
        let (ask, views) = (&wanted.ask, &mut self.views);
        let Some(pick) = self.selector.select(views, ask, now, &mut self.random) else {
            return Err(self.selector.wait(views, ask));
        };
        let is_trial = pick.reason == RouteReason::Trial;
        let claim = || self.endpoints[pick.index].claim_trial(now);
        Ok(Place {
            replica: pick.index,
            trial: is_trial.then(claim).flatten(),
        })
    }

    fn pick_second(
        &mut self,
        wanted: &Wanted<'_>,
        attempt: SlowAttempt,
        now: Moment,
        spend: &dyn Fn() -> bool,
    ) -> Option<Place> {
        self.look(wanted, now);
        let (ask, views) = (&wanted.ask, &mut self.views);
        let random = &mut self.random;
        let pick = self
            .selector
            .select_hedge(views, ask, attempt, now, random)?;
        spend().then(|| Place::at(pick.index))
    }

    fn in_flight(&self, replica: usize) -> u32 {
        self.endpoints[replica].in_flight()
    }

    fn is_after_write(&self, now: Moment) -> bool {
        let last = self.last_write;
        last.is_some_and(|last| last.stands(now) == Home::Ahead)
    }

    fn places(&self, replica: usize, now: Moment) -> Option<f64> {
        self.selector.policy.places(replica, now)
    }

    fn start(&mut self, start: &Start) {
        self.endpoints[start.endpoint].start(start);
        self.selector.policy.on_start(start);
    }

    fn finish(&mut self, end: End) {
        let replica = end.completion.start.endpoint;
        if let Some(feedback) = &self.feedback {
            feedback.hear(replica, end.queued, end.busy);
        }
        let wants_probe = self.endpoints[replica].finish(&end.completion, end.trial, end.timed_out);
        if let Some(probes) = self.probes.as_mut().filter(|_| wants_probe) {
            probes.wanted(end.completion.now);
        }
        if self.has_home {
            self.last_write = LastWrite::after(&end.completion).or(self.last_write);
        }
        self.selector.policy.on_finish(&end.completion);
    }

    fn next_probe(&self) -> Option<Moment> {
        self.probes.as_ref().map(ProbeSchedule::next)
    }

    fn probe(&mut self, replicas: &[Replica], now: Moment) {
        let Some(probes) = self.probes.as_mut().filter(|probes| probes.next() <= now) else {
            return;
        };
        probes.begins(now);
        for (endpoint, replica) in self.endpoints.iter().zip(replicas) {
            endpoint.probed(replica.probe(), now);
        }
        let in_trouble = self.endpoints.iter().map(|one| one.is_in_trouble(now));
        probes.ended(in_trouble, now, &mut self.random);
    }
}
