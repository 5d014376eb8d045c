//! Observation: one plain record per request. Metrics, explanations, the slow log, the request log
//! and everything that learns read this record and nothing else. Nothing here decides anything, waits
//! for anything, or ever holds a body, a parameter or a credential.

mod arrival_file;
pub mod arrival_line;
mod arrivals;
mod assignments;
mod attempts;
pub mod executions;
mod headline;
mod hedges;
mod history;
pub mod id;
mod in_flight;
mod lines;
pub mod logging;
pub mod metrics;
mod name;
pub mod notes;
pub mod observation;
mod observer;
pub mod safe;
mod wall;

pub use arrivals::{Arrival, Arrivals};
pub use assignments::{AssignmentFigures, Assignments};
pub use attempts::{Attempts, HEDGE_CANCELLED, HEDGE_TIMEOUT, RunningAttempt};
pub use executions::{Executions, RunningRequest};
pub use hedges::{HedgeCount, HedgeResult};
pub use in_flight::{InFlight, Ticket};
pub use logging::Logging;
pub use metrics::{
    CacheReading, DrainingReading, EndpointReading, MetricsSource, Readings, ReloadResult,
    ServiceReading, ShadowReading,
};
pub use name::Name;
pub use notes::{
    AttemptNote, CacheNote, CacheResult, Candidate, EndpointCounts, Excluded, ExpectedTime, Facts,
    PhaseTimes, RouteNote,
};
pub use observation::{Observation, Outcome};
pub use observer::{Learn, Observer, Opening};
pub(crate) use wall::unix_ms;

#[cfg(test)]
mod tests;
