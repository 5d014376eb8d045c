//! What the tests share: an observer on a clock that stands still, and plain values.

use crate::clock::Clock;
use crate::config;
use crate::dialect::{Call, Effect, Fault, QueryType, Target};
use crate::observe::{AttemptNote, InFlight, Name, Observer, Opening};
use crate::plan::{Complexity, ExecutionStrategy, Plan};
use crate::random::Random;
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
    }
}

pub fn attempt(endpoint: &str, fault: Fault) -> AttemptNote {
    AttemptNote {
        endpoint: Name::from(endpoint),
        reason: "fewest_in_flight",
        score: Some(0.25),
        scores: Vec::new(),
        status: Some(200),
        fault,
        code: "ok",
        elapsed: Duration::from_millis(3),
    }
}
