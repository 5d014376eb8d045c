use crate::policies::Strategy::{self, *};
use crate::testing::{IDLE, Plain};
use crate::view::EndpointView;
use crate::{EndpointLoad, Moment, RouteReason};
use proptest::prelude::{prop, prop_assert, prop_assert_eq, proptest};
use std::time::Duration;

fn weighing(weight: f64) -> EndpointView {
    EndpointView { weight, ..IDLE }
}

fn holding(in_flight: u32) -> EndpointView {
    let load = EndpointLoad {
        in_flight,
        ..IDLE.load
    };
    EndpointView { load, ..IDLE }
}

/// An endpoint whose last requests of this complexity took these seconds.
fn taking(recent_mean: f64) -> EndpointView {
    EndpointView {
        window_mean: Some(recent_mean),
        recent_mean: Some(recent_mean),
        ..IDLE
    }
}

fn all() -> impl Iterator<Item = Strategy> {
    Strategy::ALL.iter().copied()
}

fn spread(shares: &[usize]) -> usize {
    shares.iter().max().unwrap() - shares.iter().min().unwrap()
}

#[test]
fn round_robin_reaches_all_three_servers_in_six_picks() {
    assert_eq!(Plain::idle(RoundRobin, 3).shares(6), [2, 2, 2]);
}

#[test]
fn round_robin_moves_on_whatever_the_load() {
    let mut plain = Plain::new(RoundRobin, vec![holding(50), IDLE, IDLE]);
    assert_eq!(plain.picks(4), [0, 1, 2, 0]);
}

#[test]
fn weighted_round_robin_is_exact_and_smooth_over_a_cycle() {
    let mut plain = Plain::new(WeightedRoundRobin, [5.0, 1.0, 1.0].map(weighing).to_vec());
    for _ in 0..3 {
        let cycle = plain.picks(7);
        assert_eq!(cycle.iter().filter(|index| **index == 0).count(), 5);
        assert!(cycle.contains(&1) && cycle.contains(&2));
        assert_eq!(
            [cycle[0], cycle[6]],
            [0, 0],
            "the light ones do not come first or last"
        );
    }
}

#[test]
fn weight_zero_takes_traffic_only_when_all_are_zero() {
    for strategy in all() {
        let shares =
            |weights: [f64; 2]| Plain::new(strategy, weights.map(weighing).to_vec()).shares(20);
        assert_eq!(shares([0.0, 1.0]), [0, 20], "{}", strategy.word());
        let alike = shares([0.0, 0.0]);
        match strategy {
            WeightedRandom => assert_eq!(alike, [20, 0], "the first"),
            _ => assert!(!alike.contains(&0), "{}: {alike:?}", strategy.word()),
        }
    }
}

#[test]
fn least_connections_takes_the_one_with_two_of_five_two_and_eight() {
    let plain = Plain::new(LeastConnections, [5, 2, 8].map(holding).to_vec());
    let pick = plain.select().unwrap();
    assert_eq!((pick.index, pick.score), (1, 2.0));
    assert_eq!(pick.reason, RouteReason::FewestInFlight);
}

#[test]
fn least_connections_counts_per_weight() {
    let strong = EndpointView {
        weight: 4.0,
        ..holding(7)
    };
    assert_eq!(
        Plain::new(LeastConnections, vec![holding(2), strong]).pick(),
        1
    );
}

#[test]
fn resource_aware_takes_the_lowest_mix_of_load_and_time() {
    let view = |(share, mean_time)| {
        let load = EndpointLoad {
            cpu: Some(share),
            memory: Some(share),
            mean_time: Some(mean_time),
            ..IDLE.load
        };
        EndpointView { load, ..IDLE }
    };
    // 0.6 * 0.45 + 0.4 * 0.02 = 0.278; 0.6 * 0.1 + 0.4 * 0.8 = 0.38; 0.6 * 0.05 + 0.4 * 0.4 = 0.19
    let views = [(0.9, 0.1), (0.2, 4.0), (0.1, 2.0)].map(view);
    let pick = Plain::new(ResourceAware, views.to_vec()).select().unwrap();
    assert_eq!(pick.index, 2);
    assert!((pick.score - 0.19).abs() < 1e-9, "{}", pick.score);
}

#[test]
fn resource_aware_takes_a_newcomer_as_average() {
    let mut plain = Plain::idle(ResourceAware, 3);
    plain.views[0].load.mean_time = Some(1.0);
    plain.views[1].load.mean_time = Some(3.0);
    assert_eq!(plain.pick(), 0, "faster than the newcomer is taken to be");
    plain.views[0].load.in_flight = 60;
    assert_eq!(plain.pick(), 2, "the newcomer before the slow one");
}

fn loaded(load: EndpointLoad) -> EndpointView {
    EndpointView { load, ..IDLE }
}

#[test]
fn least_response_time_takes_the_lowest_mean_of_the_window() {
    let plain = Plain::new(LeastResponseTime, [0.5, 0.2, 0.4].map(taking).to_vec());
    let pick = plain.select().unwrap();
    assert_eq!((pick.index, pick.score), (1, 0.2));
}

