//! The process as a whole: its routes, whether it lives, its health, its configuration.

use super::{Field, Group, Kind};

/// The list of routes.
pub const INDEX: &[Group] = &[(
    "",
    fields! {
        "name" Text, "pointsman.";
        "version" Text, "Its version.";
        "routes[].method" Text, "The method of a route.";
        "routes[].path" Text, "Its path.";
        "routes[].about" Text, "What it does.";
    },
)];

/// Whether the process lives.
pub const LIVE: &[Group] = &[(
    "",
    fields! {
        "live" Bool, "Always true.";
    },
)];

/// Whether traffic may be sent here.
pub const READY: &[Group] = &[(
    "",
    fields! {
        "ready" Bool, "True. When not ready, the status is 503 and `detail` holds the reasons.";
        "reasons" Any, "Empty.";
    },
)];

/// Health of the components.
pub const HEALTH: &[Group] = &[(
    "",
    fields! {
        "overall_health" Text, "healthy, or degraded when a component is not.";
        "components.cache" Text, "healthy or unhealthy, as the other components.";
        "components.database" Text, "Whether every service has an endpoint that serves.";
        "components.load_balancer" Text, "The same.";
        "components.memory" Text, "Whether the machine's memory is below thresholds.memory_usage; absent when memory.enabled is false.";
        "components.configuration" Text, "Whether the last reload was accepted.";
        "timestamp" Number, "Milliseconds since 1970.";
    },
)];

/// The configuration.
pub const CONFIG: &[Group] = &[(
    "",
    fields! {
        "*" Any, "The configuration, as docs/configuration.md describes it, secrets as `***`.";
    },
)];

/// A reload that was accepted.
pub const RELOADED: &[Group] = &[(
    "",
    fields! {
        "generation" Number, "The generation that serves now.";
        "changed" Bool, "Whether anything differs from before.";
        "warnings" Any, "Keys that need a restart, and notes; a list of texts.";
    },
)];

/// What is on.
pub const MODE: &[Group] = &[(
    "",
    fields! {
        "mode" Text, "normal, or bypass: no planner, no cache, round robin.";
        "features.*" Bool, "Whether the feature is on: cache, planner, balance, health, breaker, queries.";
    },
)];
