use super::*;
use proptest::prelude::*;
use std::collections::{HashMap, VecDeque};

const RULES: QueueRules = QueueRules {
    max_pending: 1000,
    overload: Overload::PredictedWait,
};

const NOW: Moment = Moment(0);

fn at(millis: u64) -> Moment {
    Moment(millis * 1_000_000)
}

/// A request of the usual priority that may wait for ten seconds.
fn waiting(tenant: u64) -> Waiting {
    Waiting {
        priority: 5,
        cost: 1.0,
        tenant,
        weight: 1.0,
        need: 0,
        arrived: NOW,
        deadline: at(10_000),
    }
}

fn push(queue: &mut Queue<u32>, waiting: Waiting, owner: u32) -> QueueTicket {
    let queued = queue.push(waiting, owner, &RULES, waiting.arrived);
    queued.unwrap().ticket
}

fn serve(queue: &mut Queue<u32>, now: Moment) -> Option<u32> {
    let ticket = queue.next(&Passed::default(), now)?;
    queue.serve(ticket, now)
}

fn order(queue: &mut Queue<u32>) -> Vec<u32> {
    std::iter::from_fn(|| serve(queue, NOW)).collect()
}

#[test]
fn of_one_tenant_the_earliest_deadline_goes_first_and_then_the_oldest() {
    let mut queue = Queue::default();
    for (owner, deadline) in [(1, 900), (2, 300), (3, 900), (4, 300)] {
        let waiting = Waiting {
            deadline: at(deadline),
            ..waiting(1)
        };
        push(&mut queue, waiting, owner);
    }
    assert_eq!(order(&mut queue), [2, 4, 1, 3]);
}

#[test]
fn the_order_that_is_shown_is_the_order_in_which_they_are_served() {
    let mut queue = Queue::default();
    for owner in 0..60 {
        let waiting = Waiting {
            priority: if owner % 3 == 0 { 8 } else { 3 },
            cost: f64::from(1 + owner % 4),
            ..waiting(u64::from(owner % 5))
        };
        push(&mut queue, waiting, owner);
    }
    while !queue.is_empty() {
        let first = queue.first(20, NOW);
        let shown: Vec<u32> = first.iter().map(|(_, owner)| **owner).collect();
        assert_eq!(shown.len(), queue.len().min(20));
        for owner in shown {
            assert_eq!(serve(&mut queue, NOW), Some(owner));
        }
    }
}

#[test]
fn the_higher_priority_goes_first_and_the_lowest_gets_a_twentieth() {
    let mut queue = Queue::default();
    for owner in 0..400 {
        let priority = if owner < 200 { 3 } else { 8 };
        push(
            &mut queue,
            Waiting {
                priority,
                ..waiting(1)
            },
            owner,
        );
    }
    let order = order(&mut queue);
    let low = order[..200].iter().filter(|owner| **owner < 200).count();
    assert!((10..=20).contains(&low), "{low} of 200");
    assert!(order[..9].iter().all(|owner| *owner >= 200));
}

#[test]
fn tenants_share_by_cost_and_not_by_how_much_they_send() {
    let mut queue = Queue::default();
    for owner in 0..100 {
        push(&mut queue, waiting(1), owner);
    }
    for owner in 100..110 {
        let waiting = Waiting {
            cost: 2.0,
            ..waiting(2)
        };
        push(&mut queue, waiting, owner);
    }
    let order = order(&mut queue);
    let second = order[..30].iter().filter(|owner| **owner >= 100).count();
    assert!((9..=10).contains(&second), "{second} of the first 30");
}

