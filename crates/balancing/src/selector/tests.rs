use crate::policies::Strategy::{self, *};
use crate::testing::{IDLE, Plain};
use crate::view::EndpointView;
use crate::{EndpointLoad, Gate, HealthStatus, Moment, RouteReason, ServingRules, WriteFitness};
use proptest::prelude::{any, prop, prop_assert, proptest};
use proptest::strategy::Strategy as _;
use std::time::Duration;

const FULL: EndpointLoad = EndpointLoad {
    in_flight: 100,
    ..IDLE.load
};

fn failed_at(secs: u64) -> EndpointView {
    let at = Moment(0) + Duration::from_secs(secs);
    EndpointView {
        last_failure: Some(at),
        ..IDLE
    }
}

/// An endpoint whose breaker opened at this second.
fn open_since(secs: u64) -> EndpointView {
    EndpointView {
        gate: Gate::Open(Moment(u64::MAX - 1)),
        ..failed_at(secs)
    }
}

#[test]
fn a_tried_endpoint_is_never_chosen_again() {
    for strategy in Strategy::ALL {
        let mut plain = Plain::idle(*strategy, 3);
        let mut tried = Vec::new();
        for _ in 0..3 {
            let index = plain.pick();
            plain.views[index].is_tried = true;
            tried.push(index);
        }
        tried.sort();
        assert_eq!(tried, [0, 1, 2]);
        assert_eq!(plain.select(), None);
    }
}

#[test]
fn degraded_overloaded_and_slowly_starting_endpoints_come_last() {
    let degraded = EndpointView {
        status: HealthStatus::Degraded,
        ..IDLE
    };
    let overloaded = EndpointView {
        is_overloaded: true,
        ..IDLE
    };
    let starting = EndpointView {
        is_slow_start_full: true,
        ..IDLE
    };
    for last in [degraded, overloaded, starting] {
        let mut plain = Plain::new(RoundRobin, vec![last, IDLE]);
        assert_eq!(plain.picks(5), [1; 5]);
        plain.views[1].load = FULL;
        assert_eq!(plain.pick(), 0);
    }
}

#[test]
fn one_trial_at_a_time_is_made_with_a_first_attempt_of_a_read() {
    let mut plain = Plain::new(RoundRobin, vec![open_since(1), IDLE, IDLE]);
    plain.views[0].gate = Gate::HalfOpen;
    let pick = plain.select().unwrap();
    assert_eq!((pick.index, pick.reason), (0, RouteReason::Trial));
    for (writer, is_retry) in [(true, false), (false, true)] {
        (plain.ask.needs_writer, plain.ask.is_retry) = (writer, is_retry);
        assert_ne!(plain.pick(), 0);
    }
    plain.ask.is_retry = false;
    plain.views[0].gate = Gate::TrialRunning;
    assert!(!plain.picks(9).contains(&0));
}

#[test]
fn writes_go_to_the_fittest_and_never_to_a_configured_reader() {
    use WriteFitness::{Never, Reader, Unknown, Writer};
    let takers = |fitness: [WriteFitness; 3]| {
        let views = fitness.map(|write_fitness| EndpointView {
            write_fitness,
            ..IDLE
        });
        let mut plain = Plain::new(LeastConnections, views.to_vec());
        plain.ask.needs_writer = true;
        plain.select()?;
        Some(plain.shares(6))
    };
    assert_eq!(takers([Writer, Never, Unknown]), Some(vec![6, 0, 0]));
    assert_eq!(takers([Unknown, Reader, Unknown]), Some(vec![3, 0, 3]));
    assert_eq!(takers([Reader, Never, Reader]), Some(vec![3, 0, 3]));
    assert_eq!(takers([Never; 3]), None);
}

