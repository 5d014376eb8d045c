//! Balancing: which endpoint takes a request. A [`Pool`] reads its endpoints into plain views, a
//! [`Selector`] screens them and lets a strategy pick, and a [`crate::endpoint::Permit`] counts the request there
//! and takes how it went. Nothing here opens a socket or reads a request.

mod affinity_rules;
pub mod broker;
mod chooser;
mod comparison;
mod forecast;
mod incidents;
mod no_route;
mod parts;
pub mod pool;
mod reading;
mod refusals;
pub mod rendezvous;
pub mod route;
mod scored;
mod search;
mod spill;
pub mod stats;
#[cfg(test)]
pub(crate) mod testing;
mod waiter;

pub use affinity_rules::{MatchedRules, PlacementRules};
pub use balancing::{Ask, EndpointView, Exclusion, Pick, PoolView, RouteReason, Selector};
pub use broker::{Broker, PendingPermit};
pub use comparison::{Comparison, LEAST_RECORDS};
pub use forecast::Forecast;
pub use no_route::{NoHedge, NoRoute};
pub use pool::{Pool, PoolError};
pub use refusals::QueueRefusals;
pub use route::{Route, RouteRequest};
pub use scored::Scored;
pub use spill::SpillCause;
pub use stats::{InstanceStats, PlacesUsed, PoolStats};
pub use waiter::{KeptRequest, NoPermit, WaitTerms};
