//! The queue before 48 workers with exponential times of 20 ms (2,400 a second), in virtual time: what it makes of more
//! requests than can be served, asked as the path asks it: before a request is understood, and again with what it costs. A
//! request must begin within 150 ms, three tenths of its deadline, where it is not more patient.

use super::*;
use crate::Random;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

const WORKERS: usize = 48;
const CAPACITY: f64 = 2400.0;
const DEADLINE: f64 = 0.5;
const SECONDS: f64 = 8.0;

/// One who sends: what part of the load, as which tenant, with which priority, and how long a request may wait.
#[derive(Clone, Copy)]
struct Sender {
    load: f64,
    tenant: u64,
    weight: f64,
    priority: u8,
    patience: Duration,
}

/// One of weight 1 and the usual priority, whose requests must begin in time.
fn sender(load: f64, tenant: u64) -> Sender {
    Sender {
        load,
        tenant,
        weight: 1.0,
        priority: 5,
        patience: Duration::from_millis(150),
    }
}

/// What became of the requests of one sender.
#[derive(Debug, Default)]
struct Outcome {
    offered: usize,
    refused: usize,
    /// Times from arrival to response of those that were served, seconds, sorted.
    times: Vec<f64>,
}

impl Outcome {
    fn p99(&self) -> f64 {
        self.times[self.times.len() * 99 / 100]
    }

    fn good(&self) -> f64 {
        self.times.iter().filter(|time| **time <= DEADLINE).count() as f64 / SECONDS / CAPACITY
    }

    fn served(&self) -> f64 {
        self.times.len() as f64 / self.offered as f64
    }
}

#[derive(Clone, Copy)]
struct Request {
    sender: usize,
    arrived: f64,
    /// As it is estimated: between half and one and a half of the mean.
    cost: f64,
}

fn exponential(random: &mut Random, mean: f64) -> f64 {
    -(1.0 - random.fraction()).ln() * mean
}

fn moment(seconds: f64) -> Moment {
    Moment((seconds * 1e9) as u64)
}

/// Ends are at whole nanoseconds, so that they can be ordered.
fn simulate(overload: Overload, seed: u64, senders: &[Sender]) -> Vec<Outcome> {
    let rules = QueueRules {
        max_pending: 1000,
        overload,
    };
    let mut random = Random::seeded(seed);
    let mut arrivals: Vec<Request> = Vec::new();
    for (sender, of) in senders.iter().enumerate() {
        let mut now = 0.0;
        while now < SECONDS {
            now += exponential(&mut random, 1.0 / (of.load * CAPACITY));
            arrivals.push(Request {
                sender,
                arrived: now,
                cost: 0.5 + random.fraction(),
            });
        }
    }
    arrivals.sort_by(|one, other| one.arrived.total_cmp(&other.arrived));
    let mut outcomes: Vec<Outcome> = senders.iter().map(|_| Outcome::default()).collect();
    let mut queue: Queue<Request> = Queue::default();
    let mut busy: BinaryHeap<Reverse<u64>> = BinaryHeap::new();
    let mut begin =
        |request: Request, now: f64, busy: &mut BinaryHeap<_>, outcomes: &mut [Outcome]| {
            let end = now + exponential(&mut random, 0.02);
            busy.push(Reverse(moment(end).0));
            outcomes[request.sender].times.push(end - request.arrived);
        };
    for request in arrivals {
        while let Some(Reverse(end)) = busy.peek().copied()
            && end <= moment(request.arrived).0
        {
            busy.pop();
            let now = Moment(end);
            while let Some((gone, _)) = queue.expired(&rules, now) {
                outcomes[gone.sender].refused += 1;
            }
            if let Some(ticket) = queue.next(&Passed::default(), now) {
                let next = queue.serve(ticket, now).unwrap();
                begin(next, end as f64 / 1e9, &mut busy, &mut outcomes);
            }
        }
        outcomes[request.sender].offered += 1;
        if busy.len() < WORKERS && queue.is_empty() {
            begin(request, request.arrived, &mut busy, &mut outcomes);
            continue;
        }
        let of = senders[request.sender];
        let now = moment(request.arrived);
        let waiting = Waiting {
            priority: of.priority,
            cost: request.cost,
            tenant: of.tenant,
            weight: of.weight,
            need: 0,
            arrived: now,
            deadline: now + of.patience,
        };
        let newcomer = Newcomer::from(&waiting);
        if queue.closed_to(&newcomer, &rules, now).is_some() {
            outcomes[request.sender].refused += 1;
            continue;
        }
        match queue.push(waiting, request, &rules, now) {
            Ok(queued) => {
                if let Some((gone, _)) = queued.displaced {
                    outcomes[gone.sender].refused += 1;
                }
            }
            Err(_) => outcomes[request.sender].refused += 1,
        }
    }
    outcomes
        .iter_mut()
        .for_each(|one| one.times.sort_by(f64::total_cmp));
    outcomes
}

fn alone(overload: Overload, load: f64, seed: u64) -> Outcome {
    simulate(overload, seed, &[sender(load, 1)]).remove(0)
}

