//! The table of routes. The router and the index are made from it.

use super::control::Control;
use super::fields::{Field, Group, cache, endpoints, events, load, process, requests};
use super::{gate, handlers};
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{delete, get, post, put};
use std::sync::Arc;

/// A route, for the index and for documents.
#[derive(Debug, Clone, Copy)]
pub struct AdminRoute {
    pub method: &'static str,
    pub path: &'static str,
    /// Where the fields stand under `data`: empty, or `[].` in each item of a list.
    pub at: &'static str,
    /// What it responds.
    pub fields: &'static [Group],
    pub about: &'static str,
}

impl AdminRoute {
    /// Each field of its response, with the path that stands before the field's own.
    pub fn each_field(&self) -> impl Iterator<Item = (String, &'static Field)> {
        let at = self.at;
        self.fields.iter().flat_map(move |(prefix, fields)| {
            fields
                .iter()
                .map(move |field| (format!("{at}{prefix}"), field))
        })
    }
}

/// Of a route whose response is no JSON.
const TEXT: &[Group] = &[];

macro_rules! word {
    (get) => {
        "GET"
    };
    (post) => {
        "POST"
    };
    (put) => {
        "PUT"
    };
    (delete) => {
        "DELETE"
    };
}

macro_rules! routes {
    ($($method:ident $path:literal $handler:ident, $at:literal $fields:path, $about:literal;)*) => {
        /// Every route.
        pub const ROUTES: &[AdminRoute] = &[$(AdminRoute {
            method: word!($method),
            path: $path,
            at: $at,
            fields: $fields,
            about: $about,
        },)*];

        fn routed() -> Router<Arc<dyn Control>> {
            Router::new()$(.route($path, $method(handlers::$handler)))*
        }
    };
}

