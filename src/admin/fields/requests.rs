//! Requests: those in flight, and the record of each that has ended.

use super::{Field, Group, Kind};

/// A request in flight.
pub const EXECUTIONS: &[Group] = &[("", RUNNING), ("plan.", PLAN)];

/// What it is and how long it takes.
const RUNNING: &[Field] = fields! {
    "query_id" Text, "The id of a request in flight.";
    "service" Text, "The service.";
    "operation" Text, "The operation.";
    "effect" Text, "Its effect.";
    "assigned_instances.*" Text, "The endpoint, by service.";
    "start_time" Number, "Milliseconds since 1970.";
    "estimated_completion" MaybeNumber, "Milliseconds since 1970.";
    "priority" MaybeNumber, "1 to 10.";
    "age_ms" Number, "Milliseconds since it arrived.";
    "overdue" Bool, "Whether it takes longer than was planned.";
};

/// Requests that were sent to endpoints.
pub const ARRIVALS: &[Group] = &[(
    "",
    fields! {
        "timestamp" Number, "When it arrived, milliseconds since 1970.";
        "service" Text, "The service.";
        "operation" Text, "The operation.";
        "effect" Text, "Its effect.";
        "shape" Text, "A hash of the operation's shape, hexadecimal.";
        "class" Text, "Its complexity.";
        "cost" Number, "Estimated cost units.";
        "key" Text, "A hash of the collection or database, hexadecimal; another one in each process.";
        "server_id" Text, "The endpoint whose attempt decided it.";
        "service_time" Number, "Seconds that the endpoint took until its response was there or began to stream.";
        "execution_time" Number, "Seconds from arrival to end.";
        "fault" Text, "Whose fault a failure was.";
        "success" Bool, "Whether it succeeded.";
    },
)];

/// What became of plans.
pub const HISTORY: &[Group] = &[
    ("strategies.*.", MEANS),
    (
        "services.*.",
        fields! {
            "seconds_per_cost" MaybeNumber, "Seconds that a cost unit took in about the last thousand requests; null before the first one.";
            "keys[].key" Text, "The type and the strategy, joined by `_`; those that were seen.";
        },
    ),
    ("services.*.keys[].", MEANS),
    (
        "services.*.keys[].",
        fields! {
            "similar_queries_count" Number, "Outcomes that are kept; at most planner.history.";
            "avg_historical_performance" Number, "Mean time of the kept ones that succeeded, seconds; 0: of none.";
        },
    ),
    ("services.*.keys[].records[].", OUTCOME),
];

/// An outcome that was taken.
pub const FEEDBACK: &[Group] = &[
    (
        "",
        fields! {
            "service" Text, "The service.";
            "key" Text, "The type and the strategy, joined by `_`.";
        },
    ),
    ("record.", OUTCOME),
    ("performance.", MEANS),
];

/// Running means.
const MEANS: &[Field] = fields! {
    "total_queries" Number, "Requests that were sent and ended by no fault of their client's, and outcomes that were reported.";
    "avg_time" Number, "Mean seconds of the database, without the queue and the client.";
    "avg_cost" MaybeNumber, "Mean measured cost of those whose cost is known; null: of none.";
    "success_rate" Number, "Share that succeeded, 0 to 1.";
};

/// What became of one plan.
const OUTCOME: &[Field] = fields! {
    "query_id" MaybeText, "The id of the request; null: it was reported without one.";
    "timestamp" Number, "When it arrived or was reported, milliseconds since 1970.";
    "complexity" Text, "Its complexity.";
    "estimated_time" MaybeNumber, "Seconds; null: it was reported without.";
    "actual_time" Number, "Seconds of the database, without the queue and the client.";
    "estimated_cost" MaybeNumber, "Cost units; null: it was reported without.";
    "actual_cost" MaybeNumber, "Cost units: its time in the time that a cost unit took before. Null: it failed, or was the first.";
    "success" Bool, "Whether it succeeded.";
};

/// The record of one request.
pub const RECORD: &[Group] = &[
    ("", REQUEST),
    ("call.", CALL),
    ("plan.", PLAN),
    ("plan.", PLAN_DETAILS),
    ("cache.", CACHE),
    ("route.", ROUTE),
    ("", END),
];

/// What arrived.
const REQUEST: &[Field] = fields! {
    "id" Text, "The id of the request, 12 hexadecimal digits.";
    "request_id" MaybeText, "The client's `x-request-id`.";
    "start_unix_ms" Number, "When it arrived, milliseconds since 1970.";
    "service" Text, "The service.";
    "dialect" Text, "The dialect of the service.";
    "listener" Text, "The listener.";
    "client" MaybeText, "The address of the client.";
    "method" Text, "The method.";
    "path" Text, "The path without its query, bounded and escaped.";
};

