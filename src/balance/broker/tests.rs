use super::*;
use crate::balance::Route;
use crate::balance::testing::{World, endpoint};
use crate::config::RoleChoice;
use crate::dialect::{CallFacts, Fault, Placement};
use crate::endpoint::{Evidence, OperatorStatus, Permit, PermitLimits};
use balancing::QueueRefusal;
use balancing::policies::Strategy::LeastConnections;

/// Endpoints `a`, `b` ... with room for one request each.
fn narrow(names: &[&str]) -> World {
    let endpoints = names.iter().map(|name| crate::config::Endpoint {
        max_connections: 1,
        ..endpoint(name, 1.0)
    });
    World::new(LeastConnections, endpoints.collect())
}

fn choose(world: &World) -> Result<Route, NoRoute> {
    let ask = world.ask(&[]);
    let ask = RouteRequest {
        may_wait: true,
        ..ask
    };
    world
        .pool
        .choose_unless_awaited(&ask, &mut Random::seeded(1))
}

fn wait_for(world: &World, secs: u64) -> Result<PendingPermit, Refusal> {
    let terms = WaitTerms {
        tenant: 0,
        weight: 1.0,
        deadline: world.now() + Duration::from_secs(secs),
        at_most: usize::MAX,
    };
    let broker = world.pool.broker();
    broker.wait(&world.pool, &world.ask(&[]), &terms)
}

fn wait(world: &World) -> PendingPermit {
    wait_for(world, 10).unwrap()
}

/// The answer that is there by now.
fn answered(pending: &mut PendingPermit) -> Option<Answer> {
    pending.answer.try_recv().ok()
}

