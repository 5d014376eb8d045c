use super::*;
use crate::dialect::Effect;
use ExecutionStrategy::{Adaptive, GraphOnly, HybridParallel, VectorOnly};
use QueryType::*;

fn policy() -> CachePolicy {
    CachePolicy::new(&config::Cache::default())
}

fn kept(query_type: QueryType, execution: ExecutionStrategy) -> Kept {
    Kept {
        query_type,
        execution,
        complexity: Complexity::Simple,
        members: 1,
    }
}

fn read(storability: Storability) -> Call {
    Call {
        effect: Effect::Read,
        storability,
        ..Call::unknown("test")
    }
}

#[test]
fn each_class_has_its_category_and_time() {
    let table = [
        (EntityLookup, VectorOnly, Category::Entity, 7200),
        (EntityLookup, GraphOnly, Category::Entity, 7200),
        (RelationshipExploration, GraphOnly, Category::Relation, 7200),
        (MultiHopReasoning, GraphOnly, Category::Path, 1800),
        (SemanticSearch, VectorOnly, Category::Vector, 3600),
        (ContextualSearch, VectorOnly, Category::Vector, 3600),
        (ContextualSearch, GraphOnly, Category::Query, 900),
        (ContextualSearch, HybridParallel, Category::Query, 900),
        (SemanticSearch, HybridParallel, Category::Query, 900),
        (Unknown, GraphOnly, Category::Query, 900),
        (Statistics, VectorOnly, Category::GraphStats, 14400),
        (Statistics, GraphOnly, Category::GraphStats, 14400),
        (Unknown, VectorOnly, Category::Misc, 3600),
        (Health, Adaptive, Category::Misc, 3600),
    ];
    for (query_type, execution, category, ttl) in table {
        let keeping = policy().of(&kept(query_type, execution));
        assert_eq!(
            keeping.plan,
            CachePlan {
                category,
                ttl: Duration::from_secs(ttl)
            },
            "{query_type:?} {execution:?}"
        );
        assert_eq!(keeping.rule, "category");
    }
}

#[test]
fn rules_only_lower_a_time() {
    let very = |query_type| {
        let kept = Kept {
            complexity: Complexity::VeryComplex,
            ..kept(query_type, GraphOnly)
        };
        let keeping = policy().of(&kept);
        (keeping.plan.ttl.as_secs(), keeping.rule)
    };
    assert_eq!(very(EntityLookup), (1800, "very_complex"));
    assert_eq!(very(MultiHopReasoning), (1800, "category"));
    assert_eq!(very(ContextualSearch), (900, "category"));
    let batch = |members| {
        policy().of(&Kept {
            members,
            ..kept(SemanticSearch, VectorOnly)
        })
    };
    assert_eq!(
        (batch(10).plan.ttl.as_secs(), batch(10).rule),
        (3600, "category")
    );
    assert_eq!(
        (batch(11).plan.ttl.as_secs(), batch(11).rule),
        (1800, "large_batch")
    );
}

#[test]
fn what_moves_without_a_write_is_kept_for_a_short_time() {
    let kept = kept(Statistics, VectorOnly);
    let keeping = policy().of_call(&read(Storability::Short), &kept).unwrap();
    assert_eq!(
        (keeping.plan.ttl.as_secs(), keeping.rule),
        (5, "short_lived")
    );
    assert_eq!(keeping.plan.category, Category::GraphStats);
}

#[test]
fn what_may_not_be_stored_names_its_reason() {
    let kept = kept(SemanticSearch, VectorOnly);
    assert_eq!(
        policy().of_call(&read(Storability::Never("random")), &kept),
        Err("random")
    );
    let write = Call {
        effect: Effect::Write,
        ..read(Storability::Yes)
    };
    assert_eq!(policy().of_call(&write, &kept), Err("not_a_read"));
    let off = CachePolicy::new(&config::Cache {
        enabled: false,
        ..config::Cache::default()
    });
    assert_eq!(
        off.of_call(&read(Storability::Yes), &kept),
        Err("cache_off")
    );
    assert_eq!(off.plain(&read(Storability::Yes)), Err("cache_off"));
}

#[test]
fn without_planning_the_default_time_holds() {
    let keeping = policy().plain(&read(Storability::Yes)).unwrap();
    assert_eq!(
        keeping.plan,
        CachePlan {
            category: Category::Misc,
            ttl: Duration::from_secs(3600)
        }
    );
    assert_eq!(
        policy()
            .plain(&read(Storability::Short))
            .unwrap()
            .plan
            .ttl
            .as_secs(),
        5
    );
}
