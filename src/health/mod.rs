//! Health: what is known of each endpoint beside its load. Probes move its status, traffic moves its
//! breaker, names are resolved in the background, roles are found. A [`Condition`] holds all of it and
//! survives a reload. Nothing here chooses an endpoint, and nothing here sees a client's request.

pub mod ask;
pub mod asker;
pub mod breaker;
pub mod condition;
pub mod events;
pub mod metadata_queries;
pub mod probe_trigger;
pub mod prober;
pub mod resolver;
pub mod round;
pub mod stamp;
pub mod status;

pub use ask::{ProbeClient, ProbeReply, Question, Questions};
pub use asker::HttpProbeClient;
pub use breaker::{Failure, Gate};
pub use condition::{Condition, Identity};
pub use events::{EndpointEvent, EndpointEvents, What};
pub use probe_trigger::ProbeTrigger;
pub use prober::Prober;
pub use resolver::{Lookup, Resolver, SystemLookup};
pub use status::{HealthStatus, Sign};

use crate::config;
use std::time::Duration;

/// The settings that judge an endpoint. They come with each reload; the judged state stays.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HealthRules {
    pub health: config::Health,
    pub breaker: config::Breaker,
    /// How long the cache stores nothing from an endpoint after it was slow, ejected or back.
    pub rejoin_hold: Duration,
    /// An answer at least this slow holds the cache off the endpoint.
    pub slow: Duration,
}

impl HealthRules {
    /// The rules of a configuration.
    pub fn of(config: &config::Config) -> Self {
        Self {
            health: config.health.clone(),
            breaker: config.breaker.clone(),
            rejoin_hold: config.cache.rejoin_hold,
            slow: config.planner.max_response_time,
        }
    }
}