/// What two tenants that both always wait are given until so much of the first one's is served: the cost of each.
fn given(weights: [f64; 2], costs: [&[f64]; 2], until: f64) -> [f64; 2] {
    let mut queue = Queue::default();
    let mut sent = [0; 2];
    let mut wait = |queue: &mut Queue<u32>, tenant: usize| {
        let cost = costs[tenant][sent[tenant] % costs[tenant].len()];
        sent[tenant] += 1;
        let waiting = Waiting {
            cost,
            weight: weights[tenant],
            ..waiting(tenant as u64)
        };
        push(queue, waiting, tenant as u32);
        cost
    };
    let mut ahead = [0, 1].map(|tenant| VecDeque::from([wait(&mut queue, tenant)]));
    let mut given = [0.0; 2];
    while given[0] < until {
        for (tenant, ahead) in ahead.iter_mut().enumerate() {
            if ahead.len() < 2 {
                ahead.push_back(wait(&mut queue, tenant));
            }
        }
        let tenant = serve(&mut queue, NOW).unwrap() as usize;
        given[tenant] += ahead[tenant].pop_front().unwrap();
    }
    given
}

proptest! {
    #[test]
    fn tenants_that_always_wait_are_served_by_weight_whatever_their_requests_cost(
        weights in prop::array::uniform2(0.1..10.0f64),
        one in prop::collection::vec(0.1..5.0f64, 1..20),
        other in prop::collection::vec(0.1..5.0f64, 1..20),
    ) {
        let [first, second] = given(weights, [&one, &other], 100.0 * weights[0]);
        // Neither is ahead of the other by more than one request of each.
        let most = 5.0 / weights[0] + 5.0 / weights[1];
        let apart = (first / weights[0] - second / weights[1]).abs();
        prop_assert!(apart <= most, "{first} and {second} for {weights:?}");
    }
}

/// A client that sends its next request as soon as the one before is given a place was always the next, and starved the others.
#[test]
fn who_has_one_request_waiting_at_a_time_is_given_its_share_and_no_more() {
    let mut queue = Queue::default();
    let mut given = [0, 0];
    (0..50).for_each(|_| {
        push(&mut queue, waiting(1), 1);
    });
    for _ in 0..100 {
        if !queue.summary(NOW).by_tenant.contains_key(&0) {
            push(&mut queue, waiting(0), 0);
        }
        given[serve(&mut queue, NOW).unwrap() as usize] += 1;
    }
    assert_eq!(given, [50, 50]);
}

/// What a tenant was given before the others counts for the wait that it is foretold, and so does nothing of theirs that goes after it.
#[test]
fn who_was_given_much_waits_until_the_others_were_given_as_much() {
    let mut queue = draining(100);
    let now = at(500);
    let with = |cost, millis| Waiting {
        arrived: now,
        deadline: now + Duration::from_millis(millis),
        cost,
        ..waiting(2)
    };
    queue.push(with(50.0, 900), 200, &RULES, now).unwrap();
    assert_eq!(
        serve(&mut queue, now),
        Some(200),
        "nothing was given to it before"
    );
    let closed = |millis| {
        let who = Newcomer::from(&with(0.1, millis));
        queue
            .closed_to(&who, &RULES, now)
            .map(|refusal| refusal.why)
    };
    assert_eq!(closed(50), Some(QueueRefusal::WaitTooLong));
    assert_eq!(closed(900), None);
}

#[test]
fn a_tenant_of_twice_the_weight_is_given_twice_as_much() {
    let [heavy, light] = given([2.0, 1.0], [&[1.0], &[3.0]], 600.0);
    assert!(
        (1.98..=2.02).contains(&(heavy / light)),
        "{heavy} to {light}"
    );
}

#[test]
fn a_full_queue_keeps_more_of_a_tenant_of_more_weight() {
    let rules = QueueRules {
        max_pending: 9,
        ..RULES
    };
    let heavy = Waiting {
        weight: 2.0,
        ..waiting(1)
    };
    let mut queue = Queue::default();
    for owner in 0..9 {
        queue.push(heavy, owner, &rules, NOW).unwrap();
    }
    let gone: Vec<u32> = (10..20)
        .filter_map(|owner| queue.push(waiting(2), owner, &rules, NOW).ok())
        .filter_map(|queued| Some(queued.displaced?.0))
        .collect();
    assert_eq!(
        gone,
        [8, 7, 6],
        "six of the heavy one stay, and three of the other"
    );
}

