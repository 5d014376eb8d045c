//! What a request needs of each resource, as shares of 0..=1: of the machine by its complexity, of the databases by the stores
//! that it uses.

use super::{Complexity, ExecutionStrategy};
use serde::Serialize;

/// What a request needs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Needs {
    pub cpu: f64,
    pub memory: f64,
    pub network: f64,
    pub vector_db: f64,
    pub graph_db: f64,
}

impl Needs {
    /// What a request of this complexity and strategy needs.
    pub const fn of(complexity: Complexity, execution: ExecutionStrategy) -> Self {
        let (cpu, memory, network) = match complexity {
            Complexity::Simple => (0.1, 0.05, 0.02),
            Complexity::Moderate => (0.3, 0.15, 0.05),
            Complexity::Complex => (0.6, 0.3, 0.1),
            Complexity::VeryComplex => (1.0, 0.5, 0.2),
        };
        let (vector_db, graph_db) = match execution {
            ExecutionStrategy::VectorOnly => (0.8, 0.0),
            ExecutionStrategy::GraphOnly => (0.0, 0.8),
            ExecutionStrategy::Adaptive => (0.6, 0.6),
        };
        Self {
            cpu,
            memory,
            network,
            vector_db,
            graph_db,
        }
    }

    /// What it needs of the one database that it is sent to.
    pub const fn database(&self) -> f64 {
        self.vector_db.max(self.graph_db)
    }
}
