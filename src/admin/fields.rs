//! What each route responds, field by field: the reference page is printed from this table, and a test
//! holds the responses of a running process against it.

use std::fmt::Write;

/// One field of a response. `*` in its path stands for any name, `[]` for each item of a list.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    pub path: &'static str,
    pub kind: Kind,
    pub about: &'static str,
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Number,
    Bool,
    /// Null while it is not known.
    MaybeText,
    MaybeNumber,
    /// What is below it is described elsewhere.
    Any,
}

impl Kind {
    /// The word in the reference.
    pub const fn word(self) -> &'static str {
        match self {
            Kind::Text => "text",
            Kind::Number => "number",
            Kind::Bool => "true or false",
            Kind::MaybeText => "text or null",
            Kind::MaybeNumber => "number or null",
            Kind::Any => "value",
        }
    }
}

/// What a route responds, under `data`.
#[derive(Debug, Clone, Copy)]
pub struct RouteResponse {
    /// Method and path of the route.
    pub route: &'static str,
    /// Where each group of fields is.
    pub groups: &'static [(&'static str, &'static [Field])],
}

const fn field(path: &'static str, kind: Kind, about: &'static str) -> Field {
    Field { path, kind, about }
}

use Kind::{Any, Bool, MaybeNumber, MaybeText, Number, Text};

/// One endpoint, in `instances` and `stats`.
const INSTANCE: &[Field] = &[
    field("instance_id", Text, "The name of the endpoint."),
    field(
        "token",
        Text,
        "The token by which transaction ids name the endpoint.",
    ),
    field("endpoint", Text, "`host:port`."),
    field("host", Text, "Its host."),
    field("port", Number, "Its port."),
    field(
        "addresses",
        Any,
        "The addresses to which its host resolves, a list.",
    ),
    field("weight", Number, "Its weight."),
    field(
        "role",
        MaybeText,
        "writer or reader; null while it is not known.",
    ),
    field(
        "status",
        Text,
        "healthy, degraded, unhealthy or maintenance.",
    ),
    field(
        "is_healthy",
        Bool,
        "Whether it serves: it has an address, is healthy or degraded, and its breaker is closed.",
    ),
    field("breaker", Text, "closed, open or half_open."),
    field(
        "last_health_check_age",
        MaybeNumber,
        "Seconds since the last probe.",
    ),
    field("consecutive_failures", Number, "Failures in a row."),
    field(
        "current_connections",
        Number,
        "Connections that an agent reported, or else the requests in flight.",
    ),
    field("active_queries", Number, "Requests in flight."),
    field("max_connections", Number, "Requests in flight at most."),
    field(
        "avg_response_time",
        MaybeNumber,
        "Moving mean of its response times, seconds.",
    ),
    field("cpu_usage", MaybeNumber, "As an agent reported, 0 to 1."),
    field("memory_usage", MaybeNumber, "As an agent reported, 0 to 1."),
    field("queue_size", MaybeNumber, "As an agent reported."),
    field(
        "requests_per_second",
        Number,
        "As an agent reported, or else the responses of the last minute per second.",
    ),
    field(
        "total_requests",
        Number,
        "Requests sent to it since it was configured.",
    ),
    field("success_count", Number, "Of these, successes."),
    field(
        "error_count",
        Number,
        "Of these, failures that were its own.",
    ),
    field(
        "aborted_count",
        Number,
        "Of these, requests that ended without a response.",
    ),
    field(
        "error_rate",
        MaybeNumber,
        "Share of errors in the last minute, 0 to 1.",
    ),
    field(
        "load_score",
        Number,
        "Load score A, 0 to 1; higher is busier.",
    ),
    field(
        "load_score_b",
        Number,
        "Load score B, 0 to 100; lower is better.",
    ),
    field(
        "probe_credential_refused",
        Bool,
        "Whether it refuses the probe credential, so that its role and metadata are not known.",
    ),
    field(
        "held",
        Bool,
        "Whether the cache stores nothing from it at the moment.",
    ),
    field(
        "generation",
        Number,
        "Counts up with each address that its name stood for.",
    ),
];

