//! Which stores a request uses.

use crate::dialect::StoreKind;
use serde::Serialize;

/// Which stores a request uses. A Qdrant call is always `VectorOnly`, a Neo4j call `GraphOnly`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ExecutionStrategy {
    VectorOnly,
    GraphOnly,
    Adaptive,
}

impl ExecutionStrategy {
    /// Every strategy, in the order of its discriminants.
    pub const ALL: [ExecutionStrategy; 3] = [
        ExecutionStrategy::VectorOnly,
        ExecutionStrategy::GraphOnly,
        ExecutionStrategy::Adaptive,
    ];

    /// The name in metrics, logs and explanations.
    pub const fn label(self) -> &'static str {
        match self {
            ExecutionStrategy::VectorOnly => "vector_only",
            ExecutionStrategy::GraphOnly => "graph_only",
            ExecutionStrategy::Adaptive => "adaptive",
        }
    }

    /// The strategy of a call, by the store of its dialect. A service of plain HTTP names no store, so
    /// nothing is decided for it: `adaptive`.
    pub const fn of_store(store: StoreKind) -> Self {
        match store {
            StoreKind::Vectors => ExecutionStrategy::VectorOnly,
            StoreKind::Graph => ExecutionStrategy::GraphOnly,
            StoreKind::Unknown => ExecutionStrategy::Adaptive,
        }
    }
}
