//! Endpoints under traffic, by the settings that are the default: a request a millisecond, each tried at up to three.

use super::*;
use crate::policies::Strategy;
use crate::testing::{IDLE, READ};
use crate::{
    Ask, Completion, EndpointView, Fault, Moment, Pick, Random, RouteReason, Selector, Start,
};
use std::sync::Arc;
use std::time::Duration;

/// How an endpoint answers a request: with this fault, after so many milliseconds.
type Behaviour<'a> = &'a dyn Fn(usize, u64) -> (Fault, u64);

struct Running {
    ends: Moment,
    start: Start,
    fault: Fault,
    evidence: Evidence,
    tried: Vec<usize>,
}

struct Fleet {
    selector: Selector,
    health: Vec<Arc<EndpointHealth>>,
    settings: HealthSettings,
    now: Moment,
    running: Vec<Running>,
    random: Random,
    /// Requests that each endpoint was given.
    given: Vec<u64>,
    /// Requests that had no success in the end.
    errors: u64,
    /// Milliseconds between two requests.
    every: u64,
    changes: Vec<(u64, usize, HealthChange)>,
}

impl Fleet {
    fn new(strategy: Strategy, count: usize) -> Self {
        let peers = Arc::<Peers>::default();
        Self {
            selector: Selector::new(strategy.policy(count)),
            health: (0..count as u64).map(|seed| peers.join(seed)).collect(),
            settings: HealthSettings::default(),
            now: Moment(0) + Duration::from_secs(1),
            running: Vec::new(),
            random: Random::seeded(1),
            given: vec![0; count],
            errors: 0,
            every: 1,
            changes: Vec::new(),
        }
    }

    fn millis(&self) -> u64 {
        self.now.0 / 1_000_000
    }

    fn views(&self, ask: &Ask, tried: &[usize]) -> Vec<EndpointView> {
        let view = |index: usize| {
            let at = |one: &&Running| one.start.endpoint == index;
            let mut view = IDLE;
            view.is_tried = tried.contains(&index);
            view.health = self.health[index].view(ask, &self.settings, self.now);
            view.load.in_flight = self.running.iter().filter(at).count() as u32;
            view
        };
        (0..self.health.len()).map(view).collect()
    }

    /// Sends a request, or counts an error.
    fn send(&mut self, tried: Vec<usize>, behaviour: Behaviour<'_>) {
        let ask = Ask {
            is_retry: !tried.is_empty(),
            arrived: self.now,
            ..READ
        };
        let mut views = self.views(&ask, &tried);
        let pick = match tried.len() < 3 {
            true => self
                .selector
                .select(&mut views, &ask, self.now, &mut self.random),
            false => None,
        };
        let Some(Pick { index, reason, .. }) = pick else {
            self.errors += 1;
            return;
        };
        self.given[index] += 1;
        let (fault, millis) = behaviour(index, self.millis());
        let trial = match reason {
            RouteReason::Trial => self.health[index].claim_trial(self.now),
            _ => None,
        };
        self.running.push(Running {
            ends: self.now + Duration::from_millis(millis),
            start: Start {
                endpoint: index,
                in_flight: 1,
                ask,
                now: self.now,
            },
            fault,
            evidence: Evidence {
                trial,
                is_free: true,
                ..Evidence::default()
            },
            tried,
        });
    }

    fn end(&mut self, mut one: Running, behaviour: Behaviour<'_>) {
        let index = one.start.endpoint;
        let done = Completion {
            start: one.start,
            now: self.now,
            service_time: self.now - one.start.now,
            fault: Some(one.fault),
            outpaced: false,
        };
        let lesson = self.health[index].on_finish(&done, &one.evidence, &self.settings);
        let millis = self.millis();
        let changes = lesson.changes.iter().map(|change| (millis, index, *change));
        self.changes.extend(changes);
        // A credential that was refused is refused again: the client is told.
        match one.fault {
            Fault::None => {}
            Fault::Access => self.errors += 1,
            _ => {
                one.tried.push(index);
                self.send(one.tried, behaviour);
            }
        }
    }

    /// Lets so much time pass with a request each millisecond.
    fn run(&mut self, span: Duration, behaviour: Behaviour<'_>) {
        for _ in 0..span.as_millis() {
            self.now = self.now + Duration::from_millis(1);
            while let Some(at) = self.running.iter().position(|one| one.ends <= self.now) {
                let one = self.running.swap_remove(at);
                self.end(one, behaviour);
            }
            if self.millis().is_multiple_of(self.every) {
                self.send(Vec::new(), behaviour);
            }
        }
    }

    /// The requests that each was given since this was last asked.
    fn shares(&mut self) -> Vec<u64> {
        let shares = self.given.clone();
        self.given.fill(0);
        shares
    }

