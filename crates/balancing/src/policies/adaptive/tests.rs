use super::model::Model;
use crate::policies::Adaptive;
use crate::testing::{IDLE, READ};
use crate::view::EndpointView;
use crate::{
    Ask, Completion, Fault, Memory, Moment, Policy, PoolView, Random, Room, Standing, Start,
};
use std::collections::VecDeque;
use std::time::Duration;

/// A pool whose endpoints each work on so many requests at once, a millisecond each.
struct World {
    policy: Adaptive,
    views: Vec<EndpointView>,
    now: Moment,
    /// At an endpoint that takes long for each.
    slow: VecDeque<Start>,
}

impl World {
    fn new(endpoints: usize) -> Self {
        Self {
            policy: Adaptive::new(endpoints),
            views: vec![IDLE; endpoints],
            now: Moment(1),
            slow: VecDeque::new(),
        }
    }

    fn pick(&self) -> Option<usize> {
        let pool = PoolView::new(&self.views, Standing::PREFERRED, self.now, 5.0);
        let pick = self.policy.pick(&pool, &READ, &mut Random::seeded(1));
        pick.map(|pick| pick.index)
    }

    /// Whether this endpoint would be picked if the others were out.
    fn pick_one(&mut self, endpoint: usize) -> bool {
        let standing = |index| match index == endpoint {
            true => Standing::PREFERRED,
            false => Standing::Out,
        };
        let views = self.views.iter_mut().enumerate();
        views.for_each(|(index, view)| view.standing = standing(index));
        self.pick().is_some()
    }

    fn start(&mut self, endpoint: usize) -> Start {
        self.views[endpoint].load.in_flight += 1;
        let start = Start {
            endpoint,
            in_flight: self.views[endpoint].load.in_flight,
            ask: Ask {
                arrived: self.now,
                ..READ
            },
            now: self.now,
        };
        self.policy.on_start(&start);
        start
    }

    fn finish(&mut self, start: Start, fault: Option<Fault>) {
        self.end(start, fault, false);
    }

    fn end(&mut self, start: Start, fault: Option<Fault>, outpaced: bool) {
        self.views[start.endpoint].load.in_flight -= 1;
        self.policy.on_finish(&Completion {
            start,
            now: self.now,
            service_time: self.now - start.now,
            fault,
            outpaced,
        });
    }

    /// Lets an endpoint of so many workers serve rounds of one to `most` requests.
    fn serve(&mut self, endpoint: usize, workers: usize, most: usize, rounds: usize) {
        for round in 0..rounds {
            let starts: Vec<Start> = (0..1 + round % most)
                .map(|_| self.start(endpoint))
                .collect();
            for batch in starts.chunks(workers) {
                self.now = self.now + Duration::from_millis(1);
                batch
                    .iter()
                    .for_each(|start| self.finish(*start, Some(Fault::None)));
            }
        }
    }
}

#[test]
fn the_time_that_is_expected_is_the_time_that_requests_took() {
    let mut world = World::new(2);
    let start = world.start(0);
    assert_eq!(world.policy.expected_time(&start), None);
    world.finish(start, None);
    world.serve(0, 1, 1, 400);
    let start = world.start(0);
    let expected = world.policy.expected_time(&start).unwrap();
    let expected = expected.as_secs_f64() * 1e3;
    assert!((0.95..1.05).contains(&expected), "{expected} ms");
}

/// Reads that others answered in its place once made an endpoint that hangs look as if it had responded, and writes went on there.
#[test]
fn what_is_answered_elsewhere_in_its_place_does_not_end_the_silence_of_an_endpoint() {
    let mut world = World::new(2);
    for endpoint in [0, 1] {
        world.serve(endpoint, 3, 8, 400);
    }
    let waits = [world.start(0), world.start(0)];
    world.now = world.now + Duration::from_secs(2);
    let room = |world: &World| {
        let pool = PoolView::new(&world.views, Standing::PREFERRED, world.now, 5.0);
        world.policy.room(&pool, 0)
    };
    assert_eq!(room(&world), Room::Silent);
    world.end(waits[0], Some(Fault::Endpoint), true);
    assert_eq!(room(&world), Room::Silent);
    world.finish(waits[1], Some(Fault::None));
    assert_eq!(room(&world), Room::Free);
}

