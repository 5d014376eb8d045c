//! What the policy of a pool is told of the requests that were sent.

use super::*;
use crate::balance::testing::{World, letters};
use crate::config::StrategyName::LeastConnections;
use crate::dialect::{Fault, Placement};
use crate::endpoint::Evidence;
use balancing::{Ask, Completion, Pick, Policy, PoolView, RouteReason, Start};
use parking_lot::Mutex;

/// Takes the last endpoint, and notes what it is told.
#[derive(Default)]
struct Listener {
    starts: Mutex<Vec<Start>>,
    ends: Mutex<Vec<Completion>>,
}

impl Policy for Listener {
    fn pick(&self, pool: &PoolView<'_>, _: &Ask, _: &mut Random) -> Option<Pick> {
        let (index, _) = pool.iter().last()?;
        Some(Pick::because(index, RouteReason::Rotation))
    }

    fn on_start(&self, start: &Start) {
        self.starts.lock().push(*start);
    }

    fn on_finish(&self, completion: &Completion) {
        self.ends.lock().push(*completion);
    }
}

fn listened() -> (World, Arc<Listener>) {
    let mut world = World::equal(LeastConnections, 3);
    let listener = Arc::<Listener>::default();
    let pool = Arc::get_mut(&mut world.pool).unwrap();
    pool.selector.policy = listener.clone();
    (world, listener)
}

/// A route whose request was sent.
fn sent(world: &World) -> Route {
    let mut route = world.route();
    route.permit.start(route.ask, &world.clock);
    route
}

fn faults(listener: &Listener) -> Vec<Option<Fault>> {
    let ends = listener.ends.lock();
    ends.iter().map(|end| end.fault).collect()
}

#[test]
fn the_policy_is_told_the_start_and_the_end_of_each_request_once() {
    let (world, listener) = listened();
    let route = sent(&world);
    world.wait(1);
    let done = Completion {
        start: listener.starts.lock()[0],
        ..world.done(Fault::Database, 40)
    };
    route.permit.complete(&done, Evidence::default());
    assert_eq!(listener.starts.lock().len(), 1);
    assert_eq!(listener.starts.lock()[0].endpoint, 2);
    assert_eq!(*listener.ends.lock(), [done]);
}

#[test]
fn a_request_that_is_dropped_or_panics_is_told_as_abandoned() {
    let (world, listener) = listened();
    let route = sent(&world);
    world.wait(1);
    drop(route);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _route = sent(&world);
        panic!("as a bug would");
    }));
    assert!(panicked.is_err());
    assert_eq!(faults(&listener), [None, None]);
    assert_eq!(world.at("c").state.in_flight(), 0);
}

#[test]
fn a_request_that_another_attempt_outpaced_is_told_as_that_and_as_no_failure() {
    let (world, listener) = listened();
    let route = sent(&world);
    world.wait(1);
    route.permit.outpaced();
    let [end] = listener.ends.lock()[..] else {
        panic!("one end");
    };
    assert_eq!((end.fault, end.outpaced), (None, true));
    assert_eq!(end.service_time, end.now - end.start.now);
    assert_eq!(world.at("c").health().health().failures_in_a_row(), 0);
    assert_eq!(world.at("c").state.in_flight(), 0);
}

#[test]
fn a_permit_that_is_given_back_before_anything_was_sent_tells_nothing() {
    let (world, listener) = listened();
    drop(world.route());
    assert!(listener.starts.lock().is_empty() && listener.ends.lock().is_empty());
}

#[test]
fn after_a_reload_the_end_is_told_to_the_policy_that_was_told_the_start() {
    let (world, listener) = listened();
    let route = sent(&world);
    let next = world.rebuild(letters(2));
    world.settle(&next);
    route
        .permit
        .complete(&world.done(Fault::None, 5), Evidence::default());
    assert_eq!(faults(&listener), [Some(Fault::None)]);
}

#[test]
fn requests_of_a_transaction_are_told_and_those_for_a_server_s_own_are_not() {
    let (mut world, listener) = listened();
    world.placement = Placement::Pinned(world.at("a").token.to_string());
    drop(sent(&world));
    assert_eq!(listener.starts.lock()[0].endpoint, 0);
    world.placement = Placement::Local;
    drop(sent(&world));
    assert_eq!(listener.starts.lock().len(), 1);
}
