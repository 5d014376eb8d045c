//! Live pools, plans and completions for the tests of this module.

use super::{Broker, Pool, Route, RouteRequest};
use crate::clock::{Clock, Moment};
use crate::config::{self, Config};
use crate::dialect::{CallFacts, Fault, Placement, QueryType};
use crate::endpoint::{DrainLimits, Endpoint, Evidence, Permit, PermitLimits, Registry};
use crate::plan::{Complexity, ExecutionStrategy, Plan};
use crate::random::Random;
use balancing::policies::{PolicyRegistry, Strategy};
use balancing::{Completion, Start};
use std::sync::Arc;
use std::time::Duration;

pub fn plan(complexity: Complexity) -> Plan {
    Plan {
        complexity,
        ..Plan::plain(QueryType::SemanticSearch, ExecutionStrategy::VectorOnly)
    }
}

/// An endpoint of the configuration: `a` at 127.0.0.1:1, `b` at 127.0.0.1:2 ...
pub fn endpoint(name: &str, weight: f64) -> config::Endpoint {
    let port = name.bytes().fold(0u32, |port, c| port * 31 + u32::from(c)) % 60_000 + 1;
    config::Endpoint {
        name: name.into(),
        url: format!("http://127.0.0.1:{port}"),
        weight,
        ..config::Endpoint::default()
    }
}

/// A pool with a manual clock.
pub struct World {
    pub pool: Arc<Pool>,
    pub registry: Arc<Registry>,
    pub config: Config,
    pub clock: Clock,
    pub plan: Plan,
    pub placement: Placement,
    pub facts: CallFacts,
}

impl World {
    pub fn new(strategy: Strategy, endpoints: Vec<config::Endpoint>) -> Self {
        Self::with(strategy, endpoints, |_| ())
    }

    pub fn with(
        strategy: Strategy,
        endpoints: Vec<config::Endpoint>,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let mut config = Config::default();
        config.balance.strategy = strategy.into();
        change(&mut config);
        let service = config::Service {
            endpoints,
            ..config::Service::default()
        };
        let registry = Arc::<Registry>::default();
        let clock = Clock::manual();
        let broker = Arc::new(Broker::new(clock.clone(), Random::seeded(1)));
        let known = (&registry, &PolicyRegistry::default());
        let pool = Pool::build("graph", &service, &config, known, broker, None).unwrap();
        registry.settle(
            pool.endpoints().to_vec(),
            DrainLimits::from(&config.upstream),
            Moment(0),
        );
        Self {
            pool: Arc::new(pool),
            registry,
            config,
            clock,
            plan: plan(Complexity::Simple),
            placement: Placement::Any,
            facts: CallFacts {
                asks_data: true,
                is_read: true,
                ..CallFacts::default()
            },
        }
    }

    /// Endpoints `a`, `b`, `c` ... of weight 1.
    pub fn equal(strategy: Strategy, count: usize) -> Self {
        Self::new(strategy, letters(count))
    }

    pub fn rebuild(&self, endpoints: Vec<config::Endpoint>) -> Pool {
        let service = config::Service {
            endpoints,
            ..config::Service::default()
        };
        Pool::build(
            "graph",
            &service,
            &self.config,
            (&self.registry, &PolicyRegistry::default()),
            Arc::clone(self.pool.broker()),
            Some(&self.pool),
        )
        .unwrap()
    }

    /// Makes the endpoints of a pool the present ones.
    pub fn settle(&self, pool: &Pool) {
        let limits = DrainLimits::from(&self.config.upstream);
        self.registry
            .settle(pool.endpoints().to_vec(), limits, self.now());
    }

    pub fn now(&self) -> Moment {
        self.clock.now()
    }

    pub fn wait(&self, secs: u64) {
        self.clock.advance(Duration::from_secs(secs));
    }

    pub fn at(&self, name: &str) -> Arc<Endpoint> {
        self.pool.find(name).unwrap().clone()
    }

    pub fn ask<'a>(&'a self, excluded: &'a [Arc<Endpoint>]) -> RouteRequest<'a> {
        RouteRequest {
            plan: &self.plan,
            shape: 1,
            facts: self.facts,
            placement: &self.placement,
            key: "",
            excluded,
            home: None,
            rules: None,
            affinity: None,
            ahead: 0.0,
            arrived: self.now(),
            now: self.now(),
            explain: false,
            may_wait: false,
        }
    }

    pub fn choose(&self, excluded: &[Arc<Endpoint>]) -> Result<Route, super::NoRoute> {
        self.pool
            .choose(&self.ask(excluded), &mut Random::seeded(self.now().0))
    }

    pub fn route(&self) -> Route {
        self.choose(&[]).unwrap()
    }

    /// The name of the endpoint that one request goes to and leaves at once.
    pub fn pick(&self) -> String {
        self.route().endpoint.name.to_string()
    }

    /// Takes `count` permits of an endpoint.
    pub fn fill(&self, name: &str, count: u32) {
        let endpoint = self.at(name);
        (0..count)
            .for_each(|_| std::mem::forget(Permit::claim(&endpoint, 0.0, PermitLimits::NONE)));
    }

    pub fn done(&self, fault: Fault, millis: u64) -> Completion {
        let start = Start {
            endpoint: 0,
            in_flight: 1,
            ask: self.ask(&[]).plain(),
            now: self.now(),
        };
        Completion {
            start,
            now: self.now(),
            service_time: Duration::from_millis(millis),
            fault: Some(fault),
            outpaced: false,
        }
    }

    /// A request of this shape that took so long that it was given up.
    pub fn overdue(&self, shape: u64, millis: u64) -> (Completion, Evidence) {
        let mut done = self.done(Fault::Endpoint, millis);
        done.start.ask.shape = shape;
        let evidence = Evidence {
            timed_out: true,
            ..Evidence::default()
        };
        (done, evidence)
    }

    /// Lets a request of this shape time out at an endpoint.
    pub fn times_out(&self, name: &str, shape: u64, millis: u64) {
        let permit = Permit::claim(&self.at(name), 0.0, PermitLimits::NONE).unwrap();
        let (done, evidence) = self.overdue(shape, millis);
        permit.complete(&done, evidence);
    }

    /// Lets an endpoint respond to `count` requests in `millis` milliseconds each.
    pub fn responds(&self, name: &str, count: usize, millis: u64) {
        (0..count).for_each(|_| self.complete(name, &self.done(Fault::None, millis)));
    }

    /// Lets an endpoint fail `count` requests.
    pub fn fails(&self, name: &str, count: usize) {
        (0..count).for_each(|_| self.complete(name, &self.done(Fault::Endpoint, 1)));
    }

    pub fn complete(&self, name: &str, done: &Completion) {
        let permit = Permit::claim(&self.at(name), 0.0, PermitLimits::NONE).unwrap();
        permit.complete(done, Evidence::default());
    }
}

pub fn letters(count: usize) -> Vec<config::Endpoint> {
    ('a'..='z')
        .take(count)
        .map(|name| endpoint(&name.to_string(), 1.0))
        .collect()
}
