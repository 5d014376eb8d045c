use super::super::route::{Route, RouteRequest};
use super::super::testing::{World, endpoint, letters};
use super::*;
use crate::clock::Clock;
use crate::config::RoleChoice;
use crate::dialect::{Fault, Placement, Role};
use crate::endpoint::{
    Evidence, Gate, HealthStatus, LoadReport, OperatorStatus, Permit, PermitLimits, ProbeOutcome,
};
use crate::plan::Complexity;
use crate::random::Random;
use balancing::policies::Strategy::{self, *};
use balancing::{Exclusion, Home, RouteReason};
use proptest::prelude::*;
use std::time::Duration;

fn reasons(no_route: &NoRoute) -> Vec<Exclusion> {
    no_route
        .excluded
        .iter()
        .map(|(_, reason)| *reason)
        .collect()
}

fn unhealthy(world: &World, name: &str) {
    let endpoint = world.at(name);
    (0..5).for_each(|_| {
        endpoint
            .health()
            .probed(ProbeOutcome::Silent, "", &endpoint.rules, world.now());
    });
}

fn roles(names: &[(&str, RoleChoice)]) -> World {
    let endpoints = names.iter().map(|(name, role)| config::Endpoint {
        role: *role,
        ..endpoint(name, 1.0)
    });
    let mut world = World::new(RoundRobin, endpoints.collect());
    world.placement = Placement::Writer;
    world
}

#[test]
fn an_endpoint_takes_requests_when_healthy_and_free_and_none_otherwise() {
    let world = World::with(LeastConnections, letters(1), |_| ());
    assert_eq!(world.pick(), "a");
    world.fill("a", 100);
    let full = world.choose(&[]).unwrap_err();
    assert_eq!(reasons(&full), [Exclusion::Full]);
    assert_eq!((full.capable, full.with_capacity, full.online), (1, 0, 1));
    assert_eq!(full.retry_after, Some(Duration::from_secs(1)));
    let two = World::equal(LeastConnections, 2);
    unhealthy(&two, "a");
    assert!((0..5).all(|_| two.pick() == "b"));
}

/// A draining endpoint was called one in maintenance, which is another thing that operators ask for.
#[test]
fn a_refusal_calls_a_draining_endpoint_draining() {
    let world = World::equal(LeastConnections, 2);
    for (name, status) in [
        ("a", OperatorStatus::Draining),
        ("b", OperatorStatus::Maintenance),
    ] {
        let endpoint = world.at(name);
        endpoint.health().set_operator_status(status, world.now());
    }
    let text = world.choose(&[]).unwrap_err().rejection().detail;
    assert!(text.ends_with("a draining, b maintenance"), "{text}");
}

/// An endpoint whose requests failed a moment ago was avoided, and nothing said why.
#[test]
fn what_speaks_against_an_endpoint_stands_in_its_scores() {
    let world = World::equal(LeastConnections, 2);
    let avoided = |at: usize| world.pool.scores(&world.ask(&[]))[at].avoided.clone();
    assert_eq!(avoided(0), None);
    world.fails("a", 3);
    let why = avoided(0).unwrap();
    assert_eq!(why, "avoided: 3 failures in a row");
    assert_eq!(avoided(1), None);
    world.responds("a", 1, 5);
    assert_eq!(avoided(0), None);
}

#[test]
fn a_refusal_lists_every_endpoint_with_its_reason() {
    let mut endpoints = letters(5);
    endpoints[0].url = "http://nowhere.invalid:1".into();
    endpoints[1].role = RoleChoice::Reader;
    endpoints[2].weight = 0.0;
    let mut world = World::new(LeastConnections, endpoints);
    world.placement = Placement::Writer;
    world
        .at("d")
        .health()
        .set_operator_status(OperatorStatus::Maintenance, world.now());
    world.fill("e", 100);
    let no_route = world.choose(&[]).unwrap_err();
    use Exclusion::*;
    assert_eq!(
        reasons(&no_route),
        [Unresolved, Role, ZeroWeight, Maintenance, Full]
    );
    let text = no_route.rejection().detail;
    assert!(text.ends_with("a unresolved, b role, c zero_weight, d maintenance, e full"));
    assert_eq!(
        world.choose(&[world.at("e")]).unwrap_err().excluded[4].1,
        Tried
    );
}