#[test]
fn an_endpoint_is_given_no_more_than_it_works_on_at_once() {
    let mut world = World::new(2);
    for endpoint in [0, 1] {
        world.serve(endpoint, 3, 8, 400);
    }
    let mut given = Vec::new();
    while let Some(endpoint) = world.pick() {
        given.push(world.start(endpoint));
        assert!(given.len() < 20, "it never waits");
    }
    let held = |endpoint| {
        given
            .iter()
            .filter(|start| start.endpoint == endpoint)
            .count()
    };
    assert!((3..=4).contains(&held(0)) && (3..=4).contains(&held(1)));
    world.now = world.now + Duration::from_millis(1);
    world.finish(given[0], Some(Fault::None));
    assert_eq!(world.pick(), Some(given[0].endpoint));
}

#[test]
fn an_idle_pool_never_makes_a_request_wait() {
    let mut world = World::new(3);
    world.serve(0, 1, 20, 500);
    assert!(world.pick().is_some());
}

#[test]
fn an_endpoint_that_owes_responses_is_given_none_while_another_has_a_place() {
    let mut world = World::new(2);
    for endpoint in [0, 1] {
        world.serve(endpoint, 4, 6, 300);
    }
    world.start(0);
    world.start(0);
    world.now = world.now + Duration::from_millis(50);
    world.start(1);
    world.start(1);
    assert_eq!(world.pick(), Some(1));
}

#[test]
fn an_endpoint_whose_client_reads_slowly_is_as_good_as_another() {
    let mut world = World::new(2);
    for endpoint in [0, 1] {
        world.serve(endpoint, 4, 6, 300);
    }
    let streamed = world.start(0);
    world.now = world.now + Duration::from_millis(1);
    world.policy.on_response(&streamed, world.now);
    world.now = world.now + Duration::from_secs(60);
    world.start(1);
    assert!(!world.policy.model.endpoint(0, 1, world.now).is_stalled);
    world.start(1);
    assert_eq!(world.pick(), Some(0));
    world.start(0);
    assert!(!world.policy.model.endpoint(0, 2, world.now).is_stalled);
}

/// Its peers work on three at once. It is always full, and so tells nothing of how many it works on.
#[test]
fn an_endpoint_of_unknown_limit_is_not_given_ever_more() {
    let mut world = World::new(2);
    world.serve(0, 3, 8, 400);
    world.now = world.now + Duration::from_millis(1);
    for _ in 0..300 {
        while world.pick_one(1) {
            let start = world.start(1);
            world.slow.push_back(start);
        }
        world.now = world.now + Duration::from_millis(20);
        let ended = world.slow.pop_front().unwrap();
        world.finish(ended, Some(Fault::None));
    }
    assert!(world.slow.len() <= 16, "{}", world.slow.len());
}

#[test]
fn an_endpoint_that_took_impossibly_long_is_given_one_request_until_one_is_in_time() {
    let mut world = World::new(2);
    for endpoint in [0, 1] {
        world.serve(endpoint, 4, 6, 300);
    }
    let long = world.start(0);
    world.now = world.now + Duration::from_secs(1);
    world.finish(long, Some(Fault::None));
    assert!(world.pick_one(0));
    let next = world.start(0);
    assert!(!world.pick_one(0));
    world.now = world.now + Duration::from_millis(1);
    world.finish(next, Some(Fault::None));
    world.start(0);
    assert!(world.pick_one(0));
}

/// Until all of the long ones had ended, it was given nothing at all, though it answered the short ones in a millisecond.
#[test]
fn statements_that_take_long_take_no_endpoint_from_the_short_ones_beside_them() {
    let mut world = World::new(1);
    world.serve(0, 4, 6, 300);
    let mut long: VecDeque<Start> = (0..3).map(|_| world.start(0)).collect();
    world.now = world.now + Duration::from_secs(15);
    world.finish(long.pop_front().unwrap(), Some(Fault::None));
    assert!(
        world.pick_one(0),
        "those that are late already wait for nobody"
    );
    long.push_back(world.start(0));
    assert!(!world.pick_one(0), "one at a time");
    world.now = world.now + Duration::from_secs(1);
    assert!(world.pick_one(0), "this one is late as well");
    let short = world.start(0);
    world.now = world.now + Duration::from_millis(1);
    world.finish(short, Some(Fault::None));
    assert!(world.pick_one(0), "it was in time");
}

