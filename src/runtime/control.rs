//! What the admin API needs of the process, fetched from where it lives.

mod changes;
mod history;
mod instances;
mod load;
mod optimize;
mod queue;
mod readiness;
mod stats;

use super::reload::Reloader;
use crate::admin::{
    Control, Credentials, Feedback, Health, HistoryFilter, ModeChange, NewInstance, Optimize,
    Problem, PushedMetrics, Readiness, ReloadReport, StatusChange, StrategyChange,
};
use crate::balance::PoolStats;
use crate::cache::Selection;
use crate::config;
use crate::endpoint::{Endpoint, LoadReport, OperatorStatus};
use crate::observe::unix_ms;
use crate::plan::{Category, Complexity, Plan};
use crate::shared::Shared;
use crate::snapshot::{Service, Snapshot};
use async_trait::async_trait;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::watch;

/// The one implementation of [`Control`].
pub struct Operator {
    shared: Arc<Shared>,
    reloader: Arc<Reloader>,
    leaving: watch::Receiver<bool>,
}

impl Operator {
    /// For these parts.
    pub fn new(
        shared: Arc<Shared>,
        reloader: Arc<Reloader>,
        leaving: watch::Receiver<bool>,
    ) -> Self {
        Self {
            shared,
            reloader,
            leaving,
        }
    }

    fn service(&self, name: &str) -> Result<Arc<Service>, Problem> {
        let snapshot = self.shared.snapshot();
        let found = snapshot.service(name);
        found.ok_or_else(|| Problem::not_found(unknown_service(&snapshot)))
    }

    fn endpoint(
        &self,
        service: &str,
        endpoint: &str,
    ) -> Result<(Arc<Service>, Arc<Endpoint>), Problem> {
        let found = self.service(service)?;
        let endpoint = found.pool.find(endpoint).cloned();
        let endpoint = endpoint.ok_or_else(|| Problem::not_found(unknown_endpoint(&found)))?;
        Ok((found, endpoint))
    }

    fn pools(&self) -> Vec<PoolStats> {
        let now = self.shared.clock.now();
        self.shared
            .snapshot()
            .services()
            .map(|service| service.pool.stats(now))
            .collect()
    }
}

fn unknown_service(snapshot: &Snapshot) -> String {
    let names: Vec<&str> = snapshot.services().map(|service| &*service.name).collect();
    format!("no such service; there are: {}", names.join(", "))
}

fn unknown_endpoint(service: &Service) -> String {
    let names: Vec<&str> = service
        .pool
        .endpoints()
        .iter()
        .map(|endpoint| &*endpoint.name)
        .collect();
    format!(
        "no such endpoint of {}; there are: {}",
        service.name,
        names.join(", ")
    )
}

fn value(from: &impl serde::Serialize) -> Value {
    serde_json::to_value(from).unwrap_or(Value::Null)
}

#[async_trait]
impl Control for Operator {
    fn credentials(&self) -> Arc<Credentials> {
        Arc::new(Credentials::of(&self.shared.config().admin))
    }

    fn readiness(&self) -> Readiness {
        readiness::readiness(&self.shared, *self.leaving.borrow())
    }

    fn health(&self) -> Health {
        readiness::health(&self.shared, self.reloader.refusal().is_none())
    }

    fn metrics(&self) -> String {
        self.shared.observer.metrics_text()
    }

    fn stats(&self) -> Value {
        let running = self.shared.observer.running(usize::MAX);
        let overdue = running.iter().filter(|one| one.overdue).count();
        let (config, now) = (self.shared.config(), self.shared.clock.now());
        json!({
            "strategy": config.balance.strategy.word(),
            "services": self.pools(),
            "active_executions": self.shared.in_flight(),
            "overdue_executions": overdue,
            "queue_size": self.shared.snapshot().services().map(|one| one.pool.broker().pending()).sum::<usize>(),
            "draining_endpoints": self.shared.registry.leaving(now).len(),
            "generation": self.shared.snapshot().generation,
            "last_reload_refused": self.reloader.refusal(),
        })
    }

    fn balancer_stats(&self) -> Value {
        let config = self.shared.config();
        let strategy = config.balance.strategy.word();
        stats::balancer(strategy, &self.pools(), &self.shared.observer)
    }

    fn instances(&self) -> Value {
        let now = self.shared.clock.now();
        let leaving = self.shared.registry.leaving(now);
        instances::instances(&self.shared.snapshot(), &leaving, now)
    }

    fn executions(&self, limit: usize) -> Value {
        value(&self.shared.observer.running(limit))
    }

    fn explain(&self, id: &str) -> Option<Value> {
        self.shared.observer.explain(id).map(|seen| value(&*seen))
    }

    fn explanations(&self, limit: usize) -> Value {
        let newest = self.shared.observer.newest(limit);
        Value::Array(newest.iter().map(|seen| value(&**seen)).collect())
    }

    fn events(&self, after: u64) -> Value {
        value(&self.shared.registry.events().after(after))
    }

    fn scores(&self, class: Option<&str>) -> Result<Value, Problem> {
        let snapshot = self.shared.snapshot();
        let mut plan = Plan::unclassified();
        if let Some(word) = class {
            let found = Complexity::ALL.iter().find(|one| one.label() == word);
            plan.complexity = *found.ok_or_else(|| Problem::invalid(unknown_class()))?;
        }
        let ask = readiness::any(&plan, self.shared.clock.now());
        let rows = snapshot
            .services()
            .map(|service| (service.name.to_string(), value(&service.pool.scores(&ask))));
        Ok(Value::Object(rows.collect()))
    }