#[test]
fn degraded_endpoints_come_last() {
    let world = World::with(RoundRobin, letters(2), |config| {
        config.health.rule = config::HealthRule::Leaky;
        config.breaker.enabled = false;
    });
    world.fails("a", 4);
    assert_eq!(world.at("a").health().status(), HealthStatus::Degraded);
    assert!((0..5).all(|_| world.pick() == "b"));
    world.fill("b", 100);
    assert_eq!(world.pick(), "a");
}

#[test]
fn an_overloaded_endpoint_comes_last_for_a_moment_and_no_breaker_opens() {
    let world = World::equal(RoundRobin, 2);
    (0..20).for_each(|_| world.complete("a", &world.done(Fault::Overload, 1)));
    assert_eq!(world.at("a").health().gate(world.now()), Gate::Closed);
    assert!((0..5).all(|_| world.pick() == "b"));
    world.wait(2);
    assert!((0..2).any(|_| world.pick() == "a"));
}

#[test]
fn faults_of_others_never_open_a_breaker() {
    let world = World::equal(RoundRobin, 2);
    use Fault::*;
    for fault in [Client, Access, Overload, Role, Database, Peer, Lag] {
        (0..20).for_each(|_| world.complete("a", &world.done(fault, 1)));
        assert_eq!(world.at("a").health().gate(world.now()), Gate::Closed);
    }
}

#[test]
fn a_clients_own_faults_are_no_failures_of_the_endpoint() {
    let world = World::equal(RoundRobin, 2);
    for fault in [Fault::Client, Fault::Access, Fault::Role] {
        (0..20).for_each(|_| world.complete("a", &world.done(fault, 1)));
        assert_eq!(world.at("a").health().health().failures_in_a_row(), 0);
    }
}

#[test]
fn an_open_breaker_takes_its_endpoint_out_and_one_trial_brings_it_back() {
    let world = World::equal(RoundRobin, 3);
    world.fails("a", 5);
    assert!((0..9).all(|_| world.pick() != "a"));
    world.wait(300);
    let trial = world.route();
    assert_eq!(
        (&*trial.endpoint.name, trial.reason),
        ("a", RouteReason::Trial)
    );
    assert_eq!(world.at("a").health().gate(world.now()), Gate::TrialRunning);
    assert!((0..9).all(|_| world.pick() != "a"), "one trial at a time");
    trial
        .permit
        .complete(&world.done(Fault::None, 5), Evidence::default());
    assert!((0..9).any(|_| world.pick() == "a"));
}

#[test]
fn a_request_that_loses_the_race_for_the_only_endpoints_trial_is_served_all_the_same() {
    for _ in 0..500 {
        let world = World::equal(RoundRobin, 2);
        world.fails("a", 5);
        world.fails("b", 5);
        world.wait(3600);
        let tried = [world.at("a")];
        let start = std::sync::Barrier::new(8);
        let race = || {
            start.wait();
            world
                .choose(&tried)
                .map(|route| route.endpoint.name.to_string())
        };
        std::thread::scope(|scope| {
            let racers: Vec<_> = (0..8).map(|_| scope.spawn(race)).collect();
            let routes: Vec<_> = racers
                .into_iter()
                .map(|racer| racer.join().unwrap())
                .collect();
            assert!(routes.iter().all(Result::is_ok));
        });
    }
}

#[test]
fn a_dropped_trial_frees_its_slot_and_teaches_nothing() {
    let world = World::equal(RoundRobin, 3);
    world.fails("a", 5);
    world.wait(300);
    drop(world.route());
    let again = world.route();
    assert_eq!(
        (&*again.endpoint.name, again.reason),
        ("a", RouteReason::Trial)
    );
    assert_eq!(world.at("a").state.totals().aborted, 1);
}

#[test]
fn a_trial_is_made_with_a_first_attempt_of_a_read() {
    let mut world = World::equal(RoundRobin, 3);
    world.fails("a", 5);
    world.wait(300);
    let tried = [world.at("b")];
    assert_eq!(&*world.choose(&tried).unwrap().endpoint.name, "c");
    world.placement = Placement::Writer;
    assert_ne!(world.pick(), "a");
}

#[test]
fn writes_go_to_writers_and_reads_to_all() {
    use RoleChoice::*;
    let mut world = roles(&[("a", Writer), ("b", Reader), ("c", Auto)]);
    assert!((0..6).all(|_| world.pick() == "a"));
    world.placement = Placement::Any;
    let mut names: Vec<_> = (0..3).map(|_| world.pick()).collect();
    names.sort();
    assert_eq!(names, ["a", "b", "c"]);
}

