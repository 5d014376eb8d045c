use crate::policies::Strategy::{self, *};
use crate::testing::{IDLE, Plain, READ};
use crate::view::EndpointView;
use crate::{
    Ask, Distance, EndpointLoad, Exclusion, Gate, HealthStatus, HealthView, Home, Moment,
    RouteReason, ServingRules, WriteFitness,
};
use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, proptest};
use proptest::strategy::Strategy as _;
use std::time::Duration;

const FULL: EndpointLoad = EndpointLoad {
    in_flight: 100,
    ..IDLE.load
};

fn with(health: HealthView) -> EndpointView {
    EndpointView { health, ..IDLE }
}

fn failed_at(secs: u64) -> HealthView {
    HealthView {
        last_failure: Some(Moment(0) + Duration::from_secs(secs)),
        ..HealthView::GOOD
    }
}

/// An endpoint whose breaker opened at this second.
fn open_since(secs: u64) -> EndpointView {
    with(HealthView {
        gate: Gate::Open(Moment(u64::MAX - 1)),
        ..failed_at(secs)
    })
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
fn the_endpoint_with_the_least_against_it_is_taken_and_the_next_when_it_is_full() {
    let health = |change: fn(&mut HealthView)| {
        let mut health = HealthView::GOOD;
        change(&mut health);
        with(health)
    };
    let distant = |distance| EndpointView { distance, ..IDLE };
    let worse_and_worse = vec![
        IDLE,
        distant(Distance::OtherZone),
        distant(Distance::OtherRegion),
        health(|h| h.is_failing = true),
        health(|h| h.is_overloaded = true),
        health(|h| h.status = HealthStatus::Degraded),
    ];
    let mut plain = Plain::new(RoundRobin, worse_and_worse.into_iter().rev().collect());
    for best in (0..6).rev() {
        assert_eq!(plain.picks(3), [best; 3]);
        plain.views[best].load = FULL;
    }
    assert_eq!(plain.select(), None);
}

#[test]
fn an_endpoint_that_is_just_back_takes_no_more_than_its_room_even_when_all_others_are_full() {
    let starting = with(HealthView {
        start_share: 0.1,
        ..HealthView::GOOD
    });
    let mut plain = Plain::new(LeastConnections, vec![starting, IDLE]);
    plain.views[0].load.in_flight = 9;
    plain.views[1].load = FULL;
    assert_eq!(plain.pick(), 0);
    plain.views[0].load.in_flight = 10;
    assert_eq!(plain.select(), None);
    let screen = plain.selector.screen(&plain.views, &plain.ask);
    assert_eq!(screen.exclusion(&plain.views, 0), Some(Exclusion::Starting));
}

#[test]
fn an_endpoint_that_asked_to_be_left_alone_is_not_even_a_last_resort() {
    let waits = with(HealthView {
        waits_until: Some(Moment(9)),
        ..HealthView::GOOD
    });
    let plain = Plain::new(LeastConnections, vec![waits, waits]);
    assert_eq!(plain.select(), None);
}

#[test]
fn where_all_are_a_last_resort_those_with_room_are_taken_and_the_rest_waits() {
    let dead = |secs| {
        with(HealthView {
            status: HealthStatus::Unhealthy,
            ..failed_at(secs)
        })
    };
    let mut plain = Plain::new(LeastConnections, vec![dead(1), dead(2)]);
    plain.views[0].load = FULL;
    let pick = plain.select().unwrap();
    assert_eq!((pick.index, pick.reason), (1, RouteReason::LastResort));
    plain.views[1].load = FULL;
    assert_eq!(plain.select(), None);
    plain
        .selector
        .screen(&plain.views, &plain.ask)
        .sort(&mut plain.views);
    let wait = plain.selector.wait(&plain.views, &plain.ask);
    assert_eq!(wait, Some(crate::selector::Wait::ForRoom));
}

#[test]
fn one_trial_at_a_time_is_made_with_a_first_attempt_of_a_read_of_data() {
    let mut plain = Plain::new(RoundRobin, vec![open_since(1), IDLE, IDLE]);
    plain.views[0].health.gate = Gate::HalfOpen;
    let pick = plain.select().unwrap();
    assert_eq!((pick.index, pick.reason), (0, RouteReason::Trial));
    let unfit: [fn(&mut Ask); 3] = [
        |ask| ask.needs_writer = true,
        |ask| ask.is_retry = true,
        |ask| ask.may_be_trial = false,
    ];
    for change in unfit {
        plain.ask = READ;
        change(&mut plain.ask);
        assert!(!plain.picks(9).contains(&0));
    }
    plain.ask = READ;
    plain.views[0].health.gate = Gate::TrialRunning;
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
        let mut plain = Plain::new(RoundRobin, views.to_vec());
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
fn a_writer_of_what_is_not_asked_for_leaves_the_others_fit() {
    let mut plain = Plain::new(RoundRobin, vec![IDLE; 2]);
    plain.ask.needs_writer = true;
    plain.views[0].write_fitness = WriteFitness::Writer;
    plain.views[0].is_capable = false;
    plain.views[1].write_fitness = WriteFitness::Unknown;
    assert_eq!(plain.pick(), 1);
}

#[test]
fn the_last_resort_is_the_least_recently_failed_unless_one_is_only_full() {
    let unhealthy = |secs| {
        with(HealthView {
            status: HealthStatus::Unhealthy,
            ..failed_at(secs)
        })
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
    plain.selector.rules.max_ejected = 0.34;
    assert_eq!(plain.picks(5), [2; 5]);
    plain.views[2].load = FULL;
    assert_eq!(plain.pick(), 0);
    plain.views[0].load = FULL;
    assert_eq!(plain.select(), None);
}

#[test]
fn two_of_three_are_out_while_the_third_is_full() {
    let mut plain = Plain::new(RoundRobin, vec![open_since(1), open_since(2), IDLE]);
    plain.views[2].load = FULL;
    assert_eq!(plain.select(), None, "it is waited for");
    plain.views[2].health.status = HealthStatus::Maintenance;
    assert_eq!(plain.pick(), 0, "one stays of those that there are");
}

#[test]
fn home_is_preferred_while_it_may_take_the_request() {
    let mut plain = Plain::idle(LeastConnections, 3);
    plain.views[2].home = Some(Home::Ahead);
    plain.views[2].load.in_flight = 7;
    assert_eq!(plain.select().unwrap().reason, RouteReason::Home);
    plain.views[2].health.status = HealthStatus::Unhealthy;
    assert_ne!(plain.pick(), 2);
}

#[test]
fn a_home_that_has_far_more_to_do_than_the_others_takes_no_more_reads_but_writes() {
    for strategy in Strategy::ALL {
        let mut plain = Plain::idle(*strategy, 3);
        plain.views[2].home = Some(Home::Ahead);
        plain.views[2].load.in_flight = 60;
        assert_ne!(
            plain.select().map(|pick| pick.reason),
            Some(RouteReason::Home)
        );
        plain.ask.may_be_trial = false;
        plain.ask.is_read = false;
        assert_eq!(plain.select().unwrap().reason, RouteReason::Home);
    }
}

/// Refusals of requests that are bound to it say nothing of an endpoint: a home that refused every credential took all requests.
#[test]
fn a_home_that_refuses_credentials_is_preferred_no_more() {
    let mut plain = Plain::idle(LeastConnections, 3);
    plain.views[2].home = Some(Home::Ahead);
    plain.views[2].health.is_denying = true;
    assert_ne!(plain.select().unwrap().reason, RouteReason::Home);
}

/// Where it denied the collection, it stayed the home of it: all writes failed, and peers took none.
#[test]
fn a_home_that_lacks_what_is_asked_for_is_preferred_no_more_and_asked_last() {
    use crate::health::TargetStanding::{Denied, Doubtful, Missing};
    for standing in [Doubtful, Denied, Missing] {
        for is_read in [true, false] {
            let mut plain = Plain::idle(LeastConnections, 3);
            plain.ask.is_read = is_read;
            plain.views[2].home = Some(Home::Ahead);
            plain.views[2].health.target = standing;
            plain.views[0].load.in_flight = 9;
            plain.views[1].load.in_flight = 9;
            let pick = plain.select().unwrap();
            assert_ne!(pick.reason, RouteReason::Home);
            assert_eq!(pick.index == 2, standing == Doubtful, "{standing:?}");
        }
    }
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
    (status, gate, 0u32..=100, any::<[bool; 7]>(), 0u64..9).prop_map(
        |(status, gate, in_flight, flags, failed)| {
            let [
                is_tried,
                is_resolved,
                is_overloaded,
                idle,
                is_ejected,
                is_back,
                lacks_tag,
            ] = flags;
            EndpointView {
                is_tried,
                is_resolved,
                is_capable: !lacks_tag,
                load: EndpointLoad {
                    in_flight: if idle { 0 } else { in_flight },
                    ..IDLE.load
                },
                ..with(HealthView {
                    status,
                    gate,
                    is_overloaded,
                    is_ejected,
                    start_share: if is_back { 0.3 } else { 1.0 },
                    ..failed_at(failed)
                })
            }
        },
    )
}

#[test]
fn requests_of_a_key_stay_together_under_every_strategy_while_their_endpoint_serves() {
    for strategy in Strategy::ALL {
        let views = (0..4).map(|id| EndpointView { id, ..IDLE }).collect();
        let mut plain = Plain::new(*strategy, views);
        plain.ask.affinity = Some(77);
        let pick = plain.select().unwrap();
        assert_eq!(pick.reason, RouteReason::Affinity, "{}", strategy.word());
        assert_eq!(plain.shares(20)[pick.index], 20, "{}", strategy.word());
        plain.views[pick.index].health.status = HealthStatus::Unhealthy;
        assert_eq!(plain.shares(20)[pick.index], 0, "{}", strategy.word());
    }
}

#[test]
fn the_key_of_a_request_gives_way_to_its_home() {
    let mut plain = Plain::idle(RoundRobin, 3);
    plain.ask.affinity = Some(77);
    let preferred = plain.pick();
    let home = (preferred + 1) % 3;
    plain.views[home].home = Some(Home::Ahead);
    assert_eq!(plain.select().unwrap().reason, RouteReason::Home);
    assert_eq!(plain.shares(5)[home], 5);
}

proptest! {
    #[test]
    fn no_tried_incapable_full_unresolved_or_withdrawn_endpoint_is_ever_selected(
        views in prop::collection::vec(any_view(), 0..1200),
        strategy in prop::sample::select(Strategy::ALL.to_vec()),
        affinity in any::<Option<u64>>(),
    ) {
        let mut plain = Plain::new(strategy, views);
        plain.ask.affinity = affinity;
        if let Some(pick) = plain.select() {
            let view = plain.views[pick.index];
            let is_open = view.health.gate != Gate::Closed || view.health.is_ejected;
            prop_assert!(view.is_resolved && !view.is_tried && view.is_capable && view.health.status != HealthStatus::Maintenance);
            prop_assert!(!view.is_full(1.0) || pick.reason == RouteReason::LastResort);
            if plain.views.iter().any(serves) {
                let may_be = !is_open || pick.reason == RouteReason::Trial;
                prop_assert!(may_be, "an ejected endpoint took a request that was no trial");
            }
        } else {
            prop_assert!(!plain.views.iter().any(serves));
        }
    }

    /// Whatever comes first: a trial, the home, a preference, the key, the policy, a last resort, a retry, a second attempt.
    #[test]
    fn anti_affinity_is_never_broken(
        views in prop::collection::vec((any_view(), any::<[bool; 4]>()), 1..12),
        strategy in prop::sample::select(Strategy::ALL.to_vec()),
        asks in any::<[bool; 4]>(),
        states in any::<bool>(),
    ) {
        let view = |(view, [is_avoided, is_preferred, is_home, is_writer]): (EndpointView, [bool; 4])| EndpointView {
            is_avoided,
            is_preferred,
            home: is_home.then_some(Home::Ahead),
            write_fitness: if is_writer { WriteFitness::Writer } else { WriteFitness::Unknown },
            ..view
        };
        let mut plain = Plain::new(strategy, views.into_iter().map(view).collect());
        plain.selector.rules.serving.states = states;
        let [needs_writer, is_retry, may_be_trial, has_key] = asks;
        let affinity = has_key.then_some(7);
        plain.ask = Ask { needs_writer, is_retry, may_be_trial, affinity, ..READ };
        for pick in [plain.select(), plain.hedge()].into_iter().flatten() {
            prop_assert!(!plain.views[pick.index].is_avoided, "{:?}", pick.reason);
        }
    }

    #[test]
    fn a_write_never_reaches_a_configured_reader_nor_one_less_fit_than_another(
        views in prop::collection::vec(any_view(), 1..20),
        fitness in prop::collection::vec(0usize..4, 20),
        strategy in prop::sample::select(Strategy::ALL.to_vec()),
    ) {
        use WriteFitness::{Never, Reader, Unknown, Writer};
        let mut plain = Plain::new(strategy, views);
        for (view, n) in plain.views.iter_mut().zip(fitness) {
            view.write_fitness = [Never, Reader, Unknown, Writer][n];
        }
        plain.ask.needs_writer = true;
        let capable = plain.views.iter().filter(|view| view.is_capable);
        let best = capable.map(|view| view.write_fitness).max().unwrap_or(Never);
        if let Some(pick) = plain.select() {
            let chosen = plain.views[pick.index].write_fitness;
            prop_assert!(chosen != Never && chosen == best);
            prop_assert!(pick.reason != RouteReason::Trial);
        }
    }

    #[test]
    fn one_endpoint_may_always_be_ejected_and_one_always_stays(
        open in prop::collection::vec(any::<bool>(), 1..9),
        share in 0.0f64..=1.0,
    ) {
        let view = |open: &bool| if *open { open_since(1) } else { IDLE };
        let mut plain = Plain::new(RoundRobin, open.iter().map(view).collect());
        plain.selector.rules.max_ejected = share;
        let screen = plain.selector.screen(&plain.views, &plain.ask);
        let out = (0..open.len()).filter(|index| screen.exclusion(&plain.views, *index).is_some()).count();
        prop_assert!(out < open.len());
        prop_assert_eq!(out > 0, open.len() > 1 && open.contains(&true));
    }
}

/// Whether it takes requests and has room.
fn serves(view: &EndpointView) -> bool {
    let (rules, health) = (ServingRules::default(), &view.health);
    let taken_out = (health.gate, health.is_ejected);
    rules.is_online(view.is_resolved, health.status, taken_out)
        && !view.is_tried
        && view.is_capable
        && !view.is_full(1.0)
}

#[test]
fn an_endpoint_that_a_rule_prefers_takes_requests_until_it_is_much_busier() {
    for strategy in Strategy::ALL {
        let mut plain = Plain::idle(*strategy, 3);
        plain.views[1].is_preferred = true;
        let pick = plain.select().unwrap();
        assert_eq!((pick.index, pick.reason), (1, RouteReason::Preferred));
        plain.views[1].load.in_flight = 1;
        let spilled = plain.select().unwrap();
        let is_rule = spilled.reason == RouteReason::Preferred;
        assert!(!is_rule, "{strategy:?}: 1.25 times a third of two is one");
        plain.views[0].load.in_flight = 3;
        assert_eq!(
            plain.select().unwrap().index,
            1,
            "{strategy:?}: three of six"
        );
    }
}

#[test]
fn what_a_rule_prefers_counts_for_nothing_where_something_speaks_against_it() {
    let mut plain = Plain::idle(RoundRobin, 3);
    plain.views[1].is_preferred = true;
    for health in [
        open_since(1).health,
        HealthView {
            is_failing: true,
            ..HealthView::GOOD
        },
    ] {
        plain.views[1].health = health;
        assert_ne!(plain.select().unwrap().index, 1);
    }
    plain.views[1] = EndpointView {
        is_avoided: true,
        ..IDLE
    };
    plain.views[1].is_preferred = true;
    assert_ne!(plain.select().unwrap().index, 1, "never is stronger");
}

#[test]
fn of_other_regions_the_one_that_responds_fastest_comes_first_and_its_endpoints_share() {
    let far = |region, seconds| {
        let mut view = EndpointView {
            distance: Distance::OtherRegion,
            region,
            ..IDLE
        };
        view.load.mean_time = seconds;
        view
    };
    let views = vec![
        far(1, Some(0.2)),
        far(2, Some(0.1)),
        far(2, Some(0.5)),
        far(3, None),
    ];
    let mut plain = Plain::new(RoundRobin, views);
    assert_eq!(plain.shares(10), [0, 5, 5, 0]);
    for endpoint in [1, 2] {
        plain.views[endpoint].load.in_flight = 100;
    }
    assert_eq!(plain.shares(4), [4, 0, 0, 0], "then the next");
    plain.views.push(IDLE);
    assert_eq!(
        plain.shares(4),
        [0, 0, 0, 0, 4],
        "the own region before all"
    );
    let unknown = vec![far(1, None), far(2, None)];
    assert_eq!(Plain::new(RoundRobin, unknown).shares(4), [2, 2]);
}
