//! One small function per route. Each calls [`Control`] and wraps what it returns.

use super::change::{Feedback, ModeChange, NewInstance, Optimize, StrategyChange};
use super::control::{Control, Problem, PushedMetrics, StatusChange};
use super::envelope::{self, ApiResponse};
use super::input::{Described, Json, Names, NoBody, QueryParameters};
use super::routes::ROUTES;
use crate::observe::{safe, unix_ms};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

type Process = State<Arc<dyn Control>>;

/// Rows of a list when the caller does not say.
const DEFAULT_ROWS: usize = 100;
/// Rows of a list at most.
const MAX_ROWS: usize = 1000;

pub async fn index() -> Response {
    let rows = ROUTES
        .iter()
        .map(|row| json!({"method": row.method, "path": row.path, "about": row.about}));
    envelope::data(json!({
        "name": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
        "routes": rows.collect::<Vec<_>>(),
    }))
}

pub async fn live() -> Response {
    envelope::data(json!({"live": true}))
}

pub async fn ready(State(control): Process) -> Response {
    let readiness = control.readiness();
    if readiness.ready {
        return envelope::data(readiness);
    }
    let detail = match readiness.reasons.is_empty() {
        true => "not ready".to_owned(),
        false => readiness.reasons.join("; "),
    };
    envelope::failure(StatusCode::SERVICE_UNAVAILABLE, &detail)
}

pub async fn health(State(control): Process) -> Response {
    let components = control.health();
    let word = |good: bool, bad| if good { "healthy" } else { bad };
    let overall = word(components.values().all(|good| *good), "degraded");
    let components: serde_json::Map<_, _> = components
        .into_iter()
        .map(|(name, good)| (name.to_owned(), word(good, "unhealthy").into()))
        .collect();
    envelope::data(
        json!({"overall_health": overall, "components": components, "timestamp": unix_ms()}),
    )
}

pub async fn metrics(State(control): Process) -> Response {
    let kind = [(
        header::CONTENT_TYPE,
        "text/plain; version=0.0.4; charset=utf-8",
    )];
    (kind, control.metrics()).into_response()
}

pub async fn stats(State(control): Process) -> Response {
    envelope::data(control.stats())
}

pub async fn balancer_stats(State(control): Process) -> Response {
    envelope::data(control.balancer_stats())
}

pub async fn instances(State(control): Process) -> Response {
    envelope::data(control.instances())
}

/// Which requests scores are for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassFilter {
    class: Option<String>,
}

impl Described for ClassFilter {
    const EXPECTED: &'static str = "nothing, or class=<complexity>";
}

pub async fn scores(
    State(control): Process,
    QueryParameters(of): QueryParameters<ClassFilter>,
) -> ApiResponse {
    control.scores(of.class.as_deref()).map(envelope::data)
}

pub async fn resources(
    State(control): Process,
    QueryParameters(limit): QueryParameters<Limit>,
) -> Response {
    envelope::data(control.resources(limit.rows()))
}

pub async fn rules(State(control): Process) -> Response {
    envelope::data(control.rules())
}

pub async fn overload(State(control): Process) -> Response {
    envelope::data(control.overload())
}

pub async fn queue(State(control): Process) -> Response {
    envelope::data(control.queue())
}

pub async fn migrations(State(control): Process) -> Response {
    envelope::data(control.migrations())
}

pub async fn arrivals(
    State(control): Process,
    QueryParameters(limit): QueryParameters<Limit>,
) -> Response {
    envelope::data(control.arrivals(limit.rows()))
}

/// Outcomes of each type and strategy when the caller does not say.
const DEFAULT_OUTCOMES: usize = 10;

/// Whose history, and how much of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HistoryFilter {
    pub service: Option<String>,
    limit: Option<usize>,
}

impl Described for HistoryFilter {
    const EXPECTED: &'static str = "nothing, or service=<name> and limit=<number>";
}