#[test]
fn strategies_that_rest_on_times_ask_a_newcomer_once_a_minute() {
    for strategy in [LeastResponseTime, PerformanceBased, Composite, Score] {
        let mut plain = Plain::new(strategy, [0.1, 0.2].map(taking).to_vec());
        for (view, seconds) in plain.views.iter_mut().zip([0.1, 2.0]) {
            view.load.mean_time = Some(seconds);
        }
        assert_eq!(plain.shares(20), [20, 0], "{}", strategy.word());
        plain.views[1].last_chosen = None;
        let pick = plain.select().unwrap();
        assert_eq!((pick.index, pick.reason), (1, RouteReason::Explored));
        assert_eq!(plain.shares(20), [19, 1], "{}", strategy.word());
    }
}

#[test]
fn least_loaded_takes_the_lowest_cost_per_capacity() {
    let costing = |(cost, capacity)| {
        loaded(EndpointLoad {
            cost,
            capacity,
            ..IDLE.load
        })
    };
    let views = [(6.0, Some(10.0)), (8.0, Some(20.0)), (5.0, Some(10.0))].map(costing);
    let pick = Plain::new(LeastLoaded, views.to_vec()).select().unwrap();
    assert_eq!((pick.index, pick.score), (1, 0.4));
    let heavy = EndpointView {
        weight: 4.0,
        ..costing((3.0, None))
    };
    let views = vec![costing((1.0, None)), heavy];
    assert_eq!(Plain::new(LeastLoaded, views).pick(), 1);
}

#[test]
fn a_request_beyond_its_capacity_goes_elsewhere() {
    let mut full = holding(1);
    full.load.cost = 9.5;
    full.load.capacity = Some(10.0);
    for strategy in all() {
        let mut plain = Plain::new(strategy, vec![full, holding(99)]);
        assert_eq!(plain.shares(5), [0, 5], "{}", strategy.word());
    }
}

#[test]
fn resource_based_takes_the_lowest_sum_in_percent() {
    let using = |(cpu, memory, in_flight)| {
        loaded(EndpointLoad {
            cpu: Some(cpu),
            memory: Some(memory),
            in_flight,
            ..IDLE.load
        })
    };
    let views = [(0.9, 0.2, 30), (0.3, 0.3, 50), (0.5, 0.6, 20)].map(using);
    let pick = Plain::new(ResourceBased, views.to_vec()).select().unwrap();
    assert_eq!(pick.index, 1);
    assert!((pick.score - 110.0).abs() < 1e-9, "{}", pick.score);
}

#[test]
fn performance_based_weighs_success_speed_reliability_and_room() {
    let view = |(error_rate, mean_time, up_share, in_flight)| {
        let mut view = holding(in_flight);
        view.load.error_rate = Some(error_rate);
        view.load.mean_time = Some(mean_time);
        view.health.up_share = up_share;
        view
    };
    let views = [(0.4, 0.1, 1.0, 0), (0.0, 0.2, 0.8, 20), (0.0, 0.4, 1.0, 90)].map(view);
    let plain = Plain::new(PerformanceBased, views.to_vec());
    let pick = plain.select().unwrap();
    // 0.35 * 0.6 + 0.25 + 0.25 + 0.15 = 0.86; 0.35 + 0.125 + 0.2 + 0.12 = 0.795; 0.35 + 0.0625 + 0.25 + 0.015 = 0.6775
    assert_eq!(pick.index, 0);
    assert!((pick.score - 0.14).abs() < 1e-9, "{}", pick.score);
}

#[test]
fn composite_weighs_capacity_performance_affinity_and_reliability() {
    let mut busy = holding(50);
    busy.load.mean_time = Some(0.1);
    let mut failing = IDLE;
    failing.load.error_rate = Some(0.5);
    failing.load.mean_time = Some(0.2);
    failing.health.up_share = 0.5;
    // 0.2 + 0.3 + 0.2 + 0.1 = 0.8; 0.4 + 0.15 + 0.2 + 0.05 = 0.8 - 0.0
    failing.load.in_flight = 10;
    let pick = Plain::new(Composite, vec![busy, failing]).select().unwrap();
    assert_eq!(pick.index, 0);
    assert!((pick.score - 0.2).abs() < 1e-9, "{}", pick.score);
}

#[test]
fn capability_based_takes_the_most_specific_then_the_least_busy() {
    let carrying = |(unused_tags, in_flight)| EndpointView {
        unused_tags,
        ..holding(in_flight)
    };
    let views = [(2, 0), (1, 30), (1, 60)].map(carrying);
    let pick = Plain::new(CapabilityBased, views.to_vec())
        .select()
        .unwrap();
    assert_eq!((pick.index, pick.score), (1, 1.15));
}