/// Statements that run for minutes, or uploads of slow clients: the endpoint seemed full until the first of them ended.
#[test]
fn long_ones_that_fill_an_endpoint_let_the_short_ones_pass() {
    let mut world = World::new(1);
    world.serve(0, 4, 6, 300);
    while world.pick_one(0) {
        let long = world.start(0);
        world.slow.push_back(long);
        assert!(world.slow.len() < 20, "it never waits");
    }
    world.now = world.now + Duration::from_millis(500);
    assert!(
        world.pick_one(0),
        "nothing else can tell whether it still works"
    );
    let short = world.start(0);
    assert!(!world.pick_one(0), "one at a time");
    world.now = world.now + Duration::from_millis(1);
    world.finish(short, Some(Fault::None));
    let mut shorts: Vec<Start> = Vec::new();
    while world.pick_one(0) {
        let short = world.start(0);
        shorts.push(short);
        assert!(shorts.len() < 20, "it never waits");
    }
    assert!(
        shorts.len() >= world.slow.len(),
        "as many as it works on: {}",
        shorts.len()
    );
    for start in shorts.into_iter().chain(std::mem::take(&mut world.slow)) {
        world.finish(start, Some(Fault::None));
    }
    let known = world.policy.model.endpoint(0, 0, world.now);
    assert_eq!(known.working, 0);
}

#[test]
fn a_write_is_not_sent_to_a_full_endpoint_that_may_hang_while_others_move() {
    let mut world = World::new(2);
    for endpoint in [0, 1] {
        world.serve(endpoint, 4, 6, 300);
    }
    while world.pick_one(0) {
        world.start(0);
    }
    world.now = world.now + Duration::from_secs(5);
    while world.pick_one(1) {
        world.start(1);
    }
    world.views[0].standing = Standing::PREFERRED;
    let pool = PoolView::new(&world.views, Standing::PREFERRED, world.now, 5.0);
    let pick = |ask: &Ask| world.policy.pick(&pool, ask, &mut Random::seeded(1));
    assert_eq!(pick(&READ).map(|pick| pick.index), Some(0));
    let write = Ask {
        is_read: false,
        may_be_trial: false,
        ..READ
    };
    assert_eq!(pick(&write), None);
}

/// The time of a kind of request is known once some of it were seen.
#[test]
fn a_request_that_is_known_to_take_long_makes_no_endpoint_late() {
    let mut world = World::new(1);
    world.serve(0, 4, 6, 300);
    let kind = Ask {
        shape: READ.shape + 1,
        ..READ
    };
    for _ in 0..60 {
        let mut long = world.start(0);
        long.ask = kind;
        world.now = world.now + Duration::from_millis(400);
        world.finish(long, Some(Fault::None));
        world.serve(0, 4, 6, 60);
    }
    let mut long = world.start(0);
    long.ask = kind;
    world.start(0);
    world.now = world.now + Duration::from_millis(500);
    world.finish(long, Some(Fault::None));
    world.start(0);
    assert!(world.pick_one(0));
}

#[test]
fn a_preferred_endpoint_has_room_for_as_many_as_it_works_on_and_none_while_it_hangs() {
    let mut world = World::new(2);
    for endpoint in [0, 1] {
        world.serve(endpoint, 3, 8, 400);
    }
    let room = |world: &World| {
        let pool = PoolView::new(&world.views, Standing::PREFERRED, world.now, 5.0);
        world.policy.room(&pool, 0)
    };
    assert_eq!(room(&world), Room::Free);
    for _ in 0..20 {
        world.start(0);
    }
    assert_eq!(room(&world), Room::Full);
    world.now = world.now + Duration::from_secs(1);
    assert_eq!(room(&world), Room::Silent);
}

/// A home whose disk became slow kept all writes of its collection up to `max_connections`, while the others idled.
#[test]
fn a_home_that_becomes_far_slower_is_left_by_writes_and_one_that_is_only_busy_is_not() {
    let mut world = World::new(3);
    for endpoint in [0, 1, 2] {
        world.serve(endpoint, 3, 8, 400);
    }
    let is_far_slower = |world: &World| {
        let pool = PoolView::new(&world.views, Standing::PREFERRED, world.now, 5.0);
        world.policy.is_far_slower(&pool, 0)
    };
    let busy: Vec<_> = (0..20).map(|_| world.start(0)).collect();
    assert!(!is_far_slower(&world));
    for batch in busy.chunks(3) {
        world.now = world.now + Duration::from_millis(1);
        for start in batch {
            world.finish(*start, Some(Fault::None));
        }
    }
    let mut waiting = VecDeque::new();
    for millisecond in 1..400 {
        if is_far_slower(&world) {
            break;
        }
        world.now = world.now + Duration::from_millis(1);
        let start = world.start(0);
        waiting.push_back(start);
        if millisecond % 80 == 0 {
            let ended: Vec<_> = waiting.drain(..3).collect();
            for start in ended {
                world.finish(start, Some(Fault::None));
            }
        }
    }
    assert!(is_far_slower(&world));
    assert!(waiting.len() < 40, "{} wait", waiting.len());
}

