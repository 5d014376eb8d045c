//! The admin API: health, metrics, explanations, and the few changes that an operator makes while
//! the process runs. On its own listener, never on an address of clients. It decides nothing: what it
//! shows and changes goes through [`Control`].

mod access;
mod change;
mod control;
mod envelope;
pub mod fields;
mod gate;
mod handlers;
mod input;
mod origin;
mod routes;
mod serve;

pub use access::{AdminRole, Credentials};
pub use change::{Feature, Feedback, ModeChange, NewInstance, Optimize, StrategyChange};
pub use control::{
    Control, Health, Problem, ProblemKind, PushedMetrics, Readiness, ReloadReport, StatusChange,
};
pub use gate::Peer;
pub use handlers::HistoryFilter;
pub use routes::{AdminRoute, ROUTES, router};
pub use serve::{Limits, serve};

#[cfg(test)]
mod tests;
