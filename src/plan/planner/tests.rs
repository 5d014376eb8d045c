use super::*;
use crate::dialect::{Effect, Features, QueryType, Storability, Target};
use crate::plan::{PlanOutcome, Resource};
use proptest::prelude::*;
use std::time::Duration;

fn planner() -> Planner {
    planner_with(|_| ())
}

fn planner_with(change: fn(&mut config::Planner)) -> Planner {
    let mut settings = config::Planner::default();
    change(&mut settings);
    Planner::new(&settings, &config::Cache::default())
}

fn loaded(cpu: Option<f64>, memory: Option<f64>) -> SystemLoad {
    SystemLoad {
        cpu,
        memory,
        ..SystemLoad::default()
    }
}

/// A plan of a service that has planned nothing before.
fn planned(
    planner: &Planner,
    call: &Call,
    execution: ExecutionStrategy,
    load: &SystemLoad,
    user: Option<&str>,
) -> Plan {
    let history = &PlanHistory::default();
    let context = PlanContext {
        execution,
        history,
        load,
        database: None,
        user,
    };
    planner.plan(call, context)
}

fn search() -> Call {
    Call {
        operation: "points.query",
        effect: Effect::Read,
        target: Target::Collection("docs".into()),
        query_type: QueryType::SemanticSearch,
        features: Features {
            has_vector: true,
            vector_limit: 10,
            final_limit: 10,
            members: 1,
            ..Features::default()
        },
        storability: Storability::Yes,
        ..Call::unknown("test")
    }
}

#[test]
fn a_load_that_leaves_enough_changes_the_expected_time_and_nothing_else() {
    let plan = |cpu| {
        let load = loaded(cpu, cpu);
        planned(
            &planner(),
            &search(),
            ExecutionStrategy::VectorOnly,
            &load,
            None,
        )
    };
    let (busy, idle) = (plan(Some(0.7)), plan(None));
    assert!(busy.time > idle.time);
    let same_time = Plan {
        time: idle.time,
        ..busy
    };
    assert_eq!(format!("{same_time:?}"), format!("{idle:?}"));
}

#[test]
fn calls_that_are_no_reads_get_a_plan_without_a_cache() {
    let types = [
        QueryType::Write,
        QueryType::SchemaAdmin,
        QueryType::Transaction,
        QueryType::Unknown,
        QueryType::Health,
    ];
    for query_type in types {
        let call = Call {
            query_type,
            ..Call::unknown("test")
        };
        let plan = planned(
            &planner(),
            &call,
            ExecutionStrategy::GraphOnly,
            &SystemLoad::default(),
            None,
        );
        assert_eq!((plan.query_type, plan.cache), (query_type, None));
        assert!(plan.cost > 0.0 && plan.time > Duration::ZERO);
    }
}

#[test]
fn cost_and_time_follow_the_level_and_the_strategy() {
    let plan = planned(
        &planner(),
        &search(),
        ExecutionStrategy::VectorOnly,
        &loaded(Some(0.4), None),
        None,
    );
    assert!((plan.cost - 1.0 * 0.5 * 1.05).abs() < 1e-12);
    assert!((plan.time.as_secs_f64() - 0.12).abs() < 1e-9);
}

#[test]
fn what_was_measured_draws_the_next_estimate_of_its_shape_or_else_of_its_type() {
    let history = PlanHistory::new(10);
    let plan = |shape| {
        let call = Call { shape, ..search() };
        let context = PlanContext {
            execution: ExecutionStrategy::VectorOnly,
            history: &history,
            load: &SystemLoad::default(),
            database: None,
            user: None,
        };
        planner().plan(&call, context)
    };
    let key = PlanKey {
        query_type: QueryType::SemanticSearch,
        execution: ExecutionStrategy::VectorOnly,
    };
    let outcome = |millis| PlanOutcome {
        query_id: None,
        timestamp: 0,
        complexity: Complexity::Simple,
        estimated_time: None,
        actual_time: Duration::from_millis(millis),
        estimated_cost: None,
        actual_cost: None,
        success: true,
    };
    let near = |plan: &Plan, seconds: f64| (plan.time.as_secs_f64() - seconds).abs() < 1e-9;
    assert!(near(&plan(1), 0.1));
    history.record(key, Some(1), outcome(300));
    history.record(key, Some(2), outcome(100));
    assert!(near(&plan(1), 0.2));
    let unseen = plan(3);
    assert!(near(&unseen, 0.15));
    assert_eq!(unseen.similar_queries_count, 2);
    assert!((unseen.avg_historical_performance - 0.2).abs() < 1e-9);
}