/// The record of one request.
const RECORD: &[Field] = &[
    field("id", Text, "The id of the request, 12 hexadecimal digits."),
    field("request_id", MaybeText, "The client's `x-request-id`."),
    field(
        "start_unix_ms",
        Number,
        "When it arrived, milliseconds since 1970.",
    ),
    field("service", Text, "The service."),
    field("dialect", Text, "The dialect of the service."),
    field("listener", Text, "The listener."),
    field("client", MaybeText, "The address of the client."),
    field("method", Text, "The method."),
    field(
        "path",
        Text,
        "The path without its query, bounded and escaped.",
    ),
    field("call.operation", Text, "The operation."),
    field(
        "call.effect",
        Text,
        "read, write, schema, admin, session or unknown.",
    ),
    field("call.query_type", Text, "The class of the operation."),
    field(
        "call.target",
        Text,
        "`service`, `collection/NAME` or `database/NAME`.",
    ),
    field("call.reason", Text, "Why it was understood so."),
    field(
        "call.fence",
        Text,
        "Whose read access mode refuses a write: none, ours or theirs.",
    ),
    field(
        "call.placement",
        Any,
        "Which endpoints may take it: any, writer, local, or the pinned one.",
    ),
    field(
        "call.shape",
        Text,
        "A hash of the operation's shape, hexadecimal.",
    ),
    field("plan.query_type", Text, "The class that was planned."),
    field("plan.execution", Text, "The strategy of execution."),
    field(
        "plan.complexity",
        Text,
        "simple, moderate, complex or very_complex.",
    ),
    field("plan.score", Number, "Complexity as a number, 0 to 1.1."),
    field(
        "plan.terms",
        Any,
        "The terms of the score, pairs of a name and a number.",
    ),
    field("plan.cost", Number, "Estimated cost units."),
    field("plan.time", Number, "Estimated time, seconds."),
    field(
        "plan.cache.category",
        Text,
        "The category under which the response is stored.",
    ),
    field("plan.cache.ttl", Number, "Its time to live, seconds."),
    field(
        "plan.priority",
        Number,
        "1 to 10, larger is more important.",
    ),
    field("cache.status", Text, "hit, miss or bypass."),
    field("cache.reason", Text, "Why."),
    field(
        "cache.category",
        MaybeText,
        "The category that was looked up.",
    ),
    field(
        "cache.age",
        MaybeNumber,
        "Age of the stored response, seconds.",
    ),
    field(
        "cache.ttl",
        MaybeNumber,
        "Time that the stored response may still be served, seconds.",
    ),
    field(
        "route.strategy",
        Text,
        "The balancing strategy; empty when no endpoint was needed.",
    ),
    field(
        "route.attempts[].endpoint",
        Text,
        "The endpoint of an attempt.",
    ),
    field("route.attempts[].reason", Text, "Why this endpoint."),
    field(
        "route.attempts[].score",
        MaybeNumber,
        "The score by which it was chosen.",
    ),
    field(
        "route.attempts[].scores",
        Any,
        "Scores of all candidates, pairs of a name and a number.",
    ),
    field(
        "route.attempts[].status",
        MaybeNumber,
        "The status of its response.",
    ),
    field("route.attempts[].fault", Text, "Whose fault a failure was."),
    field(
        "route.attempts[].code",
        Text,
        "What the response was judged to be.",
    ),
    field("route.attempts[].elapsed", Number, "Its time, seconds."),
    field(
        "route.excluded[].endpoint",
        Text,
        "An endpoint that could not be chosen.",
    ),
    field("route.excluded[].reason", Text, "Why not."),
    field(
        "route.counts.capable",
        Number,
        "When none was chosen: endpoints that may take such a request.",
    ),
    field(
        "route.counts.with_capacity",
        Number,
        "Of these, endpoints with room for one more.",
    ),
    field(
        "route.counts.online",
        Number,
        "Of these, endpoints in service.",
    ),
    field("rejection", MaybeText, "Why pointsman refused it."),
    field("status", MaybeNumber, "The status that was sent."),
    field("bytes_in", Number, "Body bytes from the client."),
    field("bytes_out", Number, "Body bytes to the client."),
    field(
        "times.total",
        Number,
        "Seconds from its arrival to its end.",
    ),
    field("times.understand", MaybeNumber, "Seconds to understand it."),
    field("times.plan", MaybeNumber, "Seconds to plan it."),
    field("times.cache", MaybeNumber, "Seconds in the cache."),
    field("times.route", MaybeNumber, "Seconds to choose endpoints."),
    field("times.upstream", MaybeNumber, "Seconds of all attempts."),
    field(
        "times.first_byte",
        MaybeNumber,
        "Seconds until the first byte was sent to the client.",
    ),
    field(
        "outcome",
        Text,
        "complete, aborted_by_client, aborted_by_upstream, abandoned or refused.",
    ),
    field(
        "slow",
        Bool,
        "Whether it was at or above queries.slow_threshold.",
    ),
    field(
        "generation",
        Number,
        "The generation of the configuration that it ran under.",
    ),
];