/// What it was understood as.
const CALL: &[Field] = fields! {
    "operation" Text, "The operation.";
    "effect" Text, "read, write, schema, admin, session or unknown.";
    "query_type" Text, "The class of the operation.";
    "target" Text, "`service`, `collection/NAME` or `database/NAME`.";
    "reason" Text, "Why it was understood so.";
    "fence" Text, "Whose read access mode refuses a write: none, ours or theirs.";
    "placement" Any, "Which endpoints may take it: any, writer, local, or the pinned one.";
    "shape" Text, "A hash of the operation's shape, hexadecimal.";
};

/// What was planned, in short.
const PLAN: &[Field] = fields! {
    "query_type" Text, "The class that was planned.";
    "execution" Text, "The strategy of execution.";
    "complexity" Text, "simple, moderate, complex or very_complex.";
    "score" Number, "Complexity as a number, 0 to 1.1.";
    "cost" Number, "Estimated cost units.";
};

/// The rest of the plan.
const PLAN_DETAILS: &[Field] = fields! {
    "terms" Any, "The terms of the score, pairs of a name and a number.";
    "time" Number, "Estimated time, seconds.";
    "cache.category" Text, "The category under which the response is stored.";
    "cache.ttl" Number, "Its time to live, seconds.";
    "priority" Number, "1 to 10, larger is more important.";
    "similar_queries_count" Number, "Outcomes of the same type and strategy that the service has in its history.";
    "avg_historical_performance" Number, "Mean time of those that succeeded, seconds; 0: of none.";
    "resource_requirements.cpu" Number, "What it needs of the machine's processors if it has them alone, 0 to 1.";
    "resource_requirements.memory" Number, "Of its memory.";
    "resource_requirements.network" Number, "Of its network.";
    "resource_requirements.vector_db" Number, "Of the endpoints of Qdrant.";
    "resource_requirements.graph_db" Number, "Of the endpoints of Neo4j.";
    "short_of" MaybeText, "The resource of which most was lacking beside what planner.max_* left: cpu, memory, network or database; null: it fits.";
};

/// What the cache said.
const CACHE: &[Field] = fields! {
    "status" Text, "hit, miss or bypass.";
    "reason" Text, "Why.";
    "category" MaybeText, "The category that was looked up.";
    "age" MaybeNumber, "Age of the stored response, seconds.";
    "ttl" MaybeNumber, "Time that the stored response may still be served, seconds.";
};

/// Where it was sent.
const ROUTE: &[Field] = fields! {
    "strategy" Text, "The balancing strategy; empty when no endpoint was needed.";
    "rung" MaybeText, "What the service gave up (the ladder of degradation): normal, no_extras, no_retries or shedding; null when no endpoint was wanted.";
    "attempts[].endpoint" Text, "The endpoint of an attempt.";
    "attempts[].reason" Text, "Why this endpoint.";
    "attempts[].score" MaybeNumber, "The score by which it was chosen.";
    "attempts[].scores[].endpoint" Text, "With x-pointsman-explain: each endpoint as the choice saw it.";
    "attempts[].scores[].score" MaybeNumber, "How the strategy rates it, lower is better; null where it compares nothing.";
    "attempts[].scores[].in_flight" Number, "Its requests in flight.";
    "attempts[].scores[].excluded" MaybeText, "Why it could not be chosen; null when it could.";
    "attempts[].status" MaybeNumber, "The status of its response.";
    "attempts[].fault" Text, "Whose fault a failure was; `client` also where its client left.";
    "attempts[].code" Text, "What the response was judged to be; `under_way` before its end, `abandoned` where nobody waited for that.";
    "attempts[].service_time" MaybeNumber, "Seconds that the endpoint took until its response was there or began to stream.";
    "attempts[].elapsed" Number, "Its time, seconds.";
    "excluded[].endpoint" Text, "An endpoint that could not be chosen.";
    "excluded[].reason" Text, "Why not.";
    "counts.capable" Number, "When none was chosen: endpoints that may take such a request.";
    "counts.with_capacity" Number, "Of these, endpoints with room for one more.";
    "counts.online" Number, "Of these, endpoints in service.";
};

/// How it ended.
const END: &[Field] = fields! {
    "rejection" MaybeText, "Why pointsman refused it.";
    "status" MaybeNumber, "The status that was sent.";
    "bytes_in" Number, "Body bytes from the client.";
    "bytes_out" Number, "Body bytes to the client.";
    "times.total" Number, "Seconds from its arrival to its end.";
    "times.understand" MaybeNumber, "Seconds to understand it.";
    "times.plan" MaybeNumber, "Seconds to plan it.";
    "times.cache" MaybeNumber, "Seconds in the cache.";
    "times.queue" MaybeNumber, "Seconds that it waited for an endpoint with room; null: it did not wait.";
    "times.route" MaybeNumber, "Seconds to choose endpoints.";
    "times.upstream" MaybeNumber, "Seconds of all attempts.";
    "times.first_byte" MaybeNumber, "Seconds until the first byte was sent to the client.";
    "outcome" Text, "complete, aborted_by_client, aborted_by_upstream, evicted_slow_reader, abandoned or refused.";
    "slow" Bool, "Whether it was at or above queries.slow_threshold.";
    "generation" Number, "The generation of the configuration that it ran under.";
};
