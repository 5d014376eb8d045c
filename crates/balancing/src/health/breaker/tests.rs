use super::*;

struct Bench {
    breaker: Breaker,
    settings: BreakerSettings,
    now: Moment,
}

const COMMON: Failure = Failure {
    shape: 0,
    needs_two_shapes: false,
    probe_failing: false,
    is_silence: false,
    is_common: true,
    spread: 0.0,
};

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

impl Bench {
    fn new() -> Self {
        Self {
            breaker: Breaker::default(),
            settings: BreakerSettings::default(),
            now: Moment(0) + secs(1),
        }
    }

    fn opened() -> Self {
        let bench = Self::new();
        bench.fail(5);
        bench
    }

    fn wait(&mut self, secs: u64) {
        self.now = self.now + Duration::from_secs(secs);
    }

    fn gate(&self) -> Gate {
        self.breaker.gate(self.now)
    }

    fn fail(&self, times: usize) -> Option<BreakerChange> {
        self.fail_as(times, &Failure::default(), None)
    }

    fn fail_as(
        &self,
        times: usize,
        failure: &Failure,
        trial: Option<&Trial>,
    ) -> Option<BreakerChange> {
        let fail = |_| {
            let breaker = &self.breaker;
            breaker
                .failed(trial, failure, &self.settings, self.now)
                .change
        };
        (0..times).filter_map(fail).last()
    }

    fn trial(&self) -> Trial {
        self.breaker.claim_trial(self.now).expect("a trial is due")
    }

    fn fail_trial(&self, failure: &Failure) -> u64 {
        match self.fail_as(1, failure, Some(&self.trial())) {
            Some(BreakerChange::Reopened { pause, .. }) => pause.as_secs(),
            other => panic!("{other:?}"),
        }
    }

    /// A request that begins now succeeds.
    fn succeed(&self) -> Option<BreakerChange> {
        self.breaker.succeeded(None, self.now, self.now)
    }

    fn probe(&self, outcome: ProbeOutcome) -> Option<BreakerChange> {
        self.breaker.probed(outcome, &self.settings, self.now)
    }
}

fn statement(shape: u64) -> Failure {
    Failure {
        shape,
        needs_two_shapes: true,
        ..Failure::default()
    }
}

#[test]
fn five_failures_in_a_row_open_it_for_three_hundred_seconds() {
    let mut bench = Bench::new();
    assert_eq!(bench.fail(4), None);
    assert_eq!(bench.gate(), Gate::Closed);
    assert_eq!(bench.fail(1), Some(BreakerChange::Opened(secs(300))));
    bench.wait(299);
    assert!(matches!(bench.gate(), Gate::Open(_)));
    assert_eq!(bench.breaker.claim_trial(bench.now), None, "not due");
    bench.wait(1);
    assert_eq!(bench.gate(), Gate::HalfOpen);
}

#[test]
fn a_success_in_between_starts_the_count_anew() {
    let bench = Bench::new();
    bench.fail(4);
    assert_eq!(bench.succeed(), None);
    assert_eq!(bench.fail(4), None);
    assert!(bench.fail(1).is_some());
}

#[test]
fn one_trial_at_a_time_closes_it_or_doubles_the_pause_up_to_the_limit() {
    let mut bench = Bench::opened();
    let mut pauses = Vec::new();
    for _ in 0..5 {
        bench.wait(2000);
        pauses.push(bench.fail_trial(&Failure::default()));
    }
    assert_eq!(pauses, [600, 1200, 1800, 1800, 1800]);
    bench.wait(2000);
    let trial = bench.trial();
    assert_eq!(bench.gate(), Gate::TrialRunning);
    assert_eq!(bench.breaker.claim_trial(bench.now), None);
    let closed = bench.breaker.succeeded(Some(&trial), bench.now, bench.now);
    assert_eq!(closed, Some(BreakerChange::Closed));
    bench.wait(60);
    assert_eq!(bench.fail(5), Some(BreakerChange::Opened(secs(300))));
}

#[test]
fn pauses_that_grow_are_spread() {
    let mut bench = Bench::opened();
    bench.wait(300);
    let spread = Failure {
        spread: 0.5,
        ..Failure::default()
    };
    assert_eq!(bench.fail_trial(&spread), 630);
}

