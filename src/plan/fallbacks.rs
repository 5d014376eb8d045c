//! What may be tried when a strategy fails (PL-23). Only for queries that pointsman runs itself: a
//! transparent call never changes its store, so its plan carries none.

use super::ExecutionStrategy::{self, GraphOnly, HybridParallel, HybridSequential, VectorOnly};
use crate::dialect::QueryType;

/// The strategies to fall back to, in order.
pub fn of(
    execution: ExecutionStrategy,
    query_type: QueryType,
    has_vector: bool,
) -> Vec<ExecutionStrategy> {
    match execution {
        HybridParallel => vec![HybridSequential, VectorOnly],
        HybridSequential => vec![VectorOnly, GraphOnly],
        VectorOnly if query_type != QueryType::SemanticSearch => vec![GraphOnly],
        GraphOnly if has_vector => vec![VectorOnly],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use QueryType::{ContextualSearch, EntityLookup, SemanticSearch};

    #[test]
    fn every_strategy_has_its_fallbacks() {
        let table: [(ExecutionStrategy, QueryType, bool, &[ExecutionStrategy]); 8] = [
            (
                HybridParallel,
                ContextualSearch,
                false,
                &[HybridSequential, VectorOnly],
            ),
            (
                HybridSequential,
                ContextualSearch,
                true,
                &[VectorOnly, GraphOnly],
            ),
            (VectorOnly, ContextualSearch, true, &[GraphOnly]),
            (VectorOnly, SemanticSearch, true, &[]),
            (GraphOnly, EntityLookup, true, &[VectorOnly]),
            (GraphOnly, EntityLookup, false, &[]),
            (ExecutionStrategy::Adaptive, SemanticSearch, true, &[]),
            (ExecutionStrategy::Adaptive, ContextualSearch, false, &[]),
        ];
        for (execution, query_type, has_vector, expected) in table {
            assert_eq!(
                of(execution, query_type, has_vector),
                expected,
                "{execution:?} {query_type:?}"
            );
        }
    }
}