/// How an endpoint looks to a request of no class.
const SCORE: &[Field] = &[
    field("endpoint", Text, "The endpoint."),
    field("load", Number, "Load score A, 0 to 1; higher is busier."),
    field(
        "score",
        Number,
        "What the resource-aware strategy compares; lower is better.",
    ),
    field(
        "parts.connections",
        Number,
        "A part of the load: requests in flight or reported connections as a share of the limit.",
    ),
    field(
        "parts.machine",
        MaybeNumber,
        "A part of the load: mean of the reported CPU and memory, 0 to 1; null when neither is known.",
    ),
    field(
        "parts.queue",
        MaybeNumber,
        "A part of the load: the reported queue over 100, at most 1; null when it is not known.",
    ),
    field(
        "parts.time",
        Number,
        "Mean response time over planner.max_response_time, at most 1. The score is 0.6 load and 0.4 this.",
    ),
    field("in_flight", Number, "Requests in flight."),
    field(
        "excluded",
        MaybeText,
        "Why it could not be chosen now; null when it could.",
    ),
];

/// One event.
const EVENT: &[Field] = &[
    field("number", Number, "Counts up from 1; `?after=` takes it."),
    field("at", Text, "The time of day, RFC 3339."),
    field(
        "service",
        MaybeText,
        "The service; null for an event of the whole process, such as a reload.",
    ),
    field("endpoint", MaybeText, "The endpoint; null likewise."),
    field(
        "what",
        Text,
        "What happened: unhealthy, breaker_opened, reloaded, ...",
    ),
    field("why", Text, "Why."),
];

/// Figures of the cache.
const CACHE: &[Field] = &[
    field("hits", Number, "Lookups that were answered from the cache."),
    field("misses", Number, "Lookups that found nothing."),
    field("bypasses", Number, "Requests that did not use the cache."),
    field("total_requests", Number, "Hits, misses and bypasses."),
    field("hit_rate", Number, "Hits among hits and misses, 0 to 1."),
    field("miss_rate", Number, "Misses among hits and misses, 0 to 1."),
    field(
        "coalesced",
        Number,
        "Requests answered by the fetch of another request.",
    ),
    field(
        "promoted",
        Number,
        "Requests that took over a fetch whose client had gone.",
    ),
    field("stores", Number, "Responses stored."),
    field("evictions", Number, "Entries evicted to make room."),
    field("replaced", Number, "Entries replaced by a newer response."),
    field(
        "expired",
        Number,
        "Entries dropped after their time to live.",
    ),
    field(
        "invalidations",
        Number,
        "Entries dropped because of a write, a clearing or a refused credential.",
    ),
    field("entry_count", Number, "Entries in store."),
    field("size_bytes", Number, "Bytes in store."),
    field(
        "avg_access_time_ms",
        Number,
        "Mean time of a hit, milliseconds.",
    ),
    field(
        "memory_usage_percent",
        Number,
        "Bytes in store as a share of the limit, 0 to 100.",
    ),
];

