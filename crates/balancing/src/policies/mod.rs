//! Ways to choose an endpoint, one file each.

mod adaptive;
mod by_request;
mod by_score;
mod capability_based;
mod composite;
mod custom;
mod explored;
mod history;
mod learned;
mod least_connections;
mod least_loaded;
mod least_response_time;
mod load_score;
mod performance_based;
mod registry;
mod resource_aware;
mod resource_based;
mod round_robin;
mod turns;
mod weighted_random;
mod weighted_round_robin;

pub use adaptive::Adaptive;
pub use by_request::ByRequest;
pub use by_score::{ByScore, Score};
pub use capability_based::CapabilityBased;
pub use composite::Composite;
pub use custom::{Custom, Key, MAX_KEYS};
pub use history::History;
pub use learned::Learned;
pub use least_connections::LeastConnections;
pub use least_loaded::LeastLoaded;
pub use least_response_time::LeastResponseTime;
pub use load_score::LoadScore;
pub use performance_based::PerformanceBased;
pub use registry::{PolicyRegistry, RegisterError};
pub use resource_aware::ResourceAware;
pub use resource_based::ResourceBased;
pub use round_robin::RoundRobin;
pub use weighted_random::WeightedRandom;
pub use weighted_round_robin::WeightedRoundRobin;

use crate::Policy;
use std::sync::Arc;

/// Declares the policies: `Variant = "word", |endpoints| policy;`. The doc comment is what people read of it.
macro_rules! policies {
    ($($(#[doc = $about:literal])+ $variant:ident = $word:literal, $make:expr;)+) => {
        /// The policies by name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Strategy {
            $($(#[doc = $about])+ $variant,)+
        }

        impl Strategy {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name of each with what it does.
            pub const WORDS: &'static [(&'static str, &'static str)] =
                &[$(($word, concat!($($about),+))),+];

            /// The policy of a name.
            pub fn of(word: &str) -> Option<Self> {
                let named = Self::ALL.iter().find(|one| one.word() == word);
                named.copied()
            }

            /// The name in the configuration, metrics and explanations.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// A fresh policy for a pool of so many endpoints.
            pub fn policy(self, endpoints: usize) -> Arc<dyn Policy> {
                let make: fn(usize) -> Arc<dyn Policy> = match self {
                    $(Self::$variant => $make,)+
                };
                make(endpoints)
            }
        }
    };
}

policies! {
    /// Each in turn.
    RoundRobin = "round_robin", |_| Arc::new(RoundRobin::default());
    /// Each in turn, in proportion to its weight.
    WeightedRoundRobin = "weighted_round_robin", |n| Arc::new(WeightedRoundRobin::new(n));
    /// One at random, with the probability of its share of the weights.
    WeightedRandom = "weighted_random", |_| Arc::new(WeightedRandom);
    /// The fewest requests in flight per weight.
    LeastConnections = "least_connections", |_| Arc::new(LeastConnections);
    /// The lowest mean of the last hundred response times; one that was not chosen for a minute is asked again.
    LeastResponseTime = "least_response_time", |n| Arc::new(ByScore::new(LeastResponseTime, n));
    /// The lowest estimated cost in flight per capacity.
    LeastLoaded = "least_loaded", |n| Arc::new(ByScore::new(LeastLoaded, n));
    /// The lowest mix of load and mean response time: 0.6 load, 0.4 time.
    ResourceAware = "resource_aware", |n| Arc::new(ByScore::new(ResourceAware, n));
    /// The lowest sum of CPU, memory and connections in percent.
    ResourceBased = "resource_based", |n| Arc::new(ByScore::new(ResourceBased, n));
    /// Of the endpoints with the tags of the request the one with the fewest others, then the least busy.
    CapabilityBased = "capability_based", |n| Arc::new(ByScore::new(CapabilityBased, n));
    /// The best of 0.35 success rate, 0.25 speed, 0.25 share of time up and 0.15 free connections.
    PerformanceBased = "performance_based", |n| Arc::new(ByScore::new(PerformanceBased, n));
    /// The best of 0.4 capacity, 0.3 performance, 0.2 affinity and 0.1 reliability.
    Composite = "composite", |n| Arc::new(ByScore::new(Composite, n));
    /// The lowest load score B: 0.3 time, 0.3 connections, 0.2 errors, 0.2 machine.
    Score = "score", |n| Arc::new(ByScore::new(LoadScore, n));
    /// Several strategies vote, by weights that are learned from how the requests went.
    Learned = "learned", |n| Arc::new(Learned::new(n));
    /// Resource aware, corrected by the last response times for the complexity of the request.
    History = "history", |n| Arc::new(History::new(n));
    /// Late binding: an endpoint is given as many requests as it works on at once, which is learned; more wait, and each goes where it is done first.
    Adaptive = "adaptive", |n| Arc::new(Adaptive::new(n));
}

/// Times and scores within this share of the lowest are taken as equal: noise must not send all
/// traffic to one of several like endpoints.
pub(crate) const NEAR: f64 = 0.1;

#[cfg(test)]
mod tests;
