use super::*;
use crate::balance::Pool;
use crate::balance::testing::{World, endpoint, letters};
use crate::dialect::{Fault, Placement};
use crate::endpoint::{Evidence, Gate, Permit, PermitLimits};
use balancing::policies::Strategy::LeastConnections;
use std::time::Duration;

fn pin(world: &World, pool: &Pool, token: &str) -> Option<String> {
    let placement = Placement::Pinned(token.into());
    let ask = crate::balance::RouteRequest {
        placement: &placement,
        ..world.ask(&[])
    };
    let route = pool
        .choose(&ask, &mut crate::random::Random::seeded(1))
        .ok()?;
    Some(route.endpoint.name.to_string())
}

#[test]
fn a_second_pool_finds_the_states_of_the_first() {
    let world = World::equal(LeastConnections, 3);
    let route = world.route();
    let name = route.endpoint.name.to_string();
    world.responds("a", 3, 70);
    world.fails("b", 5);
    let second = world.rebuild(letters(2));
    let state = |name: &str| &second.find(name).unwrap().state;
    assert_eq!(state(&name).in_flight(), 1);
    assert!(state("a").times.mean().is_some());
    assert!(matches!(state("b").health.gate(world.now()), Gate::Open(_)));
    route
        .permit
        .complete(&world.done(Fault::None, 5), Evidence::default());
    assert_eq!(
        state(&name).in_flight(),
        0,
        "an old permit gives back to the same state"
    );
}

#[test]
fn a_name_with_another_address_is_another_server() {
    let world = World::equal(LeastConnections, 2);
    world.settle(&world.pool);
    world.fails("a", 5);
    let mut moved = letters(2);
    moved[0].url = "http://127.0.0.1:9".into();
    let tried = world.rebuild(moved.clone());
    let state = tried.find("a").unwrap().state.clone();
    assert_eq!(
        (state.generation, state.health.gate(world.now())),
        (1, Gate::Closed)
    );
    // The reload failed elsewhere: the running state is as it was.
    let again = world.rebuild(letters(2));
    assert!(Arc::ptr_eq(
        &again.find("a").unwrap().state,
        &world.at("a").state
    ));
    let taken = world.rebuild(moved.clone());
    world.settle(&taken);
    let known = world.rebuild(moved);
    let state = |pool: &Pool| Arc::clone(&pool.find("a").unwrap().state);
    assert!(Arc::ptr_eq(&state(&known), &state(&taken)));
}

#[test]
fn a_removed_endpoint_serves_its_transactions_until_they_are_idle() {
    let world = World::equal(LeastConnections, 2);
    let token = world.at("b").token.to_string();
    let fewer = world.rebuild(letters(1));
    world.settle(&fewer);
    assert!((0..5).all(|_| pin(&world, &fewer, &world.at("a").token).is_some()));
    for _ in 0..4 {
        world.wait(80);
        assert_eq!(pin(&world, &fewer, &token).as_deref(), Some("b"));
    }
    world.wait(90);
    assert_eq!(pin(&world, &fewer, &token), None);
}

#[test]
fn the_time_of_a_long_statement_is_not_counted_as_idle() {
    let world = World::equal(LeastConnections, 2);
    let leaving = world.at("b");
    let fewer = world.rebuild(letters(1));
    world.settle(&fewer);
    let permit = Permit::claim(&leaving, 0.0, PermitLimits::NONE).unwrap();
    world.wait(300);
    permit.complete(&world.done(Fault::None, 300_000), Evidence::default());
    world.wait(80);
    assert_eq!(pin(&world, &fewer, &leaving.token).as_deref(), Some("b"));
}

#[test]
fn no_transaction_keeps_a_removed_endpoint_for_ever() {
    let world = World::equal(LeastConnections, 2);
    let token = world.at("b").token.to_string();
    let fewer = world.rebuild(letters(1));
    world.settle(&fewer);
    let spoke = (0..100).filter(|_| {
        world.wait(60);
        pin(&world, &fewer, &token).is_some()
    });
    assert_eq!(
        spoke.count(),
        59,
        "3600 s at 60 s each, the last one excluded"
    );
}

#[test]
fn a_transaction_stays_with_its_server_when_a_reload_points_the_name_at_another() {
    let world = World::equal(LeastConnections, 2);
    let before = world.at("a");
    let mut moved = letters(2);
    moved[0].url = "http://127.0.0.1:9".into();
    let taken = world.rebuild(moved);
    world.settle(&taken);
    let placement = Placement::Pinned(before.token.to_string());
    let ask = crate::balance::RouteRequest {
        placement: &placement,
        ..world.ask(&[])
    };
    let route = taken
        .choose(&ask, &mut crate::random::Random::seeded(1))
        .unwrap();
    assert!(Arc::ptr_eq(&route.endpoint, &before), "{:?}", route.address);
}

