//! What the policy of a pool is told of the requests that were sent.

use super::*;
use crate::balance::testing::{World, endpoint, letters};
use crate::dialect::{Fault, Placement};
use crate::endpoint::Evidence;
use balancing::policies::Strategy::{Adaptive, LeastConnections};
use balancing::{Ask, Completion, Pick, Policy, PoolView, RouteReason, Start};
use parking_lot::Mutex;

/// Takes the last endpoint, and notes what it is told.
#[derive(Default)]
struct Listener {
    starts: Mutex<Vec<Start>>,
    responses: Mutex<Vec<Start>>,
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

    fn on_response(&self, start: &Start, _: Moment) {
        self.responses.lock().push(*start);
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
fn the_policy_is_told_when_a_response_begins_however_long_its_client_reads() {
    let (world, listener) = listened();
    let mut route = sent(&world);
    route.permit.responded(world.clock.now());
    route.permit.stall([127, 0, 0, 1].into());
    assert_eq!(*listener.responses.lock(), *listener.starts.lock());
    assert!(listener.ends.lock().is_empty());
    drop(route);
    assert_eq!(faults(&listener), [None]);
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

/// How the strategy rates each endpoint, by name.
fn rated(world: &World, pool: &Pool) -> Vec<(String, Option<f64>)> {
    let scores = pool.scores(&world.ask(&[])).into_iter();
    let rated = scores.map(|one| (one.endpoint.to_string(), one.by_strategy));
    rated.collect()
}

#[test]
fn what_was_learned_of_an_endpoint_is_kept_when_a_reload_brings_others() {
    let world = World::equal(Adaptive, 2);
    for round in 0..200 {
        let (mut one, mut other) = (sent_to(&world, "a"), sent_to(&world, "b"));
        for (route, millis) in [(&mut one, 5), (&mut other, 50 + round % 2)] {
            world.clock.advance(Duration::from_millis(1));
            let done = Completion {
                start: route.1,
                ..world.done(Fault::None, millis)
            };
            route.0.take().unwrap().complete(&done, Evidence::default());
        }
    }
    let before = rated(&world, &world.pool);
    let after = rated(&world, &world.rebuild(letters(3)));
    assert!(before[1].1 > before[0].1, "{before:?}");
    assert_eq!(after[..2], before[..]);
    let fewer = rated(&world, &world.rebuild(vec![endpoint("b", 1.0)]));
    assert_eq!(fewer, before[1..]);
}

/// A permit of an endpoint whose request was sent.
fn sent_to(world: &World, name: &str) -> (Option<crate::endpoint::Permit>, Start) {
    let others = world.pool.endpoints().iter();
    let others: Vec<_> = others.filter(|one| *one.name != *name).cloned().collect();
    let mut route = world.choose(&others).unwrap();
    let start = route.permit.start(route.ask, &world.clock);
    (Some(route.permit), start)
}
