//! What the tests share: an observer on a clock that stands still, and plain values.

use crate::clock::Clock;
use crate::config;
use crate::dialect::{Call, Effect, Fault, QueryType, Target};
use crate::observe::{
    AttemptNote, ExpectedTime, InFlight, Name, Observer, Opening, RunningAttempt,
};
use crate::plan::{Complexity, ExecutionStrategy, Plan, Resource};
use crate::random::Random;
use balancing::Distance;
use std::sync::Arc;
use std::time::Duration;

pub struct Bench {
    pub observer: Arc<Observer>,
    pub clock: Clock,
    pub service: Name,
}

impl Bench {
    pub fn new() -> Self {
        Self::with(&config::Observe::default())
    }

    pub fn with(observe: &config::Observe) -> Self {
        let clock = Clock::manual();
        let queries = config::Queries::default();
        let observer =
            Observer::new(observe, &queries, clock.clone(), &mut Random::seeded(7)).unwrap();
        Self {
            observer,
            clock,
            service: Name::from("vectors"),
        }
    }

    pub fn open(&self) -> InFlight {
        self.open_at("/collections/docs/points/query")
    }

    pub fn open_at(&self, target: &str) -> InFlight {
        self.observer
            .open(&self.opening(&http::Method::POST, target))
    }

    /// Sends a request to an endpoint; the attempt takes 3 ms and ends by this fault.
    pub fn attempt(&self, in_flight: &InFlight, endpoint: &str, fault: Fault) {
        let running = self.sent(in_flight, endpoint);
        self.clock.advance(Duration::from_millis(3));
        running.responded(200, Duration::from_millis(3));
        running.end(fault, "ok");
    }

    /// Sends a request to an endpoint.
    pub fn sent(&self, in_flight: &InFlight, endpoint: &str) -> RunningAttempt {
        let note = AttemptNote {
            score: Some(0.25),
            expected: Some(ExpectedTime::Learned(Duration::from_millis(2))),
            distance: Distance::OtherZone,
            spill: "full",
            ..AttemptNote::sent(Name::from(endpoint), "fewest_in_flight", self.clock.now())
        };
        RunningAttempt::begin(&self.observer, &in_flight.ticket(), &self.service, note)
    }

    pub fn opening<'a>(&'a self, method: &'a http::Method, target: &'a str) -> Opening<'a> {
        Opening {
            service: &self.service,
            dialect: "qdrant",
            listener: &self.service,
            client: Some([127, 0, 0, 1].into()),
            method,
            target,
            request_id: None,
            generation: 3,
        }
    }
}

pub fn read(target: Target) -> Call {
    Call {
        operation: "points.query",
        effect: Effect::Read,
        target,
        query_type: QueryType::SemanticSearch,
        ..Call::unknown("by path")
    }
}

pub fn plan(time: Duration) -> Plan {
    Plan {
        query_type: QueryType::SemanticSearch,
        execution: ExecutionStrategy::VectorOnly,
        complexity: Complexity::Complex,
        score: 0.42,
        terms: [("type", 0.0); 7],
        cost: 1.5,
        time,
        cache: None,
        priority: 5,
        lowered_by: 0,
        similar_queries_count: 0,
        avg_historical_performance: 0.0,
        resource_requirements: Default::default(),
        short_of: Some(Resource::Memory),
    }
}
