//! Whether a call is sent again after an attempt, and where. A pure function over plain facts: it
//! sends nothing and counts nothing, so every rule stands in the table of its tests.
//!
//! The rules, in order: what was sent and may have had an effect is never sent again, unless the call
//! is a read or the operator calls it idempotent; a body that streamed cannot be sent again once a byte
//! of it went out; what belongs to one endpoint goes to no other; and then limits and budget decide.

use crate::dialect::{Effect, Executed, Fault, Fence, Judgement, Placement, RetryAdvice};
use crate::http::Stage;
use balancing::RetryCause;

/// How often a call is sent again because an idle connection turned out to be closed; this is no endpoint's failure.
const RECONNECTS: u32 = 3;

/// How an attempt ended.
#[derive(Debug, Clone, Copy)]
pub enum AttemptOutcome<'a> {
    /// With a response.
    Response {
        judgement: &'a Judgement,
        /// All of it was read: nothing of it has gone to the client.
        is_whole: bool,
    },
    /// Without one.
    Failure(AttemptFailure),
}

/// How an attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptFailure {
    pub stage: Stage,
    pub timed_out: bool,
    /// An idle connection turned out to be closed when it was used, before the first byte of a response: no failure of
    /// the endpoint.
    pub stale: bool,
}

impl AttemptFailure {
    /// A failure at this stage that is neither a time limit's nor an idle connection's.
    pub fn at(stage: Stage) -> Self {
        Self {
            stage,
            timed_out: false,
            stale: false,
        }
    }

    /// Whether the endpoint may have processed the request, in part or whole.
    pub fn may_be_processed(self) -> bool {
        self.stage != Stage::Unprocessed
    }
}

/// What is known of the call and of the attempts so far.
#[derive(Debug, Clone, Copy)]
pub struct RetryFacts<'a> {
    pub effect: Effect,
    /// The operator says that repeating this operation is harmless.
    pub idempotent: bool,
    pub placement: &'a Placement,
    pub fence: Fence,
    /// The whole body is held, so it can be sent a second time.
    pub replayable: bool,
    /// What the call is about was seen to exist, so that a "not found" may be one endpoint's lag.
    pub target_is_known: bool,
    /// A response of an earlier attempt is kept, in case nothing better comes.
    pub has_fallback: bool,
    /// Attempts made, those on stale connections not counted.
    pub attempts: u32,
    pub max_attempts: u32,
    /// Attempts that met a stale connection.
    pub reconnects: u32,
    /// The deadline of the call has passed.
    pub overdue: bool,
    /// The operator lets a read that timed out be sent again.
    pub retry_timeouts: bool,
}

/// What follows an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryDecision {
    /// Its end is the call's end.
    Stop,
    /// Again, on another connection; no endpoint is excluded.
    Reconnect,
    /// To an endpoint that was not tried.
    Elsewhere,
    /// To an endpoint that was not tried and takes writes.
    Writer,
    /// Again from the start, as the write that it is.
    AsWrite,
}

/// Decides. `spend_budget` takes one retry of this cause from the service's budget, false if there is none left; it is
/// asked last, and only for a retry that costs the endpoints work.
pub fn decide(
    facts: &RetryFacts<'_>,
    end: AttemptOutcome<'_>,
    spend_budget: impl FnOnce(RetryCause) -> bool,
) -> RetryDecision {
    match end {
        AttemptOutcome::Response {
            judgement,
            is_whole,
        } => after_response(facts, judgement, is_whole, spend_budget),
        AttemptOutcome::Failure(failure) => after_failure(facts, failure, spend_budget),
    }
}

/// Whether no other attempt could give a better response than this one, also where one is under way and costs no budget.
pub fn is_final(facts: &RetryFacts<'_>, judgement: &Judgement, is_whole: bool) -> bool {
    let decision = after_response(facts, judgement, is_whole, |_| true);
    matches!(decision, RetryDecision::Stop | RetryDecision::AsWrite)
}

