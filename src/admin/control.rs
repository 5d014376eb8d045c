//! What the admin API needs from the rest of the process. The implementor masks secrets; nothing
//! that it gives is looked at again before it is sent.

use super::access::Credentials;
use super::change::{Feedback, ModeChange, NewInstance, Optimize, StrategyChange};
use super::handlers::HistoryFilter;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The rest of the process, as the admin API sees it. Only what changes the configuration or replays requests may wait.
#[async_trait]
pub trait Control: Send + Sync + 'static {
    /// The tokens that count now; read for each request, so that a reload can change them.
    fn credentials(&self) -> Arc<Credentials>;
    /// Whether traffic may be sent here.
    fn readiness(&self) -> Readiness;
    /// Whether each component works.
    fn health(&self) -> Health;
    /// All metrics in Prometheus' text format.
    fn metrics(&self) -> String;
    /// The figures of every service and its endpoints.
    fn stats(&self) -> Value;
    /// The same figures in the form of `/load-balancer/stats`.
    fn balancer_stats(&self) -> Value;
    /// Every endpoint with its state.
    fn instances(&self) -> Value;
    /// At most `limit` requests in flight.
    fn executions(&self, limit: usize) -> Value;
    /// The record of a request, by id or by the client's `x-request-id`.
    fn explain(&self, id: &str) -> Option<Value>;
    /// The newest records, newest first.
    fn explanations(&self, limit: usize) -> Value;
    /// Events after this number.
    fn events(&self, after: u64) -> Value;
    /// Scores of every endpoint for a request of this complexity, and why one could not be chosen.
    fn scores(&self, class: Option<&str>) -> Result<Value, Problem>;
    /// The resources now, and at most `limit` samples before.
    fn resources(&self, limit: usize) -> Value;
    /// Rules about the resources, each with its present truth.
    fn rules(&self) -> Value;
    /// Endpoints that are busier than others, and how many more would do.
    fn overload(&self) -> Value;
    /// Who waits for an endpoint, by service.
    fn queue(&self) -> Value;
    /// From which endpoints requests move to which.
    fn migrations(&self) -> Value;
    /// The newest requests that were sent to endpoints.
    fn arrivals(&self, limit: usize) -> Value;
    /// What became of plans.
    fn history(&self, wanted: &HistoryFilter) -> Result<Value, Problem>;
    /// Takes what became of a plan elsewhere.
    fn feedback(&self, feedback: &Feedback) -> Result<Value, Problem>;
    /// What the shadow of each service would have chosen.
    fn shadows(&self) -> Value;
    /// What other strategies would have made of the recorded requests of a service.
    async fn simulate(&self, service: &str) -> Result<Value, Problem>;
    /// The same, and takes the best strategy if that is asked for.
    async fn optimize(&self, wanted: Optimize) -> Result<Value, Problem>;
    /// The configuration that was taken last, secrets masked.
    fn config(&self) -> Value;
    /// Reads the configuration again. A refused one changes nothing.
    async fn reload(&self) -> Result<ReloadReport, Problem>;
    /// The strategy of each service.
    fn strategies(&self) -> Value;
    /// Changes strategies.
    async fn set_strategy(&self, change: StrategyChange) -> Result<(), Problem>;
    /// The mode, and which features are on.
    fn mode(&self) -> Value;
    /// Changes the mode or features.
    async fn set_mode(&self, change: ModeChange) -> Result<(), Problem>;
    /// Adds an endpoint; returns its name.
    async fn add_instance(&self, instance: NewInstance) -> Result<String, Problem>;
    /// Removes an endpoint, which drains.
    async fn remove_instance(&self, service: &str, endpoint: &str) -> Result<(), Problem>;
    /// Takes an endpoint out of service or back.
    fn set_status(
        &self,
        service: &str,
        endpoint: &str,
        status: StatusChange,
    ) -> Result<(), Problem>;
    /// Takes figures that an agent measured.
    fn push_metrics(
        &self,
        service: &str,
        endpoint: &str,
        metrics: &PushedMetrics,
    ) -> Result<(), Problem>;
    /// What agents pushed, and how it was.
    fn reported(&self, service: &str, endpoint: &str) -> Result<Value, Problem>;
    /// Statistics of the cache.
    fn cache_stats(&self) -> Value;
    /// Drops the stored responses of one category, or all; returns how many.
    fn clear_cache(&self, category: Option<&str>) -> Result<u64, Problem>;
}

/// Whether the process is ready, and if not, why.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Readiness {
    pub ready: bool,
    /// Shown without a token: words and names of services only.
    pub reasons: Vec<String>,
}

/// Components by name: `cache`, `database`, `memory`, `load_balancer`; true is healthy.
pub type Health = BTreeMap<&'static str, bool>;

/// An accepted reload.
#[derive(Debug, Clone, Serialize)]
pub struct ReloadReport {
    pub generation: u64,
    /// Whether anything differs from before.
    pub changed: bool,
    /// Keys that changed but need a restart, and other hints.
    pub warnings: Vec<String>,
}

/// What an operator may set an endpoint to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusChange {
    /// No new requests, no probes, no alarms.
    Maintenance,
    /// No new requests; those in flight end, and it is probed on.
    Draining,
    /// The status is that of the probes again.
    Active,
}

/// Figures from outside; what is absent stays as it was.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PushedMetrics {
    pub current_connections: Option<u32>,
    /// Share, 0..=1.
    pub cpu_usage: Option<f64>,
    /// Share, 0..=1.
    pub memory_usage: Option<f64>,
    /// At least 0.
    pub requests_per_second: Option<f64>,
    pub queue_size: Option<u32>,
}

impl PushedMetrics {
    /// Says which figure is out of its range, or that there is none.
    pub fn check(&self) -> Result<(), Problem> {
        if *self == Self::default() {
            let expected = "expected at least one of current_connections, cpu_usage, memory_usage, requests_per_second, queue_size";
            return Err(Problem::invalid(format!("no figure: {expected}")));
        }
        let ranges = [
            ("cpu_usage", self.cpu_usage, 1.0),
            ("memory_usage", self.memory_usage, 1.0),
            ("requests_per_second", self.requests_per_second, f64::MAX),
        ];
        for (key, value, most) in ranges {
            if value.is_some_and(|value| !(0.0..=most).contains(&value)) {
                let range = if most > 1.0 { "0 or more" } else { "0 to 1" };
                return Err(Problem::invalid(format!(
                    "{key}: expected a number of {range}"
                )));
            }
        }
        Ok(())
    }
}

/// Why a request was not carried out.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    pub kind: ProblemKind,
    /// For the operator: what, where, what was expected; no secrets.
    pub detail: String,
}

/// The kinds of problems, each with its HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemKind {
    /// 404
    NotFound,
    /// 400
    Invalid,
    /// 409: it cannot be done now.
    Conflict,
    /// 500: our fault.
    Failed,
}

impl Problem {
    /// The named thing does not exist.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::NotFound, detail)
    }

    /// The caller's input is wrong.
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::Invalid, detail)
    }

    /// It cannot be done now.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::Conflict, detail)
    }

    /// An internal failure.
    pub fn failed(detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::Failed, detail)
    }

    fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
        }
    }
}
