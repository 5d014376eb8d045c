//! The sections of the configuration, each with its keys, defaults and words of explanation. This
//! is the one table: the decoder, `config/full.yaml`, the JSON schema and the reference are made from it.

use super::values::{Secret, Size};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

const fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

macro_rules! section {
    ($(#[doc = $about:literal])* $name:ident { $($(#[doc = $doc:literal])* $key:ident: $type:ty = $default:expr,)* }) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name { $($(#[doc = $doc])* pub $key: $type,)* }
        impl Default for $name {
            fn default() -> Self {
                Self { $($key: $default,)* }
            }
        }
    };
}

macro_rules! choice {
    ($(#[doc = $about:literal])* $name:ident { $($(#[doc = $doc:literal])* $variant:ident = $word:literal,)* }) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[doc = $doc])* $variant,)* }
        impl $name {
            /// Every choice with its word in the configuration.
            pub const ALL: &'static [($name, &'static str)] = &[$(($name::$variant, $word),)*];

            /// The word in the configuration.
            pub const fn word(self) -> &'static str {
                match self { $($name::$variant => $word,)* }
            }
        }
    };
}

section! {
    /// The whole configuration.
    Config {
        /// The databases behind the proxy, by name. The name stands in tags, metrics and the admin API.
        services: BTreeMap<String, Service> = BTreeMap::new(),
        /// How requests are read, and what clients may take.
        path: Path = Path::default(),
        /// Connections to the endpoints.
        upstream: Upstream = Upstream::default(),
        /// How the best endpoint is chosen, and when a read is tried again.
        balance: Balance = Balance::default(),
        /// Active probes.
        health: Health = Health::default(),
        /// The circuit breaker of each endpoint, fed by traffic.
        breaker: Breaker = Breaker::default(),
        /// The planner: thresholds and tables.
        planner: Planner = Planner::default(),
        /// The inline cache.
        cache: Cache = Cache::default(),
        /// Query analysis.
        queries: Queries = Queries::default(),
        /// Memory watch.
        memory: Memory = Memory::default(),
        /// Logs, metrics and history.
        observe: Observe = Observe::default(),
        /// Alert thresholds.
        thresholds: Thresholds = Thresholds::default(),
        /// The admin API: health, metrics, explanations, reload.
        admin: Admin = Admin::default(),
        /// The process itself. Changes here need a restart.
        process: Process = Process::default(),
    }
}

choice! {
    /// How a database speaks.
    DialectName {
        /// Qdrant's REST interface.
        Qdrant = "qdrant",
        /// Neo4j's Query API and transactional HTTP API.
        Neo4j = "neo4j",
        /// Anything else: balanced and watched, never cached.
        Http = "http",
    }
}

section! {
    /// One logical database.
    Service {
        /// How it speaks: qdrant, neo4j or http. Required.
        dialect: DialectName = DialectName::Http,
        /// The address that clients connect to. Default by dialect: qdrant 127.0.0.1:6433, neo4j 127.0.0.1:7574, http 127.0.0.1:8180. A change needs a restart.
        listen: Option<SocketAddr> = None,
        /// The replicas. A bare URL stands for an endpoint with all else default. At least one.
        endpoints: Vec<Endpoint> = Vec::new(),
        /// The strategy of this service; otherwise `balance.strategy`.
        strategy: Option<StrategyName> = None,
        /// Whether answers of this service may be cached; needs `cache.enabled` as well.
        cache: bool = true,
        /// Credential of probes and inquiries, never lent to clients.
        probe: ProbeCredential = ProbeCredential::default(),
        /// Several Neo4j servers that share one database (a cluster). Fenced reads then go to the writer or carry the newest bookmark.
        cluster: bool = false,
        /// Operations that may be repeated although they write, by name (`points.upsert`), where repeating them is harmless.
        idempotent: Vec<String> = Vec::new(),
        /// Names of read-only plug-in procedures and functions that may be cached (Neo4j).
        pure: Vec<String> = Vec::new(),
    }
}

section! {
    /// One replica.
    Endpoint {
        /// Its name in metrics, tokens and the admin API. Default: host-port.
        name: String = String::new(),
        /// `http://host:port`. Names are resolved in the background.
        url: String = String::new(),
        /// Share of traffic relative to the others, 0..=1000; 0 takes traffic only when all are 0.
        weight: f64 = 1.0,
        /// Requests in flight at most; more go elsewhere or wait.
        max_connections: u32 = 100,
        /// Whether it takes writes: auto (found by probes), writer, reader.
        role: RoleChoice = RoleChoice::Auto,
    }
}

choice! {
    /// Whether an endpoint takes writes.
    RoleChoice {
        /// Found by probes; a server that does not tell takes both.
        Auto = "auto",
        /// Reads and writes.
        Writer = "writer",
        /// Reads only.
        Reader = "reader",
    }
}

