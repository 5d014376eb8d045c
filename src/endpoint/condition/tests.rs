use super::*;
use crate::clock::Clock;
use crate::config::EndpointAddress;
use crate::dialect::Role;
use crate::endpoint::known_role::REFUSED_WRITE_FOR;
use balancing::health::Peers;
use balancing::{Ask, Start};
use std::net::SocketAddr;

fn condition(host: &str) -> Condition {
    beside(&Arc::default(), host)
}

fn beside(peers: &Arc<Peers>, host: &str) -> Condition {
    let identity = Identity {
        service: "graph".into(),
        name: "a".into(),
        address: EndpointAddress {
            host: host.into(),
            port: 7474,
        },
    };
    Condition::new(
        identity,
        peers.join(0),
        Arc::default(),
        Arc::default(),
        Arc::default(),
    )
}

/// A request of this shape that began and ended now.
fn done(shape: u64, fault: Fault, now: Moment) -> Completion {
    Completion {
        start: Start {
            endpoint: 0,
            in_flight: 1,
            ask: Ask::read(shape, 0, 1.0, now),
            now,
        },
        now,
        service_time: Duration::from_millis(1),
        fault: Some(fault),
        outpaced: false,
    }
}

fn fail(condition: &Condition, times: usize, rules: &HealthRules, now: Moment) {
    let failed = done(1, Fault::Endpoint, now);
    for _ in 0..times {
        condition.on_finish(&failed, &Evidence::default(), rules);
    }
}

fn told(condition: &Condition) -> Vec<EventKind> {
    condition
        .server()
        .events
        .after(0)
        .iter()
        .map(|e| e.what)
        .collect()
}

#[test]
fn a_literal_address_is_resolved_at_once_and_a_name_is_not() {
    let address = condition("::1").server().address();
    assert_eq!(address, Some("[::1]:7474".parse().unwrap()));
    let name = condition("graph");
    assert!(!name.server().is_resolved());
    assert_eq!(name.server().address(), None);
}

#[test]
fn a_name_that_stops_resolving_keeps_its_last_good_addresses() {
    let (name, clock) = (condition("graph"), Clock::manual());
    let one: SocketAddr = "10.0.0.1:7474".parse().unwrap();
    name.resolved(vec![one], clock.now());
    name.resolved(Vec::new(), clock.now());
    assert_eq!(name.server().address(), Some(one));
    assert_eq!(told(&name), [EventKind::Resolved]);
}

#[test]
fn the_cache_is_held_off_after_a_failure_an_ejection_and_a_return() {
    let (condition, clock) = (condition("::1"), Clock::manual());
    let rules = HealthRules {
        rejoin_hold: Duration::from_secs(30),
        ..HealthRules::default()
    };
    let wait = |secs| clock.advance(Duration::from_secs(secs));
    let held = |condition: &Condition| condition.held(rules.rejoin_hold, clock.now());
    assert!(!held(&condition));
    fail(&condition, 1, &rules, clock.now());
    assert!(held(&condition));
    wait(30);
    assert!(!held(&condition));
    (0..5).for_each(|_| condition.probed(ProbeOutcome::Silent, "", &rules, clock.now()));
    assert!(held(&condition));
    wait(60);
    condition.probed(ProbeOutcome::Good, "", &rules, clock.now());
    assert!(held(&condition));
    assert_eq!(told(&condition), [EventKind::Unhealthy, EventKind::Healthy]);
}

#[test]
fn a_good_probe_lets_a_trial_through_unless_that_is_not_wanted() {
    for (recover_on_probe, gate) in [(true, Gate::HalfOpen), (false, Gate::Open(Moment(0)))] {
        let (condition, clock) = (condition("::1"), Clock::manual());
        let mut rules = HealthRules::default();
        rules.settings.breaker.recover_on_probe = recover_on_probe;
        fail(&condition, 5, &rules, clock.now());
        clock.advance(Duration::from_secs(1));
        condition.probed(ProbeOutcome::Good, "", &rules, clock.now());
        let is_due = condition.gate(clock.now()) == Gate::HalfOpen;
        assert_eq!(is_due, gate == Gate::HalfOpen);
        assert_eq!(told(&condition), [EventKind::BreakerOpened]);
    }
}

#[tokio::test]
async fn an_opened_breaker_asks_for_a_probe_now() {
    let (condition, clock) = (condition("::1"), Clock::manual());
    let rules = HealthRules::default();
    fail(&condition, 5, &rules, clock.now());
    condition.probe_trigger.fired().await;
}

#[test]
fn what_the_operator_does_with_an_endpoint_is_told_once_each() {
    let condition = condition("::1");
    use OperatorStatus::{Active, Draining, Maintenance};
    for status in [Maintenance, Maintenance, Active, Active, Draining, Active] {
        condition.set_operator_status(status, Moment(0));
    }
    assert_eq!(
        told(&condition),
        [
            EventKind::MaintenanceBegun,
            EventKind::MaintenanceEnded,
            EventKind::DrainingBegun,
            EventKind::MaintenanceEnded,
        ]
    );
}

