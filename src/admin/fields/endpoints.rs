//! Endpoints: how they are, how they are chosen, and what an operator changes.

use super::{Field, Group, Kind};

/// One endpoint.
pub const INSTANCES: &[Group] = &[("", INSTANCE), ("", DRAINING)];

/// One endpoint, by itself and in the figures of its service.
const INSTANCE: &[Field] = fields! {
    "instance_id" Text, "The name of the endpoint.";
    "token" Text, "The token by which transaction ids name the endpoint.";
    "endpoint" Text, "`host:port`.";
    "host" Text, "Its host.";
    "port" Number, "Its port.";
    "addresses" Any, "The addresses to which its host resolves, a list.";
    "weight" Number, "Its weight.";
    "role" MaybeText, "writer or reader; null while it is not known.";
    "status" Text, "healthy, degraded, unhealthy, maintenance or draining: an operator lets it drain; in `instances` also where a reload removed it or moved its name to another address, and it finishes its transactions.";
    "is_healthy" Bool, "Whether it serves: it has an address, is healthy or degraded, its breaker is closed, and it is not ejected.";
    "breaker" Text, "closed, open or half_open.";
    "is_ejected" Bool, "Whether it takes no requests for a while because they fail there and not at its peers.";
    "last_health_check_age" MaybeNumber, "Seconds since the last probe.";
    "consecutive_failures" Number, "Failed requests in a row, of all kinds but the client's own.";
    "current_connections" Number, "Connections that an agent reported, or else the requests in flight.";
    "active_queries" Number, "Requests in flight.";
    "max_connections" Number, "Requests in flight at most.";
    "busy" Number, "The share of the places that the strategy has learned of it that was taken in the last second, or load score A where that is more or no places are known; 0 to 1.";
    "avg_response_time" MaybeNumber, "Moving mean of its response times, seconds.";
    "cpu_usage" MaybeNumber, "As an agent reported, 0 to 1.";
    "memory_usage" MaybeNumber, "As an agent reported, 0 to 1.";
    "queue_size" MaybeNumber, "As an agent reported.";
    "requests_per_second" Number, "As an agent reported, or else the responses of the last minute per second.";
    "report_age" MaybeNumber, "Seconds since an agent last reported; each reported figure counts for balance.report_ttl.";
    "total_requests" Number, "Attempts at it since it was configured, refused connections among them.";
    "success_count" Number, "Of these, successes.";
    "failures.*" Number, "Of these, failures by whose fault they were: client, access, endpoint, overload, role, database, peer, lag.";
    "error_count" Number, "Of the failures, those that count against it: its own as far as there is evidence, and overload.";
    "aborted_count" Number, "Of `total_requests`, those that ended without a judgement: the client left, or another attempt was faster. Successes, failures, these and what is in flight make the total.";
    "error_rate" MaybeNumber, "Failures of all kinds but the client's own, as a share of the requests of the last minute, 0 to 1.";
    "load_score" Number, "Load score A, 0 to 1; higher is busier.";
    "load_score_b" Number, "Load score B, 0 to 100; lower is better.";
    "probe_credential_refused" Bool, "Whether it refuses the probe credential, so that its role and metadata are not asked for: what was known last stays.";
    "held" Bool, "Whether the cache stores nothing from it at the moment.";
    "generation" Number, "Counts up with each address that its name stood for.";
};

/// Further fields of the list of endpoints.
const DRAINING: &[Field] = fields! {
    "drained" Any, "Of a draining endpoint: true when nothing is in flight there any more, false before. Null for the others.";
    "drain_ends_in" MaybeNumber, "Of an endpoint that a reload removed: seconds until it is forgotten if no further request of its transactions comes, or at the latest while one runs. Null for the others.";
};

/// Services with their endpoints.
pub const STATS: &[Group] = &[
    (
        "",
        fields! {
                "strategy" Text, "The strategy of `balance`.";
                "services[].service" Text, "The name of a service.";
                "services[].strategy" Text, "Its strategy.";
                "services[].total_instances" Number, "Its endpoints.";
                "services[].healthy_instances" Number, "Of these, endpoints that serve.";
                "services[].total_connections" Number, "Sum of `current_connections`.";
                "services[].total_active_queries" Number, "Requests in flight.";
                "services[].pending" Number, "Requests that wait for an endpoint with room.";
                "services[].refused" Number, "Requests that were given no place for want of room since the start: refused by the queue, or their clients left while they waited.";
                "services[].avg_response_time" MaybeNumber, "Mean over the endpoints, seconds.";
                "services[].avg_load_score" MaybeNumber, "Mean of load score A.";
                "services[].skew" MaybeNumber, "The largest share of the responses of the last minute over the share by weight; 1 is even. Null without responses.";
                "active_executions" Number, "Requests in flight.";
                "overdue_executions" Number, "Of these, requests that take longer than was planned.";
                "queue_size" Number, "Requests that wait for an endpoint with room, of all services.";
                "draining_endpoints" Number, "Endpoints that drain; `instances` lists them.";
        "generation" Number, "The generation of the configuration that serves.";
                "last_reload_refused" MaybeText, "Why the last reload was refused; null when it was accepted.";
            },
    ),
    ("services[].instances[].", INSTANCE),
];

