//! An endpoint: one replica as the configuration describes it, and how it fares. The static part is
//! made anew with each reload; the state stays. Probes move the status, traffic moves the breaker and
//! the counts. Nothing here sends a request, and nothing here chooses between endpoints.

mod addresses;
pub mod condition;
mod credential;
mod draining;
pub mod events;
mod first_response;
mod identity;
mod known_role;
pub mod permit;
mod probe_trigger;
pub mod registry;
mod reported;
mod room_signal;
mod rules;
mod server_facts;
mod stalled;
pub mod state;
mod tags;
mod times;

pub use balancing::Distance;
pub use balancing::health::{Evidence, OperatorStatus, ProbeOutcome};
pub use balancing::{EndpointLoad, Gate, HealthStatus, ScoreParts, ServingRules, WriteFitness};
pub use condition::Condition;
pub use draining::{DrainLimits, DrainingEndpoint};
pub use events::{Event, EventKind, EventLog, Subject};
pub use identity::Identity;
pub use permit::{Permit, PermitLimits, PoolPlace, Room};
pub use probe_trigger::ProbeTrigger;
pub use registry::Registry;
pub use reported::{LoadReport, LoadSample};
pub use room_signal::RoomSignal;
pub use rules::{HealthRules, serving_rules};
pub use server_facts::ServerFacts;
pub use state::EndpointState;
pub use tags::EndpointTags;
pub use times::KnownTimes;

use crate::clock::Moment;
use crate::config::{self, EndpointAddress, RoleChoice};
use crate::dialect::{Role, endpoint_token};
use crate::endpoint_id::EndpointId;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// One endpoint of a service.
#[derive(Debug)]
pub struct Endpoint {
    /// Its name in metrics and the admin API.
    pub name: Arc<str>,
    /// Names it in transaction ids: `[a-z0-9]+`, made from name and address, the same in every instance.
    pub token: Arc<str>,
    /// What the cache calls the server it stands for.
    pub id: EndpointId,
    /// `host:port`, as a Host field carries it.
    pub authority: Arc<str>,
    /// Share of traffic relative to the others.
    pub weight: f64,
    /// Requests in flight at most.
    pub max_connections: u32,
    /// The costs that it is meant to work on at once, in units of the plan.
    pub capacity: Option<f64>,
    /// What it is for.
    pub tags: EndpointTags,
    /// Whether it lacks a tag that the strategy of its service asks for.
    pub lacks_tag: bool,
    /// How far it is from where requests should stay.
    pub distance: Distance,
    /// Its region, hashed; 0: none is said.
    pub region: u64,
    /// What the configuration says of its role.
    pub role_choice: RoleChoice,
    /// What judges it.
    pub rules: Arc<HealthRules>,
    /// Its live state.
    pub state: Arc<EndpointState>,
}

fn hashed(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

impl Endpoint {
    /// The endpoint of a configuration on top of its state.
    pub fn new(
        config: &config::Endpoint,
        rules: Arc<HealthRules>,
        state: Arc<EndpointState>,
    ) -> Self {
        let identity = state.health.identity();
        let authority = identity.address.to_string();
        Self {
            token: endpoint_token(&identity.name, &authority).into(),
            name: identity.name.clone(),
            id: EndpointId::of(&identity.service, &authority),
            authority: authority.into(),
            weight: config.weight.max(0.0),
            max_connections: config.max_connections.max(1),
            capacity: config.capacity,
            tags: EndpointTags::of(&config.tags),
            lacks_tag: false,
            distance: rules.distance(config),
            region: config.region.as_deref().map_or(0, hashed),
            role_choice: config.role,
            rules,
            state,
        }
    }

    /// Status and breaker.
    pub fn health(&self) -> &Condition {
        &self.state.health
    }

    /// What is known of the server.
    pub fn server(&self) -> &ServerFacts {
        self.health().server()
    }

    /// Where it is, as the configuration says.
    pub fn address(&self) -> &EndpointAddress {
        &self.health().identity().address
    }

    /// The role: the configuration's word, or what probes found.
    pub fn role(&self, now: Moment) -> Option<Role> {
        match self.role_choice {
            RoleChoice::Writer => Some(Role::Writer),
            RoleChoice::Reader => Some(Role::Reader),
            RoleChoice::Auto => self.server().role(now),
        }
    }

    /// How far it is fit for writes.
    pub fn write_fitness(&self, now: Moment) -> WriteFitness {
        match (self.role_choice, self.role(now)) {
            (RoleChoice::Reader, _) => WriteFitness::Never,
            (_, Some(Role::Writer)) => WriteFitness::Writer,
            (_, Some(Role::Reader)) => WriteFitness::Reader,
            (_, None) => WriteFitness::Unknown,
        }
    }

    /// What is known of its load. It takes no lock.
    pub fn load(&self, now: Moment) -> EndpointLoad {
        let reported = self.reported(now);
        EndpointLoad {
            in_flight: self.state.in_flight(),
            max_connections: self.max_connections,
            cost: self.state.cost(),
            capacity: self.capacity,
            connections: reported.current_connections,
            cpu: reported.cpu_usage,
            memory: reported.memory_usage,
            queue: reported.queue_size,
            mean_time: self.mean_time(),
            error_rate: self.health().health().error_rate(now),
        }
    }

    /// The mean time of its responses, seconds; where it had no traffic, that of its probes.
    fn mean_time(&self) -> Option<f64> {
        let probes = || self.health().probe_time();
        self.state.times.mean().or_else(probes)
    }

    /// What an agent reported and what still counts.
    pub fn reported(&self, now: Moment) -> LoadReport {
        self.state.reported.known(self.rules.report_ttl, now)
    }

    /// Takes what an agent reports at `unix_ms`, and keeps a sample of the load that it makes.
    pub fn report(&self, report: &LoadReport, now: Moment, unix_ms: u64) {
        self.state.reported.take(report, now);
        let load = self.load(now);
        self.state.reported.keep(LoadSample {
            timestamp: unix_ms,
            load_score: load.score(),
            connections: load.connections.unwrap_or(f64::from(load.in_flight)),
            cpu: load.cpu,
            memory: load.memory,
        });
    }

    /// The breaker's gate, as far as breakers count.
    pub fn gate(&self, now: Moment) -> Gate {
        self.rules.settings.serving.gate(self.health().gate(now))
    }

    /// Whether it serves.
    pub fn is_online(&self, now: Moment) -> bool {
        let health = self.health();
        let (is_resolved, gate) = (self.server().is_resolved(), health.gate(now));
        let serving = self.rules.settings.serving;
        let is_ejected = health.health().is_ejected(now);
        serving.is_online(is_resolved, health.status(), (gate, is_ejected))
    }

    /// Whether an ejection takes it out, as far as these count.
    pub fn is_ejected(&self, now: Moment) -> bool {
        let serving = self.rules.settings.serving;
        serving.is_ejected(self.health().health().is_ejected(now))
    }

    /// Whether the cache must store nothing from it now.
    pub fn held(&self, now: Moment) -> bool {
        self.health().held(self.rules.rejoin_hold, now)
    }
}
