//! What became of one plan.

use crate::dialect::QueryType;
use crate::plan::{Complexity, ExecutionStrategy};
use crate::request_id::RequestId;
use serde::{Serialize, Serializer};
use std::fmt;
use std::time::Duration;

/// What histories are kept by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanKey {
    pub query_type: QueryType,
    pub execution: ExecutionStrategy,
}

impl fmt::Display for PlanKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (query_type, execution) = (self.query_type.label(), self.execution.label());
        write!(f, "{query_type}_{execution}")
    }
}

/// What became of one plan. What is not known is `None`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlanOutcome {
    pub query_id: Option<RequestId>,
    /// Milliseconds since 1970.
    pub timestamp: u64,
    pub complexity: Complexity,
    #[serde(serialize_with = "maybe_seconds")]
    pub estimated_time: Option<Duration>,
    /// The database's time, without the queue and the client.
    #[serde(serialize_with = "seconds")]
    pub actual_time: Duration,
    /// Cost units.
    pub estimated_cost: Option<f64>,
    /// Cost units; of what failed it is not known.
    pub actual_cost: Option<f64>,
    pub success: bool,
}

fn seconds<S: Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(span.as_secs_f64())
}

fn maybe_seconds<S: Serializer>(span: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    span.map(|span| span.as_secs_f64()).serialize(serializer)
}