#[test]
fn a_request_whose_need_is_blocked_holds_no_other_back() {
    let mut queue = Queue::default();
    push(
        &mut queue,
        Waiting {
            need: 7,
            priority: 9,
            ..waiting(1)
        },
        1,
    );
    push(&mut queue, waiting(1), 2);
    let mut passed = Passed::default();
    passed.pass_need(queue.next(&passed, NOW).unwrap());
    let ticket = queue.next(&passed, NOW).unwrap();
    assert_eq!(queue.get(ticket), Some(&2));
}

#[test]
fn those_that_would_rather_wait_are_passed_over_in_the_order_of_service() {
    let mut queue = Queue::default();
    for (owner, tenant) in [(1, 1), (2, 1), (3, 1), (4, 2)] {
        push(&mut queue, waiting(tenant), owner);
    }
    let mut passed = Passed::default();
    let mut order = Vec::new();
    while let Some(ticket) = queue.next(&passed, NOW) {
        order.push(*queue.get(ticket).unwrap());
        passed.pass_one(ticket, 1.0, &queue);
    }
    assert_eq!(order, [1, 4, 2, 3]);
    assert_eq!(queue.len(), 4);
}

#[test]
fn a_full_queue_refuses_the_tenant_that_waits_for_most_and_the_lowest_priority() {
    let rules = QueueRules {
        max_pending: 10,
        ..RULES
    };
    let mut queue = Queue::default();
    for owner in 0..10 {
        queue.push(waiting(1), owner, &rules, NOW).unwrap();
    }
    let refused = |pushed: Result<Queued<u32>, Refusal>| pushed.unwrap_err().why;
    let own = queue.push(waiting(1), 10, &rules, NOW);
    assert_eq!(refused(own), QueueRefusal::QueueFull, "nobody else waits");

    let other = queue.push(waiting(2), 11, &rules, NOW).unwrap();
    let (gone, why) = other.displaced.unwrap();
    assert_eq!((gone, why.why), (9, QueueRefusal::TenantShare));
    let own = queue.push(waiting(1), 12, &rules, NOW);
    assert_eq!(refused(own), QueueRefusal::TenantShare);

    let low = Waiting {
        priority: 1,
        ..waiting(3)
    };
    assert_eq!(
        refused(queue.push(low, 13, &rules, NOW)),
        QueueRefusal::QueueFull
    );
    let high = Waiting {
        priority: 9,
        ..waiting(1)
    };
    let high = queue.push(high, 14, &rules, NOW).unwrap();
    assert_eq!(high.displaced.unwrap().1.why, QueueRefusal::QueueFull);
    assert_eq!(queue.len(), 10);
}

/// A queue that serves one request each ten milliseconds, in which so many wait.
fn draining(count: u32) -> Queue<u32> {
    let mut queue = Queue::default();
    (0..count + 50).for_each(|owner| {
        push(&mut queue, waiting(1), owner);
    });
    (1..=50).for_each(|turn| {
        serve(&mut queue, at(10 * turn));
    });
    queue
}

#[test]
fn who_would_wait_for_longer_than_its_deadline_leaves_is_refused_at_once() {
    let mut queue = draining(100);
    let now = at(500);
    let wait = queue.predicted_wait(now).unwrap().as_secs_f64();
    assert!((wait - 1.0).abs() < 0.05, "{wait}");
    let with = |tenant, millis| Waiting {
        arrived: now,
        deadline: now + Duration::from_millis(millis),
        ..waiting(tenant)
    };
    let refusal = queue.push(with(1, 900), 1, &RULES, now).unwrap_err();
    assert_eq!(refusal.why, QueueRefusal::WaitTooLong);
    assert!(refusal.retry_after >= Duration::from_secs(1));
    assert!(queue.push(with(1, 1100), 2, &RULES, now).is_ok());
    assert!(
        queue.push(with(2, 50), 3, &RULES, now).is_ok(),
        "another tenant goes soon"
    );
}

