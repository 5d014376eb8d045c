use super::*;
use crate::dialect::{Storability, Target};
use crate::plan::history::Record;
use crate::plan::{Ids, batch};
use proptest::prelude::*;

fn planner() -> Planner {
    planner_with(|_| ())
}

fn planner_with(change: fn(&mut config::Planner)) -> Planner {
    let mut settings = config::Planner::default();
    change(&mut settings);
    Planner::new(
        &settings,
        &config::Cache::default(),
        Arc::new(History::new(1000)),
    )
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

fn id() -> Id {
    Ids::new(1).next()
}

#[test]
fn a_semantic_query_gets_a_whole_plan() {
    let mut query = Query::new(
        "find similar documents about graphs",
        QueryType::SemanticSearch,
    );
    query.vector = Some(vec![0.1; 384]);
    let planned = planner().plan_query(id(), query.clone(), &SystemLoad::default());
    assert_eq!(planned.id.to_string().len(), 12);
    assert_eq!(planned.query, query);
    assert_eq!(planned.plan.execution, ExecutionStrategy::VectorOnly);
    assert_eq!(planned.plan.complexity, Complexity::Simple);
    assert!(planned.plan.cost > 0.0 && planned.plan.time > Duration::ZERO);
    assert!(planned.plan.batching && planned.plan.parallel && planned.plan.fallbacks.is_empty());
    assert_eq!(planned.plan.cache.unwrap().ttl.as_secs(), 3600);
}

#[test]
fn an_adaptive_entity_lookup_asks_the_graph_only() {
    let query = Query::new("Ada Lovelace", QueryType::EntityLookup);
    let planned = planner().plan_query(id(), query, &SystemLoad::default());
    assert_eq!(planned.plan.execution, ExecutionStrategy::GraphOnly);
    assert_eq!(planned.plan.cache.unwrap().ttl.as_secs(), 7200);
}

#[test]
fn a_plan_comes_out_under_high_load() {
    let load = SystemLoad {
        cpu: Some(0.9),
        memory: Some(0.9),
        pending: 900,
        ..SystemLoad::default()
    };
    let planned = planner().plan_query(
        id(),
        Query::new("papers of Ada", QueryType::ContextualSearch),
        &load,
    );
    assert!(planned.plan.time > Duration::ZERO);
    assert!(planned.reduced && !planned.plan.parallel);
    let plan = planner().plan(&search(), ExecutionStrategy::VectorOnly, &load, None);
    assert!(plan.time > Duration::ZERO && !plan.feasible && !plan.parallel);
}

#[test]
fn a_transparent_call_keeps_its_store_and_its_limits_whatever_the_load() {
    let full = SystemLoad {
        pending: 5000,
        vector_connections: 100,
        ..SystemLoad::default()
    };
    let plan = planner().plan(&search(), ExecutionStrategy::VectorOnly, &full, None);
    let idle = planner().plan(
        &search(),
        ExecutionStrategy::VectorOnly,
        &SystemLoad::default(),
        None,
    );
    assert_eq!(
        (plan.execution, plan.cost, plan.priority),
        (idle.execution, idle.cost, idle.priority)
    );
    assert!(!plan.feasible && idle.feasible && plan.fallbacks.is_empty());
    assert_eq!(plan.cache, idle.cache);
}

#[test]
fn only_small_reads_of_the_vector_store_are_marked_for_batching() {
    let marked = |call: &Call, execution| {
        planner()
            .plan(call, execution, &SystemLoad::default(), None)
            .batching
    };
    assert!(marked(&search(), ExecutionStrategy::VectorOnly));
    assert!(!marked(&search(), ExecutionStrategy::GraphOnly));
    assert!(!marked(
        &Call {
            effect: Effect::Write,
            ..search()
        },
        ExecutionStrategy::VectorOnly
    ));
    assert!(!marked(
        &Call {
            query_type: QueryType::Statistics,
            ..search()
        },
        ExecutionStrategy::VectorOnly
    ));
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
        let plan = planner().plan(
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
    let plan = planner().plan(
        &search(),
        ExecutionStrategy::VectorOnly,
        &SystemLoad {
            cpu: Some(0.4),
            ..SystemLoad::default()
        },
        None,
    );
    assert!((plan.cost - 1.0 * 0.5 * 1.05).abs() < 1e-12);
    assert!((plan.time.as_secs_f64() - 0.12).abs() < 1e-9);
}

#[test]
fn what_was_measured_draws_the_next_estimate() {
    let planner = planner();
    let before = planner.plan(
        &search(),
        ExecutionStrategy::VectorOnly,
        &SystemLoad::default(),
        None,
    );
    let record = Record::of(
        id(),
        &before,
        Duration::from_millis(300),
        1.0,
        Default::default(),
    );
    planner.history().record(
        QueryType::SemanticSearch,
        ExecutionStrategy::VectorOnly,
        record,
    );
    let after = planner.plan(
        &search(),
        ExecutionStrategy::VectorOnly,
        &SystemLoad::default(),
        None,
    );
    assert!((before.time.as_secs_f64() - 0.1).abs() < 1e-9);
    assert!((after.time.as_secs_f64() - 0.2).abs() < 1e-9);
}

#[test]
fn a_user_who_pays_comes_first() {
    let priority = |user| {
        planner()
            .plan(
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
fn an_estimate_that_cannot_be_made_gives_the_plain_plan_and_is_counted() {
    let planner = planner();
    let broken = SystemLoad {
        cpu: Some(1e300),
        ..SystemLoad::default()
    };
    let plan = planner.plan(&search(), ExecutionStrategy::VectorOnly, &broken, None);
    assert_eq!(
        (plan.complexity, plan.cost, plan.time),
        (Complexity::Moderate, 1.0, Duration::from_secs(1))
    );
    assert_eq!(
        (plan.execution, plan.cache),
        (ExecutionStrategy::VectorOnly, None)
    );
    let planned = planner.plan_query(id(), Query::new("x", QueryType::SemanticSearch), &broken);
    assert_eq!(
        (planned.plan.execution, planned.plan.cost),
        (ExecutionStrategy::HybridParallel, 1.0)
    );
    assert_eq!(planner.failures(), 2);
}

#[test]
fn with_the_planner_off_every_call_gets_the_plain_plan_and_the_default_time() {
    let planner = planner_with(|settings| settings.enabled = false);
    let plan = planner.plan(
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
        planner
            .plan(
                &Call::unknown("test"),
                ExecutionStrategy::GraphOnly,
                &SystemLoad::default(),
                None
            )
            .cache,
        None
    );
    assert_eq!(planner.failures(), 0);
}

#[test]
fn the_dialect_names_the_strategy() {
    let names = ["qdrant", "neo4j", "http"].map(ExecutionStrategy::of_dialect);
    assert_eq!(
        names,
        [
            ExecutionStrategy::VectorOnly,
            ExecutionStrategy::GraphOnly,
            ExecutionStrategy::Adaptive
        ]
    );
}

#[test]
fn an_explained_plan_prints_its_times_in_seconds() {
    let plan = planner().plan(
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
    prop_oneof![
        Just(None),
        any::<f64>().prop_map(Some),
        (0.0..1.0).prop_map(Some)
    ]
}

prop_compose! {
    fn any_load()(cpu in any_share(), memory in any_share(), vector_db in any_share(), pending: u32, vector_connections: u32) -> SystemLoad {
        SystemLoad { cpu, memory, vector_db, pending, vector_connections, ..SystemLoad::default() }
    }
}

prop_compose! {
    fn any_features()(n in any::<[u32; 8]>(), has_filters: bool, has_vector: bool) -> Features {
        let [word_count, entity_types, relationship_types, max_depth, vector_limit, graph_limit, final_limit, members] = n;
        Features { text_length: word_count, word_count, has_vector, has_filters, entity_types, relationship_types, max_depth, vector_limit, graph_limit, final_limit, members }
    }
}

proptest! {
    #[test]
    fn every_call_gets_a_sound_plan(query_type in any_type(), execution in any_execution(), features in any_features(), load in any_load()) {
        let call = Call { query_type, features, ..search() };
        let plan = planner().plan(&call, execution, &load, None);
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

    #[test]
    fn every_query_gets_a_sound_plan(text in ".{0,80}", query_type in any_type(), strategy in any_execution(), load in any_load(), limits: (u32, u32, u32, u32), vector: bool) {
        let mut query = Query::new(text, query_type);
        query.strategy = strategy;
        (query.max_depth, query.vector_limit, query.graph_limit, query.final_limit) = limits;
        query.vector = vector.then(|| vec![0.5; 4]);
        let planned = planner().plan_query(id(), query.clone(), &load);
        prop_assert!(planned.plan.cost > 0.0 && planned.plan.cost.is_finite());
        prop_assert!((1..=10).contains(&planned.plan.priority));
        prop_assert!(planned.query.vector_limit <= query.vector_limit);
        prop_assert!(planned.query.final_limit <= query.final_limit);
        prop_assert!(planned.reduced != planned.plan.feasible);
        prop_assert!(!planned.plan.batching || batch::is_small_search(&planned.plan) || planned.instead_of.is_some());
    }
}