section! {
    /// Credential of probes and inquiries.
    ProbeCredential {
        /// User of basic authentication (Neo4j).
        user: Option<String> = None,
        /// Password of basic authentication (Neo4j).
        password: Option<Secret> = None,
        /// API key (Qdrant), sent as `api-key`.
        api_key: Option<Secret> = None,
    }
}

section! {
    /// How requests are read, and what clients may take.
    Path {
        /// Bytes of a request body that are read before it is understood; a longer body streams and is classified by its path.
        peek_limit: Size = Size::mib(1),
        /// Bytes of an answer that are held until it is judged; a longer answer streams on, and can then no longer be repeated or stored.
        hold_limit: Size = Size::mib(1),
        /// Bytes of a request's header fields.
        max_header_size: Size = Size::kib(64),
        /// Number of a request's header fields.
        max_header_count: u32 = 200,
        /// Time for one read from a client, of its header or its body.
        client_read_timeout: Duration = secs(60),
        /// Time for one write to a client.
        client_write_timeout: Duration = secs(60),
        /// How long an idle client connection is kept.
        client_keepalive: Duration = secs(75),
        /// Requests on one client connection, after which it is closed.
        client_requests: u32 = 100_000,
        /// Client connections of one listener at a time; more wait to be accepted.
        max_clients: u32 = 10_000,
    }
}

section! {
    /// Connections to the endpoints.
    Upstream {
        /// Time to connect.
        connect_timeout: Duration = secs(2),
        /// Time until an answer to a read begins, and for each part of it.
        read_timeout: Duration = secs(30),
        /// Time until an answer to a write begins. Qdrant answers a healthy write after up to 15 s.
        write_timeout: Duration = secs(60),
        /// Time for one send to an endpoint.
        send_timeout: Duration = secs(30),
        /// How long an idle connection is kept; below the server's own limit (Qdrant 5 s).
        idle_timeout: Duration = secs(4),
        /// Idle connections kept in all.
        pool_size: u32 = 128,
        /// How often names are resolved again.
        resolve_every: Duration = secs(5),
    }
}

choice! {
    /// A way to choose an endpoint.
    StrategyName {
        /// Each in turn.
        RoundRobin = "round_robin",
        /// Each in turn, in proportion to the weights.
        WeightedRoundRobin = "weighted_round_robin",
        /// The fewest requests in flight per weight.
        LeastConnections = "least_connections",
        /// The lowest mix of load and answer time.
        ResourceAware = "resource_aware",
        /// Resource aware, corrected by what was learned for this complexity.
        Adaptive = "adaptive",
    }
}

section! {
    /// How the best endpoint is chosen, and when a read is tried again.
    Balance {
        /// Off: round robin over all endpoints, whatever their state.
        enabled: bool = true,
        /// round_robin, weighted_round_robin, least_connections, resource_aware or adaptive.
        strategy: StrategyName = StrategyName::Adaptive,
        /// Attempts in all for a read, each at another endpoint.
        max_retries: u32 = 3,
        /// Retries as a share of requests, so that a failing service is not hit harder.
        retry_budget: f64 = 0.2,
        /// Retries per second that are always allowed.
        retry_floor: u32 = 10,
    }
}

choice! {
    /// How probes change a state.
    HealthRule {
        /// So many failures in a row; one success restores.
        Consecutive = "consecutive",
        /// A failure adds one, a success takes one away; above 3 degraded, above 5 unhealthy.
        Leaky = "leaky",
    }
}

section! {
    /// Active probes.
    Health {
        /// Off: every endpoint is taken as healthy until traffic says otherwise.
        enabled: bool = true,
        /// Time between two probes of an endpoint, with jitter.
        interval: Duration = secs(30),
        /// Time for one probe.
        timeout: Duration = secs(5),
        /// consecutive or leaky.
        rule: HealthRule = HealthRule::Consecutive,
        /// Failed probes in a row until an endpoint is unhealthy.
        unhealthy_after: u32 = 5,
        /// Good probes in a row until it is healthy again.
        healthy_after: u32 = 1,
    }
}

section! {
    /// The circuit breaker of each endpoint, fed by traffic.
    Breaker {
        /// Off: traffic never takes an endpoint out.
        enabled: bool = true,
        /// Failures in a row until it opens.
        threshold: u32 = 5,
        /// How long it stays open before one request may try.
        open_for: Duration = secs(300),
        /// Each time that the trial fails, the time is doubled, up to this.
        open_at_most: Duration = secs(1800),
        /// A good probe lets a trial through at once.
        recover_on_probe: bool = false,
        /// Share of the endpoints of a service that breakers may take out at a time, 0..=1; one may always go while another stays.
        max_ejected: f64 = 0.5,
    }
}