fn refused(answer: Option<Answer>) -> QueueRefusal {
    match answer {
        Some(Err(NoPermit::Refused(refusal))) => refusal.why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn who_finds_no_room_waits_and_is_handed_the_place_that_is_given_back() {
    let world = narrow(&["a"]);
    let first = choose(&world).unwrap();
    assert!(choose(&world).unwrap_err().is_full);
    let mut one = wait(&world);
    let mut other = wait(&world);
    assert!(answered(&mut one).is_none());
    assert_eq!(world.pool.broker().pending(), 2);
    drop(first);
    let route = answered(&mut one).unwrap().unwrap();
    assert!(answered(&mut other).is_none());
    drop(route);
    assert!(answered(&mut other).unwrap().is_ok());
    assert_eq!(world.pool.broker().pending(), 0);
}

#[tokio::test]
async fn nobody_overtakes_those_that_wait() {
    let world = narrow(&["a", "b"]);
    let (_first, second) = (choose(&world).unwrap(), choose(&world).unwrap());
    let mut waits = wait(&world);
    let freed = second.endpoint.name.clone();
    drop(second);
    let route = answered(&mut waits).unwrap().unwrap();
    assert_eq!(route.endpoint.name, freed);
    assert!(choose(&world).unwrap_err().is_full);
}

#[tokio::test]
async fn who_leaves_waits_no_more_and_a_permit_handed_over_at_that_moment_is_given_back() {
    let world = narrow(&["a"]);
    let held = choose(&world).unwrap();
    drop(wait(&world));
    assert_eq!(world.pool.broker().pending(), 0);
    let handed = wait(&world);
    let mut next = wait(&world);
    drop(held);
    drop(handed);
    assert!(answered(&mut next).unwrap().is_ok());
    drop(next);
    assert_eq!(world.at("a").state.in_flight(), 0);
}

/// Under an overload of impatient clients nobody was refused, and all seemed well.
#[tokio::test]
async fn who_leaves_while_it_waits_counts_as_given_no_place() {
    let world = narrow(&["a"]);
    let held = choose(&world).unwrap();
    drop(wait(&world));
    let mut served = wait(&world);
    drop(held);
    assert!(answered(&mut served).unwrap().is_ok());
    let refusals = world.pool.broker().refusals();
    assert_eq!((refusals.left, refusals.for_want_of_room()), (1, 1));
    assert_eq!(world.pool.stats(world.now()).refused, 1);
}

#[tokio::test]
async fn a_task_that_panics_gives_its_place_to_the_next() {
    let world = narrow(&["a"]);
    let held = choose(&world).unwrap();
    let mut waits = wait(&world);
    let panicked = tokio::spawn(async move {
        let _held = held;
        panic!("as a bug would");
    });
    assert!(panicked.await.is_err());
    assert!(answered(&mut waits).unwrap().is_ok());
}

#[tokio::test]
async fn a_write_that_waits_for_its_writer_holds_no_read_up() {
    let mut writer = endpoint("w", 1.0);
    writer.role = RoleChoice::Writer;
    writer.max_connections = 1;
    let mut world = World::new(
        LeastConnections,
        vec![writer, {
            let mut reader = endpoint("r", 1.0);
            reader.role = RoleChoice::Reader;
            reader.max_connections = 1;
            reader
        }],
    );
    let (one, other) = (choose(&world).unwrap(), choose(&world).unwrap());
    let (write, read) = match &*one.endpoint.name {
        "w" => (one, other),
        _ => (other, one),
    };
    world.placement = Placement::Writer;
    let mut waits: Vec<_> = (0..40).map(|_| wait(&world)).collect();
    world.placement = Placement::Any;
    let mut waiting_read = wait(&world);
    drop(read);
    let route = answered(&mut waiting_read).unwrap().unwrap();
    assert_eq!(&*route.endpoint.name, "r");
    assert!(waits.iter_mut().all(|write| answered(write).is_none()));
    drop(write);
    assert!(answered(&mut waits[0]).unwrap().is_ok());
}

/// Would rather wait with what is costly.
struct Choosy;

impl balancing::Policy for Choosy {
    fn pick(
        &self,
        pool: &balancing::PoolView<'_>,
        ask: &balancing::Ask,
        _: &mut Random,
    ) -> Option<balancing::Pick> {
        let (index, _) = pool.iter().next()?;
        let reason = balancing::RouteReason::Rotation;
        (ask.cost < 10.0).then(|| balancing::Pick::because(index, reason))
    }
}

#[tokio::test]
async fn a_request_with_which_the_policy_would_rather_wait_holds_no_other_up() {
    let mut world = narrow(&["a"]);
    Arc::get_mut(&mut world.pool).unwrap().selector.policy = Arc::new(Choosy);
    world.plan.cost = 10.0;
    assert!(choose(&world).unwrap_err().is_full);
    let mut costly: Vec<_> = (0..5).map(|_| wait(&world)).collect();
    world.plan.cost = 1.0;
    let mut cheap = wait(&world);
    assert!(answered(&mut cheap).unwrap().is_ok());
    assert!(costly.iter_mut().all(|one| answered(one).is_none()));
}

#[tokio::test]
async fn after_a_reload_those_that_wait_go_to_the_endpoints_of_the_new_pool() {
    let world = narrow(&["a"]);
    let _held = choose(&world).unwrap();
    let mut waits = wait(&world);
    let next = Arc::new(world.rebuild(vec![endpoint("n", 1.0)]));
    world.settle(&next);
    next.broker().follow(&next);
    let route = answered(&mut waits).unwrap().unwrap();
    assert_eq!(&*route.endpoint.name, "n");
}

#[tokio::test(start_paused = true)]
async fn who_has_waited_for_as_long_as_it_may_is_refused() {
    let world = narrow(&["a"]);
    let _held = choose(&world).unwrap();
    let mut waits = wait_for(&world, 3).unwrap();
    tokio::time::sleep(TICK * 2).await;
    assert!(answered(&mut waits).is_none());
    world.wait(3);
    tokio::time::sleep(TICK * 2).await;
    assert_eq!(refused(answered(&mut waits)), QueueRefusal::QueueTimeout);
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_comes_back_takes_those_that_wait() {
    let world = narrow(&["a", "b"]);
    let _held = (choose(&world).unwrap(), choose(&world).unwrap());
    let mut waits = wait(&world);
    // What no request tells of is found by looking.
    world.at("b").state.leave(0);
    tokio::time::sleep(TICK * 2).await;
    assert!(answered(&mut waits).unwrap().is_ok());
}

/// Panics at its first choice.
struct Faulty(AtomicBool);

impl balancing::Policy for Faulty {
    fn pick(
        &self,
        pool: &balancing::PoolView<'_>,
        _: &balancing::Ask,
        _: &mut Random,
    ) -> Option<balancing::Pick> {
        assert!(self.0.swap(true, SeqCst), "as a bug would");
        let (index, _) = pool.iter().next()?;
        Some(balancing::Pick::because(
            index,
            balancing::RouteReason::Rotation,
        ))
    }
}

#[tokio::test(start_paused = true)]
async fn a_look_that_panics_is_not_the_last_one() {
    let mut world = narrow(&["a"]);
    let _held = choose(&world).unwrap();
    let faulty = Arc::new(Faulty(AtomicBool::new(false)));
    Arc::get_mut(&mut world.pool).unwrap().selector.policy = faulty;
    let mut waits = wait(&world);
    world.at("a").state.leave(0);
    tokio::time::sleep(TICK * 4).await;
    assert!(answered(&mut waits).unwrap().is_ok());
}

#[tokio::test]
async fn claims_at_the_same_time_stay_within_the_capacity() {
    let mut world = World::new(
        LeastConnections,
        vec![crate::config::Endpoint {
            capacity: Some(10.0),
            ..endpoint("a", 1.0)
        }],
    );
    world.plan.cost = 4.0;
    let claimed = (choose(&world).unwrap(), choose(&world).unwrap());
    assert!(choose(&world).unwrap_err().is_full);
    let limits = PermitLimits {
        requests: 100,
        capacity: Some(10.0),
    };
    // As one that looked before the others claimed.
    assert!(Permit::claim(&world.at("a"), 4.0, limits).is_none());
    let mut waits = wait(&world);
    assert!(answered(&mut waits).is_none());
    drop(claimed);
    assert!(answered(&mut waits).unwrap().is_ok());
    assert_eq!(world.at("a").state.cost(), 0.0);
}

#[tokio::test]
async fn a_queue_without_room_refuses() {
    let world = World::with(
        LeastConnections,
        vec![crate::config::Endpoint {
            max_connections: 1,
            ..endpoint("a", 1.0)
        }],
        |config| config.balance.queue.max_pending_per_endpoint = 2,
    );
    let _held = choose(&world).unwrap();
    let _waits = (wait(&world), wait(&world));
    let refusal = wait_for(&world, 10).map(|_| ()).unwrap_err();
    assert_eq!(refusal.why, QueueRefusal::QueueFull);
}

/// Thousands of requests over three places from several threads; some leave while they wait, some hold on for a while.
/// Nothing looks by itself, so a single lost wake-up would leave somebody waiting for ever.
#[test]
fn with_thousands_of_tasks_no_wake_up_is_lost_and_no_permit_leaks() {
    for seed in 0..4 {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(4)
            .enable_time()
            .build()
            .unwrap();
        let world = Arc::new(narrow(&["a", "b", "c"]));
        // As if somebody did.
        world.pool.broker().line.lock().is_watched = true;
        let tasks: Vec<_> = (0..900)
            .map(|task| runtime.spawn(use_a_place(Arc::clone(&world), seed * 1000 + task)))
            .collect();
        runtime.block_on(async {
            for task in tasks {
                let ended = tokio::time::timeout(Duration::from_secs(60), task).await;
                ended.expect("a wake-up was lost").unwrap();
            }
        });
        assert_eq!(world.pool.broker().pending(), 0);
        for name in ["a", "b", "c"] {
            assert_eq!(world.at(name).state.in_flight(), 0, "{name}");
        }
    }
}

async fn use_a_place(world: Arc<World>, seed: u64) {
    let mut random = Random::seeded(seed);
    for _ in 0..5 {
        let route = match choose(&world) {
            Ok(route) => route,
            Err(_) => {
                let pending = wait(&world);
                let patience = random.below(200);
                tokio::select! {
                    biased;
                    answer = pending.answer() => answer.unwrap(),
                    () = yields(patience), if patience < 60 => continue,
                }
            }
        };
        assert!(route.endpoint.state.in_flight() <= 1);
        yields(random.below(5)).await;
    }
}

async fn yields(count: usize) {
    for _ in 0..count {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_endpoint_that_is_back_takes_who_waits_at_once() {
    let world = narrow(&["a", "b"]);
    world
        .at("b")
        .health()
        .set_operator_status(OperatorStatus::Maintenance, world.now());
    let _held = choose(&world).unwrap();
    let mut waits = wait(&world);
    assert!(answered(&mut waits).is_none());
    world
        .at("b")
        .health()
        .set_operator_status(OperatorStatus::Active, world.now());
    let route = answered(&mut waits).unwrap().unwrap();
    assert_eq!(&*route.endpoint.name, "b");
}

#[tokio::test]
async fn an_endpoint_whose_name_resolves_takes_who_waits_at_once() {
    let mut named = endpoint("b", 1.0);
    named.url = "http://localhost:9".into();
    let full = crate::config::Endpoint {
        max_connections: 1,
        ..endpoint("a", 1.0)
    };
    let world = World::new(LeastConnections, vec![full, named]);
    let _held = choose(&world).unwrap();
    let mut waits = wait(&world);
    assert!(answered(&mut waits).is_none());
    let found = vec!["127.0.0.1:9".parse().unwrap()];
    world.at("b").health().resolved(found, world.now());
    assert!(answered(&mut waits).unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_place_that_slow_start_gives_is_handed_out_at_its_moment() {
    let starting = crate::config::Endpoint {
        max_connections: 2,
        ..endpoint("a", 1.0)
    };
    let world = World::new(LeastConnections, vec![starting]);
    world
        .at("a")
        .health()
        .health()
        .begin_slow_start(world.now());
    let _held = choose(&world).unwrap();
    let mut waits = wait(&world);
    // The second place of two is there after half of the ten seconds.
    let pass = |millis| {
        world.clock.advance(Duration::from_millis(millis));
        tokio::time::sleep(Duration::from_millis(millis + 1))
    };
    pass(4_990).await;
    assert!(answered(&mut waits).is_none());
    pass(11).await;
    assert!(answered(&mut waits).unwrap().is_ok());
}

/// Endpoints with room for one request each: `a` holds the collection A, `b` holds B.
fn by_collection() -> World {
    let endpoints = [("a", "A"), ("b", "B")].map(|(name, collection)| crate::config::Endpoint {
        max_connections: 1,
        tags: vec![format!("collection:{collection}")],
        ..endpoint(name, 1.0)
    });
    World::new(LeastConnections, endpoints.to_vec())
}

fn collection(name: &str) -> u64 {
    crate::dialect::Target::Collection(name.to_owned()).hashed()
}

#[tokio::test]
async fn a_full_endpoint_of_one_collection_holds_no_request_for_another_up() {
    let mut world = by_collection();
    world.facts.held = collection("A");
    let _held = choose(&world).unwrap();
    let mut waits: Vec<_> = (0..100).map(|_| wait(&world)).collect();
    world.facts.held = collection("B");
    let mut other = wait(&world);
    let route = answered(&mut other).unwrap().unwrap();
    assert_eq!(&*route.endpoint.name, "b");
    let mut next = wait(&world);
    assert!(answered(&mut next).is_none(), "it is full now");
    drop(route);
    assert!(answered(&mut next).unwrap().is_ok());
    assert!(waits.iter_mut().all(|one| answered(one).is_none()));
}

#[tokio::test]
async fn many_that_wait_for_one_collection_foretell_no_wait_to_a_request_for_another() {
    let mut world = by_collection();
    world.facts.held = collection("A");
    let mut held = choose(&world).unwrap();
    for _ in 0..30 {
        let mut next = wait(&world);
        world.wait(1);
        drop(held);
        held = answered(&mut next).unwrap().unwrap();
    }
    let _waits: Vec<_> = std::iter::from_fn(|| wait_for(&world, 10).ok())
        .take(200)
        .collect();
    assert!(wait_for(&world, 10).is_err(), "it would wait for too long");
    world.facts.held = collection("B");
    assert!(answered(&mut wait(&world)).unwrap().is_ok());
}

#[tokio::test]
async fn a_costly_request_that_waits_for_capacity_holds_no_cheap_one_up() {
    let wide = crate::config::Endpoint {
        capacity: Some(10.0),
        ..endpoint("a", 1.0)
    };
    let mut world = World::new(LeastConnections, vec![wide]);
    world.plan.cost = 5.0;
    let _held = choose(&world).unwrap();
    world.plan.cost = 8.0;
    let mut costly = wait(&world);
    world.plan.cost = 2.0;
    assert!(answered(&mut wait(&world)).unwrap().is_ok());
    assert!(answered(&mut costly).is_none());
}

#[tokio::test]
async fn a_target_that_is_to_be_left_alone_for_a_while_holds_no_other_up() {
    let mut world = narrow(&["a", "b"]);
    let (one, other) = (choose(&world).unwrap(), choose(&world).unwrap());
    let freed = one.endpoint.name.clone();
    world.facts.target = collection("A");
    let mut limited = wait(&world);
    world.facts.target = collection("B");
    let mut free = wait(&world);
    world.facts.target = collection("A");
    let mut asks = world.done(Fault::Overload, 1);
    asks.start.ask = world.ask(&[]).plain();
    let evidence = Evidence {
        retry_after: Some(Duration::from_secs(5)),
        ..Evidence::default()
    };
    one.permit.complete(&asks, evidence);
    let route = answered(&mut free).unwrap().unwrap();
    assert_eq!(route.endpoint.name, freed);
    assert!(answered(&mut limited).is_none());
    drop(other);
    assert!(answered(&mut limited).unwrap().is_ok());
}

proptest::proptest! {
    #[test]
    fn whoever_waits_would_find_no_place_if_asked_alone(
        tags in proptest::collection::vec(0usize..6, 1..5),
        capacities in proptest::collection::vec(proptest::option::of(1.0f64..8.0), 5),
        steps in proptest::collection::vec((0usize..3, proptest::bool::ANY, 1u32..5, 0usize..8), 1..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let words = ["", "read", "write", "collection:A", "collection:B", "collection:C"];
            let endpoints = tags.iter().zip(["a", "b", "c", "d"]).zip(&capacities);
            let endpoints = endpoints.map(|((tag, name), capacity)| crate::config::Endpoint {
                max_connections: 2,
                capacity: *capacity,
                tags: [words[*tag]].iter().filter(|word| !word.is_empty()).map(|word| (*word).to_owned()).collect(),
                ..endpoint(name, 1.0)
            });
            let mut world = World::new(LeastConnections, endpoints.collect());
            let mut held = Vec::new();
            let mut waiting: Vec<(PendingPermit, CallFacts, f64)> = Vec::new();
            for (target, is_read, cost, ends) in steps {
                if ends < 3 && !held.is_empty() {
                    drop(held.remove(ends % held.len()));
                } else {
                    let needed = collection(["A", "B", "C"][target]);
                    world.facts = CallFacts { held: needed, is_read, ..world.facts };
                    world.plan.cost = f64::from(cost);
                    match choose(&world) {
                        Ok(route) => held.push(route),
                        Err(none) if none.is_full => waiting.push((wait(&world), world.facts, world.plan.cost)),
                        Err(_) => {}
                    }
                }
                let (mut still, mut placed) = (Vec::new(), Vec::new());
                for (mut pending, facts, cost) in waiting {
                    match answered(&mut pending) {
                        Some(Ok(route)) => placed.push(route),
                        Some(Err(_)) => {}
                        None => still.push((pending, facts, cost)),
                    }
                }
                held.append(&mut placed);
                waiting = still;
                for (_, facts, cost) in &waiting {
                    (world.facts, world.plan.cost) = (*facts, *cost);
                    assert!(world.choose(&[]).is_err(), "it waits beside a free place");
                }
            }
        });
    }
}