#[test]
fn a_plan_that_needs_more_than_is_left_comes_out_behind_those_that_fit() {
    let hops = Call {
        query_type: QueryType::MultiHopReasoning,
        ..search()
    };
    let (near, busy) = (loaded(Some(0.78), None), loaded(Some(0.9), Some(0.9)));
    for (call, load, user, priority, lowered_by) in [
        (&hops, &near, None, 3, 2),
        (&hops, &near, Some("premium_ada"), 6, 2),
        // Where nothing fits, all are alike.
        (&hops, &busy, None, 5, 0),
        (&search(), &busy, None, 5, 0),
    ] {
        let plan = planned(&planner(), call, ExecutionStrategy::VectorOnly, load, user);
        assert!(plan.time > Duration::ZERO);
        assert_eq!(
            (plan.short_of, plan.priority, plan.lowered_by),
            (Some(Resource::Cpu), priority, lowered_by)
        );
    }
}

#[test]
fn a_premium_user_comes_first() {
    let priority = |user| {
        planned(
            &planner(),
            &search(),
            ExecutionStrategy::VectorOnly,
            &SystemLoad::default(),
            user,
        )
        .priority
    };
    assert_eq!(
        (
            priority(Some("premium_ada")),
            priority(Some("ada")),
            priority(None)
        ),
        (8, 5, 5)
    );
}

#[test]
fn with_the_planner_off_every_call_gets_the_plain_plan_and_the_default_time() {
    let planner = planner_with(|settings| settings.enabled = false);
    let plan = planned(
        &planner,
        &search(),
        ExecutionStrategy::VectorOnly,
        &SystemLoad::default(),
        Some("premium_ada"),
    );
    assert_eq!(
        (plan.complexity, plan.cost, plan.priority),
        (Complexity::Moderate, 1.0, 5)
    );
    assert_eq!(
        plan.cache.unwrap().ttl,
        config::Cache::default().default_ttl
    );
    assert_eq!(
        planned(
            &planner,
            &Call::unknown("test"),
            ExecutionStrategy::GraphOnly,
            &SystemLoad::default(),
            None
        )
        .cache,
        None
    );
}

#[test]
fn an_explained_plan_prints_its_times_in_seconds() {
    let plan = planned(
        &planner(),
        &search(),
        ExecutionStrategy::VectorOnly,
        &SystemLoad::default(),
        None,
    );
    let json = serde_json::to_value(&plan).unwrap();
    assert_eq!(json["time"], 0.1);
    assert_eq!(json["cache"]["ttl"], 3600.0);
    assert_eq!(json["terms"][0][0], "words");
}

fn any_type() -> impl Strategy<Value = QueryType> {
    prop::sample::select(vec![
        QueryType::SemanticSearch,
        QueryType::EntityLookup,
        QueryType::RelationshipExploration,
        QueryType::ContextualSearch,
        QueryType::MultiHopReasoning,
        QueryType::Statistics,
        QueryType::Unknown,
    ])
}

fn any_execution() -> impl Strategy<Value = ExecutionStrategy> {
    prop::sample::select(ExecutionStrategy::ALL.to_vec())
}

fn any_share() -> impl Strategy<Value = Option<f64>> {
    prop_oneof![Just(None), (0.0..=1.0).prop_map(Some)]
}

prop_compose! {
    fn any_features()(n in any::<[u32; 8]>(), has_filters: bool, has_vector: bool) -> Features {
        let [word_count, entity_types, relationship_types, max_depth, vector_limit, graph_limit, final_limit, members] = n;
        Features { text_length: word_count, word_count, has_vector, has_filters, entity_types, relationship_types, max_depth, vector_limit, graph_limit, final_limit, members }
    }
}

proptest! {
    #[test]
    fn every_call_gets_a_sound_plan(query_type in any_type(), execution in any_execution(), features in any_features(), cpu in any_share()) {
        let call = Call { query_type, features, ..search() };
        let load = loaded(cpu, None);
        let plan = planned(&planner(), &call, execution, &load, None);
        prop_assert!(plan.time > Duration::ZERO && plan.time < Duration::from_secs(10));
        let sum: f64 = plan.terms.iter().map(|(_, value)| value).sum();
        prop_assert_eq!(sum, plan.score);
        prop_assert!(plan.cost > 0.0 && plan.cost.is_finite());
        prop_assert!((1..=10).contains(&plan.priority));
        prop_assert_eq!(plan.execution, execution);
        if let Some(cache) = plan.cache {
            let policy = CachePolicy::new(&config::Cache::default());
            prop_assert!(cache.ttl <= policy.ttl(cache.category));
        }
    }
}
