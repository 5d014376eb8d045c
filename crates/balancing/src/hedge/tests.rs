use super::{Places, SlowAttempt, Slowness, leave_candidates};
use crate::policies::Strategy::{self, LeastConnections};
use crate::testing::{IDLE, Plain, SLOW};
use crate::{
    EndpointLoad, EndpointView, Gate, HealthStatus, HealthView, Moment, Pick, RouteReason, Standing,
};
use proptest::prelude::*;
use std::time::Duration;

/// Waits for a response to a first attempt.
const WAITING: EndpointView = EndpointView {
    is_tried: true,
    load: EndpointLoad {
        in_flight: 1,
        ..IDLE.load
    },
    ..IDLE
};
const OPEN: EndpointView = with(HealthView {
    gate: Gate::Open(Moment(u64::MAX - 1)),
    ..HealthView::GOOD
});

const fn with(health: HealthView) -> EndpointView {
    EndpointView { health, ..IDLE }
}

fn hedged(views: impl Into<Vec<EndpointView>>) -> Option<Pick> {
    Plain::new(LeastConnections, views.into()).hedge()
}

fn busy(in_flight: u32, view: EndpointView) -> EndpointView {
    EndpointView {
        load: EndpointLoad {
            in_flight,
            ..view.load
        },
        ..view
    }
}

#[test]
fn a_hedge_goes_to_another_endpoint_that_is_as_good() {
    let pick = hedged([WAITING, IDLE, IDLE]).unwrap();
    assert_eq!(pick.reason, RouteReason::Hedge);
    assert_ne!(pick.index, 0);
}

#[test]
fn none_goes_where_it_is_worse() {
    let degraded = with(HealthView {
        status: HealthStatus::Degraded,
        ..HealthView::GOOD
    });
    let overloaded = with(HealthView {
        is_overloaded: true,
        ..HealthView::GOOD
    });
    let slower = EndpointView {
        recent_mean: Some(0.3),
        ..IDLE
    };
    let waiting = EndpointView {
        recent_mean: Some(0.1),
        ..WAITING
    };
    for worse in [degraded, overloaded, busy(2, IDLE), slower] {
        assert_eq!(hedged([waiting, worse]), None, "{worse:?}");
        assert_eq!(hedged([waiting, worse, IDLE]).unwrap().index, 2);
    }
}

#[test]
fn one_that_usually_responds_within_the_time_already_waited_is_good_enough() {
    let mean = |view, seconds| EndpointView {
        recent_mean: Some(seconds),
        ..view
    };
    let waited = SLOW.waited.as_secs_f64();
    let hedged = |other| hedged([mean(WAITING, 0.001), mean(IDLE, other)]);
    assert!(hedged(waited).is_some());
    assert_eq!(hedged(waited * 1.01), None);
}

#[test]
fn a_trial_is_not_made_by_a_hedge() {
    let due = with(HealthView {
        gate: Gate::HalfOpen,
        ..HealthView::GOOD
    });
    assert_eq!(hedged([WAITING, due]), None);
}

#[test]
fn none_is_made_where_there_is_no_room_for_it() {
    let pool = |taken: u32| [busy(taken, WAITING), busy(taken, IDLE), busy(taken, IDLE)];
    assert!(hedged(pool(80)).is_some());
    assert_eq!(hedged(pool(81)), None);
}

/// Reads waited for five seconds at a server whose path was cut, since the others had no place to spare.
#[test]
fn a_read_at_an_endpoint_that_hangs_goes_to_one_that_responds_however_busy_that_is() {
    let now = Moment(0) + Duration::from_secs(5);
    let responds = |in_flight| EndpointView {
        last_response: Some(now),
        ..busy(in_flight, IDLE)
    };
    let hangs = busy(3, IDLE);
    let mut plain = Plain::new(
        Strategy::Adaptive,
        vec![WAITING, hangs, responds(90), responds(80)],
    );
    plain.now = now;
    plain.attempt = SlowAttempt {
        slowness: Slowness::Hanging,
        others_wait: true,
        ..SLOW
    };
    let pick = plain.hedge().unwrap();
    assert_eq!((pick.index, pick.reason), (3, RouteReason::Silent));
    plain.views[0].last_response = Some(now);
    assert_eq!(plain.hedge(), None, "it responds to others");
}

