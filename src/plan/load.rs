//! The load that a plan is made against (PL-07): one snapshot, sampled elsewhere, read here.

use serde::Serialize;

/// How busy things are. Shares are 0..=1; what cannot be observed is `None` and changes no formula.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SystemLoad {
    pub cpu: Option<f64>,
    pub memory: Option<f64>,
    pub network: Option<f64>,
    pub vector_db: Option<f64>,
    pub graph_db: Option<f64>,
    /// Requests in flight to the vector store, and the most that it takes.
    pub vector_connections: u32,
    pub max_vector_connections: u32,
    /// Requests in flight to the graph store, and the most that it takes.
    pub graph_connections: u32,
    pub max_graph_connections: u32,
    /// Requests that wait for an endpoint.
    pub pending: u32,
}

impl Default for SystemLoad {
    /// Nothing is known, nothing is in flight; limits as in PL-07.
    fn default() -> Self {
        Self {
            cpu: None,
            memory: None,
            network: None,
            vector_db: None,
            graph_db: None,
            vector_connections: 0,
            max_vector_connections: 100,
            graph_connections: 0,
            max_graph_connections: 50,
            pending: 0,
        }
    }
}

impl SystemLoad {
    /// Whether the processor is known to be busier than `share`.
    pub fn cpu_above(&self, share: f64) -> bool {
        self.cpu.is_some_and(|cpu| cpu > share)
    }
}