#[test]
fn nobody_waits_for_as_long_as_clients_do() {
    let mut queue = draining(100);
    let now = at(500);
    let mut waits = 0;
    let refusal = loop {
        let one = Waiting {
            arrived: now,
            deadline: now + Duration::from_secs(60),
            ..waiting(1)
        };
        match queue.push(one, waits, &RULES, now) {
            Ok(_) => waits += 1,
            Err(refusal) => break refusal,
        }
    };
    assert_eq!(refusal.why, QueueRefusal::WaitTooLong);
    assert!((95..=105).contains(&waits), "{waits} more at 100 a second");
}

#[test]
fn the_first_of_a_burst_do_not_make_the_rest_seem_late() {
    let mut queue = Queue::default();
    (0..480).for_each(|owner| {
        push(&mut queue, waiting(1), owner);
    });
    (0..20).for_each(|_| {
        serve(&mut queue, at(800));
    });
    let last = Waiting {
        arrived: at(800),
        ..waiting(1)
    };
    assert!(queue.push(last, 480, &RULES, at(800)).is_ok());
}

#[test]
fn who_has_waited_too_long_is_taken_out() {
    let mut queue = Queue::default();
    push(&mut queue, waiting(1), 1);
    let soon = Waiting {
        deadline: at(100),
        ..waiting(2)
    };
    push(&mut queue, soon, 2);
    assert_eq!(queue.expired(&RULES, at(99)).map(|gone| gone.0), None);
    let (gone, refusal) = queue.expired(&RULES, at(100)).unwrap();
    assert_eq!((gone, refusal.why), (2, QueueRefusal::QueueTimeout));
    assert_eq!(queue.expired(&RULES, at(100)).map(|gone| gone.0), None);
}

#[test]
fn controlled_delay_serves_the_newest_once_the_queue_has_stood() {
    let rules = QueueRules {
        overload: Overload::ControlledDelay,
        ..RULES
    };
    let mut queue = Queue::default();
    for owner in 1..=3u32 {
        let waiting = Waiting {
            arrived: at(98),
            deadline: at(9000 + u64::from(owner)),
            ..waiting(1)
        };
        queue.push(waiting, owner, &rules, NOW).unwrap();
    }
    let ticket = queue.next(&Passed::default(), at(99)).unwrap();
    assert_eq!(queue.get(ticket), Some(&1));
    let ticket = queue.next(&Passed::default(), at(101)).unwrap();
    assert_eq!(queue.get(ticket), Some(&3));
    assert!(queue.expired(&rules, at(102)).is_none());
    assert!(queue.expired(&rules, at(104)).is_some());
}

#[test]
fn a_changed_rule_holds_for_those_that_wait_already() {
    let controlled = QueueRules {
        overload: Overload::ControlledDelay,
        ..RULES
    };
    let mut queue = Queue::default();
    for owner in 1..=2u32 {
        let deadline = at(9000 + u64::from(owner));
        push(
            &mut queue,
            Waiting {
                deadline,
                ..waiting(1)
            },
            owner,
        );
    }
    assert!(queue.expired(&RULES, at(101)).is_none());
    assert_eq!(
        queue.expired(&controlled, at(101)).map(|gone| gone.0),
        Some(1)
    );
    let newer = Waiting {
        arrived: at(101),
        deadline: at(9999),
        ..waiting(1)
    };
    queue.push(newer, 3, &controlled, at(101)).unwrap();
    let ticket = queue.next(&Passed::default(), at(102)).unwrap();
    assert_eq!(queue.get(ticket), Some(&3));
    queue.expired(&RULES, at(102));
    let ticket = queue.next(&Passed::default(), at(102)).unwrap();
    assert_eq!(queue.get(ticket), Some(&2));
}