#[test]
fn without_known_roles_every_endpoint_takes_writes() {
    use RoleChoice::*;
    let world = roles(&[("a", Auto), ("b", Auto), ("c", Reader)]);
    let mut names: Vec<_> = (0..4).map(|_| world.pick()).collect();
    names.sort();
    assert_eq!(names, ["a", "a", "b", "b"]);
}

#[test]
fn a_writer_that_lost_its_role_is_replaced_even_before_the_probes_know() {
    use RoleChoice::*;
    let world = roles(&[("a", Auto), ("b", Auto)]);
    world.at("a").server().found_role(Role::Writer, world.now());
    world.at("b").server().found_role(Role::Reader, world.now());
    assert_eq!(world.pick(), "a");
    world.complete("a", &world.done(Fault::Role, 1));
    let retry = world.choose(&[world.at("a")]).unwrap();
    assert_eq!(&*retry.endpoint.name, "b");
    world.at("b").server().found_role(Role::Writer, world.now());
    assert!((0..4).all(|_| world.pick() == "b"));
}

#[test]
fn the_last_resort_is_the_least_recently_failed() {
    let world = World::equal(LeastConnections, 3);
    for name in ["b", "c", "a"] {
        unhealthy(&world, name);
        world.wait(1);
    }
    let route = world.route();
    assert_eq!(
        (&*route.endpoint.name, route.reason),
        ("b", RouteReason::LastResort)
    );
    let next = world.choose(std::slice::from_ref(&route.endpoint)).unwrap();
    assert_eq!(&*next.endpoint.name, "c");
}

#[test]
fn a_single_endpoint_is_never_taken_out_by_its_breaker_and_two_successes_close_it() {
    let world = World::equal(Adaptive, 1);
    world.fails("a", 50);
    let gate = || world.at("a").health().gate(world.now());
    assert!(matches!(gate(), Gate::Open(_)));
    world.wait(1);
    for after in [Gate::HalfOpen, Gate::Closed] {
        let route = world.route();
        let done = world.done(Fault::None, 5);
        route.permit.complete(&done, Evidence::default());
        assert_eq!(gate(), after);
    }
}

#[test]
fn one_may_always_go_while_another_stays() {
    let world = World::with(RoundRobin, letters(2), |config| {
        config.breaker.max_ejected = 0.0;
    });
    world.fails("a", 5);
    world.fill("b", 100);
    let refused = world.choose(&[]).unwrap_err();
    assert_eq!(reasons(&refused), [Exclusion::BreakerOpen, Exclusion::Full]);
}

/// A thousand requests that waited all went to the endpoint that was just back.
#[test]
fn an_endpoint_that_is_back_is_filled_slowly_however_many_wait() {
    let world = World::equal(LeastConnections, 2);
    world.fails("a", 5);
    world.wait(300);
    let trial = world.route().permit;
    trial.complete(&world.done(Fault::None, 5), Evidence::default());
    world.fill("b", 100);
    let take = || {
        (0..1000)
            .filter_map(|_| world.choose(&[]).ok())
            .collect::<Vec<_>>()
    };
    let first = take();
    assert_eq!(first.len(), 10, "a tenth of what it may have");
    let refused = world.choose(&[]).unwrap_err();
    assert_eq!(reasons(&refused), [Exclusion::Starting, Exclusion::Full]);
    world.wait(5);
    let second = take();
    assert_eq!(first.len() + second.len(), 50);
    world.wait(5);
    assert_eq!(first.len() + second.len() + take().len(), 100);
}