/// Each request of an outage took a trial that was not due and doubled the pause: 300 s became 1800 s within a second.
#[test]
fn an_outage_of_all_endpoints_makes_no_pause_longer_and_each_endpoint_is_tried_every_second() {
    let mut bench = Bench::new();
    let opened = bench.fail_as(5, &COMMON, None);
    assert_eq!(opened, Some(BreakerChange::Opened(secs(1))));
    for _ in 0..600 {
        assert_eq!(bench.fail_as(100, &COMMON, None), None);
        bench.wait(1);
        assert_eq!(bench.fail_trial(&COMMON), 1);
    }
    bench.wait(1);
    assert_eq!(
        bench.fail_trial(&Failure::default()),
        300,
        "its peers serve"
    );
}

#[test]
fn late_responses_of_before_neither_close_nor_prolong_it() {
    let mut bench = Bench::opened();
    let (open, began) = (bench.gate(), bench.now);
    bench.wait(10);
    assert_eq!(bench.fail(9), None);
    assert_eq!(bench.breaker.succeeded(None, began, bench.now), None);
    assert_eq!(bench.gate(), open);
    bench.wait(290);
    bench.trial();
    assert_eq!(bench.fail(9), None);
    assert_eq!(bench.gate(), Gate::TrialRunning);
}

#[test]
fn a_last_resort_that_succeeds_makes_the_trial_due_and_the_next_one_closes_it() {
    let mut bench = Bench::opened();
    bench.wait(2);
    assert_eq!(bench.succeed(), None);
    assert_eq!(bench.gate(), Gate::HalfOpen);
    assert_eq!(bench.succeed(), Some(BreakerChange::Closed));
}

#[test]
fn a_trial_without_a_result_is_due_again() {
    let mut bench = Bench::opened();
    bench.wait(300);
    let trial = bench.trial();
    bench.breaker.release_trial(trial);
    assert_eq!(bench.gate(), Gate::HalfOpen);
}

/// A response that streamed kept the trial for up to an hour.
#[test]
fn a_trial_that_takes_too_long_no_longer_decides() {
    let mut bench = Bench::opened();
    bench.wait(300);
    let first = bench.trial();
    bench.wait(10);
    let second = bench.trial();
    assert_eq!(bench.fail_as(1, &Failure::default(), Some(&first)), None);
    bench.breaker.release_trial(first);
    assert_eq!(bench.gate(), Gate::TrialRunning);
    let closed = bench.breaker.succeeded(Some(&second), bench.now, bench.now);
    assert_eq!(closed, Some(BreakerChange::Closed));
}

#[test]
fn a_closed_breaker_has_no_trial() {
    let bench = Bench::new();
    assert_eq!(bench.breaker.claim_trial(bench.now), None);
    bench.breaker.gate.due_by(bench.now);
    bench.probe(ProbeOutcome::Good);
    assert_eq!(bench.gate(), Gate::Closed);
}

#[test]
fn a_good_probe_makes_the_trial_due_until_such_a_trial_has_failed() {
    let mut bench = Bench::opened();
    bench.probe(ProbeOutcome::Good);
    assert!(matches!(bench.gate(), Gate::Open(_)), "not at once");
    bench.wait(1);
    assert_eq!(bench.gate(), Gate::HalfOpen);
    assert_eq!(bench.fail_trial(&Failure::default()), 600);
    bench.wait(30);
    bench.probe(ProbeOutcome::Good);
    assert!(matches!(bench.gate(), Gate::Open(_)), "this one misleads");
    bench.probe(ProbeOutcome::Silent);
    bench.probe(ProbeOutcome::Good);
    assert_eq!(bench.gate(), Gate::HalfOpen, "silent before: this is news");
}

#[test]
fn a_ping_makes_the_trial_due_only_after_a_silence() {
    let mut bench = Bench::opened();
    bench.wait(5);
    bench.probe(ProbeOutcome::Alive);
    assert!(matches!(bench.gate(), Gate::Open(_)));
    bench.probe(ProbeOutcome::Silent);
    bench.probe(ProbeOutcome::Alive);
    assert_eq!(bench.gate(), Gate::HalfOpen);
}