    fn longest_pause(&self) -> Duration {
        let pauses = self
            .changes
            .iter()
            .filter_map(|(_, _, change)| match change {
                HealthChange::Breaker(BreakerChange::Opened(pause)) => Some(*pause),
                HealthChange::Breaker(BreakerChange::Reopened { pause, .. }) => Some(*pause),
                _ => None,
            });
        pauses.max().unwrap_or_default()
    }
}

const STRATEGIES: [Strategy; 3] = [
    Strategy::Adaptive,
    Strategy::LeastConnections,
    Strategy::ResourceAware,
];

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn good(_: usize, _: u64) -> (Fault, u64) {
    (Fault::None, 20)
}

/// After 1.3 s in which every endpoint refused, one breaker stayed open for half an hour and one for five minutes.
#[test]
fn after_an_outage_of_all_endpoints_all_serve_again_within_two_seconds() {
    for strategy in STRATEGIES {
        for stagger in [0, 300] {
            let mut fleet = Fleet::new(strategy, 3);
            fleet.run(secs(5), &good);
            let begun = fleet.millis();
            let is_down =
                |index: usize, at: u64| at > begun + index as u64 * stagger && at < begun + 1300;
            fleet.run(
                Duration::from_millis(1300),
                &|index, at| match is_down(index, at) {
                    true => (Fault::Endpoint, 1),
                    false => (Fault::None, 20),
                },
            );
            let errors = fleet.errors;
            fleet.run(secs(2), &good);
            let late = fleet.errors - errors;
            assert!(
                late <= 20,
                "{strategy:?} {stagger}: {late} without room, {begun} {:?}",
                fleet.changes
            );
            fleet.shares();
            fleet.run(secs(10), &good);
            let shares = fleet.shares();
            assert!(
                shares.iter().all(|share| *share > 2500),
                "{strategy:?} {stagger}: {shares:?}"
            );
        }
    }
}

#[test]
fn an_endpoint_that_is_bad_while_its_peers_serve_is_out_for_five_minutes_and_then_longer() {
    let mut fleet = Fleet::new(Strategy::LeastConnections, 3);
    fleet.every = 20;
    fleet.run(secs(20), &good);
    fleet.shares();
    let bad = |index: usize, _| match index {
        0 => (Fault::Endpoint, 1),
        _ => (Fault::None, 20),
    };
    fleet.run(secs(400), &bad);
    assert_eq!(fleet.errors, 0);
    assert!(
        fleet.shares()[0] <= 6 + 20,
        "the streak, its retries and one trial"
    );
    assert!(fleet.longest_pause() >= secs(600) && fleet.longest_pause() <= secs(660));
}

/// A replica that answered 401 in a millisecond, or 500 that named a peer, took up to all requests.
#[test]
fn a_replica_that_fails_fast_is_ejected_whatever_its_failures_are() {
    for strategy in [Strategy::Adaptive, Strategy::LeastConnections] {
        for count in [2, 3, 5] {
            for fault in [
                Fault::Access,
                Fault::Peer,
                Fault::Database,
                Fault::Overload,
                Fault::Lag,
            ] {
                let mut fleet = Fleet::new(strategy, count);
                fleet.run(secs(3), &good);
                fleet.shares();
                fleet.run(secs(5), &|index, _| match index {
                    0 => (fault, 1),
                    _ => (Fault::None, 20),
                });
                let share = fleet.shares()[0] as f64 / 5000.0;
                assert!(share < 0.005, "{strategy:?} {fault:?} of {count}: {share}");
            }
        }
    }
}

#[test]
fn a_larger_share_of_failures_than_the_peers_ejects_and_the_same_share_does_not() {
    for (alone, ejected) in [(true, true), (false, false)] {
        let mut fleet = Fleet::new(Strategy::RoundRobin, 3);
        let mut calls = Random::seeded(3);
        for _ in 0..20_000 {
            let fails = calls.fraction() < 0.3;
            fleet.run(
                Duration::from_millis(1),
                &|index, _| match fails && (index == 0 || !alone) {
                    true => (Fault::Database, 20),
                    false => (Fault::None, 20),
                },
            );
        }
        let is_ejection =
            |change: &(u64, usize, HealthChange)| matches!(change.2, HealthChange::Ejected { .. });
        assert_eq!(fleet.changes.iter().any(is_ejection), ejected);
    }
}