#[test]
fn a_local_call_always_goes_to_the_owner_of_its_key() {
    let world = World::equal(LeastConnections, 5);
    let local = Placement::Local;
    let go = |pool: &Pool, key| {
        let ask = RouteRequest {
            placement: &local,
            key,
            ..world.ask(&[])
        };
        pool.choose(&ask, &mut Random::seeded(1))
    };
    let name = |pool: &Pool, key| go(pool, key).unwrap().endpoint.name.to_string();
    let owner = name(&world.pool, "books");
    unhealthy(&world, &owner);
    assert_eq!(name(&world.pool, "books"), owner);
    let keys: Vec<String> = (0..200).map(|n| format!("key-{n}")).collect();
    let before: Vec<_> = keys.iter().map(|key| name(&world.pool, key)).collect();
    let fewer = world.rebuild(letters(4));
    for (key, before) in keys.iter().zip(&before).filter(|(_, b)| *b != "e") {
        assert_eq!(
            &name(&fewer, key),
            before,
            "only keys of the one that left move"
        );
    }
    for one in ["a", "b", "c", "d", "e"] {
        assert!(before.iter().filter(|b| *b == one).count() > 15);
    }
    world
        .at(&owner)
        .health()
        .set_operator_status(OperatorStatus::Maintenance, world.now());
    let refused = go(&world.pool, "books").unwrap_err();
    assert!(refused.excluded.contains(&(owner, Exclusion::Maintenance)));
}

#[test]
fn a_transaction_stays_with_its_endpoint_in_whatever_state() {
    let mut world = World::equal(LeastConnections, 3);
    let token = world.at("b").token.to_string();
    world.placement = Placement::Pinned(token);
    unhealthy(&world, "b");
    world
        .at("b")
        .health()
        .set_operator_status(OperatorStatus::Maintenance, world.now());
    world.fill("b", 100);
    let route = world.route();
    assert_eq!(
        (&*route.endpoint.name, route.reason),
        ("b", RouteReason::Pinned)
    );
}

#[test]
fn an_unknown_token_is_a_transaction_that_is_not_found() {
    let mut world = World::equal(LeastConnections, 2);
    world.placement = Placement::Pinned("0123".into());
    let rejection = world.choose(&[]).unwrap_err().rejection();
    assert_eq!(
        rejection.reason,
        crate::rejection::RejectionReason::TransactionNotFound
    );
}

#[test]
fn home_is_preferred_while_it_may_take_the_request() {
    let world = World::equal(LeastConnections, 3);
    let home = world.at("c").token.clone();
    world.fill("c", 6);
    let ask = RouteRequest {
        home: Some((&home, Home::Ahead)),
        ..world.ask(&[])
    };
    let choose = || world.pool.choose(&ask, &mut Random::seeded(1)).unwrap();
    assert_eq!(choose().reason, RouteReason::Home);
    world.fill("c", 3);
    assert_ne!(choose().reason, RouteReason::Home, "it is full");
    unhealthy(&world, "c");
    assert_ne!(&*choose().endpoint.name, "c");
}

#[test]
fn balancing_that_is_off_goes_round_whatever_the_state() {
    let world = World::with(LeastConnections, letters(3), |c| c.balance.enabled = false);
    unhealthy(&world, "a");
    world.fill("b", 500);
    let order: Vec<_> = (0..3).map(|_| world.pick()).collect();
    assert_eq!(order, ["a", "b", "c"]);
}

#[test]
fn a_failure_moves_on_to_the_next_address_of_a_name() {
    let mut named = letters(1);
    named[0].url = "http://localhost:9".into();
    let world = World::new(RoundRobin, named);
    let two = ["127.0.0.1:9".parse().unwrap(), "[::1]:9".parse().unwrap()];
    let turned = vec![two[1], two[0]];
    world.at("a").health().resolved(turned, world.now());
    assert!(!world.at("a").held(world.now()));
    assert_eq!(world.route().address, two[0]);
    world.fails("a", 1);
    assert_eq!(world.route().address, two[1]);
    assert!(world.at("a").held(world.now()));
}

/// The share of its places that an endpoint may use now.
fn start_share(world: &World, endpoint: &Endpoint) -> f64 {
    let (ask, settings) = (world.ask(&[]).plain(), &endpoint.rules.settings);
    let health = endpoint.health().health();
    health.view(&ask, settings, world.now()).start_share
}

#[test]
fn an_endpoint_that_a_reload_adds_beside_others_begins_slowly() {
    let world = World::equal(RoundRobin, 2);
    let next = world.rebuild(letters(3));
    next.begin_beside(&world.pool, world.now());
    let shares: Vec<f64> = next
        .endpoints()
        .iter()
        .map(|one| start_share(&world, one))
        .collect();
    assert_eq!(shares, [1.0, 1.0, 0.1]);
    let others = world.rebuild(vec![endpoint("x", 1.0), endpoint("y", 1.0)]);
    others.begin_beside(&world.pool, world.now());
    let shares: Vec<f64> = others
        .endpoints()
        .iter()
        .map(|one| start_share(&world, one))
        .collect();
    assert_eq!(
        shares,
        [1.0, 1.0],
        "where none stays, there is nobody to take the rest"
    );
}

