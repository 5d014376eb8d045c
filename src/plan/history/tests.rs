use super::*;
use crate::plan::Complexity;
use crate::request_id::RequestId;
use ExecutionStrategy::{GraphOnly, VectorOnly};
use QueryType::{EntityLookup, SemanticSearch};
use std::time::Duration;

const SEARCH: PlanKey = PlanKey {
    query_type: SemanticSearch,
    execution: VectorOnly,
};

fn took(millis: u64) -> PlanOutcome {
    PlanOutcome {
        query_id: Some(RequestId::from_bits(millis)),
        timestamp: millis,
        complexity: Complexity::Simple,
        estimated_time: Some(Duration::from_millis(100)),
        actual_time: Duration::from_millis(millis),
        estimated_cost: Some(0.5),
        actual_cost: None,
        success: true,
    }
}

fn failed(millis: u64) -> PlanOutcome {
    PlanOutcome {
        success: false,
        ..took(millis)
    }
}

fn near(found: f64, expected: f64) -> bool {
    (found - expected).abs() < 1e-9
}

#[test]
fn an_outcome_is_one_record_under_its_key_with_its_values() {
    let history = PlanHistory::new(1000);
    let outcome = PlanOutcome {
        actual_cost: Some(1.2),
        ..took(800)
    };
    history.record(SEARCH, None, outcome.clone());
    let reports: Vec<_> = history.report(10).collect();
    let [report] = &*reports else {
        panic!("{reports:?}")
    };
    assert_eq!(report.key, "semantic_search_vector_only");
    assert_eq!(report.records, [outcome]);
    let means = report.performance;
    assert_eq!(
        (means.avg_time, means.avg_cost, means.success_rate),
        (0.8, Some(1.2), 1.0)
    );
    assert_eq!(means.total_queries, 1);
}

#[test]
fn the_last_ones_are_kept_and_the_means_run_over_all() {
    let history = PlanHistory::new(1000);
    for n in 1..=1500 {
        history.record(SEARCH, None, took(n));
    }
    let report = history.report(2000).next().unwrap();
    let newest = (report.records[0].timestamp, report.records[999].timestamp);
    assert_eq!((report.records.len(), newest), (1000, (1500, 501)));
    assert!(near(report.performance.avg_time, 0.7505));
    assert_eq!(report.performance.total_queries, 1500);
    let similar = history.similar(SEARCH);
    assert_eq!(similar.count, 1000);
    assert!(near(similar.mean, 1.0005), "{}", similar.mean);
    history.resize(0);
    history.record(SEARCH, None, took(1));
    assert_eq!(history.similar(SEARCH), Similar::default());
}

#[test]
fn failures_count_in_the_rate_and_teach_no_time() {
    let history = PlanHistory::new(1000);
    history.record(SEARCH, Some(7), took(300));
    let recorded = history.record(SEARCH, Some(7), failed(1));
    assert_eq!(recorded.actual_cost, None);
    assert!(near(history.similar(SEARCH).mean, 0.3));
    assert_eq!(history.shape_time(7), Some(0.3));
    let means = history.report(0).next().unwrap().performance;
    assert!(near(means.success_rate, 0.5) && near(means.avg_time, 0.1505));
}

#[test]
fn the_measured_cost_is_what_a_request_took_in_the_units_of_those_before_it() {
    let history = PlanHistory::new(1000);
    assert_eq!(history.record(SEARCH, None, took(10)).actual_cost, None);
    let twice = history.record(SEARCH, None, took(20)).actual_cost;
    assert!(near(twice.unwrap(), 1.0), "{twice:?}");
    assert!(near(history.seconds_per_cost().unwrap(), 0.03));
}

#[test]
fn every_type_and_strategy_has_a_place_of_its_own() {
    let history = PlanHistory::new(1000);
    for query_type in QueryType::ALL {
        for execution in ExecutionStrategy::ALL {
            let key = PlanKey {
                query_type: *query_type,
                execution,
            };
            assert_eq!(history.similar(key).count, 0, "{key}");
            history.record(key, None, took(10));
            assert_eq!(history.similar(key).count, 1, "{key}");
        }
    }
    assert_eq!(history.report(0).count(), TYPES * STRATEGIES);
}

#[test]
fn each_shape_has_its_own_time() {
    let history = PlanHistory::new(1000);
    for _ in 0..10 {
        history.record(SEARCH, Some(1), took(10));
        history.record(SEARCH, Some(2), took(500));
    }
    let times = [1, 2, 3].map(|shape| history.shape_time(shape));
    assert!(near(times[0].unwrap(), 0.01) && near(times[1].unwrap(), 0.5));
    assert_eq!(times[2], None);
}

#[test]
fn means_of_several_services_add_up() {
    let mut means = [Performance::default(); 3];
    let [one, other, both] = &mut means;
    for n in [10, 20] {
        one.add(&took(n));
        both.add(&took(n));
    }
    other.add(&took(60));
    both.add(&took(60));
    one.add(&failed(30));
    both.add(&failed(30));
    let sum = one.and(other);
    assert_eq!(sum.total_queries, both.total_queries);
    assert!(near(sum.avg_time, both.avg_time) && near(sum.success_rate, 0.75));
    assert_eq!(sum.avg_cost, None);
}

#[test]
fn writers_on_many_threads_lose_nothing() {
    let history = PlanHistory::new(5000);
    std::thread::scope(|scope| {
        for tenths in 1..=4 {
            let history = &history;
            let key = PlanKey {
                query_type: EntityLookup,
                execution: GraphOnly,
            };
            let record = move || {
                history.record(key, Some(1), took(tenths * 100));
            };
            scope.spawn(move || (0..500).for_each(|_| record()));
        }
    });
    let report = history.report(5000).next().unwrap();
    assert_eq!(report.records.len(), 2000);
    assert!(near(report.performance.avg_time, 0.25));
}
