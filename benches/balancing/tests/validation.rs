//! The simulator against closed formulas and against a published experiment.

use balancing::policies::Strategy;
use balancing_sim::contender::Contender;
use balancing_sim::draw::Size;
use balancing_sim::engine::run;
use balancing_sim::outcome::Outcome;
use balancing_sim::replica::Discipline;
use balancing_sim::rivals::Rival;
use balancing_sim::scenario::{Group, Kind, Measure, Rate, Scenario};
use balancing_sim::scenarios::named;
use balancing_sim::settings::Settings;

const LEAST: Contender = Contender::Own(Strategy::LeastConnections);

/// A server of one worker whose requests take 1 ms on average, at 0.7 of what it can do.
static ONE: Scenario = Scenario {
    id: "one",
    name: "",
    kind: Kind::Check,
    about: "",
    replicas: &[Group {
        count: 1,
        workers: 1,
        speed: 1.0,
    }],
    size: Size::Exponential(1.0),
    writes: 0.0,
    rate: Rate::Load(0.7),
    seconds: 1500.0,
    warm_up: 10.0,
    proxies: 1,
    changes: &[],
    clients: None,
    senders: &[],
    measure: Measure::TimesOracle,
    goal: None,
};

static FOUR_WORKERS: Scenario = Scenario {
    replicas: &[Group {
        count: 1,
        workers: 4,
        speed: 1.0,
    }],
    rate: Rate::Load(0.8),
    seconds: 500.0,
    ..ONE
};

static LOG_NORMAL: Scenario = Scenario {
    size: Size::LogNormal(1.0, 1.0),
    ..ONE
};

static SUPERMARKET: Scenario = Scenario {
    replicas: &[Group {
        count: 100,
        workers: 1,
        speed: 1.0,
    }],
    seconds: 15.0,
    warm_up: 1.0,
    ..ONE
};

fn outcome(scenario: &'static Scenario, contender: Contender, discipline: Discipline) -> Outcome {
    let settings = Settings {
        discipline,
        max_connections: u32::MAX,
        ..Settings::default()
    };
    run(scenario, contender, &settings, 1)
}

fn assert_within(measured: f64, expected: f64, share: f64) {
    let off = measured / expected - 1.0;
    assert!(off.abs() <= share, "{measured} is not {expected}: {off}");
}

#[test]
fn one_worker_is_as_fast_as_the_formula_says() {
    let one = outcome(&ONE, LEAST, Discipline::Fcfs);
    assert_within(one.mean, 1.0 / 0.3, 0.02);
    assert_within(one.p99, 100f64.ln() / 0.3, 0.03);
}

#[test]
fn four_workers_wait_as_erlang_says() {
    let four = outcome(&FOUR_WORKERS, LEAST, Discipline::Fcfs);
    let (workers, load) = (4, 0.8);
    let offered = f64::from(workers) * load;
    let term = |n: i32| offered.powi(n) / (1..=n).map(f64::from).product::<f64>();
    let last = term(workers) / (1.0 - load);
    let waits = last / ((0..workers).map(term).sum::<f64>() + last);
    assert_within(
        four.mean,
        1.0 + waits / (f64::from(workers) * (1.0 - load)),
        0.02,
    );
}

/// Under processor sharing the mean depends on the mean size alone.
#[test]
fn a_shared_worker_is_as_fast_for_any_sizes_of_one_mean() {
    for scenario in [&ONE, &LOG_NORMAL] {
        let shared = outcome(scenario, LEAST, Discipline::Sharing);
        assert_within(shared.mean, 1.0 / 0.3, 0.02);
    }
}

/// Mitzenmacher's formula for many servers.
#[test]
fn two_choices_among_many_are_as_good_as_the_supermarket_formula_says() {
    let two = outcome(
        &SUPERMARKET,
        Contender::Rival(Rival::TwoChoices),
        Discipline::Fcfs,
    );
    let term = |i: i32| 0.7f64.powf(2f64.powi(i) - 2.0);
    assert_within(two.mean, (1..10).map(term).sum(), 0.02);
}

/// Linkerd's experiment: one of eleven servers takes 2 s for a while. Published success within a second: round robin 95 %, least
/// loaded 99 %, Peak-EWMA 99.9 %.
#[test]
fn a_stall_costs_each_policy_what_linkerd_published() {
    let scenario = named("S3").unwrap();
    let published = [
        (Contender::Own(Strategy::RoundRobin), 95.0, 0.7),
        (LEAST, 99.0, 0.7),
        (Contender::Rival(Rival::PeakEwma), 99.9, 0.07),
    ];
    for (contender, percent, bound) in published {
        let within = outcome(scenario, contender, Discipline::Fcfs).within_a_second * 100.0;
        assert!(
            (within - percent).abs() <= bound,
            "{}: {within}",
            contender.name()
        );
    }
}

#[test]
fn a_seed_gives_the_same_figures_again() {
    let scenario = named("S4").unwrap();
    let settings = Settings {
        length: 0.2,
        ..Settings::default()
    };
    let made = || serde_json::to_string(&run(scenario, LEAST, &settings, 7)).unwrap();
    assert_eq!(made(), made());
}