#[test]
fn a_name_that_stands_for_another_server_begins_slowly_while_peers_serve() {
    let mut named = letters(2);
    named[0].url = "http://localhost:9".into();
    let world = World::new(RoundRobin, named);
    let address = |last: u8| vec![format!("127.0.0.{last}:9").parse().unwrap()];
    let moves = |last| {
        let endpoint = world.at("a");
        endpoint.health().resolved(address(last), world.now());
        start_share(&world, &endpoint)
    };
    world.wait(1);
    assert_eq!(moves(1), 1.0, "nobody serves yet");
    world.responds("b", 1, 5);
    assert_eq!(moves(1), 1.0, "it is where it was");
    assert_eq!(moves(2), 0.1);
}

#[test]
fn an_explanation_shows_every_endpoint_as_it_stood() {
    let world = World::equal(Adaptive, 2);
    world.fill("a", 100);
    let ask = RouteRequest {
        explain: true,
        ..world.ask(&[])
    };
    let route = world.pool.choose(&ask, &mut Random::seeded(1)).unwrap();
    assert_eq!(route.scores.len(), 2);
    assert_eq!(route.scores[0].excluded, Some(Exclusion::Full));
    assert_eq!(
        (route.scores[0].load, route.scores[0].in_flight),
        (1.0, 100)
    );
    assert_eq!(route.scores[1].excluded, None);
}

#[test]
fn statistics_show_the_pool_and_serialise_unknown_as_null() {
    let world = World::equal(LeastConnections, 2);
    world.responds("a", 4, 100);
    world.fails("a", 1);
    let _permit = world.route();
    let stats = world.pool.stats(world.now());
    assert_eq!((stats.total_instances, stats.healthy_instances), (2, 2));
    assert_eq!(stats.total_connections, 1);
    assert_eq!(stats.instances[0].error_rate, Some(0.2));
    let json = serde_json::to_value(&stats).unwrap();
    assert_eq!(json["strategy"], "least_connections");
    assert!(json["instances"][1]["cpu_usage"].is_null());
    assert_eq!(json["instances"][0]["consecutive_failures"], 1);
}

/// Refused credentials and failures of a peer stood in no count, so that an incident of them showed no failure.
#[test]
fn every_request_that_ended_stands_in_exactly_one_count() {
    let world = World::equal(LeastConnections, 2);
    world.responds("a", 3, 5);
    for fault in Fault::FAILURES {
        world.complete("a", &world.done(fault, 1));
    }
    drop(world.choose(&[world.at("b")]).unwrap());
    let one = &world.pool.stats(world.now()).instances[0];
    assert_eq!((one.success_count, one.aborted_count), (3, 1));
    assert!(one.failures.values().all(|count| *count == 1));
    let failed: u64 = one.failures.values().sum();
    assert_eq!(failed, 8);
    assert_eq!(one.total_requests, 3 + failed + 1);
}

#[test]
fn an_endpoint_that_refuses_every_credential_fails_all_its_requests() {
    let world = World::equal(LeastConnections, 2);
    let permit = || {
        Permit::claim(&world.at("a"), 0.0, PermitLimits::NONE)
            .unwrap()
            .freely()
    };
    for _ in 0..4 {
        permit().complete(&world.done(Fault::Access, 1), Evidence::default());
    }
    let stats = world.pool.stats(world.now());
    assert_eq!(stats.instances[0].error_rate, Some(1.0));
}

#[test]
fn a_pool_is_refused_when_two_endpoints_share_a_name_or_a_url_is_not_http() {
    let registry = Arc::<Registry>::default();
    let build = |endpoints| {
        let service = config::Service {
            endpoints,
            ..config::Service::default()
        };
        let broker = Arc::new(Broker::new(Clock::manual(), Random::seeded(1)));
        let config = Config::default();
        Pool::build(
            "graph",
            &service,
            &config,
            (&registry, &PolicyRegistry::default()),
            broker,
            None,
        )
        .err()
    };
    let twice = vec![endpoint("a", 1.0), endpoint("a", 1.0)];
    assert!(matches!(build(twice), Some(PoolError::Twice { .. })));
    let bolt = config::Endpoint {
        url: "bolt://graph:7687".into(),
        ..endpoint("a", 1.0)
    };
    assert!(matches!(build(vec![bolt]), Some(PoolError::Url { .. })));
    let many = (0..=MAX_ENDPOINTS)
        .map(|n| endpoint(&format!("e{n}"), 1.0))
        .collect();
    assert!(matches!(build(many), Some(PoolError::TooMany { .. })));
    assert_eq!(build(Vec::new()), None);
}

