//! What a plan takes of each resource (PL-18), and whether it fits is asked in `feasibility`.

use super::{Complexity, ExecutionStrategy, Needs};

/// Needs of a level and a strategy, 0..=1 each.
pub const fn of(complexity: Complexity, execution: ExecutionStrategy) -> Needs {
    let (cpu, memory, network) = of_complexity(complexity);
    let (vector_db, graph_db) = of_execution(execution);
    Needs {
        cpu,
        memory,
        network,
        vector_db,
        graph_db,
    }
}

/// Processor, memory, network.
const fn of_complexity(complexity: Complexity) -> (f64, f64, f64) {
    match complexity {
        Complexity::Simple => (0.1, 0.05, 0.02),
        Complexity::Moderate => (0.3, 0.15, 0.05),
        Complexity::Complex => (0.6, 0.3, 0.1),
        Complexity::VeryComplex => (1.0, 0.5, 0.2),
    }
}

/// Vector store, graph store.
const fn of_execution(execution: ExecutionStrategy) -> (f64, f64) {
    match execution {
        ExecutionStrategy::VectorOnly => (0.8, 0.0),
        ExecutionStrategy::GraphOnly => (0.0, 0.8),
        _ => (0.6, 0.6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_strategies_add_their_own_needs() {
        let needs = of(Complexity::Moderate, ExecutionStrategy::VectorOnly);
        assert_eq!(
            needs,
            Needs {
                cpu: 0.3,
                memory: 0.15,
                network: 0.05,
                vector_db: 0.8,
                graph_db: 0.0
            }
        );
        let needs = of(Complexity::VeryComplex, ExecutionStrategy::GraphOnly);
        assert_eq!(
            needs,
            Needs {
                cpu: 1.0,
                memory: 0.5,
                network: 0.2,
                vector_db: 0.0,
                graph_db: 0.8
            }
        );
        for both in [
            ExecutionStrategy::HybridParallel,
            ExecutionStrategy::HybridSequential,
            ExecutionStrategy::Adaptive,
        ] {
            let needs = of(Complexity::Simple, both);
            assert_eq!(
                needs,
                Needs {
                    cpu: 0.1,
                    memory: 0.05,
                    network: 0.02,
                    vector_db: 0.6,
                    graph_db: 0.6
                }
            );
        }
        assert_eq!(
            of(Complexity::Complex, ExecutionStrategy::GraphOnly).cpu,
            0.6
        );
    }
}
