//! The planner: how much work a call is, how long it may take, whether and how long its response is
//! stored, and how important it is. Pure functions over the call, the load and
//! what became of plans before; no I/O, no clock. It routes nothing and stores nothing.
//!
//! One file for each step; [`Planner`] calls them in order.

mod cache_policy;
mod category;
mod complexity;
mod cost;
mod execution;
mod feasibility;
mod history;
mod load;
mod needs;
mod planner;
mod priority;
mod time;

pub use cache_policy::{CacheDecision, CachePolicy};
pub use category::Category;
pub use complexity::{Complexity, Terms};
pub use execution::ExecutionStrategy;
pub use feasibility::Resource;
pub use history::{KeyReport, Performance, PlanHistory, PlanKey, PlanOutcome};
pub use load::SystemLoad;
pub use needs::Needs;
pub use planner::{PlanContext, Planner};

use crate::dialect::QueryType;
use serde::{Serialize, Serializer};
use std::time::Duration;

/// What is planned for one request. A plain value: explain prints it as it is.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    pub query_type: QueryType,
    pub execution: ExecutionStrategy,
    pub complexity: Complexity,
    /// The sum of `terms`, 0..=1.1.
    pub score: f64,
    /// The seven terms of the score by name, in the order of the formula.
    pub terms: Terms,
    /// Cost units, more than 0.
    pub cost: f64,
    /// Expected duration. A request that takes longer is shown as overdue.
    #[serde(serialize_with = "seconds")]
    pub time: Duration,
    /// `None`: not cached, by class or by configuration.
    pub cache: Option<CachePlan>,
    /// 1..=10, larger is more important.
    pub priority: u8,
    /// By how much that is lower as it does not fit.
    #[serde(skip)]
    pub lowered_by: u8,
    /// Kept outcomes of the same type and strategy in the service.
    pub similar_queries_count: usize,
    /// Mean time of those that succeeded, seconds; 0: of none.
    pub avg_historical_performance: f64,
    pub resource_requirements: Needs,
    /// The resource of which most is lacking; its priority may be lower for that. `None`: it fits.
    pub short_of: Option<Resource>,
}

/// How a response is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CachePlan {
    pub category: Category,
    #[serde(serialize_with = "seconds")]
    pub ttl: Duration,
}

impl Plan {
    /// The plan of a request that is not estimated: moderate, cost 1, one second, not cached.
    pub fn plain(query_type: QueryType, execution: ExecutionStrategy) -> Self {
        Self {
            query_type,
            execution,
            complexity: Complexity::Moderate,
            score: 0.0,
            terms: complexity::UNSCORED,
            cost: 1.0,
            time: Duration::from_secs(1),
            cache: None,
            priority: priority::USUAL,
            lowered_by: 0,
            similar_queries_count: 0,
            avg_historical_performance: 0.0,
            resource_requirements: Needs::default(),
            short_of: None,
        }
    }

    /// The plan of a request of no class, for questions about endpoints apart from any request.
    pub fn unclassified() -> Self {
        Self::plain(QueryType::Unknown, ExecutionStrategy::Adaptive)
    }
}

fn seconds<S: Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(span.as_secs_f64())
}