/// Those at which a second attempt may be made, where each has eight places of which so many were taken lately.
fn left<const N: usize>(mut pool: [EndpointView; N], lately_taken: f64) -> Vec<usize> {
    let places = Places {
        learned: Some(8.0),
        lately_taken: Some(lately_taken),
    };
    leave_candidates(&mut pool, SLOW.waited, |_| places);
    let may = |view: &EndpointView| !view.is_tried && view.standing == Standing::PREFERRED;
    (0..N).filter(|index| may(&pool[*index])).collect()
}

#[test]
fn whether_there_is_room_is_told_by_the_last_second_and_not_by_a_moment() {
    assert_eq!(left([WAITING, IDLE, IDLE], 6.4), [1, 2]);
    assert_eq!(left([WAITING, IDLE, IDLE], 6.5), [0; 0]);
}

#[test]
fn a_place_that_is_free_is_good_enough_however_few_wait_with_the_first_attempt() {
    assert_eq!(left([WAITING, busy(7, IDLE), busy(8, IDLE)], 4.0), [1]);
}

#[test]
fn none_is_made_while_half_of_the_endpoints_are_out() {
    assert!(hedged([WAITING, IDLE, OPEN]).is_some());
    assert_eq!(hedged([WAITING, IDLE, OPEN, OPEN]), None);
}

#[test]
fn an_endpoint_alone_gets_no_second_attempt() {
    assert_eq!(hedged([WAITING]), None);
}

#[test]
fn an_endpoint_hangs_at_ten_times_the_percentile_and_never_within_a_second() {
    use super::{Tail, stages};
    let after = |p95, p99| {
        let [p95, p99] = [p95, p99].map(Duration::from_millis);
        stages(Tail { p95, p99 }).map(|(after, _)| after.as_millis())
    };
    assert_eq!(after(20, 40), [20, 40, 60, 1000]);
    assert_eq!(after(500, 600), [500, 600, 900, 5000]);
    assert_eq!(after(20, 3000), [20, 3000, 3000, 3000]);
}

prop_compose! {
    fn any_view()(
        is_tried in any::<bool>(),
        is_resolved in any::<bool>(),
        in_flight in 0..120_u32,
        gate in 0..4_u8,
        weight in 0..3_u8,
        mean in proptest::option::of(0.0..1.0),
    ) -> EndpointView {
        let gate = match gate {
            0 => OPEN.health.gate,
            1 => Gate::HalfOpen,
            2 => Gate::TrialRunning,
            _ => Gate::Closed,
        };
        let view = EndpointView { is_tried, is_resolved, weight: weight.into(), recent_mean: mean, ..IDLE };
        let view = EndpointView { health: HealthView { gate, ..HealthView::GOOD }, ..view };
        busy(in_flight, view)
    }
}

proptest! {
    #[test]
    fn a_hedge_never_goes_to_an_endpoint_that_was_tried_or_is_busier(views in proptest::collection::vec(any_view(), 0..8)) {
        for strategy in Strategy::ALL {
            let Some(pick) = Plain::new(*strategy, views.clone()).hedge() else { continue };
            let picked = &views[pick.index];
            prop_assert!(!picked.is_tried && picked.is_resolved && picked.health.gate == Gate::Closed);
            let busiest = views.iter().filter(|one| one.is_tried);
            let busiest = busiest.map(EndpointView::in_flight_per_weight).fold(0.0, f64::max);
            prop_assert!(picked.in_flight_per_weight() <= busiest);
        }
    }
}
