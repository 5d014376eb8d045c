use super::*;
use QueryType::{EntityLookup, SemanticSearch};

fn record(seconds: f64, cost: f64) -> Record {
    Record {
        query_id: crate::plan::Ids::new(1).next(),
        estimated_time: Duration::from_millis(500),
        actual_time: Duration::from_secs_f64(seconds),
        estimated_cost: 1.0,
        actual_cost: cost,
        complexity: Complexity::Simple,
        timestamp: Moment(7),
        success: true,
    }
}

fn failed(seconds: f64) -> Record {
    Record {
        success: false,
        ..record(seconds, 1.0)
    }
}

#[test]
fn a_finished_request_leaves_one_record_under_its_key() {
    let history = History::new(1000);
    history.record(
        SemanticSearch,
        ExecutionStrategy::VectorOnly,
        record(0.8, 1.2),
    );
    let records = history.records(SemanticSearch, ExecutionStrategy::VectorOnly);
    assert_eq!(records, [record(0.8, 1.2)]);
    assert_eq!(
        key(SemanticSearch, ExecutionStrategy::VectorOnly),
        "semantic_search_vector_only"
    );
    assert!(
        history
            .records(SemanticSearch, ExecutionStrategy::GraphOnly)
            .is_empty()
    );
    assert!(
        history
            .records(EntityLookup, ExecutionStrategy::VectorOnly)
            .is_empty()
    );
}

#[test]
fn means_run_over_all_requests_of_a_key() {
    let history = History::new(2);
    for record in [record(0.2, 1.0), failed(0.4), record(0.9, 4.0)] {
        history.record(SemanticSearch, ExecutionStrategy::VectorOnly, record);
    }
    let means = history.means(SemanticSearch, ExecutionStrategy::VectorOnly);
    assert!((means.avg_time - 0.5).abs() < 1e-12);
    assert!((means.avg_cost - 2.0).abs() < 1e-12);
    assert!((means.success_rate - 2.0 / 3.0).abs() < 1e-12);
    assert!((means.avg_estimated_time - 0.5).abs() < 1e-12);
    assert_eq!(means.total_queries, 3);
}

#[test]
fn strategies_have_means_over_all_types() {
    let history = History::new(10);
    history.record(
        SemanticSearch,
        ExecutionStrategy::GraphOnly,
        record(0.2, 1.0),
    );
    history.record(EntityLookup, ExecutionStrategy::GraphOnly, record(0.4, 1.0));
    assert!((history.strategy(ExecutionStrategy::GraphOnly).avg_time - 0.3).abs() < 1e-12);
    assert_eq!(
        history.strategy(ExecutionStrategy::VectorOnly),
        Means::default()
    );
    let keys: Vec<_> = history
        .learned()
        .into_iter()
        .map(|learned| learned.key)
        .collect();
    assert_eq!(
        keys,
        [
            "graph_only",
            "semantic_search_graph_only",
            "entity_lookup_graph_only"
        ]
    );
}

#[test]
fn only_the_last_records_are_kept() {
    let history = History::new(1000);
    for n in 0..1500 {
        history.record(
            SemanticSearch,
            ExecutionStrategy::VectorOnly,
            record(f64::from(n), 1.0),
        );
    }
    let records = history.records(SemanticSearch, ExecutionStrategy::VectorOnly);
    assert_eq!(records.len(), 1000);
    assert_eq!(
        records.first().unwrap().actual_time,
        Duration::from_secs(500)
    );
    history.set_limit(10);
    history.record(
        SemanticSearch,
        ExecutionStrategy::VectorOnly,
        record(1.0, 1.0),
    );
    assert_eq!(
        history
            .records(SemanticSearch, ExecutionStrategy::VectorOnly)
            .len(),
        10
    );
}

#[test]
fn similar_requests_are_counted_with_their_mean() {
    let history = History::new(2);
    assert_eq!(
        history.similar(SemanticSearch, ExecutionStrategy::VectorOnly),
        Similar::default()
    );
    for seconds in [9.0, 0.2, 0.4] {
        history.record(
            SemanticSearch,
            ExecutionStrategy::VectorOnly,
            record(seconds, 1.0),
        );
    }
    let similar = history.similar(SemanticSearch, ExecutionStrategy::VectorOnly);
    assert_eq!(similar.count, 2);
    assert!((similar.mean_time - 0.3).abs() < 1e-12);
}

#[test]
fn a_planner_reads_the_mean_of_the_pair() {
    let history = History::new(10);
    assert_eq!(
        history.mean_time(SemanticSearch, ExecutionStrategy::VectorOnly),
        None
    );
    history.record(
        SemanticSearch,
        ExecutionStrategy::VectorOnly,
        record(0.5, 1.0),
    );
    assert_eq!(
        history.mean_time(SemanticSearch, ExecutionStrategy::VectorOnly),
        Some(0.5)
    );
    assert_eq!(
        history.mean_time(SemanticSearch, ExecutionStrategy::GraphOnly),
        None
    );
}

#[test]
fn a_cost_that_is_no_number_is_not_learned() {
    let history = History::new(10);
    history.record(
        SemanticSearch,
        ExecutionStrategy::VectorOnly,
        record(0.5, f64::NAN),
    );
    assert_eq!(
        history.means(SemanticSearch, ExecutionStrategy::VectorOnly),
        Means::default()
    );
}

#[test]
fn every_pair_has_a_place_of_its_own() {
    let history = History::new(10);
    for (at, query_type) in TYPES.into_iter().enumerate() {
        assert_eq!(query_type as usize, at);
        for (place, execution) in ExecutionStrategy::ALL.into_iter().enumerate() {
            assert_eq!(execution as usize, place);
            history.record(query_type, execution, record(0.1, 1.0));
            assert_eq!(history.records(query_type, execution).len(), 1);
        }
    }
    assert_eq!(history.learned().len(), 5 + 55);
}

#[test]
fn writers_on_many_threads_lose_nothing() {
    let history = History::new(100);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                (0..500).for_each(|_| {
                    history.record(
                        SemanticSearch,
                        ExecutionStrategy::VectorOnly,
                        record(0.1, 1.0),
                    )
                })
            });
        }
    });
    assert_eq!(
        history
            .means(SemanticSearch, ExecutionStrategy::VectorOnly)
            .total_queries,
        2000
    );
    assert_eq!(
        history
            .records(SemanticSearch, ExecutionStrategy::VectorOnly)
            .len(),
        100
    );
}
