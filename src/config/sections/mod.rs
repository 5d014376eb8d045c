//! The sections of the configuration, each with its keys, defaults, rules and words of explanation.
//! This is the one table: the decoder, the overrides, `config/full.yaml`, the JSON schema and the
//! reference are made from it. Here: the path of a request; services, features and operation in their files.

mod features;
mod monitor;
mod operation;
mod service;
mod strategy;

pub use crate::dialect::DialectName;
pub use features::*;
pub use monitor::*;
pub use operation::*;
pub use service::*;
pub use strategy::*;

use super::forms::HEADER;
use balancing::policies::Strategy;
use config_table::forms::WORD;
use config_table::{Size, choice, count, formed, section, share, time, volume, within};
use std::collections::BTreeMap;
use std::time::Duration;

const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

section! {
    /// The whole configuration.
    Config {
        /// The databases behind the proxy, by name. The name is part of tags, metrics and the admin API.
        services: BTreeMap<String, Service> = BTreeMap::new(),
        /// Bypass: no planner, no cache, no hedges, round robin over the endpoints that serve, whatever other keys prefer. What `never` of `balance.affinity_rules` rules out stays so.
        mode: Mode = Mode::Normal,
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
        /// What is learned, kept beyond the process.
        state: State = State::default(),
        /// Alert thresholds.
        thresholds: Thresholds = Thresholds::default(),
        /// The admin API: health, metrics, explanations, reload.
        admin: Admin = Admin::default(),
        /// The process itself.
        process: Process = Process::default(),
    }
}

impl Config {
    /// The keys that differ and need a restart, by path, sorted.
    pub fn restart_only_changes(&self, other: &Config) -> Vec<String> {
        config_table::restart_only_changes(self, other)
    }

    /// What serves under its mode.
    pub fn effective(mut self) -> Self {
        if self.mode == Mode::Bypass {
            self.planner.enabled = false;
            self.cache.enabled = false;
            self.balance.strategy = Strategy::RoundRobin.into();
            self.balance.shadow = None;
            self.balance.affinity = KeyAffinity::default();
            for rule in &mut self.balance.affinity_rules {
                rule.prefer.clear();
                rule.strategy = None;
            }
            self.balance.preferred_region = None;
            self.balance.preferred_zone = None;
            self.balance.hedging = false;
            self.balance.degradation.enabled = false;
            self.balance.monitor.rules.clear();
            let services = self.services.values_mut();
            services.for_each(|service| {
                service.strategy = None;
                service.affinity = None;
            });
        }
        self
    }
}

choice! {
    /// Whether pointsman decides anything.
    Mode {
        /// As configured.
        Normal = "normal",
        /// No planner, no cache, no hedges, no preferences, round robin.
        Bypass = "bypass",
    }
}

section! {
    /// How requests are read, and what clients may take.
    Path {
        /// Bytes of a request body that are read before it is understood; a longer body streams and is classified by its path.
        peek_limit: Size = Size::mib(1) => volume(),
        /// Bytes of a body that are read before anything of it is sent, where the database would execute a body that was cut (Neo4j). A longer one is refused with 413.
        spool_limit: Size = Size::mib(16) => volume(),
        /// Bytes of memory for all bodies that are held at a time, of requests and responses. When they are used up, bodies stream unread, and what must be read whole is refused with 503; beyond them, a response whose endpoint has more to send takes one part of it (64 KiB) at a time, and there are at most twice `max_connections` of these for each endpoint. Responses take at most half of it, and what is read ahead a quarter, so that clients that read slowly leave room for the others.
        held_bodies: Size = Size::mib(256) => volume(),
        /// Share of `held_bodies` that one client address may hold, 0..=1.
        client_share: f64 = 0.5 => share(),
        /// Bytes of a response that streams that are read ahead of a client that takes it slowly, so that its endpoint is free for others; part of `held_bodies`.
        read_ahead: Size = Size::mib(4) => volume(),
        /// Bytes of a response that are held until it is judged; a longer one streams on, and can then no longer be repeated or stored.
        hold_limit: Size = Size::mib(1) => volume(),
        /// Bytes of a request's header fields.
        max_header_size: Size = Size::kib(64) => volume(),
        /// Number of a request's header fields.
        max_header_count: u32 = 200 => count(),
        /// How long a new client connection may send nothing.
        client_first_byte_timeout: Duration = secs(60) => time(),
        /// Time for the header of a request, from its first byte; and how long a client that sends a body may be silent.
        client_read_timeout: Duration = secs(60) => time(),
        /// How long a client may take nothing of a response, beside the time that 256 KiB take at `client_rate`: so much may be on the way to it.
        client_write_timeout: Duration = secs(60) => time(),
        /// Bytes a second that a client must send or take. Waiting uses up the time above, each byte gives back the time that it takes at this rate, and no more than that is ever saved up: a client at this rate or above is never cut, and fast bytes earn no silence.
        client_rate: Size = Size::kib(1) => volume(),
        /// How long an idle client connection is kept.
        client_keepalive: Duration = secs(75) => time(),
        /// Requests on one client connection, after which it is closed.
        client_requests: u32 = 100_000 => count(),
        /// Connections of one listener that the system completes before they are accepted; `net.core.somaxconn` is the system's own bound. A change needs a restart.
        listen_backlog: u32 = 1024 => within(1.0, 65535.0).restart(),
        /// Client connections of one listener at a time; more wait to be accepted. Fewer where the process may not open enough files (`ulimit -n`): a line at the start, or at the reload that changes the number, says how many. Clients beyond a lower number stay until they leave.
        max_clients: u32 = 10_000 => count(),
    }
}

