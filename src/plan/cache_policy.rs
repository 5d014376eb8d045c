//! Whether a response is stored, as what, and for how long: a time for each category, which the rules
//! below may only lower. It stores nothing itself.

use super::{CachePlan, Category, Complexity, ExecutionStrategy};
use crate::config;
use crate::dialect::{Call, QueryType, Storability};
use std::time::Duration;

/// The longest life of responses that are very complex, or belong to a large batch.
const LOWERED: Duration = Duration::from_secs(1800);

/// A batch with more members than this is a large one.
const LARGE_BATCH: u32 = 10;

/// How a response is stored, and the rule that set its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheDecision {
    pub plan: CachePlan,
    pub rule: &'static str,
}

impl CacheDecision {
    /// The same, for longer; not where the response changes without a write.
    pub fn longer(self, call: &Call) -> Self {
        if matches!(call.storability, Storability::Short) {
            return self;
        }
        let plan = CachePlan {
            ttl: self.plan.ttl.saturating_mul(LONGER),
            ..self.plan
        };
        Self {
            plan,
            rule: "longer",
        }
    }

    /// The same, for no longer than `limit`; the rule is named only when it changed something.
    fn at_most(self, limit: Duration, rule: &'static str) -> Self {
        if self.plan.ttl <= limit {
            return self;
        }
        let plan = CachePlan {
            ttl: limit,
            ..self.plan
        };
        Self { plan, rule }
    }
}

/// How many times as long responses are stored while a rule asks for more use of the cache.
const LONGER: u32 = 2;

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

    /// How the response to a call is stored; the error says why it is not.
    pub fn decide(
        &self,
        call: &Call,
        execution: ExecutionStrategy,
        complexity: Complexity,
    ) -> Result<CacheDecision, &'static str> {
        self.may_store(call)?;
        let category = category(call.query_type, execution);
        let mut decision = self.in_category(category, "category");
        if complexity == Complexity::VeryComplex {
            decision = decision.at_most(LOWERED, "very_complex");
        }
        if call.features.members > LARGE_BATCH {
            decision = decision.at_most(LOWERED, "large_batch");
        }
        Ok(self.short_lived(call, decision))
    }

    /// How the response to a call is stored when nothing is planned: for the default time.
    pub fn decide_unplanned(&self, call: &Call) -> Result<CacheDecision, &'static str> {
        self.may_store(call)?;
        let decision = self.in_category(Category::Misc, "default");
        Ok(self.short_lived(call, decision))
    }

    fn in_category(&self, category: Category, rule: &'static str) -> CacheDecision {
        let ttl = self.ttl(category);
        CacheDecision {
            plan: CachePlan { category, ttl },
            rule,
        }
    }

    fn short_lived(&self, call: &Call, decision: CacheDecision) -> CacheDecision {
        match call.storability {
            Storability::Short => decision.at_most(self.short_ttl, "short_lived"),
            _ => decision,
        }
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

    fn may_store(&self, call: &Call) -> Result<(), &'static str> {
        match call.storability {
            Storability::Never(reason) => Err(reason),
            _ if !call.effect.is_read() => Err("not_a_read"),
            _ if !self.enabled => Err("cache_off"),
            _ => Ok(()),
        }
    }
}

/// The category of a type. What the types leave open is decided by the store: searches of the vector
/// store, other Cypher reads, and what belongs to neither.
const fn category(query_type: QueryType, execution: ExecutionStrategy) -> Category {
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

#[cfg(test)]
mod tests;