impl HistoryFilter {
    /// Outcomes of each type and strategy.
    pub fn rows(&self) -> usize {
        self.limit.unwrap_or(DEFAULT_OUTCOMES).min(MAX_ROWS)
    }
}

pub async fn history(
    State(control): Process,
    QueryParameters(wanted): QueryParameters<HistoryFilter>,
) -> ApiResponse {
    control.history(&wanted).map(envelope::data)
}

impl Described for Feedback {
    const EXPECTED: &'static str = r#"{"service": "<name>", "query_type": "<type>", "complexity": "<level>", "actual_time": <seconds>}, with any of strategy, query_id, estimated_time, estimated_cost, actual_cost and success"#;
}

pub async fn feedback(State(control): Process, Json(feedback): Json<Feedback>) -> ApiResponse {
    feedback.check()?;
    control.feedback(&feedback).map(envelope::data)
}

pub async fn shadows(State(control): Process) -> Response {
    envelope::data(control.shadows())
}

/// Whose requests to replay.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfService {
    service: String,
}

impl Described for OfService {
    const EXPECTED: &'static str = "service=<name>";
}

pub async fn simulate(
    State(control): Process,
    QueryParameters(of): QueryParameters<OfService>,
) -> ApiResponse {
    control.simulate(&of.service).await.map(envelope::data)
}

impl Described for Optimize {
    const EXPECTED: &'static str =
        r#"{"service": "<name>"}, with "apply": true to take the best strategy"#;
}

pub async fn optimize(State(control): Process, Json(wanted): Json<Optimize>) -> ApiResponse {
    let done = whole(async move { control.optimize(wanted).await }).await;
    done.map(envelope::data)
}

pub async fn config(State(control): Process) -> Response {
    envelope::data(control.config())
}

pub async fn cache_stats(State(control): Process) -> Response {
    envelope::data(control.cache_stats())
}

/// How many rows a caller wants.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    limit: Option<usize>,
}

impl Described for Limit {
    const EXPECTED: &'static str = "nothing, or limit=<number>";
}

impl Limit {
    fn rows(&self) -> usize {
        self.limit.unwrap_or(DEFAULT_ROWS).min(MAX_ROWS)
    }
}

pub async fn executions(
    State(control): Process,
    QueryParameters(limit): QueryParameters<Limit>,
) -> Response {
    envelope::data(control.executions(limit.rows()))
}

pub async fn explanations(
    State(control): Process,
    QueryParameters(limit): QueryParameters<Limit>,
) -> Response {
    envelope::data(control.explanations(limit.rows()))
}

pub async fn explain(State(control): Process, Names(id): Names<String>) -> ApiResponse {
    control.explain(&id).map(envelope::data).ok_or_else(|| {
        let id = safe::text(&id, safe::MAX_TEXT);
        Problem::not_found(format!("no explanation is kept for the request `{id}`"))
    })
}

/// From which event on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct After {
    after: Option<u64>,
}

impl Described for After {
    const EXPECTED: &'static str = "nothing, or after=<number of an event>";
}

pub async fn events(
    State(control): Process,
    QueryParameters(after): QueryParameters<After>,
) -> Response {
    envelope::data(control.events(after.after.unwrap_or(0)))
}

/// Runs as a task of its own: a caller that leaves does not cut a change of the configuration in two.
async fn whole<T: Send + 'static>(
    change: impl Future<Output = Result<T, Problem>> + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::spawn(change).await;
    done.unwrap_or_else(|_| Err(Problem::failed("the change broke off; see the log")))
}

pub async fn reload(State(control): Process, _: NoBody) -> ApiResponse {
    let done = whole(async move { control.reload().await }).await;
    done.map(envelope::data)
}

pub async fn strategies(State(control): Process) -> Response {
    envelope::data(control.strategies())
}

impl Described for StrategyChange {
    const EXPECTED: &'static str =
        r#"{"strategy": "<name>"}, with "service" for one service; null: as configured"#;
}

