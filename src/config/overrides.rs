//! Which variables reach the configuration: `POINTSMAN_...` for every key, and the flat names
//! `PERFORMANCE_...`.

use config_table::{Alias, Aliases, Overrides, Reading};

/// Every variable that is read.
pub const OVERRIDES: Overrides = Overrides {
    prefix: "POINTSMAN_",
    reserved: &["POINTSMAN_CONFIG"],
    aliases: Some(&PERFORMANCE),
};

/// The flat names.
pub const PERFORMANCE: Aliases = Aliases {
    prefix: "PERFORMANCE_",
    names: NAMES,
};

const NAMES: &[Alias] = &[
    switch("cache_enabled", "cache.enabled"),
    seconds("cache_default_ttl", "cache.default_ttl"),
    plain("cache_max_size", "cache.max_size"),
    seconds("cache_cleanup_interval", "cache.cleanup_interval"),
    switch("db_optimization_enabled", "queries.enabled"),
    seconds("db_slow_query_threshold", "queries.slow_threshold"),
    plain("db_connection_pool_size", "upstream.pool_size"),
    plain("db_query_cache_size", "queries.cache_size"),
    switch("memory_monitoring_enabled", "memory.enabled"),
    plain("memory_gc_threshold", "memory.gc_threshold"),
    switch("memory_leak_detection", "memory.leak_detection"),
    plain("memory_pool_sizes", "memory.pool_sizes"),
    switch("load_balancer_enabled", "balance.enabled"),
    plain("load_balancer_strategy", "balance.strategy"),
    seconds("load_balancer_health_check_interval", "health.interval"),
    plain("load_balancer_max_retries", "balance.max_retries"),
    switch("metrics_enabled", "observe.metrics"),
    seconds("metrics_collection_interval", "observe.collection_interval"),
    plain("metrics_retention_days", "observe.retention_days"),
    plain("metrics_batch_size", "observe.batch_size"),
    seconds("response_time_threshold", "thresholds.response_time"),
    plain("cpu_usage_threshold", "thresholds.cpu_usage"),
    plain("memory_usage_threshold", "thresholds.memory_usage"),
    plain("error_rate_threshold", "thresholds.error_rate"),
];

const fn plain(name: &'static str, key: &'static str) -> Alias {
    alias(name, key, Reading::Plain)
}

const fn seconds(name: &'static str, key: &'static str) -> Alias {
    alias(name, key, Reading::Seconds)
}

const fn switch(name: &'static str, key: &'static str) -> Alias {
    alias(name, key, Reading::Switch)
}

const fn alias(name: &'static str, key: &'static str, reading: Reading) -> Alias {
    Alias { name, key, reading }
}
