use super::*;
use crate::policies::Strategy;
use crate::testing::READ;

/// Requests in turn to a fast and a slow endpoint, one each 5 ms.
fn records(fast_ms: u64, slow_ms: u64) -> Vec<Recorded> {
    let record = |n: u64| Recorded {
        ask: Ask {
            arrived: Moment(n * 5_000_000),
            ..READ
        },
        endpoint: (n % 2) as usize,
        service_time: Duration::from_millis(if n.is_multiple_of(2) {
            fast_ms
        } else {
            slow_ms
        }),
        failed: false,
    };
    (0..400).map(record).collect()
}

const TWO: [ReplayedEndpoint; 2] = [ReplayedEndpoint {
    weight: 1.0,
    max_connections: 100,
}; 2];

fn replayed(strategy: Strategy, records: &[Recorded]) -> Replayed {
    replay(records, &TWO, &*strategy.policy(2), 5.0, 1).unwrap()
}

fn close(found: f64, expected: f64) -> bool {
    (found - expected).abs() <= 0.05 * expected
}

#[test]
fn the_recorded_policy_gives_the_recorded_times() {
    let records = records(2, 40);
    let same = replayed(Strategy::RoundRobin, &records);
    assert!(close(same.mean, 0.021), "{same:?}");
    assert_eq!(same.shares, [0.5, 0.5]);
    assert_eq!((same.success_rate, same.score()), (1.0, 0.0));
}

#[test]
fn what_looks_at_requests_in_flight_finds_the_fast_endpoint() {
    let records = records(2, 40);
    let blind = replayed(Strategy::RoundRobin, &records);
    let least = replayed(Strategy::LeastConnections, &records);
    assert!(least.cost() < 0.5 * blind.cost(), "{least:?} {blind:?}");
    assert!(least.shares[0] > 0.7);
}

#[test]
fn like_endpoints_are_a_tie() {
    let records = records(20, 20);
    let costs = Strategy::ALL
        .iter()
        .map(|one| replayed(*one, &records).cost());
    for cost in costs {
        assert!(close(cost, 0.02), "{cost}");
    }
}

#[test]
fn failures_cost_what_they_cost_the_client() {
    let mut records = records(20, 20);
    let failing = records.iter_mut().filter(|one| one.endpoint == 1);
    failing.for_each(|one| one.failed = true);
    let half = replayed(Strategy::RoundRobin, &records);
    assert!(close(half.success_rate, 0.5), "{half:?}");
    assert!(half.score() > 0.0 && close(half.cost(), 0.04));
}

#[test]
fn nothing_recorded_is_nothing_replayed() {
    assert_eq!(
        replay(&[], &TWO, &*Strategy::RoundRobin.policy(2), 5.0, 1),
        None
    );
}

#[test]
fn a_crowd_waits_at_the_limit_and_is_served_in_the_end() {
    let tight = [ReplayedEndpoint {
        weight: 1.0,
        max_connections: 1,
    }; 2];
    let records = records(40, 40);
    let policy = Strategy::LeastConnections.policy(2);
    let waited = replay(&records, &tight, &*policy, 5.0, 1).unwrap();
    assert!(waited.p99 > 1.0, "{waited:?}");
    assert!((waited.success_rate - 1.0).abs() < 1e-9);
}

/// A replay took the luckiest of like endpoints for the fastest, and a strategy that prefers it for better.
#[test]
fn endpoints_that_differ_by_chance_are_taken_for_alike() {
    let mut random = crate::Random::seeded(7);
    let mut records = records(20, 20);
    for record in &mut records {
        let spread = -20.0 * (1.0 - random.fraction()).ln();
        record.service_time = Duration::from_secs_f64(spread / 1000.0);
        record.failed = random.fraction() < 0.05;
    }
    let alike = model::sized(&records, 2).models;
    assert_eq!(alike[0], alike[1]);
    let slower = records.iter_mut().filter(|one| one.endpoint == 1);
    slower.for_each(|one| one.service_time *= 2);
    let apart = model::sized(&records, 2).models;
    assert!(apart[1].base > 1.5 * apart[0].base, "{apart:?}");
}