/// Every route with a JSON response.
pub const RESPONSES: &[RouteResponse] = &[
    RouteResponse {
        route: "GET /",
        groups: &[(
            "",
            &[
                field("name", Text, "pointsman."),
                field("version", Text, "Its version."),
                field("routes[].method", Text, "The method of a route."),
                field("routes[].path", Text, "Its path."),
                field("routes[].about", Text, "What it does."),
            ],
        )],
    },
    RouteResponse {
        route: "GET /livez",
        groups: &[("", &[field("live", Bool, "Always true.")])],
    },
    RouteResponse {
        route: "GET /readyz",
        groups: &[(
            "",
            &[
                field(
                    "ready",
                    Bool,
                    "True. When not ready, the status is 503 and `detail` holds the reasons.",
                ),
                field("reasons", Any, "Empty."),
            ],
        )],
    },
    RouteResponse {
        route: "GET /api/performance/health",
        groups: &[(
            "",
            &[
                field(
                    "overall_health",
                    Text,
                    "healthy, or degraded when a component is not.",
                ),
                field(
                    "components.cache",
                    Text,
                    "healthy or unhealthy, as the other components.",
                ),
                field(
                    "components.database",
                    Text,
                    "Whether every service has an endpoint that serves.",
                ),
                field("components.load_balancer", Text, "The same."),
                field(
                    "components.memory",
                    Text,
                    "Whether the machine's memory is below thresholds.memory_usage; absent when memory.enabled is false.",
                ),
                field(
                    "components.configuration",
                    Text,
                    "Whether the last reload was accepted.",
                ),
                field("timestamp", Number, "Milliseconds since 1970."),
            ],
        )],
    },
    RouteResponse {
        route: "GET /api/performance/load-balancer/stats",
        groups: &[(
            "",
            &[
                field("strategy", Text, "The strategy of `balance`."),
                field("total_servers", Number, "Endpoints of all services."),
                field("healthy_servers", Number, "Of these, endpoints that serve."),
                field(
                    "stats.total_requests",
                    Number,
                    "Requests sent to endpoints.",
                ),
                field("stats.successful_requests", Number, "Of these, successes."),
                field(
                    "stats.failed_requests",
                    Number,
                    "Of these, failures of the endpoint.",
                ),
                field(
                    "stats.success_rate",
                    MaybeNumber,
                    "Successes among successes and failures, percent.",
                ),
                field(
                    "stats.avg_response_time",
                    MaybeNumber,
                    "Mean over the endpoints, seconds.",
                ),
                field(
                    "stats.requests_per_second",
                    Number,
                    "Sum over the endpoints.",
                ),
                field("stats.active_connections", Number, "Requests in flight."),
                field(
                    "server_distribution.*",
                    Number,
                    "Requests sent to each endpoint, by `service/endpoint`.",
                ),
                field(
                    "servers.*.status",
                    Text,
                    "healthy, degraded, unhealthy or maintenance.",
                ),
                field(
                    "servers.*.current_connections",
                    Number,
                    "As in `instances`.",
                ),
                field("servers.*.load_score", Number, "Load score A, 0 to 1."),
                field("servers.*.avg_response_time", MaybeNumber, "Seconds."),
                field(
                    "servers.*.error_rate",
                    MaybeNumber,
                    "Errors in the last minute, percent.",
                ),
            ],
        )],
    },
    RouteResponse {
        route: "GET /api/performance/cache/stats",
        groups: &[
            ("", CACHE),
            (
                "",
                &[
                    field("hit_count", Number, "As `hits`."),
                    field("miss_count", Number, "As `misses`."),
                    field("eviction_count", Number, "As `evictions`."),
                    field("total_entries", Number, "As `entry_count`."),
                    field("cache_size", Number, "As `size_bytes`."),
                    field("total_size_bytes", Number, "As `size_bytes`."),
                    field("total_size_mb", Number, "The same in MiB."),
                    field("average_access_time", Number, "As `avg_access_time_ms`."),
                    field("capacity_bytes", Number, "Bytes that may be stored."),
                    field(
                        "bypass_reasons.*",
                        Number,
                        "Requests that did not use the cache, by reason.",
                    ),
                    field(
                        "refused_reasons.*",
                        Number,
                        "Responses that were not stored, by reason.",
                    ),
                    field(
                        "alone_reasons.*",
                        Number,
                        "Requests that waited for another one's fetch and then went alone, by reason.",
                    ),
                    field("flights", Number, "Fetches in flight."),
                ],
            ),
            ("l1.", CACHE),
            ("categories.*.", CACHE),
        ],
    },
    RouteResponse {
        route: "POST /api/performance/cache/clear",
        groups: &[(
            "",
            &[
                field("message", Text, "What was cleared."),
                field("removed", Number, "Entries that were dropped."),
            ],
        )],
    },
    RouteResponse {
        route: "GET /api/coordination/stats",
        groups: &[
            (
                "",
                &[
                    field("strategy", Text, "The strategy of `balance`."),
                    field("services[].service", Text, "The name of a service."),
                    field("services[].strategy", Text, "Its strategy."),
                    field("services[].total_instances", Number, "Its endpoints."),
                    field(
                        "services[].healthy_instances",
                        Number,
                        "Of these, endpoints that serve.",
                    ),
                    field(
                        "services[].total_connections",
                        Number,
                        "Sum of `current_connections`.",
                    ),
                    field(
                        "services[].total_active_queries",
                        Number,
                        "Requests in flight.",
                    ),
                    field(
                        "services[].avg_response_time",
                        MaybeNumber,
                        "Mean over the endpoints, seconds.",
                    ),
                    field(
                        "services[].avg_load_score",
                        MaybeNumber,
                        "Mean of load score A.",
                    ),
                    field("active_executions", Number, "Requests in flight."),
                    field(
                        "overdue_executions",
                        Number,
                        "Of these, requests that take longer than was planned.",
                    ),
                    field(
                        "generation",
                        Number,
                        "The generation of the configuration that serves.",
                    ),
                    field(
                        "last_reload_refused",
                        MaybeText,
                        "Why the last reload was refused; null when it was accepted.",
                    ),
                ],
            ),
            ("services[].instances[].", INSTANCE),
        ],
    },
    RouteResponse {
        route: "GET /api/coordination/instances",
        groups: &[("*[].", INSTANCE)],
    },
    RouteResponse {
        route: "GET /api/coordination/scores",
        groups: &[("*[].", SCORE)],
    },
    RouteResponse {
        route: "PUT /api/coordination/instances/{service}/{id}/status",
        groups: &[(
            "",
            &[
                field("service", Text, "The service."),
                field("instance", Text, "The endpoint."),
                field("status", Text, "maintenance or active."),
            ],
        )],
    },
    RouteResponse {
        route: "PUT /api/coordination/instances/{service}/{id}/metrics",
        groups: &[(
            "",
            &[
                field("service", Text, "The service."),
                field("instance", Text, "The endpoint."),
                field(
                    "metrics.current_connections",
                    MaybeNumber,
                    "What was taken, as the other figures; null when it was not given and stays as it was.",
                ),
                field("metrics.cpu_usage", MaybeNumber, "0 to 1."),
                field("metrics.memory_usage", MaybeNumber, "0 to 1."),
                field("metrics.requests_per_second", MaybeNumber, "0 or more."),
                field("metrics.queue_size", MaybeNumber, "0 or more."),
            ],
        )],
    },
    RouteResponse {
        route: "GET /api/coordination/executions",
        groups: &[(
            "[].",
            &[
                field("query_id", Text, "The id of a request in flight."),
                field("service", Text, "The service."),
                field("operation", Text, "The operation."),
                field("effect", Text, "Its effect."),
                field("plan.query_type", Text, "The class that was planned."),
                field("plan.execution", Text, "The strategy of execution."),
                field(
                    "plan.complexity",
                    Text,
                    "simple, moderate, complex or very_complex.",
                ),
                field("plan.score", Number, "Complexity as a number."),
                field("plan.cost", Number, "Estimated cost units."),
                field("assigned_instances.*", Text, "The endpoint, by service."),
                field("start_time", Number, "Milliseconds since 1970."),
                field(
                    "estimated_completion",
                    MaybeNumber,
                    "Milliseconds since 1970.",
                ),
                field("priority", MaybeNumber, "1 to 10."),
                field("age_ms", Number, "Milliseconds since it arrived."),
                field("overdue", Bool, "Whether it takes longer than was planned."),
            ],
        )],
    },
    RouteResponse {
        route: "GET /api/coordination/explain",
        groups: &[("[].", RECORD)],
    },
    RouteResponse {
        route: "GET /api/coordination/explain/{id}",
        groups: &[("", RECORD)],
    },
    RouteResponse {
        route: "GET /api/coordination/events",
        groups: &[("[].", EVENT)],
    },
    RouteResponse {
        route: "GET /api/config",
        groups: &[(
            "",
            &[field(
                "*",
                Any,
                "The configuration, as docs/configuration.md describes it, secrets as `***`.",
            )],
        )],
    },
    RouteResponse {
        route: "POST /api/config/reload",
        groups: &[(
            "",
            &[
                field("generation", Number, "The generation that serves now."),
                field("changed", Bool, "Whether anything differs from before."),
                field(
                    "warnings",
                    Any,
                    "Keys that need a restart, and notes; a list of texts.",
                ),
            ],
        )],
    },
];

