use super::*;
use crate::learn::Bends;
use crate::testing::READ;
use crate::{Ask, Random};

fn normal(random: &mut Random) -> f64 {
    let radius = (-2.0 * (1.0 - random.fraction()).ln()).sqrt();
    radius * (std::f64::consts::TAU * random.fraction()).cos()
}

/// Learns from requests of log-normal sizes (sigma 1) whose estimates are off by a log-normal error of `error`, at endpoints
/// that are so many times slower than the first.
fn learned(slower: &[f64], error: f64, samples: usize) -> ServiceTimes {
    let (mut times, mut random) = (ServiceTimes::new(slower.len()), Random::seeded(5));
    for n in 0..samples {
        let size = normal(&mut random).exp();
        let cost = size * (error * normal(&mut random)).exp();
        let endpoint = n % slower.len();
        times.observe(
            endpoint,
            cost,
            size * slower[endpoint],
            0.0,
            Moment(n as u64 * 1_000_000),
        );
        times.shrink();
    }
    times
}

#[test]
fn like_endpoints_have_next_to_no_effect_of_their_own() {
    let times = learned(&[1.0; 5], 0.7, 5_000);
    for endpoint in 0..5 {
        let (effect, _) = times.effect(endpoint);
        assert!(effect.abs() < 0.03, "{endpoint}: {effect}");
    }
}

#[test]
fn speeds_that_differ_are_told_apart() {
    let times = learned(&[1.0, 2.0, 4.0], 0.7, 6_000);
    let factor = |a, b| (times.effect(b).0 - times.effect(a).0).exp();
    assert!((factor(0, 1) / 2.0 - 1.0).abs() < 0.15, "{}", factor(0, 1));
    assert!((factor(1, 2) / 2.0 - 1.0).abs() < 0.15, "{}", factor(1, 2));
}

#[test]
fn an_estimate_counts_for_as_much_as_it_tells() {
    let explained = |error| learned(&[1.0], error, 20_000).by_cost().explained;
    assert!(explained(0.1) > 0.95);
    // The variance of sizes is 1, that of errors 0.49: the best slope is 1 / 1.49.
    assert!(
        (explained(0.7) - 1.0 / 1.49).abs() < 0.06,
        "{}",
        explained(0.7)
    );
    assert!(explained(5.0) < 0.1);
    let mean = |times: &ServiceTimes| times.by_cost().factor(times.mean_cost.exp(), 0.0);
    assert!((0.3..1.0).contains(&mean(&learned(&[1.0], 0.7, 20_000))));
}

#[test]
fn an_endpoint_that_becomes_slow_is_noticed_within_thirty_responses() {
    let mut times = learned(&[1.0; 3], 0.3, 3_000);
    for n in 0..30 {
        times.observe(0, 1.0, 10.0, 0.0, Moment(4_000_000_000 + n));
    }
    times.shrink();
    assert!(times.effect(0).0 > 1.0, "{}", times.effect(0).0);
    assert!(times.effect(1).0 < 0.0);
}

/// Sizes are exponential: of those whose estimates are large, more are too large by error than the line says.
#[test]
fn an_endpoint_that_is_given_costly_requests_seems_no_faster() {
    let (mut times, bends, mut random) =
        (ServiceTimes::new(2), Bends::default(), Random::seeded(9));
    for n in 0..20_000 {
        let size = -(1.0 - random.fraction()).ln();
        let ask = Ask {
            cost: size * (0.7 * normal(&mut random)).exp(),
            ..READ
        };
        let endpoint = match ask.cost > 4.0 {
            true => usize::from(random.fraction() < 0.05),
            false => usize::from(random.fraction() < 0.95),
        };
        let now = Moment(n * 1_000_000);
        let above = times.observe(endpoint, ask.cost, size, bends.of(&ask), now);
        bends.learn(&ask, above);
        times.shrink();
    }
    let (one, other) = (times.effect(0).0, times.effect(1).0);
    assert!((one - other).abs() < 0.05, "{one} {other}");
}

#[test]
fn where_costs_tell_nothing_shapes_may() {
    let (mut times, bends) = (ServiceTimes::new(1), Bends::default());
    for n in 0..2_000 {
        let ask = Ask {
            shape: n % 2,
            ..READ
        };
        let seconds = if ask.shape == 0 { 0.001 } else { 0.1 };
        let above = times.observe(0, ask.cost, seconds, bends.of(&ask), Moment(n * 1_000_000));
        bends.learn(&ask, above);
    }
    let by_cost = times.by_cost();
    let work = |shape| by_cost.factor(1.0, bends.of(&Ask { shape, ..READ }));
    let ratio = work(1) / work(0);
    assert!((80.0..110.0).contains(&ratio), "{ratio}");
    assert!(by_cost.explained > 0.8, "{}", by_cost.explained);
}