pub async fn set_strategy(
    State(control): Process,
    Json(change): Json<StrategyChange>,
) -> ApiResponse {
    let changed = Arc::clone(&control);
    whole(async move { changed.set_strategy(change).await }).await?;
    Ok(envelope::data(control.strategies()))
}

pub async fn mode(State(control): Process) -> Response {
    envelope::data(control.mode())
}

impl Described for ModeChange {
    const EXPECTED: &'static str =
        r#"{"mode": "bypass"} or {"mode": "normal"}, or "features" such as {"cache": false}"#;
}

pub async fn set_mode(State(control): Process, Json(change): Json<ModeChange>) -> ApiResponse {
    let changed = Arc::clone(&control);
    whole(async move { changed.set_mode(change).await }).await?;
    Ok(envelope::data(control.mode()))
}

impl Described for NewInstance {
    const EXPECTED: &'static str =
        r#"{"service": "<name>", "url": "http://HOST:PORT"}, with the keys of an endpoint"#;
}

pub async fn add_instance(
    State(control): Process,
    Json(instance): Json<NewInstance>,
) -> ApiResponse {
    let service = instance.service.clone();
    let name = whole(async move { control.add_instance(instance).await }).await?;
    Ok(envelope::data(
        json!({"service": service, "instance": name}),
    ))
}

pub async fn remove_instance(
    State(control): Process,
    Names((service, endpoint)): Names<(String, String)>,
    _: NoBody,
) -> ApiResponse {
    let (of, name) = (service.clone(), endpoint.clone());
    whole(async move { control.remove_instance(&of, &name).await }).await?;
    Ok(envelope::data(
        json!({"service": service, "instance": endpoint, "status": "draining"}),
    ))
}

/// The body of a change of status.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Status {
    status: StatusChange,
}

impl Described for Status {
    const EXPECTED: &'static str =
        r#"{"status": "maintenance"}, {"status": "draining"} or {"status": "active"}"#;
}

impl Described for PushedMetrics {
    const EXPECTED: &'static str = "a JSON object of numbers, with any of current_connections, cpu_usage, memory_usage, \
        requests_per_second and queue_size";
}

pub async fn set_status(
    State(control): Process,
    Names((service, endpoint)): Names<(String, String)>,
    Json(Status { status }): Json<Status>,
) -> ApiResponse {
    control.set_status(&service, &endpoint, status)?;
    Ok(envelope::data(
        json!({"service": service, "instance": endpoint, "status": status}),
    ))
}

pub async fn push_metrics(
    State(control): Process,
    Names((service, endpoint)): Names<(String, String)>,
    Json(metrics): Json<PushedMetrics>,
) -> ApiResponse {
    metrics.check()?;
    control.push_metrics(&service, &endpoint, &metrics)?;
    Ok(envelope::data(
        json!({"service": service, "instance": endpoint, "metrics": metrics}),
    ))
}

pub async fn reported(
    State(control): Process,
    Names((service, endpoint)): Names<(String, String)>,
) -> ApiResponse {
    control.reported(&service, &endpoint).map(envelope::data)
}

/// Which responses to drop.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clearing {
    cache_type: Option<String>,
}

impl Described for Clearing {
    const EXPECTED: &'static str = "nothing, or cache_type=<category>";
}

pub async fn clear_cache(
    State(control): Process,
    QueryParameters(what): QueryParameters<Clearing>,
    _: NoBody,
) -> ApiResponse {
    let removed = control.clear_cache(what.cache_type.as_deref())?;
    let what = what.cache_type.as_deref().unwrap_or("all");
    Ok(envelope::data(
        json!({"message": format!("cleared: {what}"), "removed": removed}),
    ))
}

pub async fn unknown_route() -> Response {
    envelope::failure(StatusCode::NOT_FOUND, "no such route; GET / lists them")
}

pub async fn wrong_method() -> Response {
    envelope::failure(
        StatusCode::METHOD_NOT_ALLOWED,
        "this route does not know this method; GET / lists them",
    )
}
