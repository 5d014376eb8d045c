use super::*;
use crate::config;
use crate::dialect::QueryType;
use crate::plan::{ExecutionStrategy, History, Ids, Planner};
use ExecutionStrategy::{GraphOnly, HybridParallel, HybridSequential, VectorOnly};
use std::sync::Arc;

fn plan(query: Query, load: SystemLoad) -> QueryPlan {
    let planner = Planner::new(
        &config::Planner::default(),
        &config::Cache::default(),
        Arc::new(History::new(1000)),
    );
    planner.plan_query(Ids::new(1).next(), query, &load)
}

fn query(strategy: ExecutionStrategy) -> Query {
    let mut query = Query::new("papers of Ada", QueryType::ContextualSearch);
    query.strategy = strategy;
    (query.vector_limit, query.graph_limit, query.final_limit) = (50, 40, 30);
    query
}

fn graph_full() -> SystemLoad {
    SystemLoad {
        graph_connections: 50,
        ..SystemLoad::default()
    }
}

fn all_full() -> SystemLoad {
    SystemLoad {
        pending: 1000,
        ..SystemLoad::default()
    }
}

#[test]
fn a_plan_that_fits_is_left_alone() {
    let planned = plan(query(HybridParallel), SystemLoad::default());
    assert_eq!(
        (planned.plan.execution, planned.instead_of, planned.reduced),
        (HybridParallel, None, false)
    );
    assert_eq!(planned.query, query(HybridParallel));
}

#[test]
fn the_first_fallback_that_fits_is_taken() {
    let fits = plan(query(HybridParallel), SystemLoad::default()).plan;
    let planned = plan(query(HybridParallel), graph_full());
    assert_eq!(
        (planned.plan.execution, planned.instead_of),
        (VectorOnly, Some(HybridParallel))
    );
    assert!((planned.plan.cost - fits.cost * 0.8).abs() < 1e-12);
    assert!((planned.plan.time.as_secs_f64() - fits.time.as_secs_f64() * 1.2).abs() < 1e-9);
    assert_eq!(planned.plan.priority, fits.priority - 1);
    assert_eq!(planned.plan.needs, needs::of(fits.complexity, VectorOnly));
    assert!(planned.plan.feasible && planned.plan.fallbacks.is_empty() && !planned.reduced);
    assert_eq!(planned.query.vector_limit, 50);
}

#[test]
fn fallbacks_behind_the_chosen_one_stay() {
    let planned = plan(query(HybridSequential), graph_full());
    assert_eq!(planned.plan.execution, VectorOnly);
    assert_eq!(planned.plan.fallbacks, [GraphOnly]);
}

#[test]
fn where_nothing_fits_the_limits_are_cut() {
    let fits = plan(query(HybridParallel), SystemLoad::default()).plan;
    let planned = plan(query(HybridParallel), all_full());
    assert!(planned.reduced && !planned.plan.feasible && planned.instead_of.is_none());
    let limits = (
        planned.query.vector_limit,
        planned.query.graph_limit,
        planned.query.final_limit,
    );
    assert_eq!(limits, (10, 10, 5));
    assert_eq!(planned.plan.execution, HybridParallel);
    assert!((planned.plan.cost - fits.cost * 0.5).abs() < 1e-12);
    assert_eq!(
        (planned.plan.time, planned.plan.priority),
        (fits.time, fits.priority - 2)
    );
}

#[test]
fn cutting_never_raises_a_limit() {
    let mut small = query(HybridParallel);
    (small.vector_limit, small.graph_limit, small.final_limit) = (3, 2, 1);
    let planned = plan(small, all_full());
    let limits = (
        planned.query.vector_limit,
        planned.query.graph_limit,
        planned.query.final_limit,
    );
    assert_eq!(limits, (3, 2, 1));
}

#[test]
fn a_priority_never_falls_below_one() {
    assert_eq!(
        (lower(1, 2), lower(2, 1), lower(3, 2), lower(8, 1)),
        (1, 1, 1, 7)
    );
}
