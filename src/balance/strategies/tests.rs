use crate::balance::route::RouteReason;
use crate::balance::testing::{World, endpoint, letters};
use crate::config::StrategyName::{self, *};
use crate::dialect::Fault;
use crate::endpoint::LoadReport;
use crate::plan::Complexity;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn picks(world: &World, count: usize) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for _ in 0..count {
        *counts.entry(world.pick()).or_default() += 1;
    }
    counts
}

fn spread(counts: &BTreeMap<String, usize>, endpoints: usize) -> usize {
    let least = if counts.len() < endpoints {
        0
    } else {
        counts.values().min().copied().unwrap_or(0)
    };
    counts.values().max().copied().unwrap_or(0) - least
}

#[test]
fn round_robin_reaches_all_three_servers_in_six_picks() {
    let counts = picks(&World::equal(RoundRobin, 3), 6);
    assert_eq!(counts.len(), 3);
    assert!(counts.values().all(|count| *count == 2));
}

#[test]
fn round_robin_moves_on_whatever_the_load() {
    let world = World::equal(RoundRobin, 3);
    world.fill("a", 50);
    let order: Vec<_> = (0..4).map(|_| world.pick()).collect();
    assert_eq!(order, ["a", "b", "c", "a"]);
}

#[test]
fn weighted_round_robin_is_exact_and_smooth_over_a_cycle() {
    let endpoints = [("a", 5.0), ("b", 1.0), ("c", 1.0)];
    let endpoints = endpoints.map(|(name, weight)| endpoint(name, weight));
    let world = World::new(WeightedRoundRobin, endpoints.to_vec());
    let order: Vec<_> = (0..7).map(|_| world.pick()).collect();
    assert_eq!(order, ["a", "a", "b", "a", "c", "a", "a"]);
}

#[test]
fn weight_zero_takes_traffic_only_when_all_are_zero() {
    for strategy in StrategyName::ALL.iter().map(|(name, _)| *name) {
        let some = World::new(strategy, vec![endpoint("a", 0.0), endpoint("b", 1.0)]);
        assert_eq!(picks(&some, 9).get("b"), Some(&9), "{}", strategy.word());
        let none = World::new(strategy, vec![endpoint("a", 0.0), endpoint("b", 0.0)]);
        assert_eq!(picks(&none, 10).len(), 2, "{}", strategy.word());
    }
}

#[test]
fn least_connections_takes_the_one_with_two_of_five_two_and_eight() {
    let world = World::equal(LeastConnections, 3);
    world.fill("a", 5);
    world.fill("b", 2);
    world.fill("c", 8);
    let route = world.route();
    assert_eq!(&*route.endpoint.name, "b");
    assert_eq!(
        (route.reason, route.score),
        (RouteReason::FewestInFlight, 2.0)
    );
}

#[test]
fn least_connections_counts_per_weight() {
    let world = World::new(
        LeastConnections,
        vec![endpoint("a", 1.0), endpoint("b", 4.0)],
    );
    world.fill("a", 2);
    world.fill("b", 7);
    assert_eq!(world.pick(), "b");
}

#[test]
fn idle_endpoints_share_by_weight_under_least_connections() {
    let world = World::new(
        LeastConnections,
        vec![endpoint("a", 1.0), endpoint("b", 3.0)],
    );
    let counts = picks(&world, 40);
    assert_eq!((counts["a"], counts["b"]), (10, 30));
}

#[test]
fn resource_aware_takes_the_lowest_mix_of_load_and_time() {
    let world = World::equal(ResourceAware, 3);
    let report = |name: &str, cpu: f64| {
        world.at(name).state.report(&LoadReport {
            cpu_usage: Some(cpu),
            memory_usage: Some(cpu),
            ..LoadReport::default()
        });
    };
    // a: 0.6 * 0.45 + 0.4 * 0.02 = 0.278; b: 0.6 * 0.1 + 0.4 * 0.8 = 0.38; c: 0.6 * 0.05 + 0.4 * 0.4 = 0.19
    for (name, cpu, millis) in [("a", 0.9, 100), ("b", 0.2, 4000), ("c", 0.1, 2000)] {
        report(name, cpu);
        world.answers(name, 1, millis);
    }
    let route = world.route();
    assert_eq!(&*route.endpoint.name, "c");
    assert!((route.score - 0.19).abs() < 1e-9, "{}", route.score);
}

#[test]
fn resource_aware_takes_a_newcomer_as_average() {
    let world = World::equal(ResourceAware, 3);
    world.answers("a", 1, 1000);
    world.answers("b", 1, 3000);
    assert_eq!(world.pick(), "a", "faster than the newcomer is taken to be");
    world.fill("a", 60);
    assert_eq!(world.pick(), "c", "the newcomer before the slow one");
}

/// Endpoints whose first acquaintance with the plan's complexity is over.
fn acquainted(count: usize) -> World {
    let world = World::equal(Adaptive, count);
    picks(&world, count);
    world
}

#[test]
fn adaptive_takes_the_best_history_unless_it_is_much_busier() {
    let world = acquainted(2);
    // By the mean of all times b is the better one; for simple requests lately it is a.
    world.answers("a", 20, 4000);
    world.answers("a", 10, 100);
    world.answers("b", 10, 500);
    world.fill("a", 20);
    let route = world.route();
    assert_eq!(&*route.endpoint.name, "a");
    assert_eq!(route.reason, RouteReason::BestHistory);
    drop(route);
    world.fill("a", 10);
    assert_eq!(world.pick(), "b", "0.3 busier is too much");
}