/// A path that was cut for five seconds left an endpoint out for as long as its breaker had been opened for.
#[test]
fn a_ping_makes_the_trial_of_an_endpoint_due_that_responded_to_nothing() {
    let silence = Failure {
        is_silence: true,
        ..Failure::default()
    };
    let mut bench = Bench::new();
    bench.fail_as(5, &silence, None);
    bench.probe(ProbeOutcome::Alive);
    bench.wait(1);
    assert_eq!(bench.gate(), Gate::HalfOpen);
    bench.fail_trial(&silence);
    bench.wait(30);
    bench.probe(ProbeOutcome::Alive);
    assert!(matches!(bench.gate(), Gate::Open(_)), "pings mislead here");
}

#[test]
fn probes_decide_nothing_where_they_are_not_to() {
    let mut bench = Bench::opened();
    bench.settings.recover_on_probe = false;
    bench.wait(5);
    bench.probe(ProbeOutcome::Silent);
    bench.probe(ProbeOutcome::Good);
    assert!(matches!(bench.gate(), Gate::Open(_)));
}

#[test]
fn where_no_read_comes_to_try_a_probe_for_data_closes_it_and_a_ping_does_not() {
    let mut bench = Bench::opened();
    bench.wait(329);
    assert_eq!(bench.probe(ProbeOutcome::Good), None);
    bench.wait(1);
    assert_eq!(bench.probe(ProbeOutcome::Alive), None);
    assert_eq!(bench.probe(ProbeOutcome::Good), Some(BreakerChange::Closed));
}

#[test]
fn an_endpoint_that_flaps_is_tried_again_later_each_time() {
    let mut bench = Bench::new();
    let mut waits = Vec::new();
    for _ in 0..6 {
        bench.fail(5);
        let opened = bench.now;
        bench.probe(ProbeOutcome::Silent);
        bench.probe(ProbeOutcome::Good);
        while bench.gate() != Gate::HalfOpen {
            bench.wait(1);
        }
        waits.push((bench.now - opened).as_secs());
        let trial = bench.trial();
        bench.breaker.succeeded(Some(&trial), bench.now, bench.now);
        bench.wait(2);
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32]);
    bench.wait(60);
    bench.fail(5);
    bench.probe(ProbeOutcome::Good);
    bench.wait(1);
    assert_eq!(bench.gate(), Gate::HalfOpen, "calm time is forgiven");
}

#[test]
fn one_statement_that_fails_everywhere_opens_nothing_and_two_do() {
    let bench = Bench::new();
    bench.fail_as(50, &statement(1), None);
    assert_eq!(bench.gate(), Gate::Closed);
    bench.fail_as(1, &statement(2), None);
    assert!(matches!(bench.gate(), Gate::Open(_)));
}

#[test]
fn one_statement_opens_it_when_a_probe_fails_too() {
    let bench = Bench::new();
    let failure = Failure {
        probe_failing: true,
        ..statement(1)
    };
    bench.fail_as(5, &failure, None);
    assert!(matches!(bench.gate(), Gate::Open(_)));
}

#[test]
fn a_breaker_that_is_off_counts_and_never_opens() {
    let mut bench = Bench::new();
    bench.settings.enabled = false;
    assert_eq!(bench.fail(50), None);
    assert_eq!(bench.gate(), Gate::Closed);
}

#[test]
fn a_breaker_that_is_turned_off_closes_and_its_last_trial_does_not_open_it() {
    let mut bench = Bench::opened();
    bench.wait(300);
    let trial = bench.trial();
    bench.settings.enabled = false;
    assert!(bench.breaker.reset());
    assert_eq!(bench.fail_as(1, &Failure::default(), Some(&trial)), None);
    assert_eq!(bench.gate(), Gate::Closed);
    assert!(!bench.breaker.reset());
}

#[test]
fn failures_of_one_shape_speak_against_it_and_those_of_two_against_the_endpoint() {
    let bench = Bench::new();
    let speaks = |failure: Failure, probe_failing| {
        let failure = Failure {
            probe_failing,
            ..failure
        };
        let breaker = &bench.breaker;
        let outcome = breaker.failed(None, &failure, &bench.settings, bench.now);
        outcome.is_endpoints
    };
    assert!((0..3).all(|_| !speaks(statement(1), false)));
    assert!(speaks(statement(2), false));
    bench.succeed();
    assert!(!speaks(statement(2), false));
    assert!(speaks(statement(2), true), "its probes fail too");
    bench.succeed();
    assert!(
        speaks(Failure::default(), false),
        "no statement is to blame"
    );
}
