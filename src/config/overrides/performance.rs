//! The flat names `PERFORMANCE_...` (any case) and the keys that they stand for.

/// How the text of such a variable is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// As the key itself would be.
    Plain,
    /// A plain number counts seconds.
    Seconds,
    /// Also 1, 0, yes, no, on, off, in any case.
    Switch,
}

/// Name without the prefix, key, and how it is read.
pub const NAMES: &[(&str, &str, Reading)] = &[
    ("cache_enabled", "cache.enabled", Reading::Switch),
    ("cache_default_ttl", "cache.default_ttl", Reading::Seconds),
    ("cache_max_size", "cache.max_size", Reading::Plain),
    (
        "cache_cleanup_interval",
        "cache.cleanup_interval",
        Reading::Seconds,
    ),
    (
        "db_optimization_enabled",
        "queries.enabled",
        Reading::Switch,
    ),
    (
        "db_slow_query_threshold",
        "queries.slow_threshold",
        Reading::Seconds,
    ),
    (
        "db_connection_pool_size",
        "upstream.pool_size",
        Reading::Plain,
    ),
    ("db_query_cache_size", "queries.cache_size", Reading::Plain),
    (
        "memory_monitoring_enabled",
        "memory.enabled",
        Reading::Switch,
    ),
    ("memory_gc_threshold", "memory.gc_threshold", Reading::Plain),
    (
        "memory_leak_detection",
        "memory.leak_detection",
        Reading::Switch,
    ),
    ("memory_pool_sizes", "memory.pool_sizes", Reading::Plain),
    ("load_balancer_enabled", "balance.enabled", Reading::Switch),
    ("load_balancer_strategy", "balance.strategy", Reading::Plain),
    (
        "load_balancer_health_check_interval",
        "health.interval",
        Reading::Seconds,
    ),
    (
        "load_balancer_max_retries",
        "balance.max_retries",
        Reading::Plain,
    ),
    ("metrics_enabled", "observe.metrics", Reading::Switch),
    (
        "metrics_collection_interval",
        "observe.collection_interval",
        Reading::Seconds,
    ),
    (
        "metrics_retention_days",
        "observe.retention_days",
        Reading::Plain,
    ),
    ("metrics_batch_size", "observe.batch_size", Reading::Plain),
    (
        "response_time_threshold",
        "thresholds.response_time",
        Reading::Seconds,
    ),
    (
        "cpu_usage_threshold",
        "thresholds.cpu_usage",
        Reading::Plain,
    ),
    (
        "memory_usage_threshold",
        "thresholds.memory_usage",
        Reading::Plain,
    ),
    (
        "error_rate_threshold",
        "thresholds.error_rate",
        Reading::Plain,
    ),
];

const PREFIX: &str = "performance_";

/// The name without its prefix, in lower case, if it has the prefix.
pub fn stem(variable: &str) -> Option<String> {
    let name = variable.to_ascii_lowercase();
    name.strip_prefix(PREFIX).map(Into::into)
}

/// Key and reading of a stem.
pub fn key(stem: &str) -> Option<(&'static str, Reading)> {
    let entry = NAMES.iter().find(|(name, _, _)| *name == stem);
    entry.map(|(_, key, reading)| (*key, *reading))
}

/// The text in the words of the configuration.
pub fn translate(text: &str, reading: Reading) -> String {
    let text = text.trim();
    match reading {
        Reading::Plain => text.into(),
        Reading::Seconds if text.parse::<f64>().is_ok() => format!("{text}s"),
        Reading::Seconds => text.into(),
        Reading::Switch => match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => "true".into(),
            "false" | "0" | "no" | "off" => "false".into(),
            _ => text.into(),
        },
    }
}