#[test]
fn abandoned_requests_teach_nothing_and_leave_no_place_taken() {
    let mut world = World::new(1);
    for _ in 0..1_000 {
        let start = world.start(0);
        world.finish(start, None);
    }
    assert_eq!(world.pick(), Some(0));
    world.views[0].load.in_flight = 90;
    assert_eq!(world.pick(), Some(0), "no limit was learned");
}

#[test]
fn what_was_learned_of_an_endpoint_that_stays_is_kept_when_others_come_and_go() {
    let mut world = World::new(3);
    for (endpoint, workers) in [(0, 2), (1, 4), (2, 8)] {
        world.serve(endpoint, workers, 10, 400);
    }
    let known = |learned: &Model, endpoint| learned.endpoint(endpoint, 0, world.now);
    let before = &world.policy.model;
    let after = before.carried(&[Some(2), None, Some(0)]);
    assert_eq!(known(&after, 0), known(before, 2));
    assert_eq!(known(&after, 2), known(before, 0));
    assert_eq!(after.by_cost(), before.by_cost());
    assert_eq!(after.work(&READ), before.work(&READ));
    let fresh = known(&after, 1);
    assert_eq!(
        fresh.slowness, 1.0,
        "a new one counts as the mean of its peers"
    );
    assert!(known(before, 0).limit < known(before, 2).limit);
}

#[test]
fn requests_in_flight_when_the_endpoints_change_take_no_place_for_ever() {
    let mut world = World::new(2);
    world.serve(0, 4, 6, 300);
    world.start(0);
    let carried = world.policy.model.carried(&[Some(0)]);
    let later = world.now + Duration::from_secs(60);
    assert!(!carried.endpoint(0, 0, later).is_stalled);
}

#[test]
fn what_was_learned_is_recalled_for_the_endpoints_that_stay_and_garbage_is_not() {
    let mut world = World::new(2);
    for endpoint in [0, 1] {
        world.serve(endpoint, 3, 8, 400);
    }
    let memory = world.policy.memory().unwrap();
    let mut again = World::new(2);
    again.policy.recall(&memory, &[None, Some(0)], 1.0);
    let places = |world: &World, endpoint| world.policy.places(endpoint, world.now);
    assert_eq!(places(&again, 1), places(&world, 0));
    let start = again.start(1);
    assert!(again.policy.expected_time(&start).is_some());
    let untaught = World::new(2);
    for change in [
        |memory: &mut Memory| memory.pool.truncate(3),
        |memory: &mut Memory| memory.pool[0] = f64::NAN,
        |memory: &mut Memory| memory.pool[5] = -1.0,
        |memory: &mut Memory| memory.endpoints.clear(),
        |memory: &mut Memory| memory.endpoints[0].truncate(9),
        |memory: &mut Memory| memory.endpoints[0][80] = 1e12,
        |memory: &mut Memory| memory.endpoints[0][80] = -1.0,
    ] {
        let mut wrong = memory.clone();
        change(&mut wrong);
        untaught.policy.recall(&wrong, &[Some(0), Some(7)], 1.0);
        assert_eq!(places(&untaught, 0), None);
    }
}

/// The caches of a machine that was started anew are cold.
#[test]
fn what_is_recalled_blinds_nobody_where_all_is_slower_by_now() {
    let mut world = World::new(2);
    for endpoint in [0, 1] {
        world.serve(endpoint, 4, 8, 4_000);
    }
    let mut again = World::new(2);
    let memory = world.policy.memory().unwrap();
    again.policy.recall(&memory, &[Some(0), Some(1)], 1.0);
    let mut served = 0;
    for _ in 0..50 {
        let mut starts = Vec::new();
        for endpoint in [0, 0, 0, 0, 1, 1, 1, 1] {
            if again.pick_one(endpoint) {
                starts.push(again.start(endpoint));
            }
        }
        served += starts.len();
        again.now = again.now + Duration::from_millis(50);
        for start in starts {
            again.finish(start, Some(Fault::None));
        }
    }
    assert!(served > 380, "only {served} of 400");
}

#[test]
fn the_less_a_memory_is_trusted_the_less_it_bounds() {
    let mut world = World::new(1);
    world.serve(0, 3, 8, 400);
    let memory = world.policy.memory().unwrap();
    let limit = |trust| {
        let again = World::new(1);
        again.policy.recall(&memory, &[Some(0)], trust);
        again.policy.model.endpoint(0, 0, again.now).limit
    };
    let known = world.policy.model.endpoint(0, 0, world.now).limit;
    assert_eq!(limit(1.0), known);
    assert!(limit(0.01) > known || limit(0.01).is_none());
}
