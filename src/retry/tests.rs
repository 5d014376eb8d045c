use super::AttemptOutcome::{Failure, Response};
use super::RetryDecision::{AsWrite, Elsewhere, Reconnect, Stop, Writer};
use super::Stage::{Responding, Sent, Unprocessed};
use super::*;
use crate::dialect::Executed;

const ANY: Placement = Placement::Any;
const LOCAL: Placement = Placement::Local;

/// A first attempt of a read that may go anywhere.
fn read() -> RetryFacts<'static> {
    RetryFacts {
        effect: Effect::Read,
        idempotent: false,
        placement: &ANY,
        fence: Fence::None,
        replayable: true,
        target_is_known: false,
        has_fallback: false,
        attempts: 1,
        max_attempts: 3,
        reconnects: 0,
        overdue: false,
        retry_timeouts: false,
    }
}

fn with(change: impl FnOnce(&mut RetryFacts<'static>)) -> RetryFacts<'static> {
    let mut facts = read();
    change(&mut facts);
    facts
}

fn failed(stage: Stage) -> AttemptOutcome<'static> {
    Failure(AttemptFailure::at(stage))
}

const TIMED_OUT: AttemptOutcome<'static> = Failure(AttemptFailure {
    stage: Sent,
    timed_out: true,
    stale: false,
});
const STALE: AttemptOutcome<'static> = Failure(AttemptFailure {
    stage: Sent,
    timed_out: false,
    stale: true,
});

/// The decision, and what it took from the budget.
type Decided = (RetryDecision, Option<RetryCause>);

const FREE: Option<RetryCause> = None;
const FAILURE: Option<RetryCause> = Some(RetryCause::Failure);
const DOUBT: Option<RetryCause> = Some(RetryCause::Doubt);

fn decided(facts: &RetryFacts<'_>, end: AttemptOutcome<'_>, budget: bool) -> Decided {
    let mut spent = FREE;
    let decision = decide(facts, end, |cause| {
        spent = budget.then_some(cause);
        budget
    });
    (decision, spent)
}