#[test]
fn an_endpoint_that_comes_back_while_it_drains_keeps_its_state() {
    let world = World::equal(LeastConnections, 2);
    world.settle(&world.pool);
    let before = world.at("b").state.clone();
    let fewer = world.rebuild(letters(1));
    world.settle(&fewer);
    let back = world.rebuild(letters(2));
    world.settle(&back);
    assert!(Arc::ptr_eq(&back.find("b").unwrap().state, &before));
    world.wait(4000);
    world.settle(&back);
    assert!(
        world
            .registry
            .draining("graph", &back.find("b").unwrap().token, world.now())
            .is_none()
    );
}

#[test]
fn what_was_removed_is_forgotten_and_bounded() {
    let world = World::equal(LeastConnections, 1);
    for n in 0..40 {
        let names = (0..10).map(|m| endpoint(&format!("e{n}-{m}"), 1.0));
        let pool = world.rebuild(names.collect());
        world.settle(&pool);
    }
    assert_eq!(
        world.registry.known.lock().endpoints().count(),
        crate::endpoint::draining::DRAINING_KEPT + 10
    );
    world.wait(4000);
    world.settle(&world.pool);
    world.wait(4000);
    world.settle(&world.pool);
    assert_eq!(world.registry.known.lock().endpoints().count(), 1);
}

#[test]
fn an_endpoint_that_left_is_listed_until_it_is_forgotten() {
    let world = World::equal(LeastConnections, 2);
    let leaving = world.at("b");
    let fewer = world.rebuild(letters(1));
    world.settle(&fewer);
    let permit = Permit::claim(&leaving, 0.0, PermitLimits::NONE).unwrap();
    world.wait(100);
    let listed = world.registry.leaving(world.now());
    let [row] = listed.as_slice() else {
        panic!("{listed:?}");
    };
    let secs = Duration::from_secs;
    assert_eq!((&*row.endpoint.name, row.in_flight), ("b", 1));
    assert_eq!(row.for_so_long, secs(100));
    assert_eq!((row.idle_ends_in, row.ends_in), (None, secs(3500)));
    permit.complete(&world.done(Fault::None, 5), Evidence::default());
    world.wait(80);
    let listed = world.registry.leaving(world.now());
    assert_eq!(listed[0].idle_ends_in, Some(secs(10)));
    world.wait(10);
    assert!(world.registry.leaving(world.now()).is_empty());
}

#[test]
fn an_endpoint_is_not_idle_while_a_client_holds_a_response_up() {
    let world = World::equal(LeastConnections, 2);
    let leaving = world.at("b");
    let fewer = world.rebuild(letters(1));
    world.settle(&fewer);
    let mut permit = Permit::claim(&leaving, 0.0, PermitLimits::NONE).unwrap();
    permit.stall([127, 0, 0, 1].into());
    world.wait(300);
    assert_eq!(world.registry.leaving(world.now())[0].in_flight, 1);
    assert_eq!(pin(&world, &fewer, &leaving.token).as_deref(), Some("b"));
}

/// The prober of a service that was put back waited for another trigger than the one its endpoints fire.
#[test]
fn a_service_that_is_put_back_while_it_drains_keeps_its_probe_trigger() {
    let world = World::equal(LeastConnections, 1);
    let gone = world.rebuild(Vec::new());
    world.settle(&gone);
    let back = world.rebuild(letters(1));
    world.settle(&back);
    let fired = back.find("a").unwrap().health().probe_trigger().clone();
    assert!(Arc::ptr_eq(&back.probe_trigger(), &fired));
    world.settle(&gone);
    world.wait(4000);
    world.settle(&gone);
    assert!(world.registry.known.lock().services.is_empty());
}

/// A timeout says that the server, or the statement, is slow: another server behind the same name inherits neither.
#[test]
fn an_endpoint_that_was_moved_is_not_blamed_for_timeouts_of_its_former_server() {
    let world = World::equal(LeastConnections, 2);
    world.settle(&world.pool);
    let learn = |endpoint: &Endpoint, shape| {
        let rules = &endpoint.rules;
        let (done, evidence) = world.overdue(shape, 30_000);
        endpoint.state.learn(&done, &evidence, rules);
        endpoint.health().health().failures_in_a_row()
    };
    assert_eq!(learn(&world.at("a"), 1), 0, "one shape blames nobody");
    let mut moved = letters(2);
    moved[0].url = "http://127.0.0.1:9".into();
    let pool = world.rebuild(moved);
    world.settle(&pool);
    let a = pool.find("a").unwrap();
    assert_eq!(learn(a, 2), 0, "the first timeout of this server");
    assert_eq!(learn(a, 3), 1, "its second shape");
}