#[test]
fn permits_are_never_given_beyond_the_limit_by_threads_at_once() {
    let mut endpoints = letters(2);
    endpoints.iter_mut().for_each(|e| e.max_connections = 7);
    let world = World::new(LeastConnections, endpoints);
    let given: Vec<_> = std::thread::scope(|scope| {
        let one = || {
            scope.spawn(|| {
                (0..5)
                    .filter_map(|_| world.choose(&[]).ok())
                    .collect::<Vec<_>>()
            })
        };
        let threads: Vec<_> = (0..4).map(|_| one()).collect();
        threads
            .into_iter()
            .flat_map(|t| t.join().unwrap())
            .collect::<Vec<_>>()
    });
    assert_eq!(given.len(), 14);
    drop(given);
    assert!(
        world
            .pool
            .endpoints()
            .iter()
            .all(|e| e.state.in_flight() == 0)
    );
}

#[derive(Debug, Clone)]
enum Step {
    Choose,
    Complete(usize, u8),
    Drop(usize),
    Wait(u64),
    Probe(usize, bool),
    Maintain(usize, bool),
}

fn step() -> impl Strategy_<Value = Step> {
    prop_oneof![
        4 => Just(Step::Choose),
        3 => (any::<usize>(), 0u8..8).prop_map(|(at, fault)| Step::Complete(at, fault)),
        1 => any::<usize>().prop_map(Step::Drop),
        1 => (0u64..400).prop_map(Step::Wait),
        1 => (any::<usize>(), any::<bool>()).prop_map(|(at, good)| Step::Probe(at, good)),
        1 => (any::<usize>(), any::<bool>()).prop_map(|(at, on)| Step::Maintain(at, on)),
    ]
}

use proptest::strategy::Strategy as Strategy_;

const FAULTS: [Fault; 8] = [
    Fault::None,
    Fault::Endpoint,
    Fault::Endpoint,
    Fault::Client,
    Fault::Overload,
    Fault::Peer,
    Fault::Database,
    Fault::Lag,
];