#[test]
fn adaptive_keeps_complexities_apart() {
    let mut world = acquainted(2);
    world.answers("a", 10, 100);
    world.answers("b", 10, 900);
    assert_eq!(world.pick(), "a");
    world.plan.complexity = Complexity::Complex;
    picks(&world, 2);
    world.answers("a", 10, 3000);
    world.answers("b", 10, 400);
    assert_eq!(world.pick(), "b");
}

#[test]
fn adaptive_asks_every_newcomer_once_and_then_again_after_a_minute() {
    let world = acquainted(3);
    world.answers("a", 10, 10);
    world.answers("b", 10, 500);
    world.answers("c", 10, 500);
    assert_eq!(picks(&world, 20).get("a"), Some(&20));
    world.wait(61);
    let reasons: Vec<_> = (0..4).map(|_| world.route().reason).collect();
    let explored = reasons
        .iter()
        .filter(|r| **r == RouteReason::Explored)
        .count();
    assert_eq!(explored, 3);
}

#[test]
fn a_replica_that_fails_fast_draws_no_traffic() {
    let world = acquainted(3);
    for name in ["a", "b", "c"] {
        world.answers(name, 10, 50);
    }
    let mut failures = 0;
    for _ in 0..1000 {
        let route = world.route();
        let broken = &*route.endpoint.name == "b";
        failures += usize::from(broken);
        let fault = if broken { Fault::Endpoint } else { Fault::None };
        let millis = if broken { 1 } else { 50 };
        route.permit.complete(&world.done(fault, millis));
    }
    assert_eq!(failures, 5, "as many as open the breaker");
}

#[test]
fn ten_queries_at_once_over_three_spread_by_two_at_most() {
    for (strategy, _) in StrategyName::ALL {
        let world = World::equal(*strategy, 3);
        let routes: Vec<_> = (0..10).map(|_| world.route()).collect();
        let mut counts = BTreeMap::new();
        for route in &routes {
            *counts.entry(route.endpoint.name.to_string()).or_insert(0) += 1;
        }
        assert!(spread(&counts, 3) <= 2, "{}: {counts:?}", strategy.word());
    }
}

#[test]
fn steady_traffic_over_like_endpoints_stays_even() {
    for (strategy, _) in StrategyName::ALL {
        let world = World::equal(*strategy, 3);
        let mut counts = BTreeMap::new();
        for n in 0..300 {
            let route = world.route();
            *counts.entry(route.endpoint.name.to_string()).or_insert(0) += 1;
            route.permit.complete(&world.done(Fault::None, 100 + n % 5));
        }
        assert!(spread(&counts, 3) <= 2, "{}: {counts:?}", strategy.word());
    }
}

proptest! {
    #[test]
    fn round_robin_shares_differ_by_one_at_most(count in 1usize..20, picked in 0usize..200) {
        let world = World::equal(RoundRobin, count);
        prop_assert!(spread(&picks(&world, picked), count) <= 1);
    }

    #[test]
    fn weighted_shares_are_right_over_a_full_cycle(weights in prop::collection::vec(1u32..12, 1..8)) {
        let endpoints = letters(weights.len()).into_iter().zip(&weights);
        let endpoints = endpoints.map(|(e, w)| endpoint(&e.name, f64::from(*w))).collect();
        let world = World::new(WeightedRoundRobin, endpoints);
        let cycle: u32 = weights.iter().sum();
        for _ in 0..2 {
            let counts = picks(&world, cycle as usize);
            let shares: Vec<u32> = counts.values().map(|n| *n as u32).collect();
            prop_assert_eq!(&shares, &weights);
        }
    }

    #[test]
    fn the_same_view_and_seed_give_the_same_choice(
        loads in prop::collection::vec((0u32..90, 1u64..900), 2..9),
        strategy in prop::sample::select(StrategyName::ALL.to_vec()),
    ) {
        let made = || {
            let world = World::equal(strategy.0, loads.len());
            for (endpoint, (in_flight, millis)) in letters(loads.len()).iter().zip(&loads) {
                world.fill(&endpoint.name, *in_flight);
                world.answers(&endpoint.name, 3, *millis);
            }
            (0..12).map(|_| world.pick()).collect::<Vec<_>>()
        };
        prop_assert_eq!(made(), made());
    }
}

#[test]
fn an_endpoint_is_always_found_while_others_choose_finish_and_report() {
    for strategy in StrategyName::ALL.iter().map(|(name, _)| *name) {
        let world = World::equal(strategy, 2);
        std::thread::scope(|scope| {
            for worker in 0..4u32 {
                let world = &world;
                scope.spawn(move || {
                    for turn in 0..3_000u32 {
                        let route = world.route();
                        route
                            .permit
                            .complete(&world.done(Fault::None, (turn % 7 + worker).into()));
                        let busy = f64::from(turn % 10) / 10.0;
                        world.at("a").state.report(&LoadReport {
                            cpu_usage: Some(busy),
                            ..LoadReport::default()
                        });
                    }
                });
            }
        });
    }
}