section! {
    /// The planner: thresholds and tables.
    Planner {
        /// Off: every request gets the plain plan and the cache's default time.
        enabled: bool = true,
        /// Response time taken as 1.0 in scores.
        max_response_time: Duration = secs(5),
        /// CPU share above which a plan does not fit.
        max_cpu_usage: f64 = 0.8,
        /// Memory share above which a plan does not fit.
        max_memory_usage: f64 = 0.8,
        /// Load of a database above which a plan does not fit.
        max_db_load: f64 = 0.9,
        /// Pending requests above which nothing fits.
        max_queue_size: u32 = 1000,
        /// Factor on the needs when they are compared with the load (1.0 = literal).
        requirement_scale: f64 = 0.1,
        /// Prefix of users whose requests get a higher priority.
        premium_prefix: String = "premium_".into(),
        /// Header that names the user.
        user_header: String = "x-user-id".into(),
        /// Records kept per type and strategy.
        history: u32 = 1000,
    }
}

section! {
    /// The inline cache.
    Cache {
        /// Off: nothing is stored, nothing is answered from store.
        enabled: bool = true,
        /// Time to live where no category says otherwise.
        default_ttl: Duration = secs(3600),
        /// Entries at most; none: bytes alone decide.
        max_size: Option<u64> = None,
        /// How often expired entries are dropped.
        cleanup_interval: Duration = secs(300),
        /// The store in memory.
        l1: CacheL1 = CacheL1::default(),
        /// Time to live by category.
        categories: Categories = Categories::default(),
        /// Time to live of answers that move without a write (collection information).
        short_ttl: Duration = secs(5),
        /// Longest life of an entry of a credential: a hit skips authentication.
        credential_ttl: Duration = secs(300),
        /// Bytes of one answer that is stored.
        max_entry: Size = Size::mib(1),
        /// How long a request waits for the same request of another client, before it goes alone.
        share_wait: Duration = secs(5),
        /// How long nothing is stored after a write whose outcome or time of effect is unknown.
        quarantine: Duration = secs(10),
        /// How long nothing is stored from an endpoint after it was slow, ejected or back.
        rejoin_hold: Duration = secs(30),
        /// Store empty results.
        store_empty: bool = true,
    }
}

section! {
    /// The store in memory.
    CacheL1 {
        /// Off: nothing is stored in memory.
        enabled: bool = true,
        /// Bytes of all entries, keys and fixed cost included.
        size: Size = Size::mib(512),
    }
}

section! {
    /// Time to live by category.
    Categories {
        /// Points and nodes by id.
        entity: Duration = secs(7200),
        /// One relationship pattern.
        relation: Duration = secs(7200),
        /// Multi-hop patterns.
        path: Duration = secs(1800),
        /// Other Cypher reads.
        query: Duration = secs(900),
        /// Vector search.
        vector: Duration = secs(3600),
        /// Counts and information.
        graph_stats: Duration = secs(14400),
    }
}

section! {
    /// Query analysis.
    Queries {
        /// Off: no slow log.
        enabled: bool = true,
        /// A request at least this slow is logged as slow.
        slow_threshold: Duration = secs(1),
    }
}

section! {
    /// Memory watch.
    Memory {
        /// Off: no memory figures.
        enabled: bool = true,
    }
}

choice! {
    /// How log lines look.
    LogFormat {
        /// For people.
        Text = "text",
        /// One JSON object a line.
        Json = "json",
    }
}

section! {
    /// Logs, metrics and history.
    Observe {
        /// Off: `/metrics` is empty.
        metrics: bool = true,
        /// Log filter: `info`, `pointsman=debug`, ...
        log: String = "info".into(),
        /// text or json.
        log_format: LogFormat = LogFormat::Text,
        /// One line for each request.
        log_requests: bool = false,
        /// Explanations kept for the admin API.
        history: u32 = 1000,
    }
}

section! {
    /// Alert thresholds.
    Thresholds {
        /// Mean response time.
        response_time: Duration = secs(1),
        /// CPU, percent.
        cpu_usage: f64 = 80.0,
        /// Memory, percent.
        memory_usage: f64 = 85.0,
        /// Errors, percent.
        error_rate: f64 = 5.0,
    }
}

section! {
    /// The admin API: health, metrics, explanations, reload.
    Admin {
        /// Its address. Not a loopback address: a token is needed. A change needs a restart.
        listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 9600)),
        /// Bearer token that may read and operate. None: loopback only, no token asked.
        operate_token: Option<Secret> = None,
        /// Bearer token that may only read.
        read_token: Option<Secret> = None,
    }
}

section! {
    /// The process itself. Changes here need a restart.
    Process {
        /// Worker threads of the path; 0: one per core.
        workers: u32 = 0,
        /// How long a stop waits for requests in flight.
        drain_limit: Duration = secs(30),
        /// How long a changed file must be quiet before it is read.
        reload_delay: Duration = millis(200),
    }
}