/// What may never be true of a route, whatever came before.
fn check(world: &World, route: &Route, free: u32) -> Result<(), TestCaseError> {
    let endpoint = &route.endpoint;
    prop_assert!(endpoint.health().status() != HealthStatus::Maintenance);
    prop_assert!(free > 0, "a full endpoint was chosen");
    let others_serve = world.pool.endpoints().iter().any(|other| {
        other.is_online(world.now()) && other.state.in_flight() < other.max_connections
    });
    if route.reason == RouteReason::LastResort {
        prop_assert!(!others_serve, "last resort while another one serves");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_happens_no_ineligible_endpoint_is_chosen_and_nothing_leaks(
        steps in prop::collection::vec(step(), 1..120),
        count in 1usize..6,
        strategy in prop::sample::select(Strategy::ALL.to_vec()),
    ) {
        let mut endpoints = letters(count);
        endpoints.iter_mut().for_each(|e| e.max_connections = 4);
        let world = World::new(strategy, endpoints);
        let at = |n: usize| world.pool.endpoints()[n % count].clone();
        let mut routes: Vec<Route> = Vec::new();
        for step in steps {
            match step {
                Step::Choose => {
                    let free: Vec<u32> = world.pool.endpoints().iter()
                        .map(|e| e.max_connections - e.state.in_flight()).collect();
                    if let Ok(route) = world.choose(&[]) {
                        let index = world.pool.endpoints().iter()
                            .position(|e| e.token == route.endpoint.token).unwrap();
                        check(&world, &route, free[index])?;
                        routes.push(route);
                    }
                }
                Step::Complete(n, fault) if !routes.is_empty() => {
                    let route = routes.swap_remove(n % routes.len());
                    route.permit.complete(&world.done(FAULTS[usize::from(fault)], 5), Evidence::default());
                }
                Step::Drop(n) if !routes.is_empty() => {
                    routes.swap_remove(n % routes.len());
                }
                Step::Wait(secs) => world.wait(secs),
                Step::Probe(n, good) => {
                    let (endpoint, outcome) = (at(n), if good { ProbeOutcome::Good } else { ProbeOutcome::Silent });
                    endpoint.health().probed(outcome, "", &endpoint.rules, world.now());
                }
                Step::Maintain(n, on) => {
                    let status = if on { OperatorStatus::Maintenance } else { OperatorStatus::Active };
                    at(n).health().set_operator_status(status, world.now());
                }
                _ => {}
            }
        }
        drop(routes);
        for endpoint in world.pool.endpoints() {
            prop_assert_eq!(endpoint.state.in_flight(), 0);
            prop_assert!(endpoint.health().gate(world.now()) != Gate::TrialRunning, "a trial slot leaked");
        }
    }

    #[test]
    fn breakers_alone_never_empty_a_pool(
        failing in prop::collection::vec((0usize..6, 0u64..40), 0..80),
        count in 1usize..6,
        share in 0.0f64..=1.0,
    ) {
        let world = World::with(LeastConnections, letters(count), |config| {
            config.breaker.max_ejected = share;
        });
        for (n, secs) in failing {
            world.fails(&letters(count)[n % count].name.clone(), 5);
            world.wait(secs);
            prop_assert!(world.choose(&[]).is_ok());
        }
    }
}

#[test]
fn one_slow_statement_on_every_endpoint_in_turn_opens_no_breaker() {
    let world = World::equal(LeastConnections, 3);
    for _ in 0..10 {
        for name in ["a", "b", "c"] {
            world.wait(10);
            world.times_out(name, 1, 30_000);
        }
    }
    for name in ["a", "b", "c"] {
        assert_eq!(world.at(name).health().gate(world.now()), Gate::Closed);
        assert_eq!(world.at(name).health().health().failures_in_a_row(), 0);
    }
    // One endpoint alone that responds to no shape in time is at fault.
    for shape in 2..9 {
        world.times_out("b", shape, 30_000);
    }
    let open = |name: &str| world.at(name).health().gate(world.now()) != Gate::Closed;
    assert_eq!([open("a"), open("b"), open("c")], [false, true, false]);
}

#[test]
fn timeouts_of_one_shape_count_where_the_probes_fail_too() {
    let world = World::equal(LeastConnections, 3);
    let rules = world.at("a").rules.clone();
    let silent = ProbeOutcome::Silent;
    world
        .at("a")
        .health()
        .probed(silent, "", &rules, world.now());
    (0..5).for_each(|_| world.times_out("a", 1, 30_000));
    assert!(matches!(
        world.at("a").health().gate(world.now()),
        Gate::Open(_)
    ));
}

#[test]
fn complexities_are_learned_apart() {
    let mut world = World::equal(Adaptive, 2);
    let acquaint = |world: &World| (0..2).for_each(|_| drop(world.pick()));
    acquaint(&world);
    world.responds("a", 10, 100);
    world.responds("b", 10, 900);
    assert_eq!(world.pick(), "a");
    world.plan.complexity = Complexity::Complex;
    acquaint(&world);
    world.responds("a", 10, 3000);
    world.responds("b", 10, 400);
    assert_eq!(world.pick(), "b");
}

#[test]
fn a_replica_that_fails_fast_draws_no_traffic() {
    let world = World::equal(Adaptive, 3);
    (0..3).for_each(|_| drop(world.pick()));
    for name in ["a", "b", "c"] {
        world.responds(name, 10, 50);
    }
    let mut failures = 0;
    for _ in 0..1000 {
        let route = world.route();
        let broken = &*route.endpoint.name == "b";
        failures += usize::from(broken);
        let fault = if broken { Fault::Endpoint } else { Fault::None };
        let millis = if broken { 1 } else { 50 };
        route
            .permit
            .complete(&world.done(fault, millis), Evidence::default());
        world.clock.advance(Duration::from_millis(50));
    }
    assert_eq!(failures, 5, "as many as open the breaker");
}

#[test]
fn an_endpoint_is_always_found_while_others_choose_finish_and_report() {
    for strategy in Strategy::ALL {
        let world = World::equal(*strategy, 2);
        std::thread::scope(|scope| {
            for worker in 0..4u32 {
                let world = &world;
                scope.spawn(move || {
                    for turn in 0..3_000u32 {
                        let route = world.route();
                        let millis = (turn % 7 + worker).into();
                        let done = world.done(Fault::None, millis);
                        route.permit.complete(&done, Evidence::default());
                        let report = LoadReport {
                            cpu_usage: Some(f64::from(turn % 10) / 10.0),
                            ..LoadReport::default()
                        };
                        world.at("a").report(&report, world.now(), 0);
                    }
                });
            }
        });
    }
}

/// Each reload restarted the rotation, so the first endpoint had one request more with every reload.
#[test]
fn a_strategy_goes_on_where_it_was_after_a_reload_that_leaves_its_endpoints() {
    let world = World::equal(RoundRobin, 3);
    assert_eq!(world.pick(), "a");
    let next = |pool: &Pool| {
        let route = pool
            .choose(&world.ask(&[]), &mut Random::seeded(1))
            .unwrap();
        route.endpoint.name.to_string()
    };
    assert_eq!(next(&world.rebuild(letters(3))), "b");
    assert_eq!(next(&world.rebuild(letters(2))), "a", "others begin anew");
}

/// `/readyz` said that no endpoint serves while requests were served, and breakers that were off were shown as open.
#[test]
fn what_choosing_ignores_takes_no_endpoint_offline() {
    let serves = |change: fn(&mut crate::config::Config)| {
        let world = World::with(LeastConnections, letters(1), change);
        world
            .at("a")
            .health()
            .set_operator_status(OperatorStatus::Maintenance, world.now());
        let stats = world.pool.stats(world.now());
        assert_eq!(stats.healthy_instances == 1, world.choose(&[]).is_ok());
        stats.healthy_instances
    };
    assert_eq!(serves(|_| ()), 0);
    assert_eq!(serves(|config| config.balance.enabled = false), 1);

    let mut world = World::equal(LeastConnections, 1);
    world.fails("a", 5);
    let row = |pool: &Pool, now| {
        let stats = pool.stats(now);
        (stats.instances[0].breaker, stats.healthy_instances)
    };
    assert_eq!(row(&world.pool, world.now()), ("open", 0));
    world.config.breaker.enabled = false;
    let off = world.rebuild(letters(1));
    world.settle(&off);
    assert_eq!(row(&off, world.now()), ("closed", 1));
    world.config.breaker.enabled = true;
    let on = world.rebuild(letters(1));
    world.settle(&on);
    assert_eq!(row(&on, world.now()), ("closed", 1), "it was forgotten");
}

/// `/readyz` failed while a trial was due, so no request came to make it.
#[test]
fn a_service_is_available_where_choosing_has_more_than_a_last_resort() {
    let world = World::equal(LeastConnections, 2);
    let available = |world: &World| world.pool.is_available(&world.ask(&[]));
    assert!(available(&world));
    unhealthy(&world, "a");
    unhealthy(&world, "b");
    assert!(!available(&world), "a last resort is none that serves");
    let endpoint = world.at("a");
    let good = ProbeOutcome::Good;
    endpoint
        .health()
        .probed(good, "", &endpoint.rules, world.now());
    world.fails("a", 5);
    assert!(
        available(&world),
        "its breaker alone does not take the last one out"
    );
    world.wait(300);
    assert_eq!(world.at("a").health().gate(world.now()), Gate::HalfOpen);
    assert!(available(&world), "a trial is due");
    let both = World::equal(LeastConnections, 2);
    for name in ["a", "b"] {
        both.fails(name, 5);
    }
    assert!(available(&both), "one stays beyond `max_ejected`");
    let full = World::equal(LeastConnections, 1);
    full.fill("a", 100);
    assert!(available(&full), "it only has no room for now");
}

/// A statement that ran into its client's own limit was an error of each endpoint, and kept the cache off it.
#[test]
fn a_timeout_of_one_shape_is_no_error_of_the_endpoint_and_holds_no_cache_off() {
    let world = World::equal(LeastConnections, 3);
    let endpoint = world.at("a");
    (0..10).for_each(|_| world.times_out("a", 1, 15_000));
    assert_eq!(endpoint.state.totals().errors, 0);
    assert!(!endpoint.held(world.now()));
    world.times_out("a", 2, 15_000);
    assert_eq!(endpoint.state.totals().errors, 1, "two shapes, on no peer");
    assert!(endpoint.held(world.now()));
}