routes! {
    get "/" index, "" process::INDEX, "This list.";
    get "/livez" live, "" process::LIVE, "Whether the process lives. No token.";
    get "/readyz" ready, "" process::READY, "Whether traffic may be sent here: 200, or 503 with the reasons. No token.";
    get "/metrics" metrics, "" TEXT, "Metrics in Prometheus' text format.";
    get "/api/performance/health" health, "" process::HEALTH, "Health of the components. No token.";
    get "/api/performance/load-balancer/stats" balancer_stats, "" endpoints::BALANCER, "Requests, rates and distribution over the endpoints.";
    get "/api/performance/cache/stats" cache_stats, "" cache::STATS, "Statistics of the cache.";
    post "/api/performance/cache/clear" clear_cache, "" cache::CLEARED, "Drops stored responses: all, or ?cache_type=<category>.";
    get "/api/coordination/stats" stats, "" endpoints::STATS, "Instances, connections and load by service.";
    get "/api/coordination/instances" instances, "*[]." endpoints::INSTANCES, "Every endpoint with its state, draining ones included.";
    get "/api/coordination/scores" scores, "*[]." endpoints::SCORES, "Scores of every instance, and why one could not be chosen; ?class=<complexity> for requests of that complexity.";
    get "/api/coordination/resources" resources, "" load::RESOURCES, "The resources now and over the last seconds; ?limit=, at most 1000.";
    get "/api/coordination/rules" rules, "[]." load::RULES, "Rules about the resources, and whether each holds now.";
    get "/api/coordination/overload" overload, "" load::OVERLOAD, "Endpoints that are overloaded while others are not, and how many instances more a lasting load needs.";
    get "/api/coordination/queue" queue, "[]." load::QUEUE, "Requests that wait for an endpoint with room, by service: how many, for how long, and how many were refused.";
    get "/api/coordination/migrations" migrations, "[]." load::MIGRATIONS, "Endpoints that requests move away from, because they drain or have too much to do, and where to.";
    get "/api/coordination/arrivals" arrivals, "[]." requests::ARRIVALS, "The newest requests that were sent to endpoints, newest first; ?limit=.";
    get "/api/coordination/history" history, "" requests::HISTORY, "What became of plans, by service, type and strategy: running means and the newest outcomes; ?service=<name>, ?limit=<outcomes of each, 10 if absent>.";
    post "/api/coordination/feedback" feedback, "" requests::FEEDBACK, "Takes what became of a plan that another program carried out: {\"service\":NAME,\"query_type\":TYPE,\"complexity\":LEVEL,\"actual_time\":SECONDS}, and if known strategy, query_id, estimated_time, estimated_cost, actual_cost, success. The planner learns from it as from its own.";
    get "/api/coordination/shadow" shadows, "" endpoints::SHADOWS, "What the strategy of `balance.shadow` would have chosen, by service.";
    get "/api/coordination/simulate" simulate, "" endpoints::REPLAY, "Replays the recorded requests of a service through each strategy; ?service=<name>. At least 100 must be recorded.";
    post "/api/coordination/optimize" optimize, "" endpoints::REPLAY, "The same: {\"service\":NAME}, and with \"apply\":true the best strategy is taken. A tie keeps the present one.";
    post "/api/coordination/instances" add_instance, "" endpoints::ADDED, "Adds an instance: {\"service\":NAME,\"url\":\"http://HOST:PORT\"} and the other keys of an endpoint. `service_type`, if given, must be the dialect of the service.";
    delete "/api/coordination/instances/{service}/{id}" remove_instance, "" endpoints::REMOVED, "Removes an instance: no new requests; those in flight end, those of its transactions are still taken.";
    get "/api/coordination/strategy" strategies, "" endpoints::STRATEGIES, "The strategy of each service.";
    put "/api/coordination/strategy" set_strategy, "" endpoints::STRATEGIES, "Changes it: {\"strategy\":NAME} of all services, with \"service\" of one; null: as configured.";
    get "/api/coordination/mode" mode, "" process::MODE, "The mode and the features that are on.";
    put "/api/coordination/mode" set_mode, "" process::MODE, "Changes them: {\"mode\":\"bypass\"} or {\"mode\":\"normal\"}; {\"features\":{\"cache\":false}}, null: as configured.";
    put "/api/coordination/instances/{service}/{id}/status" set_status, "" endpoints::STATUS, "Takes an instance out of service or back: {\"status\":\"draining\"}, {\"status\":\"maintenance\"}, which is not probed either, or {\"status\":\"active\"}. Requests in flight and those of its transactions go on.";
    put "/api/coordination/instances/{service}/{id}/metrics" push_metrics, "" endpoints::PUSHED, "Takes figures of an agent: current_connections, cpu_usage, memory_usage, requests_per_second, queue_size. Each counts for balance.report_ttl.";
    get "/api/coordination/instances/{service}/{id}/metrics" reported, "" endpoints::REPORTED, "The figures that agents pushed, their age, and the load after each of the last 100 reports.";
    get "/api/coordination/executions" executions, "[]." requests::EXECUTIONS, "Requests in flight, oldest first; ?limit=.";
    get "/api/coordination/explain" explanations, "[]." requests::RECORD, "The newest explanations; ?limit=.";
    get "/api/coordination/explain/{id}" explain, "" requests::RECORD, "Every decision on one request, by its id or x-request-id.";
    get "/api/coordination/events" events, "[]." events::EVENT, "Changes of status, breakers and configuration; ?after=<number>.";
    get "/api/config" config, "" process::CONFIG, "The configuration that was taken last, secrets masked. Keys that need a restart stand as they will be after it.";
    post "/api/config/reload" reload, "" process::RELOADED, "Reads the configuration again; a bad one changes nothing.";
}

/// The admin API. Serve it with [`super::serve`], which tells each request who calls.
pub fn router(control: Arc<dyn Control>) -> Router {
    routed()
        .fallback(handlers::unknown_route)
        .method_not_allowed_fallback(handlers::wrong_method)
        .layer(from_fn_with_state(Arc::clone(&control), gate::pass))
        .with_state(control)
}
