use super::*;
use crate::balance::Pool;
use crate::balance::testing::{World, endpoint, letters};
use crate::config::StrategyName::LeastConnections;
use crate::dialect::{Fault, Placement};
use crate::endpoint::Gate;

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
    world.answers("a", 3, 70);
    world.fails("b", 5);
    let second = world.rebuild(letters(2));
    let state = |name: &str| &second.find(name).unwrap().state;
    assert_eq!(state(&name).in_flight(), 1);
    assert!(state("a").times.mean().is_some());
    assert!(matches!(state("b").health.gate(world.now()), Gate::Open(_)));
    route.permit.complete(&world.done(Fault::None, 5));
    assert_eq!(
        state(&name).in_flight(),
        0,
        "an old permit gives back to the same state"
    );
}

#[test]
fn a_name_with_another_address_is_another_server() {
    let world = World::equal(LeastConnections, 2);
    world
        .registry
        .settle(world.pool.endpoints().to_vec(), world.now());
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
    world
        .registry
        .settle(taken.endpoints().to_vec(), world.now());
    let known = world.rebuild(moved);
    let state = |pool: &Pool| Arc::clone(&pool.find("a").unwrap().state);
    assert!(Arc::ptr_eq(&state(&known), &state(&taken)));
}

#[test]
fn a_removed_endpoint_answers_its_transactions_until_they_are_idle() {
    let world = World::equal(LeastConnections, 2);
    world
        .registry
        .settle(world.pool.endpoints().to_vec(), world.now());
    let token = world.at("b").token.to_string();
    let fewer = world.rebuild(letters(1));
    world
        .registry
        .settle(fewer.endpoints().to_vec(), world.now());
    assert!((0..5).all(|_| pin(&world, &fewer, &world.at("a").token).is_some()));
    for _ in 0..4 {
        world.wait(20);
        assert_eq!(pin(&world, &fewer, &token).as_deref(), Some("b"));
    }
    world.wait(31);
    assert_eq!(pin(&world, &fewer, &token), None);
}

#[test]
fn no_transaction_keeps_a_removed_endpoint_for_ever() {
    let world = World::equal(LeastConnections, 2);
    world
        .registry
        .settle(world.pool.endpoints().to_vec(), world.now());
    let token = world.at("b").token.to_string();
    let fewer = world.rebuild(letters(1));
    world
        .registry
        .settle(fewer.endpoints().to_vec(), world.now());
    let spoke = (0..100).filter(|_| {
        world.wait(20);
        pin(&world, &fewer, &token).is_some()
    });
    assert_eq!(
        spoke.count(),
        44,
        "900 s at 20 s each, the last one excluded"
    );
}

#[test]
fn an_endpoint_that_comes_back_while_it_drains_keeps_its_state() {
    let world = World::equal(LeastConnections, 2);
    world
        .registry
        .settle(world.pool.endpoints().to_vec(), world.now());
    let before = world.at("b").state.clone();
    let fewer = world.rebuild(letters(1));
    world
        .registry
        .settle(fewer.endpoints().to_vec(), world.now());
    let back = world.rebuild(letters(2));
    world
        .registry
        .settle(back.endpoints().to_vec(), world.now());
    assert!(Arc::ptr_eq(&back.find("b").unwrap().state, &before));
    world.wait(1000);
    world
        .registry
        .settle(back.endpoints().to_vec(), world.now());
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
        world
            .registry
            .settle(pool.endpoints().to_vec(), world.now());
    }
    let known = world.registry.known.lock();
    assert_eq!(known.draining.len(), DRAINING_KEPT);
    assert_eq!(known.states.len(), DRAINING_KEPT + 10);
    drop(known);
    world.wait(1000);
    world
        .registry
        .settle(world.pool.endpoints().to_vec(), world.now());
    world.wait(1000);
    world
        .registry
        .settle(world.pool.endpoints().to_vec(), world.now());
    assert_eq!(world.registry.known.lock().states.len(), 1);
}
