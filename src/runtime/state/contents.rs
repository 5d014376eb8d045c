//! What is kept of what was learned, by the names of services and the tokens of endpoints: another server is not what one was
//! learned of.

use crate::config::StrategyName;
use crate::dialect::QueryType;
use crate::endpoint::KnownTimes;
use crate::plan::{Complexity, ExecutionStrategy, PlanHistory, PlanKey, PlanOutcome};
use crate::snapshot::{Service, Snapshot};
use balancing::Memory;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// Outcomes kept of each type and strategy of a service.
const OUTCOMES: usize = 100;

/// What is kept of a process.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Contents {
    pub services: BTreeMap<String, KnownService>,
}

/// What is kept of a service.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct KnownService {
    /// What its strategies have learned, of the endpoints in this order.
    strategies: BTreeMap<String, Memory>,
    endpoints: Vec<KnownEndpoint>,
    outcomes: Vec<KnownOutcome>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct KnownEndpoint {
    token: String,
    times: KnownTimes,
}

/// What became of a plan. Times in seconds.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct KnownOutcome {
    query_type: String,
    execution: String,
    complexity: u8,
    timestamp: u64,
    estimated_time: Option<f64>,
    actual_time: f64,
    estimated_cost: Option<f64>,
    actual_cost: Option<f64>,
    success: bool,
}

impl Contents {
    /// What is known now.
    pub fn of(snapshot: &Snapshot) -> Self {
        let known = |service: &std::sync::Arc<Service>| {
            (service.name.to_string(), KnownService::of(service))
        };
        Self {
            services: snapshot.services().map(known).collect(),
        }
    }

    /// Goes on from it, as far as it is trusted (0..=1); gives how many endpoints something was known of.
    pub fn recall(&self, snapshot: &Snapshot, trust: f64) -> usize {
        let services = snapshot.services();
        let known = services.filter_map(|one| Some((one, self.services.get(&*one.name)?)));
        known
            .map(|(service, known)| known.recall(service, trust))
            .sum()
    }
}

impl KnownService {
    fn of(service: &Service) -> Self {
        let pool = &service.pool;
        let by_name = |(name, memory): (&StrategyName, Memory)| (name.word().to_owned(), memory);
        let endpoints = pool.endpoints().iter().map(|endpoint| KnownEndpoint {
            token: endpoint.token.to_string(),
            times: endpoint.state.times.known(),
        });
        Self {
            strategies: pool.chooser().memories().map(by_name).collect(),
            endpoints: endpoints.collect(),
            outcomes: outcomes(&service.history),
        }
    }

    fn recall(&self, service: &Service, trust: f64) -> usize {
        let pool = &service.pool;
        let place = |token: &str| self.endpoints.iter().position(|one| one.token == token);
        let endpoints = pool.endpoints().iter();
        let from: Vec<Option<usize>> = endpoints.map(|one| place(&one.token)).collect();
        for (endpoint, at) in pool.endpoints().iter().zip(&from) {
            if let Some(known) = at.and_then(|at| self.endpoints.get(at)) {
                endpoint.state.times.recall(&known.times);
            }
        }
        for (strategy, memory) in &self.strategies {
            pool.chooser().recall(strategy, memory, &from, trust);
        }
        for known in &self.outcomes {
            if let Some((key, outcome)) = known.outcome() {
                service.history.record(key, None, outcome);
            }
        }
        from.iter().flatten().count()
    }
}

/// The newest outcomes, oldest first.
fn outcomes(history: &PlanHistory) -> Vec<KnownOutcome> {
    let all = history.report(OUTCOMES);
    let known = all.flat_map(|report| {
        let of = report.of;
        let oldest_first = report.records.into_iter().rev();
        oldest_first.map(move |one| KnownOutcome::of(of, &one))
    });
    known.collect()
}

impl KnownOutcome {
    fn of(key: PlanKey, one: &PlanOutcome) -> Self {
        Self {
            query_type: key.query_type.label().to_owned(),
            execution: key.execution.label().to_owned(),
            complexity: one.complexity.class(),
            timestamp: one.timestamp,
            estimated_time: one.estimated_time.map(|span| span.as_secs_f64()),
            actual_time: one.actual_time.as_secs_f64(),
            estimated_cost: one.estimated_cost,
            actual_cost: one.actual_cost,
            success: one.success,
        }
    }

    /// `None`: what it names is not known to this version.
    fn outcome(&self) -> Option<(PlanKey, PlanOutcome)> {
        let span = |seconds: f64| Duration::try_from_secs_f64(seconds).ok();
        let is_type = |one: &&QueryType| one.label() == self.query_type;
        let is_execution = |one: &ExecutionStrategy| one.label() == self.execution;
        let key = PlanKey {
            query_type: *QueryType::ALL.iter().find(is_type)?,
            execution: ExecutionStrategy::ALL.into_iter().find(is_execution)?,
        };
        let outcome = PlanOutcome {
            query_id: None,
            timestamp: self.timestamp,
            complexity: Complexity::of_class(self.complexity),
            estimated_time: self.estimated_time.and_then(span),
            actual_time: span(self.actual_time)?,
            estimated_cost: self.estimated_cost,
            actual_cost: self.actual_cost,
            success: self.success,
        };
        Some((key, outcome))
    }
}
