//! The label words of values whose own modules print them only through serde.

use crate::plan::{Category, Complexity, Execution};

/// Label of a complexity.
pub const fn complexity(complexity: Complexity) -> &'static str {
    match complexity {
        Complexity::Simple => "simple",
        Complexity::Moderate => "moderate",
        Complexity::Complex => "complex",
        Complexity::VeryComplex => "very_complex",
    }
}

/// Label of a plan's strategy.
pub const fn execution(execution: Execution) -> &'static str {
    match execution {
        Execution::VectorOnly => "vector_only",
        Execution::GraphOnly => "graph_only",
        Execution::HybridParallel => "hybrid_parallel",
        Execution::HybridSequential => "hybrid_sequential",
        Execution::Adaptive => "adaptive",
    }
}

/// Label of a cache category; `none` for what has no category.
pub const fn category(category: Option<Category>) -> &'static str {
    match category {
        None => "none",
        Some(Category::Entity) => "entity",
        Some(Category::Relation) => "relation",
        Some(Category::Path) => "path",
        Some(Category::Query) => "query",
        Some(Category::Vector) => "vector",
        Some(Category::GraphStats) => "graph_stats",
        Some(Category::Misc) => "misc",
    }
}

/// Label of a status: its class, or `none` when no answer was sent.
pub const fn status_class(status: Option<u16>) -> &'static str {
    match status {
        Some(100..=199) => "1xx",
        Some(200..=299) => "2xx",
        Some(300..=399) => "3xx",
        Some(400..=499) => "4xx",
        Some(500..=599) => "5xx",
        Some(_) => "other",
        None => "none",
    }
}