#[test]
fn after_a_failure() {
    let any = |_: &mut RetryFacts<'static>| {};
    let idempotent = |facts: &mut RetryFacts<'static>| {
        (facts.effect, facts.idempotent) = (Effect::Write, true);
    };
    type Change = fn(&mut RetryFacts<'static>);
    #[rustfmt::skip]
    let table: &[(&str, Change, AttemptOutcome<'_>, Decided)] = &[
        ("a read that reached no endpoint", any, failed(Unprocessed), (Elsewhere, FREE)),
        ("a read that broke", any, failed(Sent), (Elsewhere, FAILURE)),
        ("a read whose response broke", any, failed(Responding), (Elsewhere, FAILURE)),
        ("a write that reached no endpoint", |f| f.effect = Effect::Write, failed(Unprocessed), (Elsewhere, FREE)),
        ("a write of which a byte was sent", |f| f.effect = Effect::Write, failed(Sent), (Stop, FREE)),
        ("a write whose response broke", |f| f.effect = Effect::Write, failed(Responding), (Stop, FREE)),
        ("what was not understood", |f| f.effect = Effect::Unknown, failed(Sent), (Stop, FREE)),
        ("a write on a stale connection", |f| f.effect = Effect::Write, STALE, (Stop, FREE)),
        ("an idempotent write that broke", idempotent, failed(Sent), (Elsewhere, FAILURE)),
        ("an upload that reached no endpoint", |f| f.replayable = false, failed(Unprocessed), (Elsewhere, FREE)),
        ("a read whose upload broke", |f| f.replayable = false, failed(Sent), (Stop, FREE)),
        ("a read that timed out", any, TIMED_OUT, (Stop, FREE)),
        ("a read that timed out, where that may be repeated", |f| f.retry_timeouts = true, TIMED_OUT, (Elsewhere, FAILURE)),
        ("a write that timed out, where reads may be repeated", |f| { f.effect = Effect::Write; f.retry_timeouts = true; }, TIMED_OUT, (Stop, FREE)),
        ("a time limit of connecting", any, Failure(AttemptFailure { stage: Unprocessed, timed_out: true, stale: false }), (Elsewhere, FREE)),
        ("a stale connection", any, STALE, (Reconnect, FREE)),
        ("a third stale connection", |f| f.reconnects = 2, STALE, (Reconnect, FREE)),
        ("a fourth stale connection", |f| f.reconnects = 3, STALE, (Elsewhere, FAILURE)),
        ("a stale connection past the deadline", |f| f.overdue = true, STALE, (Stop, FREE)),
        ("a read that belongs to one endpoint", |f| f.placement = &LOCAL, failed(Sent), (Stop, FREE)),
        ("the last attempt", |f| f.attempts = 3, failed(Sent), (Stop, FREE)),
        ("a failure past the deadline", |f| f.overdue = true, failed(Unprocessed), (Stop, FREE)),
    ];
    for (what, change, end, expected) in table {
        assert_eq!(decided(&with(change), *end, true), *expected, "{what}");
    }
}

#[test]
fn after_a_response() {
    type Change = fn(&mut RetryFacts<'static>);
    /// What was judged: fault, advice for reads, advice for writes; and what is decided.
    type Row = (
        &'static str,
        Change,
        Fault,
        RetryAdvice,
        RetryAdvice,
        Decided,
    );
    let any: Change = |_| {};
    use RetryAdvice as Advice;
    #[rustfmt::skip]
    let table: &[Row] = &[
        ("a success", any, Fault::None, Advice::No, Advice::No, (Stop, FREE)),
        ("a failing endpoint", any, Fault::Endpoint, Advice::Elsewhere, Advice::No, (Elsewhere, FAILURE)),
        ("a failing endpoint after another", |f| f.has_fallback = true, Fault::Endpoint, Advice::Elsewhere, Advice::No, (Elsewhere, FAILURE)),
        ("what another may do better", any, Fault::Endpoint, Advice::Once, Advice::No, (Elsewhere, FAILURE)),
        ("what another did not do better", |f| f.has_fallback = true, Fault::Endpoint, Advice::Once, Advice::No, (Stop, FREE)),
        ("a write at a failing endpoint", |f| f.effect = Effect::Write, Fault::Endpoint, Advice::Elsewhere, Advice::Elsewhere, (Stop, FREE)),
        ("an idempotent write at a reader", |f| { f.effect = Effect::Write; f.idempotent = true; }, Fault::Role, Advice::Elsewhere, Advice::Writer, (Writer, FAILURE)),
        ("an idempotent write, no advice for writes", |f| { f.effect = Effect::Write; f.idempotent = true; }, Fault::Endpoint, Advice::Elsewhere, Advice::No, (Elsewhere, FAILURE)),
        ("a reader that lags", any, Fault::Lag, Advice::Writer, Advice::No, (Writer, FAILURE)),
        ("a fence of ours that refused", |f| f.fence = Fence::Ours, Fault::Client, Advice::AsWrite, Advice::No, (AsWrite, FREE)),
        ("a fence of the client's that refused", |f| f.fence = Fence::Theirs, Fault::Client, Advice::AsWrite, Advice::No, (Stop, FREE)),
        ("a name that was never seen", any, Fault::Client, Advice::Once, Advice::No, (Stop, FREE)),
        ("a statement that failed and did not before", |f| f.target_is_known = true, Fault::Client, Advice::Once, Advice::No, (Elsewhere, DOUBT)),
        ("a name that was seen, not found twice", |f| { f.target_is_known = true; f.has_fallback = true; }, Fault::Client, Advice::Once, Advice::No, (Stop, FREE)),
        ("an upload", |f| f.replayable = false, Fault::Endpoint, Advice::Elsewhere, Advice::No, (Stop, FREE)),
        ("the last attempt", |f| f.attempts = 3, Fault::Endpoint, Advice::Elsewhere, Advice::No, (Stop, FREE)),
        ("a response past the deadline", |f| f.overdue = true, Fault::Endpoint, Advice::Elsewhere, Advice::No, (Stop, FREE)),
    ];
    for (what, change, fault, read_retry, write_retry, expected) in table {
        let judgement = Judgement {
            read_retry: *read_retry,
            write_retry: *write_retry,
            ..Judgement::failure(*fault, Executed::Unknown, "test")
        };
        let end = Response {
            judgement: &judgement,
            is_whole: true,
        };
        assert_eq!(decided(&with(change), end, true), *expected, "{what}");
    }
}

/// It costs an endpoint next to nothing, and the retries that failing endpoints need are not spent on it.
#[test]
fn a_name_that_was_seen_is_looked_for_elsewhere_without_budget() {
    let judgement = Judgement {
        read_retry: RetryAdvice::Once,
        ..Judgement::failure(Fault::Client, Executed::Nothing, "test")
    };
    let end = Response {
        judgement: &judgement,
        is_whole: true,
    };
    let seen = with(|facts| facts.target_is_known = true);
    assert_eq!(decided(&seen, end, true), (Elsewhere, FREE));
}

#[test]
fn a_response_that_streams_is_not_asked_for_again() {
    let judgement = Judgement {
        read_retry: RetryAdvice::Elsewhere,
        ..Judgement::failure(Fault::Endpoint, Executed::Unknown, "test")
    };
    let end = Response {
        judgement: &judgement,
        is_whole: false,
    };
    assert_eq!(decided(&read(), end, true), (Stop, FREE));
}

#[test]
fn without_budget_only_what_costs_nothing_is_tried_again() {
    assert_eq!(decided(&read(), failed(Sent), false).0, Stop);
    assert_eq!(decided(&read(), failed(Unprocessed), false).0, Elsewhere);
    assert_eq!(decided(&read(), STALE, false).0, Reconnect);
}

/// A write of which a byte was sent, and that is not called idempotent, is never sent again, whatever else holds.
#[test]
fn no_write_is_repeated_whatever_else_holds() {
    let writes = Effect::ALL.into_iter().filter(|effect| !effect.is_read());
    for effect in writes {
        for bits in 0..256_u32 {
            let bit = |place: u32| bits & (1 << place) != 0;
            let facts = RetryFacts {
                effect,
                replayable: bit(0),
                target_is_known: bit(1),
                has_fallback: bit(2),
                retry_timeouts: bit(3),
                fence: if bit(4) { Fence::Ours } else { Fence::None },
                ..read()
            };
            let failure = Failure(AttemptFailure {
                stage: if bit(5) { Sent } else { Responding },
                timed_out: bit(6),
                stale: bit(7),
            });
            assert_eq!(decided(&facts, failure, true).0, Stop);
            for advice in [
                RetryAdvice::Once,
                RetryAdvice::Elsewhere,
                RetryAdvice::AsWrite,
            ] {
                let judgement = Judgement {
                    read_retry: advice,
                    write_retry: advice,
                    ..Judgement::failure(Fault::Endpoint, Executed::Nothing, "test")
                };
                let end = Response {
                    judgement: &judgement,
                    is_whole: true,
                };
                assert_eq!(decided(&facts, end, true).0, Stop);
            }
        }
    }
}

/// A read that was sent to no endpoint yet.
fn unsent() -> RetryFacts<'static> {
    with(|facts| facts.attempts = 0)
}

#[test]
fn what_may_have_a_second_attempt_beside_the_first() {
    const WRITER: Placement = Placement::Writer;
    type Change = fn(&mut RetryFacts<'static>);
    #[rustfmt::skip]
    let table: &[(&str, Change, bool)] = &[
        ("a read that may go anywhere", |_| {}, true),
        ("a fenced read", |f| f.fence = Fence::Ours, true),
        ("a read whose body streams", |f| f.replayable = false, false),
        ("a read for the writer", |f| f.placement = &WRITER, false),
        ("a read that belongs to one endpoint", |f| f.placement = &LOCAL, false),
        ("a read that was tried before", |f| f.attempts = 1, false),
        ("a read that met a stale connection", |f| f.reconnects = 1, false),
        ("a read of one attempt", |f| f.max_attempts = 1, false),
        ("a read past its deadline", |f| f.overdue = true, false),
    ];
    for (what, change, expected) in table {
        let mut facts = unsent();
        change(&mut facts);
        assert_eq!(may_hedge(&facts), *expected, "{what}");
    }
}

#[test]
fn no_write_is_hedged_whatever_else_holds() {
    for effect in Effect::ALL.into_iter().filter(|effect| !effect.is_read()) {
        for bits in 0..16_u32 {
            let bit = |place: u32| bits & (1 << place) != 0;
            let facts = RetryFacts {
                effect,
                idempotent: bit(0),
                target_is_known: bit(1),
                retry_timeouts: bit(2),
                fence: if bit(3) { Fence::Ours } else { Fence::None },
                ..unsent()
            };
            assert!(!may_hedge(&facts));
        }
    }
}
