use super::*;
use crate::Random;
use crate::testing::READ;

const RULES: ExtraRules = ExtraRules {
    retry_share: 0.2,
    retry_floor: 10,
    hedging: true,
};
/// Attempts that a call may have.
const ATTEMPTS: u32 = 3;

/// Attempts per request, and the share of requests that failed in the end, where each attempt fails with this chance.
fn run(failing: f64, requests: u64, per_second: u64, seed: u64) -> (f64, f64) {
    let (extra, mut random) = (ExtraAttempts::new(RULES, None), Random::seeded(seed));
    let (mut attempts, mut failed) = (0, 0);
    for number in 0..requests {
        let now = Moment(number * 1_000_000_000 / per_second);
        extra.request();
        for attempt in 1.. {
            attempts += 1;
            let fails = random.fraction() < failing;
            let ask = Ask {
                is_retry: attempt > 1,
                ..READ
            };
            let fault = if fails { Fault::Endpoint } else { Fault::None };
            extra.ended(&ask, fault);
            if !fails {
                break;
            }
            if attempt == ATTEMPTS || !extra.retry(RetryCause::Failure, now) {
                failed += 1;
                break;
            }
        }
    }
    (
        attempts as f64 / requests as f64,
        failed as f64 / requests as f64,
    )
}

#[test]
fn a_service_that_fails_as_a_whole_gets_next_to_no_retries_at_any_rate() {
    for seed in 1..=5 {
        for per_second in [1, 10, 100, 1000, 10_000] {
            let (amplification, _) = run(1.0, 1000, per_second, seed);
            assert!(amplification <= 1.05, "{amplification} at {per_second}/s");
        }
    }
}

#[test]
fn retries_stay_within_the_share_whatever_part_of_the_attempts_fails() {
    for seed in 1..=5 {
        for failing in [0.1, 0.3, 0.5, 0.7, 0.9, 1.0] {
            let (amplification, _) = run(failing, 20_000, 1000, seed);
            assert!(amplification <= 1.2 + 0.01, "{amplification} at {failing}");
        }
    }
}

#[test]
fn what_was_saved_up_stays_within_the_share_as_well() {
    for seed in 1..=5 {
        let (extra, mut random) = (ExtraAttempts::new(RULES, None), Random::seeded(seed));
        (0..600).for_each(|_| extra.ended(&READ, Fault::None));
        let (requests, mut retries) = (1800u64, 0u32);
        for number in 0..requests {
            let now = Moment(number * 1_000_000_000 / 300);
            let mut ask = READ;
            for _ in 0..ATTEMPTS {
                let fails = random.fraction() < 0.3;
                extra.ended(&ask, if fails { Fault::Endpoint } else { Fault::None });
                if !fails || !extra.retry(RetryCause::Failure, now) {
                    break;
                }
                ask.is_retry = true;
                retries += 1;
            }
        }
        let most = 0.2 * requests as f64;
        assert!(f64::from(retries) <= most, "{retries} of {most}");
    }
}

#[test]
fn what_fails_now_and_then_succeeds_by_its_retries() {
    let (_, failed) = run(0.05, 20_000, 1000, 1);
    assert!(failed < 0.001, "{failed}");
}

#[test]
fn mistakes_of_clients_take_no_retry_from_failing_endpoints() {
    let extra = ExtraAttempts::new(
        ExtraRules {
            retry_floor: 0,
            ..RULES
        },
        None,
    );
    (0..100).for_each(|_| {
        extra.request();
        extra.ended(&READ, Fault::Client);
    });
    let granted = |cause| (0..100).filter(|_| extra.retry(cause, Moment(0))).count();
    assert_eq!(granted(RetryCause::Doubt), 20);
    assert_eq!(granted(RetryCause::Failure), 20);
}

#[test]
fn hedges_are_at_most_two_of_a_hundred_requests() {
    for seed in 1..=5 {
        let (extra, mut random) = (ExtraAttempts::new(RULES, None), Random::seeded(seed));
        let mut hedges = 0;
        for request in 1..=100_000_u64 {
            extra.request();
            let slowness = match random.fraction() {
                few if few < 0.01 => Slowness::VerySlow,
                few if few < 0.08 => Slowness::Slow,
                _ => continue,
            };
            hedges += u64::from(extra.second(slowness, Moment(request * 1_000_000)));
            assert!(hedges * 50 <= request, "{hedges} of {request}");
        }
        assert!(hedges >= 1900, "{hedges}");
    }
}

#[test]
fn what_is_merely_slow_leaves_hedges_for_what_is_very_slow() {
    let extra = ExtraAttempts::new(RULES, None);
    (0..5000).for_each(|_| extra.request());
    let granted = |slowness| {
        let all = 0..200;
        all.filter(|_| extra.second(slowness, Moment(0))).count()
    };
    assert_eq!(granted(Slowness::Slow), 25);
    assert_eq!(granted(Slowness::VerySlow), 75);
}

#[test]
fn none_is_made_while_the_service_fails_or_hedging_is_off() {
    let off = ExtraRules {
        hedging: false,
        ..RULES
    };
    let hedged = |rules, failures| {
        let extra = ExtraAttempts::new(rules, None);
        (0..100).for_each(|_| extra.request());
        (0..failures).for_each(|_| extra.ended(&READ, Fault::Endpoint));
        extra.second(Slowness::VerySlow, Moment(0))
    };
    assert!(hedged(RULES, 49));
    assert!(!hedged(RULES, 50));
    assert!(!hedged(off, 0));
}

#[test]
fn what_is_slow_comes_of_what_reads_of_the_shape_took() {
    let extra = ExtraAttempts::new(RULES, None);
    let time = Duration::from_millis(10);
    (0..100).for_each(|_| extra.read(1, time));
    let [(slow_after, _), ..] = extra.stages(1).unwrap();
    assert!((time..2 * time).contains(&slow_after));
    assert_eq!(extra.stages(2), None);
}

#[test]
fn what_a_service_went_through_outlives_a_reload() {
    let before = ExtraAttempts::new(RULES, None);
    (0..100).for_each(|_| before.ended(&READ, Fault::Endpoint));
    let after = ExtraAttempts::new(RULES, Some(&before));
    assert!(!after.retry(RetryCause::Failure, Moment(0)));
    let moved = Moment::default() + Duration::from_secs(1);
    (0..101).for_each(|_| after.ended(&READ, Fault::None));
    assert!(before.retry(RetryCause::Failure, moved));
}