#[test]
fn who_is_told_before_it_is_understood_that_the_queue_is_closed_would_be_refused_by_it() {
    let rules = QueueRules {
        max_pending: 2,
        ..RULES
    };
    let mut queue = Queue::default();
    let newcomer = |tenant, priority| Newcomer {
        tenant,
        priority,
        deadline: at(10_000),
    };
    let closed = |queue: &Queue<u32>, tenant, priority| {
        let refusal = queue.closed_to(&newcomer(tenant, priority), &rules, NOW);
        refusal.map(|refusal| refusal.why)
    };
    queue.push(waiting(1), 1, &rules, NOW).unwrap();
    assert_eq!(closed(&queue, 1, 5), None, "there is room");
    queue.push(waiting(1), 2, &rules, NOW).unwrap();
    assert_eq!(closed(&queue, 1, 5), Some(QueueRefusal::QueueFull));
    assert_eq!(closed(&queue, 2, 4), Some(QueueRefusal::QueueFull));
    assert_eq!(closed(&queue, 2, 5), None, "a smaller tenant goes before");
    assert_eq!(closed(&queue, 1, 8), None, "a higher priority goes before");
}

/// What is done to a queue.
#[derive(Debug, Clone)]
enum Step {
    Push {
        priority: u8,
        tenant: u64,
        need: u64,
        deadline: u64,
    },
    Serve {
        passed: u64,
    },
    Cancel(usize),
    Expire,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..4u8, 0..3u64, 0..3u64, 1..60u64).prop_map(|(priority, tenant, need, deadline)| {
            Step::Push { priority, tenant, need, deadline }
        }),
        2 => (0..4u64).prop_map(|passed| Step::Serve { passed }),
        1 => any::<usize>().prop_map(Step::Cancel),
        1 => Just(Step::Expire),
    ]
}

proptest! {
    #[test]
    fn whoever_waits_ends_exactly_once_and_never_more_wait_than_may(
        steps in prop::collection::vec(step(), 1..300),
        controlled in any::<bool>(),
    ) {
        let overload = match controlled {
            true => Overload::ControlledDelay,
            false => Overload::PredictedWait,
        };
        let rules = QueueRules { max_pending: 8, overload };
        let mut queue = Queue::default();
        let mut waits: HashMap<u32, QueueTicket> = HashMap::new();
        for (turn, step) in (0u32..).zip(steps) {
            let now = at(u64::from(turn));
            match step {
                Step::Push { priority, tenant, need, deadline } => {
                    let most = Duration::from_millis(60);
                    let newcomer = Newcomer { tenant, priority, deadline: now + most };
                    let closed = queue.closed_to(&newcomer, &rules, now).is_some();
                    let waiting = Waiting {
                        priority, tenant, need, cost: 0.1 + f64::from(turn % 7) / 3.0, weight: 1.0, arrived: now,
                        deadline: now + Duration::from_millis(deadline),
                    };
                    if let Ok(queued) = queue.push(waiting, turn, &rules, now) {
                        prop_assert!(!closed, "who was told that it is closed might have waited");
                        waits.insert(turn, queued.ticket);
                        if let Some((gone, _)) = queued.displaced {
                            prop_assert!(waits.remove(&gone).is_some());
                        }
                    }
                }
                Step::Serve { passed: count } => {
                    let mut passed = Passed::default();
                    for _ in 0..count {
                        if let Some(ticket) = queue.next(&passed, now) {
                            passed.pass_one(ticket, 1.0, &queue);
                        }
                    }
                    if let Some(ticket) = queue.next(&passed, now) {
                        let owner = queue.serve(ticket, now).unwrap();
                        prop_assert_eq!(waits.remove(&owner), Some(ticket));
                    }
                }
                Step::Cancel(which) => {
                    let owner = waits.keys().copied().nth(which % waits.len().max(1));
                    if let Some(ticket) = owner.and_then(|owner| waits.remove(&owner)) {
                        prop_assert!(queue.cancel(ticket, now).is_some());
                        prop_assert!(queue.cancel(ticket, now).is_none());
                    }
                }
                Step::Expire => while let Some((gone, _)) = queue.expired(&rules, now) {
                    prop_assert!(waits.remove(&gone).is_some());
                },
            }
            prop_assert_eq!(queue.len(), waits.len());
            prop_assert!(queue.len() <= rules.max_pending);
            let stranger = Newcomer { tenant: 9, priority: 3, deadline: now + Duration::from_millis(1) };
            let why = queue.closed_to(&stranger, &rules, now).map(|refusal| refusal.why);
            prop_assert_ne!(why, Some(QueueRefusal::WaitTooLong), "nothing is before it");
            prop_assert!(waits.values().all(|ticket| queue.get(*ticket).is_some()));
        }
    }
}