    fn resources(&self, limit: usize) -> Value {
        load::resources_page(self, limit)
    }

    fn rules(&self) -> Value {
        load::rules_page(self)
    }

    fn overload(&self) -> Value {
        load::overload_page(self)
    }

    fn queue(&self) -> Value {
        queue::queue_page(self)
    }

    fn migrations(&self) -> Value {
        queue::migrations_page(self)
    }

    fn arrivals(&self, limit: usize) -> Value {
        value(&self.shared.observer.arrivals().newest(limit))
    }

    fn history(&self, wanted: &HistoryFilter) -> Result<Value, Problem> {
        history::history_page(self, wanted)
    }

    fn feedback(&self, feedback: &Feedback) -> Result<Value, Problem> {
        history::take_feedback(self, feedback)
    }

    fn shadows(&self) -> Value {
        stats::shadows(&self.shared.snapshot())
    }

    async fn simulate(&self, service: &str) -> Result<Value, Problem> {
        optimize::simulated(self, service).await
    }

    async fn optimize(&self, wanted: Optimize) -> Result<Value, Problem> {
        optimize::optimized(self, wanted).await
    }

    fn config(&self) -> Value {
        config::masked(&self.shared.config())
    }

    async fn reload(&self) -> Result<ReloadReport, Problem> {
        let done = self.reloader.reload("api").await;
        let done = done.map_err(|error| Problem::conflict(error.to_string()))?;
        Ok(ReloadReport {
            generation: done.generation,
            changed: done.changed,
            warnings: done.warnings,
        })
    }

    fn strategies(&self) -> Value {
        changes::strategy_page(self)
    }

    async fn set_strategy(&self, change: StrategyChange) -> Result<(), Problem> {
        changes::change_strategy(self, change).await
    }

    fn mode(&self) -> Value {
        changes::mode_page(self)
    }

    async fn set_mode(&self, change: ModeChange) -> Result<(), Problem> {
        changes::change_mode(self, change).await
    }

    async fn add_instance(&self, instance: NewInstance) -> Result<String, Problem> {
        changes::add(self, instance).await
    }

    async fn remove_instance(&self, service: &str, endpoint: &str) -> Result<(), Problem> {
        changes::remove(self, service, endpoint).await
    }

    fn set_status(
        &self,
        service: &str,
        endpoint: &str,
        status: StatusChange,
    ) -> Result<(), Problem> {
        let (_, endpoint) = self.endpoint(service, endpoint)?;
        let status = match status {
            StatusChange::Active => OperatorStatus::Active,
            StatusChange::Draining => OperatorStatus::Draining,
            StatusChange::Maintenance => OperatorStatus::Maintenance,
        };
        let now = self.shared.clock.now();
        endpoint.health().set_operator_status(status, now);
        Ok(())
    }

    fn push_metrics(
        &self,
        service: &str,
        endpoint: &str,
        metrics: &PushedMetrics,
    ) -> Result<(), Problem> {
        let (_, endpoint) = self.endpoint(service, endpoint)?;
        let report = LoadReport {
            current_connections: metrics.current_connections.map(f64::from),
            cpu_usage: metrics.cpu_usage,
            memory_usage: metrics.memory_usage,
            queue_size: metrics.queue_size.map(f64::from),
            requests_per_second: metrics.requests_per_second,
        };
        endpoint.report(&report, self.shared.clock.now(), unix_ms());
        Ok(())
    }

    fn reported(&self, service: &str, endpoint: &str) -> Result<Value, Problem> {
        let (service, endpoint) = self.endpoint(service, endpoint)?;
        let now = self.shared.clock.now();
        let known = endpoint.reported(now);
        let reported = &endpoint.state.reported;
        Ok(json!({
            "service": *service.name,
            "instance": *endpoint.name,
            "age": reported.age(now).map(|age| age.as_secs_f64()),
            "current_connections": known.current_connections,
            "cpu_usage": known.cpu_usage,
            "memory_usage": known.memory_usage,
            "requests_per_second": known.requests_per_second,
            "queue_size": known.queue_size,
            "history": reported.samples(),
        }))
    }

    fn cache_stats(&self) -> Value {
        value(&self.shared.cache.stats())
    }

    fn clear_cache(&self, category: Option<&str>) -> Result<u64, Problem> {
        let selection = match category {
            None | Some("all" | "l1") => Selection::All,
            Some(word) => Selection::Category(
                Category::parse(word).ok_or_else(|| Problem::invalid(unknown_category(word)))?,
            ),
        };
        Ok(self.shared.cache.clear(selection) as u64)
    }
}

fn unknown_class() -> String {
    let words = Complexity::ALL.iter().map(|one| one.label());
    format!(
        "class: expected one of {}",
        words.collect::<Vec<_>>().join(", ")
    )
}

fn unknown_category(word: &str) -> String {
    let words: Vec<&str> = Category::ALL
        .iter()
        .map(|category| category.label())
        .collect();
    format!(
        "cache_type={word}: expected all, l1 or one of {}",
        words.join(", ")
    )
}