/// The reference page, `docs/admin.md`.
pub fn reference() -> String {
    let mut page = String::from(HEAD);
    for row in super::routes::ROUTES {
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(page, "| `{} {}` | {} |", row.method, row.path, row.about);
    }
    for response in RESPONSES {
        let _ = writeln!(
            page,
            "\n## `{}`\n\n| field | value | meaning |\n|---|---|---|",
            response.route
        );
        for (prefix, fields) in response.groups {
            for one in *fields {
                let (path, word) = (one.path, one.kind.word());
                let _ = writeln!(page, "| `{prefix}{path}` | {word} | {} |", one.about);
            }
        }
    }
    page
}

const HEAD: &str = "\
# The admin API

Generated from the tables in `src/admin/routes.rs` and `src/admin/fields.rs`; a test fails when this page is stale.

A response is JSON: `{\"success\": true, \"data\": ...}`, or `{\"success\": false, \"detail\": \"...\"}` with the status that says
what kind of failure it is (400, 401, 403, 404, 409, 500, 503). `GET /metrics` is text for Prometheus, see `docs/metrics.md`.
Fields below stand under `data`; `*` is any name, `[]` each item of a list. A field that is not known yet is null, and
parts of a record that a request did not reach (`call`, `plan`, `cache`, `route.counts`) are null as a whole.

| route | what it does |
|---|---|
";
