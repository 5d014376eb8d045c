use super::*;
use crate::plan::{Complexity, needs};
use ExecutionStrategy::{GraphOnly, HybridParallel, VectorOnly};

fn literal() -> Limits {
    Limits {
        scale: 1.0,
        ..Limits::new(&config::Planner::default())
    }
}

fn scaled() -> Limits {
    Limits::new(&config::Planner::default())
}

fn allows(
    limits: Limits,
    complexity: Complexity,
    execution: ExecutionStrategy,
    load: SystemLoad,
) -> bool {
    limits.allow(&needs::of(complexity, execution), execution, &load)
}

fn busy() -> SystemLoad {
    SystemLoad {
        cpu: Some(0.5),
        memory: Some(0.5),
        network: Some(0.5),
        vector_db: Some(0.5),
        graph_db: Some(0.5),
        ..SystemLoad::default()
    }
}

#[test]
fn nothing_known_fits() {
    assert!(allows(
        literal(),
        Complexity::VeryComplex,
        HybridParallel,
        SystemLoad::default()
    ));
}

#[test]
fn taken_literally_a_very_complex_plan_never_fits() {
    let idle = SystemLoad {
        cpu: Some(0.0),
        ..SystemLoad::default()
    };
    assert!(!allows(
        literal(),
        Complexity::VeryComplex,
        VectorOnly,
        idle
    ));
    assert!(allows(scaled(), Complexity::VeryComplex, VectorOnly, idle));
}

#[test]
fn each_resource_has_its_threshold() {
    let load = busy();
    assert!(allows(
        scaled(),
        Complexity::VeryComplex,
        HybridParallel,
        load
    ));
    let full = |change: fn(&mut SystemLoad)| {
        let mut load = busy();
        change(&mut load);
        allows(scaled(), Complexity::Complex, HybridParallel, load)
    };
    assert!(full(|l| l.cpu = Some(0.73)));
    assert!(!full(|l| l.cpu = Some(0.75)));
    assert!(full(|l| l.memory = Some(0.76)));
    assert!(!full(|l| l.memory = Some(0.78)));
    assert!(full(|l| l.network = Some(0.98)));
    assert!(!full(|l| l.network = Some(0.995)));
    assert!(full(|l| l.vector_db = Some(0.83)));
    assert!(!full(|l| l.vector_db = Some(0.85)));
    assert!(!full(|l| l.graph_db = Some(0.85)));
    assert!(!full(|l| l.cpu = Some(f64::NAN)));
}

#[test]
fn a_store_that_is_not_asked_does_not_count() {
    let graph_busy = SystemLoad {
        graph_db: Some(1.0),
        graph_connections: 50,
        ..SystemLoad::default()
    };
    assert!(allows(scaled(), Complexity::Simple, VectorOnly, graph_busy));
    assert!(!allows(scaled(), Complexity::Simple, GraphOnly, graph_busy));
    assert!(!allows(
        scaled(),
        Complexity::Simple,
        HybridParallel,
        graph_busy
    ));
}

#[test]
fn a_full_pool_does_not_fit() {
    let vectors_full = SystemLoad {
        vector_connections: 100,
        ..SystemLoad::default()
    };
    assert!(!allows(
        scaled(),
        Complexity::Simple,
        VectorOnly,
        vectors_full
    ));
    assert!(!allows(
        scaled(),
        Complexity::Simple,
        HybridParallel,
        vectors_full
    ));
    assert!(allows(
        scaled(),
        Complexity::Simple,
        GraphOnly,
        vectors_full
    ));
    let last = SystemLoad {
        vector_connections: 99,
        ..SystemLoad::default()
    };
    assert!(allows(scaled(), Complexity::Simple, VectorOnly, last));
}

#[test]
fn a_full_queue_lets_nothing_through() {
    let waiting = |pending| SystemLoad {
        pending,
        ..SystemLoad::default()
    };
    assert!(allows(
        scaled(),
        Complexity::Simple,
        VectorOnly,
        waiting(999)
    ));
    assert!(!allows(
        scaled(),
        Complexity::Simple,
        VectorOnly,
        waiting(1000)
    ));
}
