use super::*;
use crate::policies::Strategy;
use crate::policy::SILENCE;
use crate::testing::{IDLE, Plain, READ};
use crate::{Random, Standing};

/// Three endpoints that have so many requests in flight; the first one is the home.
fn pool(home: Home, in_flight: [u32; 3]) -> [EndpointView; 3] {
    let view = |in_flight| {
        let mut view = IDLE;
        view.load.in_flight = in_flight;
        view
    };
    let mut views = in_flight.map(view);
    views[0].home = Some(home);
    views
}

/// A policy that knows on how many requests each endpoint works at once.
struct Knows(f64);

impl Policy for Knows {
    fn pick(&self, _: &PoolView<'_>, _: &Ask, _: &mut Random) -> Option<Pick> {
        None
    }

    fn places(&self, _: usize, _: Moment) -> Option<f64> {
        Some(self.0)
    }

    fn room(&self, _: &PoolView<'_>, _: usize) -> Room {
        Room::Free
    }
}

fn takes(policy: &dyn Policy, ask: &Ask, home: Home, in_flight: [u32; 3]) -> bool {
    let views = pool(home, in_flight);
    let pool = PoolView::new(&views, Standing::PREFERRED, Moment(0), 5.0);
    pick(&pool, ask, policy, 1.25).is_some()
}

#[test]
fn a_home_takes_no_more_reads_than_a_little_over_its_share_but_all_writes() {
    let policy = Knows(4.0);
    let read = |in_flight| takes(&policy, &READ, Home::Level, in_flight);
    assert!(read([0, 0, 0]) && read([0, 3, 3]) && read([2, 3, 3]));
    assert!(!read([1, 0, 0]) && !read([4, 3, 3]) && !read([4, 2, 2]));
    let write = Ask {
        is_read: false,
        may_be_trial: false,
        ..READ
    };
    assert!(takes(&policy, &write, Home::Level, [60, 3, 3]));
}

#[test]
fn a_home_that_is_far_slower_than_the_others_takes_no_more_writes() {
    let write = Ask {
        is_read: false,
        may_be_trial: false,
        ..READ
    };
    let takes = |times: [f64; 3], in_flight| {
        let mut views = pool(Home::Ahead, in_flight);
        for (view, time) in views.iter_mut().zip(times) {
            view.load.mean_time = Some(time);
        }
        let pool = PoolView::new(&views, Standing::PREFERRED, Moment(0), 5.0);
        let policy = Strategy::LeastConnections.policy(3);
        pick(&pool, &write, &*policy, 1.25).is_some()
    };
    assert!(!takes([0.4, 0.01, 0.01], [20, 0, 0]));
    assert!(takes([0.04, 0.01, 0.01], [20, 0, 0]), "it is only busy");
    assert!(takes([0.4, 0.01, 0.01], [3, 0, 0]), "its writes are long");
}

#[test]
fn reads_of_what_was_just_written_go_home_while_the_others_are_idle() {
    let read = |home, in_flight| takes(&Knows(8.0), &READ, home, in_flight);
    assert!(read(Home::Ahead, [7, 0, 0]) && !read(Home::Level, [7, 0, 0]));
    assert!(read(Home::Ahead, [6, 1, 1]) && !read(Home::Ahead, [6, 2, 1]));
    assert!(read(Home::Ahead, [4, 4, 4]), "it has less than its share");
}

/// Nothing has shown yet that there is a bound, and most services never come to theirs.
#[test]
fn reads_of_what_was_just_written_go_home_where_its_places_are_not_known() {
    let policy = Strategy::Adaptive.policy(3);
    assert!(takes(&*policy, &READ, Home::Ahead, [6, 0, 0]));
    assert!(!takes(&*policy, &READ, Home::Ahead, [60, 0, 0]));
    assert!(!takes(&*policy, &READ, Home::Level, [6, 0, 0]));
}

#[test]
fn a_read_of_what_was_just_written_is_sent_past_its_home_only_when_that_is_silent() {
    let mut plain = Plain::new(
        Strategy::LeastConnections,
        pool(Home::Ahead, [3, 0, 0]).into(),
    );
    plain.attempt.slowness = Slowness::Hanging;
    plain.now = Moment(0) + 5 * SILENCE;
    plain.views[0].is_tried = true;
    plain.views[0].last_response = Some(Moment(0) + SILENCE * 9 / 2);
    assert_eq!(plain.hedge(), None, "it responds to others");
    plain.views[0].last_response = Some(Moment(0));
    assert_eq!(plain.hedge().unwrap().reason, RouteReason::Silent);
    plain.attempt.slowness = Slowness::VerySlow;
    assert_eq!(plain.hedge(), None, "it may respond yet");
    plain.views[0].home = Some(Home::Level);
    assert_eq!(plain.hedge().unwrap().reason, RouteReason::Hedge);
}
