//! Balancing: which endpoint takes a request. A [`Pool`] screens the endpoints of a service, a strategy
//! picks among those that may, a [`Permit`] holds the place and tells how it went. Nothing here opens a
//! socket or reads a request: the plan, the placement and the endpoints' states are all it sees.

pub mod budget;
mod choose;
pub mod eligible;
pub mod endpoint;
pub mod gauge;
pub mod load;
pub mod permit;
pub mod pool;
mod refuse;
pub mod registry;
pub mod rendezvous;
pub mod route;
pub mod screen;
pub mod state;
pub mod stats;
pub mod strategies;
#[cfg(test)]
mod testing;
pub mod times;
pub mod window;

pub use budget::RetryBudget;
pub use eligible::Eligible;
pub use endpoint::Endpoint;
pub use permit::{Completion, Permit};
pub use pool::{Pool, PoolError};
pub use registry::Registry;
pub use route::{Exclusion, NoRoute, Pick, Route, RouteReason, RouteRequest};
pub use state::EndpointState;
pub use stats::{InstanceStats, PoolStats};
pub use strategies::Strategy;