#[test]
fn score_takes_the_lowest_load_score_b() {
    let view = |(mean_time, error_rate)| {
        loaded(EndpointLoad {
            mean_time: Some(mean_time),
            error_rate: Some(error_rate),
            ..IDLE.load
        })
    };
    let views = [(0.5, 0.0), (0.2, 0.1), (0.1, 0.9)].map(view);
    let pick = Plain::new(Score, views.to_vec()).select().unwrap();
    assert_eq!(pick.index, 1);
    // (20 * 0.3 + 0 * 0.3 + 10 * 0.2) / 0.8
    assert!((pick.score - 10.0).abs() < 1e-9, "{}", pick.score);
}

#[test]
fn history_takes_the_best_history_unless_it_is_much_busier() {
    let mut plain = Plain::new(History, [0.1, 0.5].map(taking).to_vec());
    // By the mean of all times the second is better; for recent requests of this complexity it is the first.
    plain.views[0].load.mean_time = Some(1.5);
    plain.views[1].load.mean_time = Some(0.5);
    plain.views[0].load.in_flight = 20;
    let pick = plain.select().unwrap();
    assert_eq!((pick.index, pick.reason), (0, RouteReason::BestHistory));
    plain.views[0].load.in_flight = 30;
    assert_eq!(plain.pick(), 1, "0.3 busier is too much");
}

#[test]
fn history_asks_every_newcomer_once_and_then_again_after_a_minute() {
    let mut plain = Plain::new(History, [0.01, 0.5, 0.5].map(taking).to_vec());
    plain
        .views
        .iter_mut()
        .for_each(|view| view.last_chosen = None);
    assert!(!plain.shares(3).contains(&0));
    assert_eq!(plain.shares(20), [20, 0, 0]);
    plain.now = Moment(0) + Duration::from_secs(61);
    let explored = (0..4).filter(|_| {
        let pick = plain.select().unwrap();
        plain.views[pick.index].last_chosen = Some(plain.now);
        pick.reason == RouteReason::Explored
    });
    assert_eq!(explored.count(), 3);
}

#[test]
fn ten_queries_at_once_over_three_spread_by_two_at_most() {
    for strategy in all().filter(|strategy| *strategy != WeightedRandom) {
        let mut plain = Plain::idle(strategy, 3);
        for _ in 0..10 {
            let index = plain.pick();
            plain.views[index].load.in_flight += 1;
        }
        let held: Vec<_> = plain
            .views
            .iter()
            .map(|view| view.load.in_flight as usize)
            .collect();
        assert!(spread(&held) <= 2, "{}: {held:?}", strategy.word());
    }
}

#[test]
fn steady_traffic_over_like_endpoints_stays_even() {
    let is_random = |strategy: &Strategy| [WeightedRandom, LeastConnections].contains(strategy);
    for strategy in all().filter(|strategy| !is_random(strategy)) {
        let mut plain = Plain::new(strategy, vec![taking(0.1); 3]);
        let mut shares = [0; 3];
        for n in 0..300 {
            let index = plain.pick();
            shares[index] += 1;
            let time = Some(0.1 + f64::from(n % 5) / 1000.0);
            plain.views[index].recent_mean = time;
            plain.views[index].window_mean = time;
            plain.views[index].load.mean_time = time;
        }
        assert!(spread(&shares) <= 2, "{}: {shares:?}", strategy.word());
    }
}

proptest! {
    #[test]
    fn round_robin_shares_differ_by_one_at_most(count in 1usize..20, picked in 0usize..200) {
        prop_assert!(spread(&Plain::idle(RoundRobin, count).shares(picked)) <= 1);
    }

    #[test]
    fn weighted_shares_are_right_over_a_full_cycle(weights in prop::collection::vec(1usize..12, 1..8)) {
        let views = weights.iter().map(|weight| weighing(*weight as f64)).collect();
        let mut plain = Plain::new(WeightedRoundRobin, views);
        for _ in 0..2 {
            prop_assert_eq!(&plain.shares(weights.iter().sum()), &weights);
        }
    }

    #[test]
    fn long_run_shares_follow_the_weights_within_one_percent(
        weights in prop::collection::vec(1usize..12, 2..6),
        strategy in prop::sample::select(vec![WeightedRoundRobin, WeightedRandom, LeastConnections]),
    ) {
        const PICKS: usize = 40_000;
        let views = weights.iter().map(|weight| weighing(*weight as f64)).collect();
        let shares = Plain::new(strategy, views).shares(PICKS);
        let total: usize = weights.iter().sum();
        for (taken, weight) in shares.iter().zip(&weights) {
            let share = *taken as f64 / PICKS as f64;
            let due = *weight as f64 / total as f64;
            prop_assert!((share - due).abs() <= 0.01, "{}: {share} of {due}", strategy.word());
        }
    }

    #[test]
    fn the_same_view_and_seed_give_the_same_choice(
        loads in prop::collection::vec((0u32..90, 0.001f64..0.9), 2..9),
        strategy in prop::sample::select(Strategy::ALL.to_vec()),
    ) {
        let view = |(in_flight, time): &(u32, f64)| EndpointView {
            recent_mean: Some(*time),
            ..holding(*in_flight)
        };
        let made = || Plain::new(strategy, loads.iter().map(view).collect()).picks(12);
        prop_assert_eq!(made(), made());
    }
}