/// Totals over all endpoints.
pub const BALANCER: &[Group] = &[(
    "",
    fields! {
        "strategy" Text, "The strategy of `balance`.";
        "total_servers" Number, "Endpoints of all services.";
        "healthy_servers" Number, "Of these, endpoints that serve.";
        "stats.total_requests" Number, "Requests sent to endpoints.";
        "stats.successful_requests" Number, "Of these, successes.";
        "stats.failed_requests" Number, "Of these, failures, whoever's fault they were.";
        "stats.failures.*" Number, "The same by whose fault they were: client, access, endpoint, overload, role, database, peer, lag.";
        "stats.aborted_requests" Number, "Requests that ended without a judgement: the client left, or another attempt was faster. Successes, failures, these and what is in flight make the total.";
        "stats.refused_requests" Number, "Requests that were given no place for want of room: refused by the queue of their service, or their clients left while they waited.";
        "stats.success_rate" MaybeNumber, "Successes among successes, failures and requests that were given no place, percent, as all rates of this page.";
        "stats.avg_response_time" MaybeNumber, "Mean over the endpoints, seconds.";
        "stats.requests_per_second" Number, "Sum over the endpoints.";
        "stats.active_connections" Number, "Requests in flight.";
        "window.requests" Number, "The newest requests that were sent, at most 1000: what the figures below are of.";
        "window.success_rate" MaybeNumber, "Successes among them, percent.";
        "window.avg_response_time" MaybeNumber, "Mean time from arrival to end, seconds.";
        "window.requests_per_second" MaybeNumber, "Requests over the time between the first and the last.";
        "assignments.total" Number, "Requests for which an endpoint was looked for.";
        "assignments.successful" Number, "Of these, those that were sent to one.";
        "assignments.failed" Number, "Of these, those for which there was none, or none with room in time: refused.";
        "assignments.average_time" MaybeNumber, "Seconds that choosing took on average.";
        "assignments.success_rate" MaybeNumber, "Percent.";
        "server_distribution.*" Number, "Requests sent to each endpoint, by `service/endpoint`.";
        "servers.*.status" Text, "healthy, degraded, unhealthy, maintenance or draining.";
        "servers.*.current_connections" Number, "As in `instances`.";
        "servers.*.load_score" Number, "Load score A, 0 to 1.";
        "servers.*.avg_response_time" MaybeNumber, "Seconds.";
        "servers.*.error_rate" MaybeNumber, "Failures of all kinds but the client's own in the last minute, percent.";
    },
)];

/// How an endpoint looks to a request of no class.
pub const SCORES: &[Group] = &[(
    "",
    fields! {
        "endpoint" Text, "The endpoint.";
        "load" Number, "Load score A, 0 to 1; higher is busier.";
        "score" Number, "What the resource-aware strategy compares; lower is better.";
        "parts.connections" Number, "A part of the load: requests in flight or reported connections as a share of the limit.";
        "parts.machine" MaybeNumber, "A part of the load: mean of the reported CPU and memory, 0 to 1; null when neither is known.";
        "parts.queue" MaybeNumber, "A part of the load: the reported queue over 100, at most 1; null when it is not known.";
        "parts.time" Number, "Mean response time over planner.max_response_time, at most 1. The score is 0.6 load and 0.4 this.";
        "by_strategy" MaybeNumber, "How the strategy of the service rates it, lower is better; null where it compares nothing.";
        "worker.score" Number, "Composite score, 0 to 1; higher is better: 0.4 capacity, 0.3 performance, 0.2 affinity, 0.1 reliability.";
        "worker.capacity" Number, "Share of max_connections that is free.";
        "worker.performance" Number, "Share of successes in the last minute.";
        "worker.affinity" Number, "1 when it was given a request of the class before, else 0.";
        "worker.reliability" Number, "Mean of the best mean time over its own, and of the share of time in which it was up; after an hour the past counts for a third.";
        "in_flight" Number, "Requests in flight.";
        "excluded" MaybeText, "Why it could not be chosen now; null when it could.";
        "avoided" MaybeText, "What speaks against it although it could be chosen, so that others are preferred: its failures in a row, overload, failing probes, its zone. Null when nothing does.";
    },
)];

