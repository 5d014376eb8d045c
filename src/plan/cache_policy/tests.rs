use super::*;
use crate::dialect::{Effect, Features};
use ExecutionStrategy::{Adaptive, GraphOnly, VectorOnly};
use QueryType::*;

fn policy() -> CachePolicy {
    CachePolicy::new(&config::Cache::default())
}

fn read(query_type: QueryType) -> Call {
    Call {
        effect: Effect::Read,
        query_type,
        storability: Storability::Yes,
        ..Call::unknown("test")
    }
}

fn with(storability: Storability) -> Call {
    Call {
        storability,
        ..read(SemanticSearch)
    }
}

fn ttl_and_rule(decision: CacheDecision) -> (u64, &'static str) {
    (decision.plan.ttl.as_secs(), decision.rule)
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
        (ContextualSearch, Adaptive, Category::Query, 900),
        (SemanticSearch, Adaptive, Category::Query, 900),
        (Unknown, GraphOnly, Category::Query, 900),
        (Statistics, VectorOnly, Category::GraphStats, 14400),
        (Statistics, GraphOnly, Category::GraphStats, 14400),
        (Unknown, VectorOnly, Category::Misc, 3600),
        (Health, Adaptive, Category::Misc, 3600),
    ];
    for (query_type, execution, category, ttl) in table {
        let decision = policy().decide(&read(query_type), execution, Complexity::Simple);
        let expected = CacheDecision {
            plan: CachePlan {
                category,
                ttl: Duration::from_secs(ttl),
            },
            rule: "category",
        };
        assert_eq!(decision, Ok(expected), "{query_type:?} {execution:?}");
    }
}

#[test]
fn rules_only_lower_a_time() {
    let very = |query_type| {
        let decision = policy().decide(&read(query_type), GraphOnly, Complexity::VeryComplex);
        ttl_and_rule(decision.unwrap())
    };
    assert_eq!(very(EntityLookup), (1800, "very_complex"));
    assert_eq!(very(MultiHopReasoning), (1800, "category"));
    assert_eq!(very(ContextualSearch), (900, "category"));
    let batch = |members| {
        let features = Features {
            members,
            ..Features::default()
        };
        let call = Call {
            features,
            ..read(SemanticSearch)
        };
        ttl_and_rule(
            policy()
                .decide(&call, VectorOnly, Complexity::Simple)
                .unwrap(),
        )
    };
    assert_eq!(batch(10), (3600, "category"));
    assert_eq!(batch(11), (1800, "large_batch"));
}

#[test]
fn what_changes_without_a_write_is_stored_for_a_short_time() {
    let call = Call {
        storability: Storability::Short,
        ..read(Statistics)
    };
    let decision = policy().decide(&call, VectorOnly, Complexity::Simple);
    let decision = decision.unwrap();
    assert_eq!(ttl_and_rule(decision), (5, "short_lived"));
    assert_eq!(decision.plan.category, Category::GraphStats);
}

#[test]
fn what_may_not_be_stored_names_its_reason() {
    let decide =
        |policy: &CachePolicy, call: &Call| policy.decide(call, VectorOnly, Complexity::Simple);
    let never = with(Storability::Never("random"));
    assert_eq!(decide(&policy(), &never), Err("random"));
    let write = Call {
        effect: Effect::Write,
        ..with(Storability::Yes)
    };
    assert_eq!(decide(&policy(), &write), Err("not_a_read"));
    let off = CachePolicy::new(&config::Cache {
        enabled: false,
        ..config::Cache::default()
    });
    let read = with(Storability::Yes);
    assert_eq!(decide(&off, &read), Err("cache_off"));
    assert_eq!(off.decide_unplanned(&read), Err("cache_off"));
}

#[test]
fn without_planning_the_default_time_holds() {
    let decide = |storability| policy().decide_unplanned(&with(storability)).unwrap();
    let plan = CachePlan {
        category: Category::Misc,
        ttl: Duration::from_secs(3600),
    };
    let rule = "default";
    assert_eq!(decide(Storability::Yes), CacheDecision { plan, rule });
    let short = decide(Storability::Short);
    assert_eq!(ttl_and_rule(short), (5, "short_lived"));
}
