use super::*;
use crate::clock::Clock;

struct Bench {
    breaker: Breaker,
    rules: config::Breaker,
    clock: Clock,
}

impl Bench {
    fn new() -> Self {
        Self {
            breaker: Breaker::default(),
            rules: config::Breaker::default(),
            clock: Clock::manual(),
        }
    }

    fn wait(&self, secs: u64) {
        self.clock.advance(Duration::from_secs(secs));
    }

    fn gate(&self) -> Gate {
        self.breaker.gate(self.clock.now())
    }

    fn fail(&self, times: usize) -> Option<BreakerChange> {
        self.fail_as(times, &Failure::default(), false, false)
    }

    fn fail_as(
        &self,
        times: usize,
        f: &Failure,
        trial: bool,
        probe: bool,
    ) -> Option<BreakerChange> {
        let now = self.clock.now();
        (0..times)
            .filter_map(|_| {
                let failed = self.breaker.failed(trial, f, probe, &self.rules, now);
                failed.change
            })
            .last()
    }

    fn fail_trial(&self) -> Option<BreakerChange> {
        assert!(self.breaker.claim_trial());
        self.fail_as(1, &Failure::default(), true, false)
    }
}

fn statement(shape: u64) -> Failure {
    Failure {
        shape,
        needs_two_shapes: true,
    }
}

#[test]
fn five_failures_in_a_row_open_it_for_three_hundred_seconds() {
    let bench = Bench::new();
    assert_eq!(bench.fail(4), None);
    assert_eq!(bench.gate(), Gate::Closed);
    assert_eq!(
        bench.fail(1),
        Some(BreakerChange::Opened(Duration::from_secs(300)))
    );
    bench.wait(299);
    assert!(matches!(bench.gate(), Gate::Open(_)));
    bench.wait(1);
    assert_eq!(bench.gate(), Gate::HalfOpen);
}

#[test]
fn a_success_in_between_starts_the_count_anew() {
    let bench = Bench::new();
    bench.fail(4);
    assert_eq!(bench.breaker.succeeded(false), None);
    assert_eq!(bench.fail(4), None);
    assert!(bench.fail(1).is_some());
}

#[test]
fn one_trial_at_a_time_closes_it_or_doubles_the_pause_up_to_the_limit() {
    let bench = Bench::new();
    bench.fail(5);
    let mut pauses = Vec::new();
    for _ in 0..5 {
        bench.wait(2000);
        assert_eq!(bench.gate(), Gate::HalfOpen);
        match bench.fail_trial() {
            Some(BreakerChange::Reopened { pause, .. }) => pauses.push(pause.as_secs()),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(pauses, [600, 1200, 1800, 1800, 1800]);
    assert!(bench.breaker.claim_trial());
    assert_eq!(bench.gate(), Gate::TrialRunning);
    assert!(!bench.breaker.claim_trial());
    assert_eq!(bench.breaker.succeeded(true), Some(BreakerChange::Closed));
    assert_eq!(bench.gate(), Gate::Closed);
    assert_eq!(
        bench.fail(5),
        Some(BreakerChange::Opened(Duration::from_secs(300)))
    );
}

#[test]
fn late_responses_of_before_neither_close_nor_prolong_it() {
    let bench = Bench::new();
    bench.fail(5);
    let open = bench.gate();
    bench.wait(10);
    assert_eq!(bench.fail(9), None);
    assert_eq!(bench.breaker.succeeded(false), None);
    assert_eq!(bench.gate(), open);
    bench.wait(290);
    assert!(bench.breaker.claim_trial());
    assert_eq!(bench.fail(9), None);
    assert_eq!(bench.gate(), Gate::TrialRunning);
}

#[test]
fn a_trial_without_a_result_is_due_again() {
    let bench = Bench::new();
    bench.fail(5);
    bench.wait(300);
    assert!(bench.breaker.claim_trial());
    bench.breaker.release_trial();
    assert_eq!(bench.gate(), Gate::HalfOpen);
}

#[test]
fn a_closed_breaker_has_no_trial() {
    let bench = Bench::new();
    assert!(!bench.breaker.claim_trial());
    bench.breaker.release_trial();
    bench.breaker.allow_trial();
    assert_eq!(bench.gate(), Gate::Closed);
}

#[test]
fn one_statement_that_fails_everywhere_opens_nothing_and_two_do() {
    let bench = Bench::new();
    bench.fail_as(50, &statement(1), false, false);
    assert_eq!(bench.gate(), Gate::Closed);
    bench.fail_as(1, &statement(2), false, false);
    assert!(matches!(bench.gate(), Gate::Open(_)));
}

#[test]
fn one_statement_opens_it_when_a_probe_fails_too() {
    let bench = Bench::new();
    bench.fail_as(5, &statement(1), false, true);
    assert!(matches!(bench.gate(), Gate::Open(_)));
}

#[test]
fn a_breaker_that_is_off_counts_and_never_opens() {
    let mut bench = Bench::new();
    bench.rules.enabled = false;
    assert_eq!(bench.fail(50), None);
    assert_eq!(bench.gate(), Gate::Closed);
}

#[test]
fn a_breaker_that_is_turned_off_closes_and_its_last_trial_does_not_open_it() {
    let mut bench = Bench::new();
    bench.fail(5);
    assert!(bench.breaker.claim_trial());
    bench.rules.enabled = false;
    assert!(bench.breaker.reset());
    assert_eq!(bench.fail_as(1, &Failure::default(), true, false), None);
    assert_eq!(bench.gate(), Gate::Closed);
    assert!(!bench.breaker.reset());
}

#[test]
fn failures_of_one_shape_speak_against_it_and_those_of_two_against_the_endpoint() {
    let bench = Bench::new();
    let speaks = |failure: Failure, probe_failing| {
        let now = bench.clock.now();
        let failed = bench
            .breaker
            .failed(false, &failure, probe_failing, &bench.rules, now);
        failed.is_endpoints
    };
    assert!((0..3).all(|_| !speaks(statement(1), false)));
    assert!(speaks(statement(2), false));
    bench.breaker.succeeded(false);
    assert!(!speaks(statement(2), false));
    assert!(speaks(statement(2), true), "its probes fail too");
    bench.breaker.succeeded(false);
    assert!(
        speaks(Failure::default(), false),
        "no statement is to blame"
    );
}
