//! Ways to choose an endpoint, one file each.

mod adaptive;
mod history;
mod least_connections;
mod resource_aware;
mod round_robin;
mod turns;
mod weighted_round_robin;

pub use adaptive::Adaptive;
pub use history::History;
pub use least_connections::LeastConnections;
pub use resource_aware::ResourceAware;
pub use round_robin::RoundRobin;
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

            /// The name in the configuration, metrics and explanations.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// What it does, in a sentence.
            pub const fn about(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($($about),+),)+
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
    /// The fewest requests in flight per weight.
    LeastConnections = "least_connections", |n| Arc::new(LeastConnections::new(n));
    /// The lowest mix of load and mean response time.
    ResourceAware = "resource_aware", |n| Arc::new(ResourceAware::new(n));
    /// Resource aware, corrected by the last response times for the complexity of the request.
    History = "history", |n| Arc::new(History::new(n));
    /// Late binding: an endpoint is given as many requests as it works on at once, which is learned; more wait, and each goes where it is done first.
    Adaptive = "adaptive", |n| Arc::new(Adaptive::new(n));
}

/// Times and scores within this share of the lowest are taken as equal: noise must not send all
/// traffic to one of several like endpoints.
const NEAR: f64 = 0.1;

#[cfg(test)]
mod tests;