#[test]
fn roles_are_believed_until_a_write_is_refused() {
    let (condition, clock) = (condition("::1"), Clock::manual());
    assert_eq!(condition.server().role(clock.now()), None);
    condition.server().found_role(Role::Writer, clock.now());
    condition.server().found_role(Role::Writer, clock.now());
    condition.refused_write(clock.now());
    assert_eq!(condition.server().role(clock.now()), Some(Role::Reader));
    condition.server().found_role(Role::Writer, clock.now());
    assert_eq!(condition.server().role(clock.now()), Some(Role::Writer));
    assert_eq!(
        told(&condition),
        [
            EventKind::RoleWriter,
            EventKind::RoleReader,
            EventKind::RoleWriter
        ]
    );
}

#[test]
fn a_refused_write_makes_no_reader_for_ever_where_no_probe_tells_the_role() {
    let (condition, clock) = (condition("::1"), Clock::manual());
    condition.refused_write(clock.now());
    condition.refused_write(clock.now());
    clock.advance(REFUSED_WRITE_FOR);
    assert_eq!(condition.server().role(clock.now()), None);
    condition.refused_write(clock.now());
    assert_eq!(condition.server().role(clock.now()), Some(Role::Reader));
    assert_eq!(told(&condition), [EventKind::RoleReader; 2]);
}

/// Each request of an outage was an event, and the ring held nothing else.
#[test]
fn a_long_failure_tells_each_length_of_the_breakers_pause_once() {
    let (condition, clock) = (condition("::1"), Clock::manual());
    let rules = HealthRules::default();
    fail(&condition, 5, &rules, clock.now());
    for _ in 0..1000 {
        clock.advance(Duration::from_secs(2000));
        let evidence = Evidence {
            trial: condition.claim_trial(clock.now()),
            ..Evidence::default()
        };
        assert!(evidence.trial.is_some());
        let failed = done(1, Fault::Endpoint, clock.now());
        condition.on_finish(&failed, &evidence, &rules);
    }
    assert_eq!(
        told(&condition),
        [
            EventKind::BreakerOpened,
            EventKind::BreakerReopened,
            EventKind::BreakerReopened,
            EventKind::BreakerReopened
        ],
        "300 s, 600 s, 1200 s, 1800 s"
    );
}

/// A statement that fails everywhere with a 5xx kept the cache off every endpoint.
#[test]
fn failures_of_one_shape_hold_the_cache_off_only_with_those_of_another() {
    let (condition, clock) = (condition("::1"), Clock::manual());
    let rules = HealthRules {
        rejoin_hold: Duration::from_secs(30),
        ..HealthRules::default()
    };
    let fail = |shape| {
        let evidence = Evidence {
            needs_two_shapes: true,
            ..Evidence::default()
        };
        let failed = done(shape, Fault::Endpoint, clock.now());
        condition.on_finish(&failed, &evidence, &rules);
        condition.held(rules.rejoin_hold, clock.now())
    };
    assert!((0..50).all(|_| !fail(1)));
    assert!(fail(2));
}

/// The end of an ejection was told with the next request that ended, long after it where none came.
#[test]
fn the_end_of_an_ejection_is_told_when_it_is_over_and_why() {
    for all_fail in [false, true] {
        let (peers, clock, rules) = (Arc::default(), Clock::manual(), HealthRules::default());
        let (one, other) = (beside(&peers, "::1"), beside(&peers, "::1"));
        let end = |condition: &Condition, fault| {
            let evidence = Evidence::default();
            condition.on_finish(&done(1, fault, clock.now()), &evidence, &rules);
        };
        clock.advance(Duration::from_secs(1));
        (0..100).for_each(|_| end(&other, Fault::None));
        (0..20).for_each(|_| end(&one, Fault::Peer));
        assert_eq!(told(&one), [EventKind::Ejected]);
        one.time_passed(&rules, clock.now());
        assert_eq!(told(&one), [EventKind::Ejected], "it is not over");
        if all_fail {
            clock.advance(Duration::from_secs(1));
            (0..5).for_each(|_| end(&other, Fault::Endpoint));
        }
        clock.advance(Duration::from_secs(if all_fail { 2 } else { 600 }));
        (0..2).for_each(|_| one.time_passed(&rules, clock.now()));
        assert_eq!(told(&one), [EventKind::Ejected, EventKind::Readmitted]);
        let why = one.server().events.after(1)[0].why.clone();
        let words = match all_fail {
            true => "after 2 s: its peers fail as well, so it is tried again",
            false => "s: its time is over",
        };
        assert!(why.ends_with(words), "{why}");
    }
}

/// A breaker that was to stay open for minutes closed a second later, and its event did not say that it might.
#[test]
fn an_opened_breaker_says_whether_good_probes_shorten_its_time() {
    for (recover_on_probe, says) in [(true, true), (false, false)] {
        let (condition, clock) = (condition("::1"), Clock::manual());
        let mut rules = HealthRules::default();
        rules.settings.breaker.recover_on_probe = recover_on_probe;
        fail(&condition, 5, &rules, clock.now());
        let why = condition.server().events.after(0)[0].why.clone();
        assert_eq!(why.contains("good probes shorten it"), says, "{why}");
    }
}