fn after_response(
    facts: &RetryFacts<'_>,
    judgement: &Judgement,
    is_whole: bool,
    spend_budget: impl FnOnce(RetryCause) -> bool,
) -> RetryDecision {
    let decision = match facts.advice(judgement) {
        RetryAdvice::AsWrite if facts.fence == Fence::Ours && facts.replayable => {
            return RetryDecision::AsWrite;
        }
        RetryAdvice::No | RetryAdvice::AsWrite => return RetryDecision::Stop,
        RetryAdvice::Once if facts.has_fallback => return RetryDecision::Stop,
        RetryAdvice::Writer => RetryDecision::Writer,
        RetryAdvice::Once | RetryAdvice::Elsewhere => RetryDecision::Elsewhere,
    };
    let clients_fault = judgement.fault == Fault::Client;
    if clients_fault && !facts.target_is_known {
        return RetryDecision::Stop;
    }
    // To look for a name costs an endpoint next to nothing. A statement that ran and failed costs as much again.
    let is_free = clients_fault && judgement.execution == Executed::Nothing;
    let cause = match clients_fault {
        true => RetryCause::Doubt,
        false => RetryCause::Failure,
    };
    let allowed = facts.replayable
        && is_whole
        && facts.is_movable()
        && facts.may_try()
        && (is_free || spend_budget(cause));
    if allowed {
        decision
    } else {
        RetryDecision::Stop
    }
}

fn after_failure(
    facts: &RetryFacts<'_>,
    failure: AttemptFailure,
    spend_budget: impl FnOnce(RetryCause) -> bool,
) -> RetryDecision {
    let unprocessed = !failure.may_be_processed();
    let repeatable =
        facts.replayable && facts.is_repeatable() && (!failure.timed_out || facts.retry_timeouts);
    if !(unprocessed || repeatable) {
        return RetryDecision::Stop;
    }
    if failure.stale && facts.reconnects < RECONNECTS && !facts.overdue {
        return RetryDecision::Reconnect;
    }
    // Where nothing was processed, another attempt costs the endpoints nothing more, and no budget.
    if facts.is_movable() && facts.may_try() && (unprocessed || spend_budget(RetryCause::Failure)) {
        RetryDecision::Elsewhere
    } else {
        RetryDecision::Stop
    }
}

/// Whether a second attempt may be made beside the first one while that goes on: of a whole read that any endpoint can respond
/// to as well, and at most one.
pub fn may_hedge(facts: &RetryFacts<'_>) -> bool {
    facts.effect.is_read()
        && facts.replayable
        && *facts.placement == Placement::Any
        && facts.attempts + facts.reconnects == 0
        && facts.may_try_twice()
}

/// Whether a call stops waiting for an endpoint that its probes found dead: it hangs, and will not respond.
/// What a write is waited for is its outcome, which no other endpoint knows.
pub fn abandons_dead_endpoint(effect: Effect) -> bool {
    effect.is_read()
}

impl RetryFacts<'_> {
    /// Whether the call may be sent again after it was sent.
    fn is_repeatable(&self) -> bool {
        self.effect.is_read() || self.idempotent
    }

    /// Whether any other endpoint can respond to the call as well.
    fn is_movable(&self) -> bool {
        matches!(self.placement, Placement::Any | Placement::Writer)
    }

    fn may_try(&self) -> bool {
        self.attempts < self.max_attempts && !self.overdue
    }

    /// Whether two attempts may be made from now on.
    fn may_try_twice(&self) -> bool {
        self.attempts + 1 < self.max_attempts && !self.overdue
    }

    /// What the judgement advises for this call. A write that may be repeated goes where the dialect sends writes, or like a read.
    fn advice(&self, judgement: &Judgement) -> RetryAdvice {
        if !self.is_repeatable() {
            return RetryAdvice::No;
        }
        match judgement.write_retry {
            advice if advice != RetryAdvice::No && !self.effect.is_read() => advice,
            _ => judgement.read_retry,
        }
    }
}

#[cfg(test)]
mod tests;
