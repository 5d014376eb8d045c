//! The planner: features -> type -> complexity -> cost and time -> strategy, cache policy,
//! priority, fallbacks. Pure functions over the call, the load and the history; no I/O, no clock.
//! One file per step; [`planner`] puts them in the order of PL-09. It routes nothing and stores nothing.

pub mod adjust;
pub mod batch;
pub mod cache_policy;
pub mod complexity;
pub mod cost;
pub mod execution;
pub mod fallbacks;
pub mod feasibility;
pub mod features;
pub mod history;
pub mod id;
pub mod load;
pub mod needs;
pub mod planner;
pub mod priority;
pub mod query;
pub mod time;

pub use history::History;
pub use id::{Id, Ids};
pub use load::SystemLoad;
pub use planner::Planner;
pub use query::{Query, QueryPlan};

use crate::dialect::QueryType;
use serde::Serialize;
use std::time::Duration;

/// How hard a request is (PL-05, bounds of PL-14).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Complexity {
    Simple,
    Moderate,
    Complex,
    VeryComplex,
}

impl Complexity {
    /// The name in metrics, logs and explanations.
    pub const fn label(self) -> &'static str {
        match self {
            Complexity::Simple => "simple",
            Complexity::Moderate => "moderate",
            Complexity::Complex => "complex",
            Complexity::VeryComplex => "very_complex",
        }
    }
}

/// How the stores are used (PL-03). A transparent Qdrant call is always `VectorOnly`, a Neo4j call `GraphOnly`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ExecutionStrategy {
    VectorOnly,
    GraphOnly,
    HybridParallel,
    HybridSequential,
    Adaptive,
}

impl ExecutionStrategy {
    /// Every strategy, in the order of its discriminants.
    pub const ALL: [ExecutionStrategy; 5] = [
        ExecutionStrategy::VectorOnly,
        ExecutionStrategy::GraphOnly,
        ExecutionStrategy::HybridParallel,
        ExecutionStrategy::HybridSequential,
        ExecutionStrategy::Adaptive,
    ];

    /// The name in metrics, logs and explanations.
    pub const fn label(self) -> &'static str {
        match self {
            ExecutionStrategy::VectorOnly => "vector_only",
            ExecutionStrategy::GraphOnly => "graph_only",
            ExecutionStrategy::HybridParallel => "hybrid_parallel",
            ExecutionStrategy::HybridSequential => "hybrid_sequential",
            ExecutionStrategy::Adaptive => "adaptive",
        }
    }

    /// The strategy of a transparent call, by the name of its dialect. A service of plain HTTP
    /// names no store, so that nothing is decided for it: `adaptive`.
    pub fn of_dialect(name: &str) -> Self {
        match name {
            "qdrant" => ExecutionStrategy::VectorOnly,
            "neo4j" => ExecutionStrategy::GraphOnly,
            _ => ExecutionStrategy::Adaptive,
        }
    }

    /// Whether it asks the vector store.
    pub const fn uses_vectors(self) -> bool {
        !matches!(self, ExecutionStrategy::GraphOnly)
    }

    /// Whether it asks the graph store.
    pub const fn uses_graph(self) -> bool {
        !matches!(self, ExecutionStrategy::VectorOnly)
    }
}

/// The kind of a stored answer, which decides how long it is kept (CA-11) and how its key begins (CA-12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    Entity,
    Relation,
    Path,
    Query,
    Vector,
    GraphStats,
    Misc,
}

impl Category {
    /// Every category.
    pub const ALL: [Category; 7] = [
        Category::Entity,
        Category::Relation,
        Category::Path,
        Category::Query,
        Category::Vector,
        Category::GraphStats,
        Category::Misc,
    ];

    /// The name in configuration, metrics and the admin API.
    pub const fn label(self) -> &'static str {
        match self {
            Category::Entity => "entity",
            Category::Relation => "relation",
            Category::Path => "path",
            Category::Query => "query",
            Category::Vector => "vector",
            Category::GraphStats => "graph_stats",
            Category::Misc => "misc",
        }
    }

    /// The category of a name.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|category| category.label() == word)
    }
}

/// What is planned for one request (PL-04). A plain value: explain prints it as it is.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    pub query_type: QueryType,
    pub execution: ExecutionStrategy,
    pub complexity: Complexity,
    /// The sum of `terms` (PL-14), not clipped.
    pub score: f64,
    /// The seven terms of the score by name, in the order of the formula.
    pub terms: [(&'static str, f64); 7],
    /// Cost units (PL-15).
    pub cost: f64,
    /// Expected duration (PL-16), for overdue detection.
    #[serde(serialize_with = "seconds")]
    pub time: Duration,
    pub needs: Needs,
    /// `None`: not cached, by class or by configuration.
    pub cache: Option<CachePlan>,
    /// Eligible for coalescing into a batch call (PL-20).
    pub batching: bool,
    /// Legs and batch members may run side by side (PL-21).
    pub parallel: bool,
    /// 1..=10, larger is more important (PL-22).
    pub priority: u8,
    pub fallbacks: Vec<ExecutionStrategy>,
    /// Whether the needs fit the load (PL-24).
    pub feasible: bool,
}

/// How an answer is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CachePlan {
    pub category: Category,
    #[serde(serialize_with = "seconds")]
    pub ttl: Duration,
}

/// Resource needs, 0..=1 each (PL-18).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Needs {
    pub cpu: f64,
    pub memory: f64,
    pub network: f64,
    pub vector_db: f64,
    pub graph_db: f64,
}

fn seconds<S: serde::Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(span.as_secs_f64())
}
