//! The sections of what saves work: planner, cache, query analysis, memory.

use super::super::forms::HEADER;
use super::secs;
use config_table::{
    ANY, Secret, Size, choice, count, formed, section, share, time, ttl, volume, within,
};
use std::time::Duration;

section! {
    /// The planner: thresholds and tables.
    Planner {
        /// Off: every request gets the plain plan and the cache's default time.
        enabled: bool = true,
        /// Response time taken as 1.0 in scores.
        max_response_time: Duration = secs(5) => time(),
        /// Share of the machine's processors past which a plan does not fit: what is in use and what it needs. What is not measured speaks against no plan.
        max_cpu_usage: f64 = 0.8 => share(),
        /// Share of the machine's memory past which a plan does not fit. Without `memory.enabled` it is not measured.
        max_memory_usage: f64 = 0.8 => share(),
        /// Load of a service's endpoints past which a plan does not fit.
        max_db_load: f64 = 0.9 => share(),
        /// Requests of all services that wait for an endpoint at most: past that none is let wait. `balance.queue.max_pending` bounds each service.
        max_queue_size: u32 = 1000 => within(0.0, 1e6),
        /// Whether what a plan needs counts in part or in full.
        feasibility: FeasibilityRule = FeasibilityRule::Scaled,
        /// What of a plan's need counts, with `feasibility: scaled`: requests share a machine, and a need is that of one that has it alone.
        requirement_scale: f64 = 0.1 => within(0.0, 100.0),
        /// What becomes of a request whose plan does not fit.
        when_infeasible: WhenInfeasible = WhenInfeasible::LowerPriority,
        /// Prefix of users whose requests have a higher priority: where requests wait for an endpoint, theirs go first.
        premium_prefix: String = "premium_".into(),
        /// Header that names the user, for `premium_prefix`.
        user_header: String = "x-user-id".into() => formed(&HEADER),
        /// Outcomes of plans that are kept of each service, type and strategy. None: estimates go by the shape of a request alone.
        history: u32 = 1000 => within(0.0, 1e5),
    }
}

choice! {
    /// What of a plan's need counts when it is compared with what is left.
    FeasibilityRule {
        /// The share `planner.requirement_scale` of it.
        Scaled = "scaled",
        /// All of it: only an idle machine takes complex requests, and none takes the most complex ones.
        Strict = "strict",
    }
}

choice! {
    /// What becomes of a request whose plan does not fit.
    WhenInfeasible {
        /// It is served. Where requests wait for an endpoint, those that fit go first: its priority is lower by two as long as a simple request fits.
        LowerPriority = "lower_priority",
        /// It is refused before anything is sent, unless it belongs to an open transaction or the cache has its response.
        Refuse = "refuse",
    }
}

section! {
    /// The inline cache.
    Cache {
        /// Off: nothing is stored, and no response comes from the cache.
        enabled: bool = true,
        /// Time to live where no category says otherwise. Every time to live is cut by up to a tenth, so that what was stored together does not expire together.
        default_ttl: Duration = secs(3600) => ttl(),
        /// Entries at most; none: bytes alone decide.
        max_size: Option<u64> = None => count(),
        /// How often expired entries are dropped.
        cleanup_interval: Duration = secs(300) => time(),
        /// The store in memory.
        l1: CacheL1 = CacheL1::default(),
        /// The store that several instances share.
        l2: CacheL2 = CacheL2::default(),
        /// Time to live by category; cut by up to a tenth, as `default_ttl`.
        categories: Categories = Categories::default(),
        /// Time to live of responses that change without a write (collection information).
        short_ttl: Duration = secs(5) => ttl(),
        /// Longest life of an entry that a credential fetched: a hit skips authentication.
        credential_ttl: Duration = secs(300) => ttl(),
        /// Bytes of one response that is stored at most.
        max_entry: Size = Size::mib(1) => volume(),
        /// How long a request waits for the same request of another client, before it goes alone; at most half of its own time limit.
        share_wait: Duration = secs(5) => time(),
        /// How long nothing is stored after a write whose outcome or time of effect is unknown.
        quarantine: Duration = secs(10) => time(),
        /// How long nothing is stored from an endpoint after it was slow, ejected or back.
        rejoin_hold: Duration = secs(30) => time(),
        /// Store empty results. Not used yet.
        store_empty: bool = true => ANY.not_used_yet(),
    }
}

section! {
    /// The store in memory.
    CacheL1 {
        /// Off: nothing is stored in memory.
        enabled: bool = true,
        /// Bytes of all entries, keys and fixed cost included.
        size: Size = Size::mib(512) => volume(),
        /// Which entries go first when it is full. Not used yet.
        policy: L1Policy = L1Policy::Lru => ANY.not_used_yet(),
    }
}

choice! {
    /// Which entries go first when a store is full.
    L1Policy {
        /// The one that was not read for the longest time.
        Lru = "lru",
        /// The one that was read the least often.
        Lfu = "lfu",
        /// The one that ends first.
        Ttl = "ttl",
    }
}

section! {
    /// The store that several instances share.
    CacheL2 {
        /// Off: nothing is shared. Without an address it is off as well. Not used yet.
        enabled: bool = true => ANY.not_used_yet(),
        /// Address of the Redis server, `redis://HOST:6379/0`; it may hold a password. Not used yet.
        redis_url: Option<Secret> = None => ANY.not_used_yet(),
        /// Time to live of an entry. Not used yet.
        ttl: Duration = secs(3600) => ttl().not_used_yet(),
    }
}

section! {
    /// Time to live by category.
    Categories {
        /// Points and nodes by id.
        entity: Duration = secs(7200) => ttl(),
        /// One relationship pattern.
        relation: Duration = secs(7200) => ttl(),
        /// Multi-hop patterns.
        path: Duration = secs(1800) => ttl(),
        /// Other Cypher reads.
        query: Duration = secs(900) => ttl(),
        /// Vector search.
        vector: Duration = secs(3600) => ttl(),
        /// Counts and information.
        graph_stats: Duration = secs(14400) => ttl(),
    }
}

section! {
    /// Query analysis.
    Queries {
        /// Off: no slow log.
        enabled: bool = true,
        /// A request at least this slow is logged as slow.
        slow_threshold: Duration = secs(1) => time(),
        /// Analysed statements that are kept. Not used yet.
        cache_size: u32 = 1000 => count().not_used_yet(),
        /// How long the analysis of a statement is kept. Not used yet.
        cache_ttl: Duration = secs(300) => ttl().not_used_yet(),
        /// Whether recommended indexes are created. Not used yet.
        auto_indexing: bool = false => ANY.not_used_yet(),
    }
}

section! {
    /// Memory watch.
    Memory {
        /// Off: no memory figures. The metric of the resident memory and the component `memory` of the health route are absent.
        enabled: bool = true,
        /// Share of the memory limit above which memory is given back. Not used yet.
        gc_threshold: f64 = 0.8 => share().not_used_yet(),
        /// Whether growth without end is looked for. Not used yet.
        leak_detection: bool = true => ANY.not_used_yet(),
        /// Buffers kept for reuse, by their class. Not used yet.
        pool_sizes: PoolSizes = PoolSizes::default() => ANY.not_used_yet(),
    }
}

section! {
    /// Buffers kept for reuse, by their class.
    PoolSizes {
        /// Small buffers.
        small: u32 = 1000 => within(0.0, 1e6),
        /// Medium buffers.
        medium: u32 = 500 => within(0.0, 1e6),
        /// Large buffers.
        large: u32 = 100 => within(0.0, 1e6),
    }
}