section! {
    /// Connections to the endpoints.
    Upstream {
        /// Time to connect.
        connect_timeout: Duration = secs(2) => time(),
        /// Time until the response to a read begins, and for each part of it. A client's own limit, where its request names one that the database keeps, counts instead, and 5 s more; one that it may pass over (`maxExecutionTime` of the Query API) counts where it is longer. Generous, so that nothing is cut that the database would have answered: an endpoint that hangs is found by its probes.
        read_timeout: Duration = secs(600) => time(),
        /// Time until the response to a write begins, and for each part of it. What the database does to a write may take long (`CALL ... IN TRANSACTIONS`, snapshots, indexes), and a write that is cut has an unknown outcome.
        write_timeout: Duration = secs(3600) => time(),
        /// Time for a request in all: every attempt, to the end of the response.
        total_timeout: Duration = secs(86_400) => time(),
        /// Time for one send to an endpoint.
        send_timeout: Duration = secs(30) => time(),
        /// How long an idle connection is kept; below the server's own limit (Qdrant 5 s).
        idle_timeout: Duration = secs(4) => time(),
        /// Idle connections kept in all. A change needs a restart.
        pool_size: u32 = 128 => count().restart(),
        /// How often names are resolved again.
        resolve_every: Duration = secs(5) => time(),
        /// How long an endpoint that a reload removed or moved still takes the requests of its transactions after the last one. Longer than the database keeps an idle transaction (Neo4j's Query API: 60 s).
        drain_idle: Duration = secs(90) => time(),
        /// How long such an endpoint takes them at most.
        drain_at_most: Duration = secs(3600) => time(),
    }
}

section! {
    /// How the best endpoint is chosen, and when a read is tried again.
    Balance {
        /// Off: round robin over all endpoints, whatever their state.
        enabled: bool = true,
        /// How an endpoint is chosen, where a service does not say otherwise.
        strategy: StrategyName = Strategy::Adaptive.into(),
        /// What `strategy: adaptive` stands for.
        adaptive: AdaptiveRules = AdaptiveRules::default(),
        /// Strategies of figures, by name. At most 64.
        custom: BTreeMap<String, CustomRules> = BTreeMap::new(),
        /// Requests that go to the same endpoint.
        affinity: KeyAffinity = KeyAffinity::default(),
        /// Requests that endpoints never take, or take before others, or for which another strategy chooses. At most 64. A request of an open transaction goes where that lives: rules count where it begins.
        affinity_rules: Vec<AffinityRule> = Vec::new(),
        /// A strategy that is asked for each choice beside the one that decides, to see what it would do. It affects nothing.
        shadow: Option<StrategyName> = None,
        /// How long a figure counts that an agent pushed for an endpoint; an older one is unknown.
        report_ttl: Duration = secs(30) => time(),
        /// The region whose endpoints take the requests; those of another one only where these are full, overloaded, failing or out, and then of the one that responds fastest.
        preferred_region: Option<String> = None,
        /// The zone whose endpoints take the requests before those of other zones.
        preferred_zone: Option<String> = None,
        /// Attempts in all for a read, each at another endpoint.
        max_retries: u32 = 3 => within(1.0, 100.0),
        /// Whether a read that ran into a time limit is sent to another endpoint. A statement that takes long takes as long there, and loads that one too.
        retry_timeouts: bool = false,
        /// Retries as a share of the requests whose first attempt did not fail, so that a failing service is not hit harder.
        retry_budget: f64 = 0.2 => share(),
        /// Retries per second that are allowed however small that share is; none of either while the service fails as a whole.
        retry_floor: u32 = 10 => within(0.0, 1e6),
        /// Whether a read that takes longer than nearly all of its kind is sent to a second endpoint as well; the first good response counts. For at most 2 % of the requests, and while the endpoints have room.
        hedging: bool = true,
        /// Where requests wait that find no endpoint with room.
        queue: Queue = Queue::default(),
        /// The pass that looks for overload and imbalance.
        monitor: Monitor = Monitor::default(),
        /// What is given up while more comes than the endpoints can do.
        degradation: Degradation = Degradation::default(),
    }
}

