use super::*;
use crate::config;
use crate::dialect::QueryType;
use crate::plan::{History, Ids, Planner, Query, SystemLoad};
use proptest::prelude::*;
use std::sync::Arc;

fn planned(queries: Vec<Query>) -> Vec<QueryPlan> {
    let planner = Planner::new(
        &config::Planner::default(),
        &config::Cache::default(),
        Arc::new(History::new(1000)),
    );
    let ids = Ids::new(1);
    let queries = queries
        .into_iter()
        .map(|query| (ids.next(), query))
        .collect();
    planner.plan_batch(queries, &SystemLoad::default())
}

fn search(user: &str) -> Query {
    let mut query = Query::new("find papers", QueryType::SemanticSearch);
    query.strategy = ExecutionStrategy::VectorOnly;
    query.user = Some(user.into());
    query
}

#[test]
fn five_queries_give_five_plans_of_falling_priority() {
    let users = ["ada", "premium_bob", "cleo", "premium_dan", "eve"];
    let plans = planned(users.map(search).into());
    let order: Vec<_> = plans
        .iter()
        .map(|p| (p.plan.priority, p.query.user.clone().unwrap()))
        .collect();
    let expected = [
        (8, "premium_bob"),
        (8, "premium_dan"),
        (5, "ada"),
        (5, "cleo"),
        (5, "eve"),
    ];
    assert_eq!(
        order,
        expected.map(|(priority, user)| (priority, user.to_owned()))
    );
}

#[test]
fn the_quicker_of_two_equals_runs_first() {
    let slow = Query::new("papers of Ada", QueryType::MultiHopReasoning);
    let plans = planned(vec![slow, search("ada")]);
    assert_eq!(
        plans.first().unwrap().query.query_type,
        QueryType::SemanticSearch
    );
}

#[test]
fn small_searches_are_marked_for_batching() {
    let plans = planned(vec![
        search("ada"),
        Query::new("papers of Ada", QueryType::EntityLookup),
    ]);
    let marks: Vec<_> = plans
        .iter()
        .map(|p| (p.query.query_type, p.plan.batching))
        .collect();
    assert!(marks.contains(&(QueryType::SemanticSearch, true)));
    assert!(marks.contains(&(QueryType::EntityLookup, false)));
}

#[test]
fn answers_of_a_large_batch_are_kept_for_half_an_hour_at_most() {
    let ttl = |count| {
        planned(vec![search("ada"); count])
            .pop()
            .unwrap()
            .plan
            .cache
            .unwrap()
            .ttl
    };
    assert_eq!(ttl(10), Duration::from_secs(3600));
    assert_eq!(ttl(11), Duration::from_secs(1800));
}

#[test]
fn an_empty_batch_has_no_plans() {
    assert!(planned(Vec::new()).is_empty());
}

proptest! {
    #[test]
    fn no_member_runs_before_one_of_higher_precedence(members in proptest::collection::vec((any::<bool>(), 0u32..200, 0u32..12), 0..30)) {
        let queries: Vec<_> = members
            .iter()
            .map(|(premium, limit, depth)| {
                let mut query = search(if *premium { "premium_a" } else { "a" });
                query.query_type = QueryType::MultiHopReasoning;
                (query.vector_limit, query.max_depth) = (*limit, *depth);
                query
            })
            .collect();
        let count = queries.len();
        let plans = planned(queries);
        prop_assert_eq!(plans.len(), count);
        for (a, b) in plans.iter().zip(plans.iter().skip(1)) {
            prop_assert!(a.plan.priority >= b.plan.priority);
            prop_assert!(a.plan.priority > b.plan.priority || a.plan.time <= b.plan.time);
        }
    }
}
