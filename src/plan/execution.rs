//! The choice of a strategy (PL-17) for a query that leaves it to the planner. A pure function:
//! the first line of the table that holds, decides, and its name is kept for explain.

use super::features::TextCounts;
use super::{ExecutionStrategy, Query, SystemLoad};
use crate::dialect::QueryType;

/// A strategy, and the line of the table that chose it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    pub execution: ExecutionStrategy,
    pub branch: &'static str,
}

/// Above this share of the processor, the stores are asked one after the other.
const BUSY_CPU: f64 = 0.7;

/// More relationship words than this ask for both stores.
const FEW_RELATIONSHIP_WORDS: u32 = 2;

/// What the lines of the table look at.
struct Situation<'a> {
    query: &'a Query,
    counts: &'a TextCounts,
    load: &'a SystemLoad,
}

type Line = (&'static str, fn(&Situation<'_>) -> bool, ExecutionStrategy);

/// PL-17, in order.
const LINES: [Line; 7] = [
    (
        "entity_lookup",
        |s| s.query.query_type == QueryType::EntityLookup,
        ExecutionStrategy::GraphOnly,
    ),
    (
        "relationship_exploration",
        |s| s.query.query_type == QueryType::RelationshipExploration,
        ExecutionStrategy::GraphOnly,
    ),
    (
        "multi_hop_reasoning",
        |s| s.query.query_type == QueryType::MultiHopReasoning,
        ExecutionStrategy::HybridSequential,
    ),
    (
        "relationship_words",
        |s| s.counts.relationship_keywords > FEW_RELATIONSHIP_WORDS,
        ExecutionStrategy::HybridParallel,
    ),
    (
        "vector_without_entities",
        |s| s.counts.entity_mentions == 0 && s.query.vector.is_some(),
        ExecutionStrategy::VectorOnly,
    ),
    (
        "busy_cpu",
        |s| s.load.cpu_above(BUSY_CPU),
        ExecutionStrategy::HybridSequential,
    ),
    ("otherwise", |_| true, ExecutionStrategy::HybridParallel),
];

/// Chooses the strategy of a query; one that the query names is kept.
pub fn choose(query: &Query, counts: &TextCounts, load: &SystemLoad) -> Choice {
    if query.strategy != ExecutionStrategy::Adaptive {
        return Choice {
            execution: query.strategy,
            branch: "asked",
        };
    }
    let situation = Situation {
        query,
        counts,
        load,
    };
    LINES.iter().find(|(_, holds, _)| holds(&situation)).map_or(
        Choice {
            execution: ExecutionStrategy::HybridParallel,
            branch: "otherwise",
        },
        |(branch, _, execution)| Choice {
            execution: *execution,
            branch,
        },
    )
}

#[cfg(test)]
mod tests;
