//! What the policy has learned: models behind a lock that requests take when they begin and end, and what they say,
//! published for choices to read without one.

use crate::atomic::{AtomicF64, AtomicMoment};
use crate::learn::{ByCost, Concurrency, Sample, ServiceTimes, freshness};
use crate::{Completion, Fault, Moment, Start};
use parking_lot::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

/// Expected responses that did not come: an endpoint that owes so many is stalled (probability e^-8 otherwise).
const OWED: f64 = 8.0;
/// Residual, in standard deviations, that a failure counts as: a slow response.
const FAILURE: f64 = 2.0;

/// What is learned of a pool.
#[derive(Debug)]
pub struct Learned {
    models: Mutex<Models>,
    endpoints: Box<[Published]>,
    slope: AtomicF64,
    weight: AtomicF64,
    explained: AtomicF64,
    seconds: AtomicF64,
}

#[derive(Debug)]
struct Models {
    times: ServiceTimes,
    concurrency: Box<[Concurrency]>,
    /// Samples until effects are published again.
    pending: usize,
}

/// What choices read of an endpoint.
#[derive(Debug)]
struct Published {
    slowness: AtomicF64,
    measured: AtomicMoment,
    places: AtomicF64,
    /// 0: no limit.
    limit: AtomicU32,
    /// When a response last came, or when it was last idle.
    moved: AtomicMoment,
}

/// What is known of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Known {
    /// How long it takes for a request, as a multiple of what the mean endpoint takes.
    pub slowness: f64,
    /// How many requests it works on at once.
    pub places: f64,
    /// How many it is given at most.
    pub limit: Option<u32>,
    /// Its responses are overdue.
    pub is_stalled: bool,
}

/// What is known of all endpoints.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PoolKnown {
    /// How the cost of a request shows in its time.
    pub by_cost: ByCost,
    /// The mean time, seconds.
    pub seconds: f64,
}

impl Learned {
    /// Of a pool of so many endpoints, of which nothing is known.
    pub fn new(endpoints: usize) -> Self {
        let concurrency: Box<[Concurrency]> =
            (0..endpoints).map(|_| Concurrency::default()).collect();
        let places = Concurrency::default().estimate().likely;
        let published = |_| Published {
            slowness: AtomicF64::new(1.0),
            measured: AtomicMoment::default(),
            places: AtomicF64::new(places),
            limit: AtomicU32::new(0),
            moved: AtomicMoment::default(),
        };
        Self {
            models: Mutex::new(Models {
                times: ServiceTimes::new(endpoints),
                concurrency,
                pending: 0,
            }),
            endpoints: (0..endpoints).map(published).collect(),
            slope: AtomicF64::default(),
            weight: AtomicF64::new(1.0),
            explained: AtomicF64::default(),
            seconds: AtomicF64::default(),
        }
    }

    /// What is known of the endpoint at this index, which has so many requests in flight.
    pub fn endpoint(&self, index: usize, in_flight: u32, now: Moment) -> Known {
        let Some(one) = self.endpoints.get(index) else {
            return Known {
                slowness: 1.0,
                places: 1.0,
                limit: None,
                is_stalled: false,
            };
        };
        let (slowness, places) = (one.slowness.get(), one.places.get());
        let owed = f64::from(in_flight).min(places) * now.since(one.moved.get()).as_secs_f64()
            / (self.seconds.get() * slowness);
        Known {
            slowness: 1.0 + (slowness - 1.0) * freshness(now.since(one.measured.get())),
            places,
            limit: match one.limit.load(Ordering::Relaxed) {
                0 => None,
                limit => Some(limit),
            },
            is_stalled: owed.is_finite() && owed > OWED,
        }
    }

    /// What is known of the pool.
    pub fn pool(&self) -> PoolKnown {
        PoolKnown {
            by_cost: ByCost {
                slope: self.slope.get(),
                weight: self.weight.get(),
                explained: self.explained.get(),
            },
            seconds: self.seconds.get(),
        }
    }

    /// A request begins.
    pub fn start(&self, start: &Start) {
        let Some(one) = self.endpoints.get(start.endpoint) else {
            return;
        };
        if start.in_flight <= 1 {
            one.moved.set(start.now);
        }
        if let Some(own) = self.models.lock().concurrency.get_mut(start.endpoint) {
            own.start(start.in_flight, start.now);
        }
    }

    /// A request ended.
    pub fn finish(&self, completion: &Completion) {
        let index = completion.start.endpoint;
        let Some(one) = self.endpoints.get(index) else {
            return;
        };
        let mut models = self.models.lock();
        let Some(fault) = completion.fault else {
            if let Some(own) = models.concurrency.get_mut(index) {
                own.abandon(completion.now);
            }
            return;
        };
        one.moved.set(completion.now);
        let sample = models.sample(completion, fault, one.places.get());
        let is_new = match models.concurrency.get_mut(index) {
            Some(own) => own.respond(Some(sample), completion.now),
            None => false,
        };
        if is_new && let Some(own) = models.concurrency.get(index) {
            one.places.set(own.estimate().likely);
            let limit = own.estimate().limit;
            one.limit.store(limit.unwrap_or(0), Ordering::Relaxed);
        }
        if models.is_due() {
            self.publish(&models.times);
        }
    }

    fn publish(&self, times: &ServiceTimes) {
        for (index, one) in self.endpoints.iter().enumerate() {
            let (effect, measured) = times.effect(index);
            one.slowness.set(effect.exp());
            one.measured.set(measured);
        }
        let by_cost = times.by_cost();
        self.slope.set(by_cost.slope);
        self.weight.set(by_cost.weight);
        self.explained.set(by_cost.explained);
        self.seconds.set(times.seconds());
    }
}

impl Models {
    /// The sample of a response; where it waited for nothing at the endpoint, its time is learned.
    fn sample(&mut self, completion: &Completion, fault: Fault, places: f64) -> Sample {
        let (index, ask) = (completion.start.endpoint, completion.start.ask);
        let seconds = completion.service_time.as_secs_f64();
        let residual = self.times.residual(index, ask.cost, seconds);
        let slow = FAILURE * self.times.variance().sqrt();
        let is_success = matches!(fault, Fault::None | Fault::Client);
        if is_success && f64::from(completion.start.in_flight) <= places {
            self.times.observe(index, ask.cost, seconds, completion.now);
        }
        Sample {
            in_flight: completion.start.in_flight,
            residual: match is_success {
                true => residual,
                false => residual.max(slow),
            },
            variance: self.times.variance(),
        }
    }

    /// Whether what is known of the endpoints is to be published: once for as many responses as there are endpoints.
    fn is_due(&mut self) -> bool {
        self.pending = match self.pending {
            0 => self.concurrency.len(),
            pending => pending,
        } - 1;
        let is_due = self.pending == 0;
        if is_due {
            self.times.shrink();
        }
        is_due
    }
}
