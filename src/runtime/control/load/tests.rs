//! What the page advises, from requests on: in virtual time, over the monitor and the samples of the process.

use super::*;
use crate::clock::Clock;
use crate::config::{self, DialectName};
use crate::dialect::Fault;
use crate::endpoint::{Evidence, Permit};
use crate::random::Random;
use crate::runtime::{monitor, sample};
use crate::shared::Shared;
use balancing::{Completion, QueueRefusal, Start};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Requests that an endpoint works on at once, which is far below `max_connections`.
const WORKERS: usize = 4;
/// The mean time of a request, seconds.
const MEAN: f64 = 0.05;
/// Requests a second that the two endpoints can do.
const CAPACITY: f64 = 2.0 * WORKERS as f64 / MEAN;
const YAML: &str =
    "services: {db: {dialect: qdrant, endpoints: ['http://127.0.0.1:1', 'http://127.0.0.1:2']}}\n";

/// Two endpoints in virtual time, behind the default strategy.
struct Site {
    shared: Arc<Shared>,
    random: Random,
    /// When the workers of each endpoint are free.
    free: [[Moment; WORKERS]; 2],
    running: BTreeMap<(Moment, u64), (Permit, Start)>,
    waiting: usize,
    sent: u64,
}

impl Site {
    fn new() -> Self {
        let loaded = config::read(YAML, "f.yaml", &BTreeMap::new(), &[]).unwrap();
        assert_eq!(loaded.config.services["db"].dialect, DialectName::Qdrant);
        Self {
            shared: crate::runtime::shared(&loaded, Clock::manual()).unwrap(),
            random: Random::seeded(1),
            free: Default::default(),
            running: BTreeMap::new(),
            waiting: 0,
            sent: 0,
        }
    }

    fn exponential(&mut self, mean: f64) -> Duration {
        Duration::from_secs_f64(-(1.0 - self.random.fraction()).ln() * mean)
    }

    /// So much of what the endpoints can do comes for so many seconds; each second is looked at.
    async fn run(&mut self, load: f64, seconds: u64) {
        let (mut memory, mut machine) = Default::default();
        let mut arrival = self.now();
        for _ in 0..seconds {
            let end = self.now() + Duration::from_secs(1);
            while arrival < end {
                self.finish_until(arrival);
                self.waiting += 1;
                self.place();
                arrival = arrival + self.exponential(1.0 / (load * CAPACITY));
            }
            self.finish_until(end);
            monitor::pass(&self.shared, &mut memory).await;
            let sample = sample::Machine::sample(&mut machine, &self.shared);
            self.shared.resources.push(sample);
        }
    }

    /// Up to a second's work waits, what is beyond it is refused.
    fn place(&mut self) {
        let service = self.shared.snapshot().service("db").unwrap();
        let (pool, plan) = (&service.pool, Plan::unclassified());
        while self.waiting > 0
            && let Ok(mut route) = pool.choose(&any(&plan, self.now()), &mut self.random)
        {
            self.waiting -= 1;
            let start = route.permit.start(route.ask, &self.shared.clock);
            let size = self.exponential(MEAN);
            let workers = self.free[start.endpoint].iter_mut();
            let worker = workers.min_by_key(|free| **free).unwrap();
            *worker = (*worker).max(start.now) + size;
            self.sent += 1;
            self.running
                .insert((*worker, self.sent), (route.permit, start));
        }
        while self.waiting as f64 > CAPACITY {
            self.waiting -= 1;
            pool.broker().refuse(QueueRefusal::QueueFull);
        }
    }

    fn finish_until(&mut self, until: Moment) {
        while let Some(first) = self.running.first_entry()
            && first.key().0 <= until
        {
            let ((end, _), (permit, start)) = first.remove_entry();
            self.shared.clock.advance(end - self.now());
            let done = Completion {
                start,
                now: end,
                service_time: end - start.now,
                fault: Some(Fault::None),
                outpaced: false,
            };
            permit.complete(&done, Evidence::default());
            self.place();
        }
        self.shared.clock.advance(until - self.now());
    }

    fn now(&self) -> Moment {
        self.shared.clock.now()
    }

    /// The row of the service in the page.
    fn advice(&self) -> Value {
        let service = self.shared.snapshot().service("db").unwrap();
        let stats = service.pool.stats(self.now());
        let recent = self.shared.resources.recent_demand("db");
        scaling(&stats, recent, &self.shared.config().balance.monitor)
    }
}

/// The endpoints of `adaptive` have as many requests as they work on at once, and so a few of their `max_connections`: for
/// their load score no overload was advised against.
#[tokio::test]
async fn a_minute_of_overload_under_adaptive_advises_more_endpoints_and_less_than_that_none() {
    let mut site = Site::new();
    site.run(1.3, 50).await;
    assert_eq!(site.advice()["add"], 0.0, "it has not lasted for a minute");
    site.run(1.3, 20).await;
    let advice = site.advice();
    assert!(advice["load"].as_f64().unwrap() < 0.3, "{advice}");
    assert!(advice["demand"].as_f64().unwrap() > 1.0, "{advice}");
    assert!(advice["add"].as_f64().unwrap() >= 2.0, "{advice}");
}

#[tokio::test]
async fn endpoints_that_can_do_what_comes_are_advised_to_be_enough() {
    let mut site = Site::new();
    site.run(0.4, 70).await;
    let advice = site.advice();
    assert!(advice["demand"].as_f64().unwrap() < 0.8, "{advice}");
    assert_eq!(advice["add"], 0.0, "{advice}");
}
