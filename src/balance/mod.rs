//! Balancing: which endpoint takes a request. A [`Pool`] reads its endpoints into plain views, a
//! [`Selector`] screens them and lets a strategy pick, and a [`crate::endpoint::Permit`] counts the request there
//! and takes how it went. Nothing here opens a socket or reads a request.

pub mod budget;
pub mod endpoint_set;
mod no_route;
pub mod pool;
mod reading;
pub mod rendezvous;
pub mod route;
mod scored;
pub mod screen;
mod search;
pub mod selector;
pub mod stats;
pub mod strategies;
#[cfg(test)]
pub(crate) mod testing;
pub mod view;

pub use budget::RetryBudget;
pub use no_route::NoRoute;
pub use pool::{Pool, PoolError};
pub use route::{Exclusion, Pick, Route, RouteReason, RouteRequest};
pub use scored::Scored;
pub use selector::{Needs, Selector};
pub use stats::{InstanceStats, PoolStats};
pub use strategies::Strategy;
pub use view::{EndpointView, EndpointViews, PoolView};
