use super::*;
use crate::Random;

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
    let mean = |times: &ServiceTimes| times.by_cost().factor(times.mean_cost.exp());
    assert!((0.3..1.0).contains(&mean(&learned(&[1.0], 0.7, 20_000))));
}

#[test]
fn an_endpoint_that_becomes_slow_is_noticed_within_thirty_responses() {
    let mut times = learned(&[1.0; 3], 0.3, 3_000);
    for n in 0..30 {
        times.observe(0, 1.0, 10.0, Moment(4_000_000_000 + n));
    }
    times.shrink();
    assert!(times.effect(0).0 > 1.0, "{}", times.effect(0).0);
    assert!(times.effect(1).0 < 0.0);
}

#[test]
fn what_is_not_measured_again_is_forgotten() {
    assert!(freshness(Duration::ZERO) == 1.0);
    assert!(freshness(Duration::from_secs(15)) < 0.06);
}