section! {
    /// Where requests wait that find no endpoint with room; one for each service. It is ordered by the priority of the plan, then by fair shares of the tenants, then by deadline and age.
    Queue {
        /// Requests of a service that wait at most; 0: none waits.
        max_pending: u32 = 1000 => within(0.0, 100_000.0),
        /// Requests that wait at most, for each endpoint of the service.
        max_pending_per_endpoint: u32 = 500 => within(0.0, 100_000.0),
        /// How long a request waits at most. One whose wait is foretold to be longer than two seconds does not wait at all, whatever this is: its client may be gone by then. One with a time limit of its own, in a form that the database keeps, waits for three tenths of it at most, so that the rest is left for the database.
        max_wait: Duration = secs(10) => time(),
        /// How the queue keeps itself short when more comes than can be served.
        overload: OverloadRule = OverloadRule::PredictedWait,
        /// Header that names the tenant; tenants of one priority share the endpoints by estimated cost: evenly, or as `tenants` says. None: the credential of the request is its tenant.
        tenant_header: Option<String> = None => formed(&HEADER),
        /// Weights of tenants, by the name in that header, such as `tenants: {acme: 2}`: while both wait, one of weight 2 is given twice as much as one of weight 1, by estimated cost. Who is not named here has 1. At most 1000.
        tenants: BTreeMap<String, f64> = BTreeMap::new() => within(0.01, 100.0).named(&WORD),
    }
}

impl Queue {
    /// The weight of the tenant of this name.
    pub fn weight_of(&self, tenant: &str) -> f64 {
        self.tenants.get(tenant).copied().unwrap_or(1.0)
    }
}

choice! {
    /// How a queue keeps itself short.
    OverloadRule {
        /// Refuses at once whose wait would be longer than it may be, or than 2 s, by the rate at which the queue drains: clients give up soon.
        PredictedWait = "predicted_wait",
        /// Once requests have waited for 100 ms without a pause, the newest goes first, and who has waited for 5 ms is refused.
        ControlledDelay = "controlled_delay",
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
        /// Time between two probes of an endpoint, with jitter; a round begins when the one before has ended. While an endpoint of the service is out or fails, all are probed again after a quarter of the time that this lasts, at least 1 s and at most this.
        interval: Duration = secs(30) => time(),
        /// Time for one probe.
        timeout: Duration = secs(5) => time(),
        /// How probes move the status of an endpoint.
        rule: HealthRule = HealthRule::Consecutive,
        /// Failed probes in a row until an endpoint is unhealthy.
        unhealthy_after: u32 = 5 => count(),
        /// Good probes in a row until it is healthy again.
        healthy_after: u32 = 1 => count(),
        /// How long an endpoint that is back, or new, is given fewer requests than it may have: a tenth at once, then more and more.
        slow_start: Duration = secs(10) => time(),
    }
}

section! {
    /// The circuit breaker of each endpoint and its ejection, fed by traffic.
    Breaker {
        /// Off: traffic never takes an endpoint out.
        enabled: bool = true,
        /// Failures in a row until it opens. Failures that the request may have caused (a 5xx) open it once requests of two shapes have failed.
        threshold: u32 = 5 => count(),
        /// How long it stays open before one read of data may try. Where (nearly) all endpoints fail, each is tried again after a second.
        open_for: Duration = secs(300) => time(),
        /// Each time that the trial fails while other endpoints serve, the time is doubled, up to this.
        open_at_most: Duration = secs(1800) => time(),
        /// A good probe lets a trial through a second after the breaker opened: one that asks for data at once, a mere ping after one that failed. Once such a trial fails, good probes do so no more until one has failed. Each time that an endpoint opens again within a minute of its return, that second is doubled.
        recover_on_probe: bool = true,
        /// How long an endpoint takes no requests whose requests fail where those of the others do not, whatever the failure is but the client's own: five in a row, or a larger share. Each further time that follows soon it is as much longer, up to ten times this.
        eject_for: Duration = secs(30) => time(),
        /// Share of the endpoints of a service that breakers and ejections may take out at a time, 0..=1; one may always go, and one always stays.
        max_ejected: f64 = 1.0 => share(),
    }
}
