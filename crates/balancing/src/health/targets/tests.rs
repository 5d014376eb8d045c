//! Three replicas by the settings that are the default, each of which serves a target or denies it.

use super::*;
use crate::health::{EndpointHealth, Evidence, HealthChange, HealthSettings, Peers};
use crate::testing::READ;
use crate::{Completion, Fault, Start};
use std::sync::Arc;

const T: u64 = 7;
const OTHER: u64 = 8;

struct World {
    replicas: Vec<Arc<EndpointHealth>>,
    settings: HealthSettings,
    now: Moment,
}

fn world() -> World {
    let peers = Arc::<Peers>::default();
    World {
        replicas: (0..3).map(|seed| peers.join(seed)).collect(),
        settings: HealthSettings::default(),
        now: Moment(0) + Duration::from_secs(1),
    }
}

fn about(target: u64) -> Ask {
    Ask {
        target,
        needs_target: true,
        ..READ
    }
}

impl World {
    /// A request that takes a millisecond; gives whose fault it was, and what changed.
    fn ask(&mut self, replica: usize, target: u64, is_there: bool) -> (Fault, Vec<HealthChange>) {
        let began = self.now;
        self.pass(1);
        let start = Start {
            endpoint: replica,
            in_flight: 1,
            ask: about(target),
            now: began,
        };
        let fault = if is_there { Fault::None } else { Fault::Client };
        let done = Completion {
            start,
            now: self.now,
            service_time: self.now - began,
            fault: Some(fault),
            outpaced: false,
        };
        let evidence = Evidence {
            denies_target: !is_there,
            is_free: true,
            ..Evidence::default()
        };
        let lesson = self.replicas[replica].on_finish(&done, &evidence, &self.settings);
        (lesson.correct(&done).fault.unwrap(), lesson.changes)
    }

    /// Each replica is asked, each of so many tenths of a second; gives what changed.
    fn run(
        &mut self,
        tenths: u64,
        targets: &[u64],
        has: impl Fn(usize, u64) -> bool,
    ) -> Vec<(usize, HealthChange)> {
        let mut changes = Vec::new();
        for _ in 0..tenths {
            for (replica, target) in (0..3).flat_map(|one| targets.iter().map(move |t| (one, *t))) {
                let (_, changed) = self.ask(replica, target, has(replica, target));
                changes.extend(changed.into_iter().map(|change| (replica, change)));
            }
            self.pass(100);
        }
        changes
    }

    fn pass(&mut self, millis: u64) {
        self.now = self.now + Duration::from_millis(millis);
    }

    fn standing(&self, replica: usize, ask: Ask) -> TargetStanding {
        let view = self.replicas[replica].view(&ask, &self.settings, self.now);
        view.target
    }

    fn read(&self, replica: usize, target: u64) -> TargetStanding {
        self.standing(replica, about(target))
    }

    fn write(&self, replica: usize) -> TargetStanding {
        let write = Ask {
            is_read: false,
            ..about(T)
        };
        self.standing(replica, write)
    }

    fn stands_well(&self) -> bool {
        (0..3).all(|one| self.read(one, T) == TargetStanding::Held)
    }
}

#[test]
fn a_replica_that_comes_back_empty_is_not_asked_for_what_its_peers_serve_until_it_has_it() {
    let mut world = world();
    world.run(10, &[T], |_, _| true);
    let changes = world.run(28, &[T], |one, _| one != 0);
    assert_eq!(changes, [], "it may lag");
    let changes = world.run(10, &[T], |one, _| one != 0);
    assert!(
        matches!(changes[..], [(0, HealthChange::TargetMissing { .. })]),
        "{changes:?}"
    );
    assert_eq!(world.read(0, T), TargetStanding::Missing);
    assert_eq!(world.read(0, OTHER), TargetStanding::Held);
    assert!(
        !world.replicas[0].is_ejected(world.now),
        "it may have others"
    );
    world.run(350, &[T], |one, _| one != 0);
    assert_eq!(world.read(0, T), TargetStanding::Missing, "for longer");
    world.run(1, &[T], |_, _| true);
    assert_eq!(world.read(0, T), TargetStanding::Held);
}

