//! What became of plans: the histories of the services, and outcomes that other programs report.

use super::Operator;
use crate::admin::{Feedback, HistoryFilter, Problem};
use crate::dialect::QueryType;
use crate::observe::unix_ms;
use crate::plan::{
    Complexity, ExecutionStrategy, KeyReport, Performance, PlanHistory, PlanKey, PlanOutcome,
};
use crate::request_id::RequestId;
use crate::snapshot::Service;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// The means of each strategy over the services, and the histories of one service or of all.
pub(super) fn history_page(operator: &Operator, wanted: &HistoryFilter) -> Result<Value, Problem> {
    let only = wanted.service.as_deref();
    only.map(|name| operator.service(name)).transpose()?;
    let snapshot = operator.shared.snapshot();
    let mut strategies = BTreeMap::<_, Performance>::new();
    let mut services = Map::new();
    for service in snapshot.services() {
        let keys: Vec<KeyReport> = service.history.report(wanted.rows()).collect();
        for key in &keys {
            let means = strategies.entry(key.of.execution.label()).or_default();
            *means = means.and(&key.performance);
        }
        if only.is_none_or(|only| *service.name == *only) {
            services.insert(
                service.name.to_string(),
                of_service(&service.history, &keys),
            );
        }
    }
    Ok(json!({"strategies": super::value(&strategies), "services": services}))
}

fn of_service(history: &PlanHistory, keys: &[KeyReport]) -> Value {
    json!({
        "seconds_per_cost": history.seconds_per_cost(),
        "keys": super::value(&keys),
    })
}

/// Takes what became of a plan elsewhere.
pub(super) fn take_feedback(operator: &Operator, feedback: &Feedback) -> Result<Value, Problem> {
    let service = operator.service(&feedback.service)?;
    let key = key(feedback, &service)?;
    let outcome = service.history.record(key, None, outcome(feedback)?);
    let mut reports = service.history.report(0);
    let means = reports.find(|report| report.of == key);
    Ok(json!({
        "service": *service.name,
        "key": key.to_string(),
        "record": super::value(&outcome),
        "performance": super::value(&means.map(|report| report.performance)),
    }))
}

fn key(feedback: &Feedback, service: &Service) -> Result<PlanKey, Problem> {
    let strategy = feedback.strategy.as_deref();
    let strategy = strategy.map(|word| {
        let all = &ExecutionStrategy::ALL;
        one_of("strategy", all, word, ExecutionStrategy::label)
    });
    Ok(PlanKey {
        query_type: one_of(
            "query_type",
            QueryType::ALL,
            &feedback.query_type,
            QueryType::label,
        )?,
        execution: strategy.transpose()?.unwrap_or(service.execution),
    })
}

fn outcome(feedback: &Feedback) -> Result<PlanOutcome, Problem> {
    let word = &feedback.complexity;
    let id = feedback.query_id.as_deref().map(|id| {
        RequestId::parse(id)
            .ok_or_else(|| Problem::invalid("query_id: expected 12 hexadecimal digits"))
    });
    Ok(PlanOutcome {
        query_id: id.transpose()?,
        timestamp: unix_ms(),
        complexity: one_of("complexity", Complexity::ALL, word, Complexity::label)?,
        estimated_time: feedback.estimated_time.map(Duration::from_secs_f64),
        actual_time: Duration::from_secs_f64(feedback.actual_time),
        estimated_cost: feedback.estimated_cost,
        actual_cost: feedback.actual_cost,
        success: feedback.success,
    })
}

/// The value of a word.
fn one_of<T: Copy>(
    field: &str,
    all: &[T],
    word: &str,
    label: fn(T) -> &'static str,
) -> Result<T, Problem> {
    let found = all.iter().find(|one| label(**one) == word);
    found.copied().ok_or_else(|| {
        let words: Vec<&str> = all.iter().map(|one| label(*one)).collect();
        Problem::invalid(format!("{field}: expected one of {}", words.join(", ")))
    })
}