#[test]
fn the_last_resort_is_the_least_recently_failed_unless_one_is_only_full() {
    let unhealthy = |secs| EndpointView {
        status: HealthStatus::Unhealthy,
        ..failed_at(secs)
    };
    let mut plain = Plain::new(LeastConnections, [3, 1, 2].map(unhealthy).to_vec());
    let pick = plain.select().unwrap();
    assert_eq!((pick.index, pick.reason), (1, RouteReason::LastResort));
    plain.views[1].is_tried = true;
    assert_eq!(plain.pick(), 2);
    plain.views.push(EndpointView { load: FULL, ..IDLE });
    assert_eq!(plain.select(), None);
}

#[test]
fn breakers_take_out_no_more_than_their_share() {
    // One of three may go: the one that failed earlier stays, but comes last.
    let mut plain = Plain::new(RoundRobin, vec![open_since(1), open_since(2), IDLE]);
    assert_eq!(plain.picks(5), [2; 5]);
    plain.views[2].load = FULL;
    assert_eq!(plain.pick(), 0);
    plain.views[0].load = FULL;
    assert_eq!(plain.select(), None);
}

#[test]
fn home_is_preferred_while_it_may_take_the_request() {
    let mut plain = Plain::idle(LeastConnections, 3);
    plain.views[2].is_home = true;
    plain.views[2].load.in_flight = 9;
    assert_eq!(plain.select().unwrap().reason, RouteReason::Home);
    plain.views[2].status = HealthStatus::Unhealthy;
    assert_ne!(plain.pick(), 2);
}

/// Two readings of a score that changed in between once left no endpoint to choose.
#[test]
fn a_pool_in_which_one_may_serve_always_gives_one_whatever_its_figures_are() {
    let figures = [0.0, -1.0, f64::MIN_POSITIVE, 1e300, f64::INFINITY];
    for strategy in Strategy::ALL {
        for figure in figures {
            let mut plain = Plain::idle(*strategy, 3);
            for view in &mut plain.views {
                view.recent_mean = Some(figure);
                view.load.mean_time = Some(figure);
                view.load.queue = Some(figure);
            }
            assert!(plain.select().is_some(), "{} {figure}", strategy.word());
        }
    }
}

fn any_view() -> impl proptest::strategy::Strategy<Value = EndpointView> {
    let gates = [
        Gate::Closed,
        Gate::HalfOpen,
        Gate::TrialRunning,
        Gate::Open(Moment(9)),
    ];
    use HealthStatus::{Degraded, Healthy, Maintenance, Unhealthy};
    let status = prop::sample::select(vec![Healthy, Degraded, Unhealthy, Maintenance]);
    let gate = prop::sample::select(gates.to_vec());
    (status, gate, 0u32..=100, any::<[bool; 4]>(), 0u64..9).prop_map(
        |(status, gate, in_flight, [is_tried, is_resolved, is_overloaded, idle], failed)| {
            EndpointView {
                status,
                gate,
                is_tried,
                is_resolved,
                is_overloaded,
                load: EndpointLoad {
                    in_flight: if idle { 0 } else { in_flight },
                    ..IDLE.load
                },
                ..failed_at(failed)
            }
        },
    )
}

proptest! {
    #[test]
    fn no_tried_full_unresolved_or_withdrawn_endpoint_is_ever_selected(
        views in prop::collection::vec(any_view(), 0..1200),
        strategy in prop::sample::select(Strategy::ALL.to_vec()),
    ) {
        let plain = Plain::new(strategy, views);
        if let Some(pick) = plain.select() {
            let view = plain.views[pick.index];
            prop_assert!(view.is_resolved && !view.is_tried && view.status != HealthStatus::Maintenance);
            prop_assert!(!view.is_full() || pick.reason == RouteReason::LastResort);
        } else {
            let serves = |view: &EndpointView| {
                let online = ServingRules::default().is_online(view.is_resolved, view.status, view.gate);
                online && !view.is_tried && !view.is_full()
            };
            prop_assert!(!plain.views.iter().any(serves));
        }
    }
}