/// Answers each of these owners in its own way, and writes down what was offered and answered.
struct Scripted<'a> {
    offers: &'a [(u32, Offer<&'static str>)],
    seen: Vec<(u32, f64)>,
    told: Vec<(u32, &'static str)>,
}

impl Places<u32> for Scripted<'_> {
    type Answer = &'static str;

    fn offer(&mut self, owner: &u32, ahead: f64) -> Offer<&'static str> {
        self.seen.push((*owner, ahead));
        let offer = self.offers.iter().find(|(one, _)| one == owner);
        offer.map_or(Offer::WouldWait { work: 2.0 }, |(_, offer)| *offer)
    }

    fn answer(&mut self, owner: u32, answer: &'static str) {
        self.told.push((owner, answer));
    }
}

#[test]
fn places_are_offered_in_order_and_the_work_of_who_would_rather_wait_is_told_those_behind() {
    let mut queue = Queue::default();
    for (owner, need) in [(1, 0), (2, 0), (3, 7), (4, 7), (5, 0), (6, 0)] {
        push(&mut queue, Waiting { need, ..waiting(1) }, owner);
    }
    let mut places = Scripted {
        offers: &[
            (2, Offer::Placed("place")),
            (3, Offer::NoRoom),
            (5, Offer::Gone),
            (6, Offer::Hopeless("none")),
        ],
        seen: Vec::new(),
        told: Vec::new(),
    };
    queue.hand_out(&mut places, NOW);
    assert_eq!(
        places.seen,
        [(1, 0.0), (2, 2.0), (3, 2.0), (5, 2.0), (6, 2.0)]
    );
    assert_eq!(places.told, [(2, "place"), (6, "none")]);
    assert_eq!(order(&mut queue), [1, 3, 4]);
}

/// How many of a hundred are asked, each with the need that its number gives, where all would rather wait.
fn asked_of_a_hundred(need: impl Fn(u32) -> u64) -> usize {
    let mut queue = Queue::default();
    for owner in 0..100 {
        let need = need(owner);
        push(&mut queue, Waiting { need, ..waiting(1) }, owner);
    }
    let mut places = Scripted {
        offers: &[],
        seen: Vec::new(),
        told: Vec::new(),
    };
    queue.hand_out(&mut places, NOW);
    assert_eq!(queue.len(), 100);
    places.seen.len()
}

#[test]
fn a_look_ends_after_so_many_that_would_rather_wait() {
    assert_eq!(asked_of_a_hundred(|_| 0), 25);
    assert_eq!(asked_of_a_hundred(u64::from), 64);
}

#[test]
fn many_of_one_need_that_would_rather_wait_hold_no_other_need_up() {
    let mut queue = Queue::default();
    (0..100).for_each(|owner| {
        push(&mut queue, waiting(1), owner);
    });
    let need = 7;
    push(&mut queue, Waiting { need, ..waiting(1) }, 100);
    let mut places = Scripted {
        offers: &[(100, Offer::Placed("place"))],
        seen: Vec::new(),
        told: Vec::new(),
    };
    queue.hand_out(&mut places, NOW);
    assert_eq!(places.told, [(100, "place")]);
}
