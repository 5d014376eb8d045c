use super::*;
use crate::Random;
use proptest::prelude::*;

fn ms(millis: f64) -> Duration {
    Duration::from_secs_f64(millis / 1000.0)
}

/// So many samples of an exponential distribution with a mean of 20 ms.
fn exponential(tails: &TailTimes, samples: usize, seed: u64) {
    let mut random = Random::seeded(seed);
    for _ in 0..samples {
        tails.learn(1, ms(-20.0 * (1.0 - random.fraction()).ln()));
    }
}

#[test]
fn the_percentiles_are_near_the_true_ones() {
    for seed in 1..=5 {
        let tails = TailTimes::default();
        exponential(&tails, 10_000, seed);
        let found = tails.tail(1).unwrap();
        for (found, truth) in [(found.p95, 20_f64), (found.p99, 100_f64)] {
            // Of an exponential distribution, one in n is beyond ln n means.
            let ratio = found.as_secs_f64() * 1000.0 / (20.0 * truth.ln());
            assert!((0.8..1.45).contains(&ratio), "{ratio}");
        }
    }
}

#[test]
fn too_few_samples_give_no_tail() {
    let tails = TailTimes::default();
    (1..ENOUGH).for_each(|_| tails.learn(1, ms(5.0)));
    assert_eq!(tails.tail(1), None);
    tails.learn(1, ms(5.0));
    assert!(tails.tail(1).is_some());
    assert_eq!(tails.tail(2), None, "each shape by itself");
}

#[test]
fn what_became_slower_for_good_is_the_rule_soon() {
    let tails = TailTimes::default();
    (0..10_000).for_each(|_| tails.learn(1, ms(5.0)));
    (0..MANY).for_each(|_| tails.learn(1, ms(50.0)));
    assert!(tails.tail(1).unwrap().p95 >= ms(50.0));
    (0..3 * MANY).for_each(|_| tails.learn(1, ms(5.0)));
    assert!(tails.tail(1).unwrap().p95 < ms(7.0));
}

#[test]
fn a_cancelled_request_counts_only_beyond_the_tail() {
    let tails = TailTimes::default();
    (0..100).for_each(|_| tails.learn(1, ms(5.0)));
    let before = tails.tail(1);
    (0..1000).for_each(|_| tails.learn_at_least(1, ms(1.0)));
    assert_eq!(tails.tail(1), before);
    (0..20).for_each(|_| tails.learn_at_least(1, ms(50.0)));
    assert!(tails.tail(1) > before);
}

proptest! {
    #[test]
    fn any_time_has_a_bucket(samples in proptest::collection::vec((any::<u64>(), any::<u64>()), 0..2000)) {
        let tails = TailTimes::default();
        for (shape, nanos) in samples {
            tails.learn(shape, Duration::from_nanos(nanos));
        }
    }
}
