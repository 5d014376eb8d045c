//! The load: resources, rules about them, and what to do about too much of it.

use super::{Field, Group, Kind};

/// The resources.
pub const RESOURCES: &[Group] = &[("current.", RESOURCE), ("history[].", RESOURCE)];

const RESOURCE: &[Field] = fields! {
    "timestamp" Number, "When it was sampled, milliseconds since 1970; each second.";
    "cpu_usage" MaybeNumber, "The machine's processors, 0 to 1.";
    "memory_usage" MaybeNumber, "The machine's memory, 0 to 1; null when memory.enabled is false.";
    "network_usage" MaybeNumber, "The machine's busiest network interface in its busier direction, 0 to 1; null where no interface says what it carries (many virtual ones do not). The loopback does not count.";
    "network_bytes_per_second" MaybeNumber, "Bytes over all interfaces but the loopback, in both directions; null in the first second.";
    "process_memory" MaybeNumber, "Resident bytes of the process.";
    "held_bodies" Number, "Bytes of bodies that are buffered.";
    "vector_db_load" MaybeNumber, "Mean load (`busy`) of the endpoints of Qdrant, 0 to 1; null without any.";
    "vector_db_connections" Number, "Requests in flight there.";
    "max_vector_connections" Number, "Requests in flight there at most.";
    "graph_db_load" MaybeNumber, "The same of Neo4j.";
    "graph_db_connections" Number, "Requests in flight there.";
    "max_graph_connections" Number, "Requests in flight there at most.";
    "pending_queries" Number, "Requests that wait for an endpoint with room, of all services.";
    "max_queue_size" Number, "Requests that may wait.";
    "services.*" Number, "Mean load (`busy`) of the endpoints of a service.";
    "demand.*" Number, "How much comes to a service, over what its endpoints can do: the mean of `busy` over those that serve, over the share of requests that were given a place. 1 is just as much; nothing while the monitor is off.";
};

/// The rules.
pub const RULES: &[Group] = &[(
    "",
    fields! {
        "name" Text, "A rule.";
        "condition" Text, "When it holds.";
        "action" Text, "What is done while it is in force.";
        "value" MaybeNumber, "The figure now; null when it is not known.";
        "active" Bool, "Whether it holds now.";
        "in_force" Bool, "Whether its action is in force: it has held for balance.monitor.lasting, and has not been over for as long.";
        "effect" Text, "What the action does in this process; none yet for what belongs to requests of several parts, which there are none of.";
    },
)];

/// Overload.
pub const OVERLOAD: &[Group] = &[(
    "",
    fields! {
        "recommendations[].service" Text, "A service with an endpoint whose load (`busy`) is above balance.monitor.overload.";
        "recommendations[].from_worker" Text, "This endpoint.";
        "recommendations[].to_worker" Text, "The endpoint that the strategy prefers of those that are not above it.";
        "recommendations[].reason" Text, "Both loads.";
        "recommendations[].priority" Number, "1 to 10, larger is more urgent: ten times the load.";
        "scaling[].service" Text, "A service.";
        "scaling[].instances" Number, "Its endpoints.";
        "scaling[].load" MaybeNumber, "Mean load score A now.";
        "scaling[].demand" MaybeNumber, "How much comes, over what the endpoints that serve can do, refused requests among it; the mean over the last minute. Null before the first sample.";
        "scaling[].add" Number, "Endpoints more that would bring a demand that was above balance.monitor.overload over a minute to balance.monitor.target; 0 for none.";
        "services[].service" Text, "A service, as the monitor found it at its last pass; null below where it is off.";
        "services[].overloaded" Any, "Names of the endpoints whose load (`busy`) has been above balance.monitor.overload for a while, and is not yet back at balance.monitor.target.";
        "services[].imbalance" MaybeNumber, "How far load score A of the busiest endpoint is above the mean of those that serve.";
        "services[].imbalanced" Any, "Whether that has been above balance.monitor.imbalance for a while.";
        "services[].rung" MaybeText, "What the service gives up (the ladder of degradation): normal, no_extras, no_retries or shedding.";
        "services[].rung_age" MaybeNumber, "Seconds since its pressure last changed that; since the start where it never did.";
        "services[].pressure" MaybeNumber, "How hard the service is pressed, 0 to 1: the largest part.";
        "services[].pressure_parts.queue" MaybeNumber, "Requests that wait, over those that may.";
        "services[].pressure_parts.wait" MaybeNumber, "The age of the oldest that waits, over balance.queue.max_wait.";
        "services[].pressure_parts.refused" MaybeNumber, "Ten times the share of requests that the queue refused since the pass before.";
    },
)];

/// Queues.
pub const QUEUE: &[Group] = &[(
    "",
    fields! {
        "service" Text, "A service.";
        "pending" Number, "Requests that wait for an endpoint with room.";
        "max_pending" Number, "Requests that may wait.";
        "oldest_age" Number, "Seconds since the oldest of them arrived; 0 when none waits.";
        "predicted_wait" MaybeNumber, "Seconds until all that wait now are served, by the rate at which requests were served lately; null where that is not known.";
        "by_priority" Any, "Requests that wait, by their priority.";
        "tenants" Number, "Tenants whose requests wait.";
        "by_tenant" Any, "Requests that wait, by tenant (a hash, hexadecimal); the 20 with the most.";
        "first" Any, "The requests whose turn comes first, in the order of their turns if nobody comes or goes; at most 20. Of each the priority, the class (how complex it is), the estimated cost, the tenant, for how many seconds it has waited, and `endpoint`: a forecast. It is the endpoint that its strategy, home, rule or key prefers by what is known now, full or not, with those before it in the list counted as if they were where theirs say; null where none may take it. None has an endpoint before its turn, and whichever has room then takes it.";
        "refused.queue_full" Number, "Requests that were refused because as many waited as may.";
        "refused.tenant_share" Number, "Those refused because the queue was full and their tenant waited for most.";
        "refused.wait_too_long" Number, "Those refused at once because they would have waited for too long.";
        "refused.queue_timeout" Number, "Those refused after they had waited for as long as they may.";
        "refused.left" Number, "Those that were not refused, and whose clients left while they waited.";
        "refused.shed" Number, "Those refused because requests of their priority did not wait (the rung shedding).";
    },
)];

/// Migrations.
pub const MIGRATIONS: &[Group] = &[(
    "",
    fields! {
        "service" Text, "A service.";
        "from_worker" Text, "The endpoint that requests move away from.";
        "to_worker" MaybeText, "The endpoint that the strategy prefers now of the others that serve and are not overloaded; null when there is none. Requests that wait go where the strategy has a place for each.";
        "reason" Text, "draining, with its requests in flight, or both loads of an endpoint that is overloaded. What is in flight is never moved.";
        "priority" Number, "1 to 10, larger is more urgent; 10 for what drains.";
    },
)];
