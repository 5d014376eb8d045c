//! Whether an answer is kept, as what, and for how long: the category table (CA-11), which the
//! planner's own rules may only lower (PL-19, PL-31, XC-5). It stores nothing itself.

use super::{CachePlan, Category, Complexity, ExecutionStrategy};
use crate::config;
use crate::dialect::{Call, QueryType, Storability};
use std::time::Duration;

/// The longest life of answers that are very complex, or belong to a large batch.
const LOWERED: Duration = Duration::from_secs(1800);

/// A batch with more members than this is a large one.
const LARGE_BATCH: u32 = 10;

/// How an answer is kept, and the rule that set its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keeping {
    pub plan: CachePlan,
    pub rule: &'static str,
}

/// What the policy looks at.
#[derive(Debug, Clone, Copy)]
pub struct Kept {
    pub query_type: QueryType,
    pub execution: ExecutionStrategy,
    pub complexity: Complexity,
    /// Members of a batch.
    pub members: u32,
}

/// The configured times.
#[derive(Debug, Clone)]
pub struct CachePolicy {
    enabled: bool,
    default_ttl: Duration,
    short_ttl: Duration,
    categories: config::Categories,
}

impl CachePolicy {
    /// As configured.
    pub fn new(cache: &config::Cache) -> Self {
        Self {
            enabled: cache.enabled,
            default_ttl: cache.default_ttl,
            short_ttl: cache.short_ttl,
            categories: cache.categories.clone(),
        }
    }

    /// How the answer to a call is kept; the error names why it is not.
    pub fn of_call(&self, call: &Call, kept: &Kept) -> Result<Keeping, &'static str> {
        self.may_store(call)?;
        let keeping = self.of(kept);
        Ok(match call.storability {
            Storability::Short => shorter(keeping, self.short_ttl, "short_lived"),
            _ => keeping,
        })
    }

    /// How the answer to a call is kept without any planning: for the default time.
    pub fn plain(&self, call: &Call) -> Result<Keeping, &'static str> {
        self.may_store(call)?;
        let plan = CachePlan {
            category: Category::Misc,
            ttl: self.default_ttl,
        };
        let keeping = Keeping {
            plan,
            rule: "default",
        };
        Ok(match call.storability {
            Storability::Short => shorter(keeping, self.short_ttl, "short_lived"),
            _ => keeping,
        })
    }

    /// How a storable answer is kept.
    pub fn of(&self, kept: &Kept) -> Keeping {
        let category = category(kept.query_type, kept.execution);
        let plan = CachePlan {
            category,
            ttl: self.ttl(category),
        };
        let mut keeping = Keeping {
            plan,
            rule: "category",
        };
        if kept.complexity == Complexity::VeryComplex {
            keeping = shorter(keeping, LOWERED, "very_complex");
        }
        if kept.members > LARGE_BATCH {
            keeping = shorter(keeping, LOWERED, "large_batch");
        }
        keeping
    }

    /// The time of a category.
    pub fn ttl(&self, category: Category) -> Duration {
        match category {
            Category::Entity => self.categories.entity,
            Category::Relation => self.categories.relation,
            Category::Path => self.categories.path,
            Category::Query => self.categories.query,
            Category::Vector => self.categories.vector,
            Category::GraphStats => self.categories.graph_stats,
            Category::Misc => self.default_ttl,
        }
    }

    /// Whether caching is on at all (for queries that no dialect has judged).
    pub fn is_on(&self) -> bool {
        self.enabled
    }

    fn may_store(&self, call: &Call) -> Result<(), &'static str> {
        match call.storability {
            Storability::Never(reason) => Err(reason),
            _ if !call.effect.is_read() => Err("not_a_read"),
            _ if !self.enabled => Err("cache_off"),
            _ => Ok(()),
        }
    }
}

/// The category of a class (CA-11). What the classes leave open is decided by the store: searches
/// of the vector store, other Cypher reads, and what belongs to neither.
pub const fn category(query_type: QueryType, execution: ExecutionStrategy) -> Category {
    match (query_type, execution) {
        (QueryType::EntityLookup, _) => Category::Entity,
        (QueryType::RelationshipExploration, _) => Category::Relation,
        (QueryType::MultiHopReasoning, _) => Category::Path,
        (QueryType::Statistics, _) => Category::GraphStats,
        (
            QueryType::SemanticSearch | QueryType::ContextualSearch,
            ExecutionStrategy::VectorOnly,
        ) => Category::Vector,
        (QueryType::SemanticSearch | QueryType::ContextualSearch, _) => Category::Query,
        (QueryType::Unknown, ExecutionStrategy::GraphOnly) => Category::Query,
        _ => Category::Misc,
    }
}

/// The same, for no longer than `limit`; the rule is named only when it changed something.
fn shorter(keeping: Keeping, limit: Duration, rule: &'static str) -> Keeping {
    if keeping.plan.ttl <= limit {
        return keeping;
    }
    Keeping {
        plan: CachePlan {
            ttl: limit,
            ..keeping.plan
        },
        rule,
    }
}

#[cfg(test)]
mod tests;
