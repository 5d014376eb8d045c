//! Whether a plan fits the load (PL-24). The needs are scaled before they are compared (XC-8),
//! since one request of many hardly takes a whole processor; a scale of 1 is the literal form.

use super::{ExecutionStrategy, Needs, SystemLoad};
use crate::config;

/// The most that each resource may be used, and how the needs are scaled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    pub cpu: f64,
    pub memory: f64,
    pub network: f64,
    pub db: f64,
    /// Pending requests at which nothing fits any more.
    pub pending: u32,
    /// Factor on the needs.
    pub scale: f64,
}

impl Limits {
    /// As configured. The network has no threshold of its own: it may be used wholly.
    pub fn new(planner: &config::Planner) -> Self {
        Self {
            cpu: planner.max_cpu_usage,
            memory: planner.max_memory_usage,
            network: 1.0,
            db: planner.max_db_load,
            pending: planner.max_queue_size,
            scale: planner.requirement_scale,
        }
    }

    /// Whether the needs of a strategy fit beside the load.
    pub fn allow(&self, needs: &Needs, execution: ExecutionStrategy, load: &SystemLoad) -> bool {
        let resources = [
            (load.cpu, needs.cpu, self.cpu),
            (load.memory, needs.memory, self.memory),
            (load.network, needs.network, self.network),
            (load.vector_db, needs.vector_db, self.db),
            (load.graph_db, needs.graph_db, self.db),
        ];
        load.pending < self.pending
            && has_connections(execution, load)
            && resources
                .iter()
                .all(|(used, needed, limit)| self.fits(*used, *needed, *limit))
    }

    /// A resource that is not needed, or whose use is unknown, stands in nobody's way.
    fn fits(&self, used: Option<f64>, needed: f64, limit: f64) -> bool {
        needed == 0.0 || used.is_none_or(|used| used + needed * self.scale <= limit)
    }
}

/// Whether every store that the strategy asks has a connection to spare.
fn has_connections(execution: ExecutionStrategy, load: &SystemLoad) -> bool {
    let vector = load.vector_connections < load.max_vector_connections;
    let graph = load.graph_connections < load.max_graph_connections;
    (vector || !execution.uses_vectors()) && (graph || !execution.uses_graph())
}

#[cfg(test)]
mod tests;