/// Shadows.
pub const SHADOWS: &[Group] = &[(
    "",
    fields! {
        "services.*.strategy" Text, "The strategy that chooses.";
        "services.*.shadow" MaybeText, "The strategy that is asked beside it; null when there is none.";
        "services.*.agreed" Number, "Choices in which both picked the same endpoint.";
        "services.*.differed" Number, "Choices in which they did not.";
        "services.*.waited" Number, "Choices in which one of them would rather have waited.";
        "services.*.difference" MaybeNumber, "Seconds that the shadow's endpoints take longer on average, by their mean response times when it chose; below 0 it would have been faster.";
    },
)];

/// A replay.
pub const REPLAY: &[Group] = &[(
    "",
    fields! {
        "service" Text, "The service.";
        "records" Number, "Requests that were replayed: those that any endpoint could take.";
        "current" Text, "The strategy that served when it was replayed.";
        "best" Text, "The one with the lowest cost, of those that are better than the current one by more than the margin in every run; the current one when none is.";
        "runs" Number, "Replays of each strategy, each with another seed and another part of the records left out.";
        "margin" Number, "The share of the cost that counts as a tie.";
        "left_out" Number, "Failed requests of times in which all endpoints failed: they say nothing of one, and are not replayed.";
        "applied" Bool, "Whether the best one serves from now on.";
        "strategies[].strategy" Text, "A strategy.";
        "strategies[].mean" Number, "Mean time from arrival to end that the replay gives, seconds.";
        "strategies[].p50" Number, "Its median.";
        "strategies[].p99" Number, "Its 99th percentile.";
        "strategies[].success_rate" Number, "Expected share of successes, by the failures of each endpoint, 0 to 1.";
        "strategies[].score" Number, "Mean time times the share of failures; 0 for all where nothing fails.";
        "strategies[].cost" Number, "Mean time for each success, seconds: what is compared.";
        "strategies[].least_gain" MaybeNumber, "The share by which its cost is lower than that of the current strategy, in the run in which it is least; below 0 it is higher.";
        "strategies[].shares.*" Number, "Share of the requests by endpoint.";
    },
)];

/// The ways to choose.
pub const STRATEGIES: &[Group] = &[(
    "",
    fields! {
        "strategy" Text, "The strategy of `balance`.";
        "services.*.strategy" Text, "The strategy of the service.";
        "services.*.configured" Text, "What its file says.";
        "services.*.by_rule" Any, "The strategies that rules of `balance.affinity_rules` name for some of its requests, a list.";
        "services.*.weights" Any, "What `learned` has learned, by the complexity of requests: the weight of each strategy that votes, 0 to 1. Empty of other strategies.";
        "available" Any, "Every strategy, a list.";
    },
)];

/// An instance that was added.
pub const ADDED: &[Group] = &[(
    "",
    fields! {
        "service" Text, "The service.";
        "instance" Text, "The name of the endpoint.";
    },
)];

/// An instance that was removed.
pub const REMOVED: &[Group] = &[(
    "",
    fields! {
        "service" Text, "The service.";
        "instance" Text, "The endpoint.";
        "status" Text, "draining.";
    },
)];

/// A status that was set.
pub const STATUS: &[Group] = &[(
    "",
    fields! {
        "service" Text, "The service.";
        "instance" Text, "The endpoint.";
        "status" Text, "maintenance, draining or active.";
    },
)];

/// Figures of an agent, and how they were.
pub const REPORTED: &[Group] = &[(
    "",
    fields! {
        "service" Text, "The service.";
        "instance" Text, "The endpoint.";
        "age" MaybeNumber, "Seconds since the last report that gave a figure; null before the first.";
        "current_connections" MaybeNumber, "What counts now, as the other figures; null when it was not reported within balance.report_ttl.";
        "cpu_usage" MaybeNumber, "0 to 1.";
        "memory_usage" MaybeNumber, "0 to 1.";
        "requests_per_second" MaybeNumber, "0 or more.";
        "queue_size" MaybeNumber, "0 or more.";
        "history[].timestamp" Number, "The last 100 reports, oldest first: when each came, milliseconds since 1970.";
        "history[].load_score" Number, "Load score A right after it, 0 to 1.";
        "history[].connections" Number, "Reported connections, or else requests in flight.";
        "history[].cpu" MaybeNumber, "0 to 1.";
        "history[].memory" MaybeNumber, "0 to 1.";
    },
)];

/// Figures that were taken.
pub const PUSHED: &[Group] = &[(
    "",
    fields! {
        "service" Text, "The service.";
        "instance" Text, "The endpoint.";
        "metrics.current_connections" MaybeNumber, "What was taken, as the other figures; null when it was not given and stays as it was.";
        "metrics.cpu_usage" MaybeNumber, "0 to 1.";
        "metrics.memory_usage" MaybeNumber, "0 to 1.";
        "metrics.requests_per_second" MaybeNumber, "0 or more.";
        "metrics.queue_size" MaybeNumber, "0 or more.";
    },
)];
