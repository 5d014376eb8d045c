//! The sections of the monitor: the pass that looks for overload and imbalance, the ladder of degradation, the rules about
//! resources.

use super::secs;
use config_table::forms::WORD;
use config_table::{choice, formed, required, section, share, time, within};
use std::time::Duration;

section! {
    /// The pass that looks for overload and imbalance, moves the ladder of degradation and evaluates the rules. Both are events when they begin and when they end, and metrics.
    Monitor {
        /// Off: neither is looked for, nothing is degraded, and no rule is in force.
        enabled: bool = true,
        /// Time between two passes.
        interval: Duration = secs(1) => time(),
        /// Load above which an endpoint is overloaded: the share of its places that is taken, where the strategy has learned these, or load score A where that is more.
        overload: f64 = 0.8 => share(),
        /// The overload of an endpoint ends at this load. So many endpoints are advised for a service on which too much comes for a minute as would bring its load here.
        target: f64 = 0.6 => share(),
        /// A service is imbalanced when load score A of an endpoint is so far above the mean of those that serve. It ends at half of it.
        imbalance: f64 = 0.3 => share(),
        /// How long overload and imbalance last, or are over, until they are told; and rules, until they are in force and no longer so.
        lasting: Duration = secs(5) => time(),
        /// Rules about the resources of the process and its machine.
        rules: Vec<ResourceRule> = default_rules(),
    }
}

section! {
    /// The ladder of degradation of each service: what it gives up while more comes than its endpoints can do. The pressure is the largest of: requests that wait over those that may; the age of the oldest over `balance.queue.max_wait`; ten times the share of requests that the queue refused since the pass before. While requests find room it is 0, and nothing is given up.
    Degradation {
        /// Off: nothing is given up by itself.
        enabled: bool = true,
        /// Pressure above which the next rung is taken: `no_extras` (no second attempts beside slow reads, none to make sure of a client's error), `no_retries` (none that costs an endpoint work), `shedding` (requests of low priority do not wait).
        raise_above: f64 = 0.8 => share(),
        /// Pressure at which a rung is left.
        lower_below: f64 = 0.5 => share(),
        /// How long the pressure is above `raise_above` before each rung.
        raise_after: Duration = secs(3) => time(),
        /// How long it is at or below `lower_below` before a rung is left; up to 16 times as long where that was too early before.
        lower_after: Duration = secs(10) => time(),
        /// On the rung `shedding`, requests with a lower priority than this are refused where they would have to wait. Priorities are 8 (premium users), 5, and 3 (very complex requests); one that is lower because a plan does not fit (`planner.when_infeasible`) counts as it would be otherwise. Requests of an open transaction never wait.
        shed_below: u32 = 5 => within(0.0, 10.0),
    }
}

section! {
    /// A rule about a resource.
    ResourceRule {
        /// Its name.
        name: String = String::new() => formed(&WORD).required(),
        /// The figure, as `GET /api/coordination/resources` shows it.
        figure: RuleFigure = RuleFigure::CpuUsage => required(),
        /// The rule holds while the figure is above this.
        above: f64 = 0.0 => within(0.0, 1e9).required(),
        /// What is done while it is in force.
        action: RuleAction = RuleAction::SkipExtras => required(),
    }
}

choice! {
    /// A figure of the resources.
    RuleFigure {
        /// The machine's processors, 0 to 1.
        CpuUsage = "cpu_usage",
        /// The machine's memory, 0 to 1.
        MemoryUsage = "memory_usage",
        /// Mean load of the endpoints of Qdrant, 0 to 1.
        VectorDbLoad = "vector_db_load",
        /// The same of Neo4j.
        GraphDbLoad = "graph_db_load",
        /// Requests that wait for an endpoint, of all services.
        PendingQueries = "pending_queries",
    }
}

choice! {
    /// What a rule does.
    RuleAction {
        /// All services are at least on the rung `no_extras`.
        SkipExtras = "skip_extras",
        /// All services are at least on the rung `no_retries`.
        SkipRetries = "skip_retries",
        /// All services are on the rung `shedding`.
        ShedLowPriority = "shed_low_priority",
        /// Responses are stored for twice as long, but those that change without a write.
        IncreaseCacheUsage = "increase_cache_usage",
        /// Nothing yet: a request goes to one database, so there is nothing to do in sequence.
        PreferSequentialExecution = "prefer_sequential_execution",
        /// Nothing yet: the limits of a request are the client's own.
        ReduceResultLimits = "reduce_result_limits",
    }
}

fn default_rules() -> Vec<ResourceRule> {
    let rule = |name: &str, figure, above, action| ResourceRule {
        name: name.into(),
        figure,
        above,
        action,
    };
    vec![
        rule(
            "high_load_sequential",
            RuleFigure::CpuUsage,
            0.8,
            RuleAction::PreferSequentialExecution,
        ),
        rule(
            "low_memory_reduce_limits",
            RuleFigure::MemoryUsage,
            0.9,
            RuleAction::ReduceResultLimits,
        ),
        rule(
            "high_queue_increase_priority",
            RuleFigure::PendingQueries,
            500.0,
            RuleAction::IncreaseCacheUsage,
        ),
    ]
}
