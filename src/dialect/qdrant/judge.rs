//! What an answer of Qdrant means. Failures are judged by one table of status and text, which
//! stands even where the answer is cut, plain text or HTML; only successes are read as JSON.

mod failures;
mod successes;

use crate::dialect::{Body, Call, Judgement, Response, RetryAdvice};

/// Judges an answer. `replicas` is how many replicas a shard has, 0 when that is not known.
pub fn judge(call: &Call, answer: &Response<'_>, replicas: usize) -> Judgement {
    match answer.status {
        200..400 => successes::judge(call, answer),
        _ => {
            let mut judgement = failures::judge(call, answer);
            if answer.status == 429 && replicas > 1 {
                judgement.read_retry = RetryAdvice::Once;
            }
            judgement
        }
    }
}

/// What was read of a body.
fn seen<'a>(answer: &Response<'a>) -> &'a [u8] {
    match answer.body {
        Body::Whole(body) => body,
        Body::Prefix(body) => body,
    }
}