#[test]
fn what_is_missing_counts_as_lag_and_what_nobody_has_as_the_clients_mistake() {
    let mut world = world();
    world.run(10, &[T], |_, _| true);
    world.run(40, &[T], |one, _| one != 0);
    assert_eq!(world.ask(0, T, false).0, Fault::Lag);
    assert_eq!(world.ask(0, OTHER, false).0, Fault::Client);
}

#[test]
fn the_first_denial_puts_an_endpoint_last_and_no_write_finds_out_whether_it_is_back() {
    let mut world = world();
    world.run(10, &[T], |_, _| true);
    assert_eq!(world.ask(0, T, false), (Fault::Client, Vec::new()));
    assert_eq!(world.read(0, T), TargetStanding::Denied);
    assert_eq!(world.write(0), TargetStanding::Denied);
    world.pass(1000);
    assert_eq!(world.read(0, T), TargetStanding::Doubtful);
    assert_eq!(world.write(0), TargetStanding::Denied);
    world.ask(0, T, true);
    assert_eq!(world.write(0), TargetStanding::Held);
}

#[test]
fn what_exists_nowhere_changes_nothing_and_takes_no_place_of_what_does() {
    let mut world = world();
    world.run(10, &[T], |_, _| true);
    let unknown: Vec<u64> = (100..1100).collect();
    assert_eq!(world.run(2, &unknown, |_, _| false), []);
    for target in unknown {
        assert!((0..3).all(|one| world.read(one, target) == TargetStanding::Held));
    }
    assert!(world.stands_well());
    let changes = world.run(40, &[T], |one, _| one != 0);
    assert_eq!(changes.len(), 1, "it is still known: {changes:?}");
}

#[test]
fn a_collection_that_is_deleted_changes_nothing_even_where_replicas_lag() {
    let mut world = world();
    world.run(10, &[T], |_, _| true);
    // The first one deletes it two seconds before the others.
    assert_eq!(world.run(20, &[T], |one, _| one != 0), []);
    assert_eq!(world.run(100, &[T], |_, _| false), []);
    assert!(world.stands_well());
}

#[test]
fn a_collection_that_is_created_over_and_over_with_a_short_lag_changes_nothing() {
    let mut world = world();
    for _ in 0..20 {
        assert_eq!(world.run(20, &[T], |one, _| one == 0), [], "created");
        assert_eq!(world.run(20, &[T], |_, _| true), [], "there");
        assert_eq!(world.run(20, &[T], |one, _| one == 2), [], "deleted");
        assert_eq!(world.run(20, &[T], |_, _| false), [], "gone");
    }
    assert!(world.stands_well());
}

#[test]
fn an_endpoint_that_misses_two_and_serves_nothing_is_ejected_and_one_that_serves_another_is_not() {
    for serves_another in [false, true] {
        let mut world = world();
        let targets = [T, OTHER, 9];
        world.run(10, &targets, |_, _| true);
        let has = |one: usize, target: u64| one != 0 || (serves_another && target == 9);
        let changes = world.run(50, &targets, has);
        let (one, now) = (&world.replicas[0], world.now);
        assert_eq!(one.is_ejected(now), !serves_another, "{changes:?}");
        assert_eq!(world.read(0, T), TargetStanding::Missing);
    }
}

#[test]
fn where_breakers_are_off_nothing_is_learned() {
    let mut world = world();
    world.settings.breaker.enabled = false;
    world.run(10, &[T], |_, _| true);
    assert_eq!(world.run(100, &[T], |one, _| one != 0), []);
    assert!(world.stands_well());
}

#[test]
fn the_memory_is_bounded_and_a_denial_keeps_its_place() {
    let mut world = world();
    let many: Vec<u64> = (T..T + 10 * TARGETS as u64).collect();
    world.run(2, &many, |_, _| true);
    let last = many[many.len() - TARGETS];
    world.run(1, &[last], |one, _| one != 0);
    world.run(1, &many, |one, target| one != 0 || target != last);
    assert_ne!(world.read(0, last), TargetStanding::Held);
    assert_eq!(world.read(0, T), TargetStanding::Held);
}
