//! Balancing: which endpoint takes a request. A [`Pool`] screens the endpoints of a service, a strategy
//! picks among those that may, a [`Permit`] holds the place and tells how it went. Nothing here opens a
//! socket or reads a request: the plan, the placement and the endpoints' states are all it sees.

pub mod budget;
mod choose;
pub mod eligible;
pub mod pool;
mod refuse;
pub mod rendezvous;
pub mod route;
pub mod screen;
pub mod stats;
pub mod strategies;
#[cfg(test)]
pub(crate) mod testing;

pub use budget::RetryBudget;
pub use eligible::Eligible;
pub use pool::{Pool, PoolError};
pub use route::{Exclusion, NoRoute, Pick, Route, RouteReason, RouteRequest};
pub use stats::{InstanceStats, PoolStats};
pub use strategies::Strategy;
