//! Responses of 2xx and 3xx. A write's says whether its effect can be read; a read's is stored only
//! when it is whole and says `ok`.

use crate::dialect::{
    Acknowledgement, Body, Call, Effect, Executed, Judgement, Response, Storability,
};
use http::header::CONTENT_ENCODING;
use json_reader::Json;

/// How every response of Qdrant ends, but for the time and the usage.
const OK: &[u8] = br#""status":"ok","time":"#;

/// Bytes at the end of a response that are searched for it.
const TAIL: usize = 4096;

/// The longest response that is read as a whole.
const MAX_PARSED: usize = 64 << 10;

/// Judges a success.
pub fn judge(call: &Call, response: &Response<'_>) -> Judgement {
    let mut judgement = Judgement::success();
    if call.effect == Effect::Read {
        judgement.storable = storable(call, response);
        return judgement;
    }
    judgement.storable = Err("not_a_read");
    let code = if call.invalidates.is_empty() {
        "ok"
    } else {
        acknowledged(response)
    };
    if code != "ok" || call.acknowledgement == Acknowledgement::Queued {
        judgement.execution = Executed::Queued;
    }
    judgement.code = code;
    judgement
}

/// A call that is not stored anyway is not looked at.
fn storable(call: &Call, response: &Response<'_>) -> Result<(), &'static str> {
    let Body::Whole(body) = response.body else {
        return Err("partial");
    };
    if let Storability::Never(why) = call.storability {
        return Err(why);
    }
    // An encoded response cannot be read; Qdrant never says 200 to a failure.
    let encoded = response.headers.contains_key(CONTENT_ENCODING);
    let ok = match body.len() {
        0 => false,
        1..=MAX_PARSED => encoded || says_ok(body),
        _ => encoded || ends_ok(body),
    };
    if ok && response.status == 200 {
        Ok(())
    } else {
        Err("not_ok")
    }
}

fn says_ok(body: &[u8]) -> bool {
    let document = json_reader::parse(body).ok();
    let status = document
        .as_ref()
        .and_then(|document| document.get("status"));
    status.and_then(Json::as_str) == Some("ok")
}

/// Whether nothing but time and usage follows the last `ok`.
fn ends_ok(body: &[u8]) -> bool {
    let tail = body.get(body.len().saturating_sub(TAIL)..).unwrap_or(body);
    let last = tail.windows(OK.len()).rposition(|window| window == OK);
    let rest = last
        .and_then(|at| tail.get(at + OK.len()..))
        .unwrap_or_default();
    json_reader::parse(&[br#"{"time":"#, rest].concat()).is_ok()
}

/// The weakest status of a write's results; `unread` when the response cannot be read.
fn acknowledged(response: &Response<'_>) -> &'static str {
    let whole = response.body.is_whole() && !response.headers.contains_key(CONTENT_ENCODING);
    let Some(document) = whole
        .then(|| json_reader::parse(response.body.bytes()).ok())
        .flatten()
    else {
        return "unread";
    };
    let results = match document.get("result") {
        Some(Json::Array(results)) => results.as_slice(),
        Some(result) => std::slice::from_ref(result),
        None => &[],
    };
    let states = results.iter().filter_map(|result| result.get("status"));
    states
        .map(state)
        .max_by_key(|code| *code != "ok")
        .unwrap_or("ok")
}

fn state(status: &Json<'_>) -> &'static str {
    match status.as_str() {
        Some("completed") => "ok",
        Some("wait_timeout") => "wait_timeout",
        _ => "acknowledged",
    }
}
