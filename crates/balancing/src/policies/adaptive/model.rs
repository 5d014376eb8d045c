//! What the policy has learned of a pool: each endpoint by itself, and how long requests take over all of them. Requests learn
//! when they begin and end; what they learn is published for choices to read without a lock.

use super::endpoint_model::EndpointModel;
use super::known::Known;
use super::typical::Typical;
use crate::learn::{Bends, ByCost, Sample, ServiceTimes};
use crate::{Ask, Completion, Fault, Memory, Moment, Start};
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Residual, in standard deviations, that a failure counts as: a slow response.
const FAILURE: f64 = 2.0;

/// What is learned of a pool.
#[derive(Debug)]
pub struct Model {
    /// Held for a few sums, not while an endpoint learns how much it works on at once. No lock of an endpoint is held when it is taken.
    times: Mutex<ServiceTimes>,
    /// Those of a pool of other endpoints go on.
    bends: Arc<Bends>,
    endpoints: Box<[EndpointModel]>,
    /// How many samples came.
    samples: AtomicUsize,
    typical: Typical,
}

impl Model {
    /// Of a pool of so many endpoints, of which nothing is known.
    pub fn new(endpoints: usize) -> Self {
        Self {
            times: Mutex::new(ServiceTimes::new(endpoints)),
            bends: Arc::default(),
            endpoints: (0..endpoints).map(|_| EndpointModel::default()).collect(),
            samples: AtomicUsize::new(0),
            typical: Typical::default(),
        }
    }

    /// What is known of the endpoints that stay, of a pool whose endpoints were at these indices of this one or are new. The ends
    /// of requests in flight are told to the pool that they began in.
    pub fn carried(&self, from: &[Option<usize>]) -> Self {
        let endpoint = |at: &Option<usize>| self.endpoints.get((*at)?).map(EndpointModel::carried);
        let endpoints = from.iter().map(|at| endpoint(at).unwrap_or_default());
        Self {
            times: Mutex::new(self.times.lock().carried(from)),
            bends: Arc::clone(&self.bends),
            endpoints: endpoints.collect(),
            samples: AtomicUsize::new(0),
            typical: self.typical.carried(),
        }
    }

    /// All of it that outlives the process.
    pub fn memory(&self) -> Memory {
        let times = self.times.lock();
        let own = self.endpoints.iter().enumerate().map(|(index, one)| {
            let figures = times.endpoint_figures(index).into_iter();
            figures.chain(one.figures()).collect()
        });
        Memory {
            pool: times.figures(),
            endpoints: own.collect(),
            groups: self.bends.figures(),
        }
    }

    /// Goes on from a memory, for the endpoints that were at these indices of it, as far as it is trusted (0..=1). How many an
    /// endpoint works on counts at once; how slow it was counts as measured now, and fades unless it is measured again.
    pub fn recall(&self, memory: &Memory, from: &[Option<usize>], trust: f64) {
        let mut times = self.times.lock();
        if !memory.is_sound() || !times.recall(&memory.pool, trust) {
            return;
        }
        let all = self.endpoints.iter().zip(from).enumerate();
        for (index, (one, at)) in all {
            let figures = at.and_then(|at| memory.endpoints.get(at));
            let Some((slow, own)) = figures.and_then(|figures| figures.split_first_chunk::<4>())
            else {
                continue;
            };
            times.recall_endpoint(index, *slow, trust);
            one.recall(own, trust);
        }
        self.bends.recall(&memory.groups, trust);
        self.publish(&times);
    }

    /// What is known of the endpoint at this index, which has so many requests in flight.
    pub fn endpoint(&self, index: usize, in_flight: u32, now: Moment) -> Known {
        let known = |one: &EndpointModel| one.known(in_flight, &self.typical, now);
        let one = self.endpoints.get(index);
        one.map_or_else(|| Known::nothing(in_flight), known)
    }

    /// How many requests waited for their responses there lately, on average.
    pub fn lately_taken(&self, index: usize, now: Moment) -> Option<f64> {
        Some(self.endpoints.get(index)?.lately_taken(now))
    }

    /// How long a request is expected to take, as a multiple of the mean one.
    pub fn work(&self, ask: &Ask) -> f64 {
        self.by_cost().factor(ask.cost, self.bends.of(ask))
    }

    /// How long a request that begins now is expected to take; `None` before anything was learned.
    pub fn expected_time(&self, start: &Start) -> Option<Duration> {
        let seconds = Some(self.typical.seconds.get()).filter(|seconds| *seconds > 0.0)?;
        let known = self.endpoint(start.endpoint, start.in_flight, start.now);
        let time = known.time(self.work(&start.ask), f64::from(known.working));
        Duration::try_from_secs_f64(seconds * time).ok()
    }

    /// How the cost of a request shows in its time.
    pub fn by_cost(&self) -> ByCost {
        self.typical.by_cost()
    }

    /// A request begins.
    pub fn start(&self, start: &Start) {
        if let Some(one) = self.endpoints.get(start.endpoint) {
            one.start(start);
        }
    }

    /// The response to a request is there, or begins to stream.
    pub fn responded(&self, start: &Start, now: Moment) {
        if let Some(one) = self.endpoints.get(start.endpoint) {
            one.responded(start, now);
        }
    }

    /// A request ended.
    pub fn finish(&self, completion: &Completion) {
        let Some(one) = self.endpoints.get(completion.start.endpoint) else {
            return;
        };
        let sample = completion.fault.map(|fault| {
            // What is long by its cost or its kind tells nothing of the endpoint.
            let longer = self.work(&completion.start.ask).max(1.0);
            one.ended(completion, self.typical.impossible.get() * longer);
            self.sample(completion, fault, one)
        });
        one.finish(completion, sample, &self.typical);
        if sample.is_some() && self.is_due() {
            let mut times = self.times.lock();
            times.shrink();
            self.publish(&times);
        }
    }

    /// The sample of a response; where it waited for nothing at the endpoint, its time is learned.
    fn sample(&self, completion: &Completion, fault: Fault, one: &EndpointModel) -> Sample {
        let (index, ask) = (completion.start.endpoint, completion.start.ask);
        let seconds = completion.service_time.as_secs_f64();
        let working = one.working(&completion.start);
        let (places, _) = one.places(self.typical.places.get());
        let mut times = self.times.lock();
        let bend = self.bends.of(&ask);
        let residual = times.residual(index, ask.cost, seconds) - bend;
        let slow = FAILURE * times.variance().sqrt();
        let is_success = matches!(fault, Fault::None | Fault::Client);
        if is_success && f64::from(working) <= places {
            let above = times.observe(index, ask.cost, seconds, bend, completion.now);
            self.bends.learn(&ask, above);
        }
        Sample {
            in_flight: working,
            residual: match is_success {
                true => residual,
                false => residual.max(slow),
            },
            variance: times.variance(),
            has_waited: false,
        }
    }

    /// Whether what is known of the endpoints is to be published: once for as many responses as there are endpoints.
    fn is_due(&self) -> bool {
        let samples = self.samples.fetch_add(1, Ordering::Relaxed) + 1;
        samples.is_multiple_of(self.endpoints.len())
    }

    fn publish(&self, times: &ServiceTimes) {
        for (index, one) in self.endpoints.iter().enumerate() {
            let (effect, measured) = times.effect(index);
            one.is_slow_by(effect.exp(), measured);
        }
        let limited = || {
            let all = self.endpoints.iter();
            all.filter_map(EndpointModel::learned_places)
        };
        let places: f64 = limited().sum();
        self.typical
            .places
            .set(places / limited().count().max(1) as f64);
        self.typical.take(times);
    }
}