/// One statement that fails everywhere, sent to one endpoint again and again.
#[test]
fn a_statement_that_fails_everywhere_ejects_nobody() {
    let peers = Arc::<Peers>::default();
    let health: Vec<_> = (0..3).map(|seed| peers.join(seed)).collect();
    let settings = HealthSettings::default();
    let mut now = Moment(0);
    let mut finish = |index: usize, shape: u64, fault: Fault| {
        now = now + Duration::from_millis(10);
        let ask = Ask { shape, ..READ };
        let done = Completion {
            start: Start {
                endpoint: index,
                in_flight: 1,
                ask,
                now,
            },
            now,
            service_time: Duration::from_millis(1),
            fault: Some(fault),
            outpaced: false,
        };
        let evidence = Evidence {
            needs_two_shapes: fault == Fault::Endpoint,
            is_free: true,
            ..Evidence::default()
        };
        health[index].on_finish(&done, &evidence, &settings).changes
    };
    (0..60).for_each(|n| drop(finish(n % 3, 1, Fault::None)));
    for _ in 0..50 {
        assert_eq!(finish(0, 2, Fault::Endpoint), [], "it is retried once");
        assert_eq!(finish(1, 2, Fault::Endpoint), []);
        finish(2, 1, Fault::None);
        finish(1, 1, Fault::None);
    }
}

#[test]
fn clients_without_a_credential_cannot_take_out_the_endpoint_that_they_are_bound_to() {
    let mut fleet = Fleet::new(Strategy::RoundRobin, 3);
    fleet.run(secs(10), &good);
    let done = Completion {
        start: Start {
            endpoint: 0,
            in_flight: 1,
            ask: READ,
            now: fleet.now,
        },
        now: fleet.now,
        service_time: Duration::from_millis(1),
        fault: Some(Fault::Access),
        outpaced: false,
    };
    for _ in 0..100 {
        let lesson = fleet.health[0].on_finish(&done, &Evidence::default(), &fleet.settings);
        assert_eq!(lesson.changes, []);
    }
    assert!(!fleet.health[0].is_ejected(fleet.now));
    let denies = |fleet: &Fleet| {
        let view = fleet.health[0].view(&READ, &fleet.settings, fleet.now);
        view.is_denying
    };
    assert!(denies(&fleet));
    fleet.run(secs(1), &good);
    assert!(!denies(&fleet));
}

/// Both cores were taken by another process: no probe had its answer in time.
#[test]
fn silence_of_probes_says_nothing_while_requests_succeed() {
    let mut fleet = Fleet::new(Strategy::RoundRobin, 3);
    for _ in 0..20 {
        let health = fleet.health.clone();
        health.iter().for_each(|one| one.probing(fleet.now));
        fleet.run(secs(1), &good);
        for one in &health {
            let changes = one.probed(ProbeOutcome::Silent, &fleet.settings, fleet.now);
            assert_eq!(changes, []);
        }
    }
    fleet.health[0].probing(fleet.now);
    for _ in 0..5 {
        fleet.health[0].probed(ProbeOutcome::Silent, &fleet.settings, fleet.now);
    }
    assert_eq!(
        fleet.health[0].status(),
        HealthStatus::Unhealthy,
        "no request succeeded"
    );
}

#[test]
fn an_endpoint_that_flaps_every_two_seconds_costs_few_errors_and_returns_ever_more_rarely() {
    let mut fleet = Fleet::new(Strategy::LeastConnections, 3);
    fleet.every = 5;
    fleet.run(secs(10), &good);
    let flaps = |index: usize, at: u64| match index == 0 && (at / 2000).is_multiple_of(2) {
        true => (Fault::Endpoint, 1),
        false => (Fault::None, 20),
    };
    for _ in 0..120 {
        let outcome = match fleet.millis() / 2000 % 2 {
            0 => ProbeOutcome::Silent,
            _ => ProbeOutcome::Alive,
        };
        fleet.health[0].probed(outcome, &fleet.settings, fleet.now);
        fleet.run(secs(1), &flaps);
    }
    let opened = fleet
        .changes
        .iter()
        .filter(|(_, _, change)| matches!(change, HealthChange::Breaker(BreakerChange::Opened(_))));
    assert!(opened.count() <= 7, "{:?}", fleet.changes);
    assert_eq!(fleet.errors, 0, "each was tried elsewhere");
}

/// A local ping closed a breaker of five minutes.
#[test]
fn what_any_server_answers_closes_no_breaker_and_makes_no_trial_due() {
    let mut fleet = Fleet::new(Strategy::LeastConnections, 3);
    fleet.run(secs(5), &good);
    fleet.run(secs(5), &|index, _| match index {
        0 => (Fault::Endpoint, 1),
        _ => (Fault::None, 20),
    });
    let gate = fleet.health[0].gate(fleet.now);
    assert!(matches!(gate, Gate::Open(_)));
    let ping = Completion {
        start: Start {
            endpoint: 0,
            in_flight: 1,
            ask: Ask {
                asks_data: false,
                ..READ
            },
            now: fleet.now,
        },
        now: fleet.now,
        service_time: Duration::from_millis(1),
        fault: Some(Fault::None),
        outpaced: false,
    };
    for _ in 0..9 {
        fleet.health[0].on_finish(&ping, &Evidence::default(), &fleet.settings);
        assert_eq!(fleet.health[0].gate(fleet.now), gate);
    }
}