#[test]
fn goodput_holds_under_overload_and_hardly_anything_is_refused_below_it() {
    for overload in [Overload::PredictedWait, Overload::ControlledDelay] {
        for load in [0.75, 0.93, 1.03, 1.14, 1.41, 1.74] {
            for seed in 1..=3 {
                let outcome = alone(overload, load, seed);
                let refused = outcome.refused as f64 / outcome.offered as f64;
                let goodput = outcome.good() / load.min(1.0);
                match overload {
                    Overload::PredictedWait => {
                        assert!(goodput >= 0.97, "{load}: {goodput}");
                        assert!(outcome.p99() <= 0.5 * DEADLINE, "{}", outcome.p99());
                        assert!(load > 0.93 || refused <= 0.001, "{load}: {refused}");
                    }
                    Overload::ControlledDelay => {
                        assert!(goodput >= 0.95, "{load}: {goodput}");
                        assert!(outcome.p99() <= 0.25 * DEADLINE, "{}", outcome.p99());
                        assert!(load > 0.93 || refused <= 0.02, "{load}: {refused}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_small_tenant_does_not_suffer_from_a_large_one() {
    let (small, large) = (sender(0.15, 1), sender(1.5, 2));
    for seed in 1..=3 {
        let alone = simulate(Overload::PredictedWait, seed, &[small]).remove(0);
        let outcome = simulate(Overload::PredictedWait, seed, &[small, large]).remove(0);
        assert!(outcome.served() >= 0.99, "{}", outcome.served());
        assert!(
            outcome.p99() <= 1.5 * alone.p99(),
            "{} alone {}",
            outcome.p99(),
            alone.p99()
        );
    }
}

/// A proxy asks before a request is understood, when nothing of its tenant waits and its cost is not known: what is before it
/// then is nothing, and sums of floats once made that less than nothing, for which there is no time in which it is served.
#[test]
fn a_tenant_beside_one_that_floods_is_never_refused_and_waits_for_the_next_place() {
    let patient = |load, tenant| Sender {
        patience: Duration::from_secs(30),
        ..sender(load, tenant)
    };
    for overload in [Overload::PredictedWait, Overload::ControlledDelay] {
        for seed in 1..=3 {
            let (small, large) = (patient(0.167, 1), patient(1.25, 2));
            let alone = simulate(overload, seed, &[small]).remove(0);
            let outcomes = simulate(overload, seed, &[small, large]);
            let (small, large) = (&outcomes[0], &outcomes[1]);
            assert_eq!(small.refused, 0, "{overload:?}: of {}", small.offered);
            assert!(small.p99() <= 1.2 * alone.p99(), "{}", small.p99());
            let served = (small.times.len() + large.times.len()) as f64 / SECONDS;
            assert!(served >= 0.95 * CAPACITY, "{served}");
        }
    }
}

/// What is never two requests at once in the queue is not for free: the other one would be left with the rest.
#[test]
fn a_tenant_of_which_hardly_anything_waits_gets_no_more_than_its_share() {
    for (load, share) in [(0.9, 0.5), (0.7, 0.5), (0.4, 0.4)] {
        for seed in 1..=3 {
            let senders = [sender(load, 1), sender(1.5, 2)];
            let outcomes = simulate(Overload::PredictedWait, seed, &senders);
            let got = outcomes[0].good();
            assert!((got - share).abs() <= 0.02, "{got} of {load}");
        }
    }
}

#[test]
fn two_tenants_that_both_want_more_get_the_same() {
    let outcomes = simulate(
        Overload::PredictedWait,
        1,
        &[sender(1.0, 1), sender(3.0, 2)],
    );
    let [one, other] = [&outcomes[0], &outcomes[1]].map(|one| one.times.len() as f64);
    let jain = (one + other).powi(2) / (2.0 * (one * one + other * other));
    assert!(jain >= 0.99, "{one} {other}");
}

#[test]
fn of_two_tenants_that_both_want_more_the_one_of_twice_the_weight_gets_twice_as_much() {
    let sender = |tenant, weight| Sender {
        weight,
        ..sender(1.5, tenant)
    };
    for seed in 1..=3 {
        let senders = [sender(1, 2.0), sender(2, 1.0)];
        let outcomes = simulate(Overload::PredictedWait, seed, &senders);
        let [heavy, light] = [&outcomes[0], &outcomes[1]].map(|one| one.times.len() as f64);
        let ratio = heavy / light;
        assert!((1.9..=2.1).contains(&ratio), "{heavy} to {light}");
    }
}

#[test]
fn the_top_priority_is_served_as_if_it_were_alone_and_the_lowest_is_not_starved() {
    let senders = [(0.5, 8), (0.6, 5), (0.4, 3)];
    let senders = senders.map(|(load, priority)| Sender {
        priority,
        ..sender(load, 1)
    });
    for seed in 1..=3 {
        let alone = simulate(Overload::PredictedWait, seed, &senders[..1]).remove(0);
        let outcomes = simulate(Overload::PredictedWait, seed, &senders);
        let (top, lowest) = (&outcomes[0], &outcomes[2]);
        assert!(
            top.p99() <= 1.2 * alone.p99(),
            "{} alone {}",
            top.p99(),
            alone.p99()
        );
        let share = lowest.good();
        assert!(share >= 0.05, "{share}");
    }
}
