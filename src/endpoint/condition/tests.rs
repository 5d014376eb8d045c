use super::*;
use crate::clock::Clock;
use crate::config::EndpointAddress;
use crate::dialect::Role;
use crate::endpoint::known_role::REFUSED_WRITE_FOR;
use std::net::SocketAddr;

fn condition(host: &str) -> Condition {
    let identity = Identity {
        service: "graph".into(),
        name: "a".into(),
        address: EndpointAddress {
            host: host.into(),
            port: 7474,
        },
    };
    Condition::new(identity, Arc::default(), Arc::default())
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
    name.server().resolved(vec![one], clock.now());
    name.server().resolved(Vec::new(), clock.now());
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
    condition.failed(false, &Failure::default(), &rules, clock.now());
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
fn a_good_probe_lets_a_trial_through_only_when_that_is_asked_for() {
    let (condition, clock) = (condition("::1"), Clock::manual());
    let mut rules = HealthRules::default();
    (0..5).for_each(|_| condition.failed(false, &Failure::default(), &rules, clock.now()));
    condition.probed(ProbeOutcome::Good, "", &rules, clock.now());
    assert!(matches!(condition.gate(clock.now()), Gate::Open(_)));
    rules.breaker.recover_on_probe = true;
    condition.probed(ProbeOutcome::Good, "", &rules, clock.now());
    assert_eq!(condition.gate(clock.now()), Gate::HalfOpen);
    assert_eq!(told(&condition), [EventKind::BreakerOpened]);
}

#[tokio::test]
async fn an_opened_breaker_asks_for_a_probe_now() {
    let (condition, clock) = (condition("::1"), Clock::manual());
    let rules = HealthRules::default();
    (0..5).for_each(|_| condition.failed(false, &Failure::default(), &rules, clock.now()));
    condition.probe_trigger.fired().await;
}

#[test]
fn maintenance_is_told_once_each_way() {
    let condition = condition("::1");
    for on in [true, true, false, false] {
        condition.set_maintenance(on);
    }
    assert_eq!(
        told(&condition),
        [EventKind::MaintenanceBegun, EventKind::MaintenanceEnded]
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
fn an_outage_tells_each_length_of_the_breakers_pause_once() {
    let (condition, clock) = (condition("::1"), Clock::manual());
    let rules = HealthRules::default();
    let fail = |trial| condition.failed(trial, &Failure::default(), &rules, clock.now());
    (0..5).for_each(|_| fail(false));
    for _ in 0..1000 {
        assert!(condition.claim_trial());
        fail(true);
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
        let failure = Failure {
            shape,
            needs_two_shapes: true,
        };
        condition.failed(false, &failure, &rules, clock.now());
        condition.held(rules.rejoin_hold, clock.now())
    };
    assert!((0..50).all(|_| !fail(1)));
    assert!(fail(2));
}
