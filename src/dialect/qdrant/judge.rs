//! What a response of Qdrant means. Failures are judged by one table of status and text, which
//! stands even where the response is cut, plain text or HTML; only successes are read as JSON.

mod failures;
mod successes;

use crate::dialect::{Call, Judgement, Response, RetryAdvice};

/// Judges a response. `replicas` is how many replicas a shard has, 0 when that is not known.
pub fn judge(call: &Call, response: &Response<'_>, replicas: usize) -> Judgement {
    match response.status {
        200..400 => successes::judge(call, response),
        _ => {
            let mut judgement = failures::judge(call, response);
            if response.status == 429 && replicas > 1 {
                judgement.read_retry = RetryAdvice::Once;
            }
            judgement
        }
    }
}
