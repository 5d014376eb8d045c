//! The table of failures: status and text decide whose fault it is, what became of the request,
//! and whether a read may go to another endpoint. A write never may. The first row that fits decides.

use crate::dialect::{Body, Call, Executed, Fault, Judgement, Response, RetryAdvice, Target};
use Executed::{Nothing, Unknown};
use Fault::{Access, Client, Database, Endpoint, Overload, Peer};
use RetryAdvice::{Elsewhere, No, Once};
use Text::{Any, Begins, Empty, Holds};

/// Bytes of a response that are searched for a text.
const MAX_TEXT: usize = 4096;

/// What the text of a response must be.
enum Text {
    Any,
    Empty,
    /// The error's text, or the whole response, begins so.
    Begins(&'static str),
    /// It holds this anywhere.
    Holds(&'static str),
}

/// Statuses from..=to, text, code, fault, execution, whether a read may be sent again.
type Pattern = (u16, u16, Text, &'static str, Fault, Executed, RetryAdvice);

/// The code of a collection that does not exist.
const NO_COLLECTION: &str = "collection_not_found";

#[rustfmt::skip]
const FAILURES: &[Pattern] = &[
    (400, 400, Begins("Wrong input"),               "wrong_input",          Client,   Nothing, No),
    (400, 400, Begins("Format error"),              "format_error",         Client,   Nothing, No),
    (400, 400, Begins("Deserialize error"),         "deserialize_error",    Client,   Nothing, No),
    (400, 400, Begins("Bad request"),               "bad_request",          Client,   Nothing, No),
    (400, 400, Holds("larger than allowed"),        "too_large",            Client,   Nothing, No),
    (401, 401, Any,                                 "unauthenticated",      Access,   Nothing, No),
    (403, 403, Begins("Storage locked"),            "storage_locked",       Endpoint, Nothing, No),
    (403, 403, Begins("ExpiredSignature"),          "expired_token",        Client,   Nothing, No),
    (403, 403, Any,                                 "forbidden",            Access,   Nothing, No),
    (404, 404, Empty,                               "unknown_route",        Client,   Nothing, No),
    (404, 404, Begins("Not found: Collection"),     NO_COLLECTION,         Client,   Nothing, Once),
    (404, 404, Holds("No point with id"),           "point_not_found",      Client,   Nothing, No),
    (404, 404, Holds("Point with id"),              "point_not_found",      Client,   Nothing, No),
    (404, 404, Any,                                 "not_found",            Client,   Nothing, No),
    (405, 405, Any,                                 "not_allowed",          Client,   Nothing, No),
    (408, 408, Any,                                 "timeout",              Overload, Unknown, No),
    (409, 409, Any,                                 "conflict",             Client,   Nothing, No),
    (413, 413, Any,                                 "too_large",            Client,   Nothing, No),
    (429, 429, Any,                                 "rate_limited",         Overload, Unknown, No),
    (400, 499, Any,                                 "client_error",         Client,   Nothing, No),
    (500, 500, Holds("Consistency of this update is not guaranteed"), "inconsistent", Database, Unknown, No),
    (500, 500, Holds("Tonic status error"),         "peer_failed",          Peer,     Unknown, Once),
    (500, 500, Holds("tcp connect error"),          "peer_unreachable",     Peer,     Unknown, Once),
    (500, 500, Holds("Timeout expired"),            "peer_timeout",         Peer,     Unknown, Once),
    (500, 500, Holds("Healthcheck timeout"),        "peer_timeout",         Peer,     Unknown, Once),
    (500, 500, Holds("does not have enough active replicas"), "no_active_replica", Peer, Unknown, Once),
    (500, 500, Holds("has no active replica"),      "no_active_replica",    Peer,     Unknown, Once),
    (500, 500, Holds("read operations failed"),     "peer_failed",          Peer,     Unknown, Once),
    (500, 500, Any,                                 "internal_error",       Endpoint, Unknown, Once),
    (502, 504, Begins("Shard temporarily unavailable"), "shard_unavailable", Database, Unknown, Elsewhere),
    (502, 504, Holds("already in progress"),        "in_progress",          Database, Unknown, Elsewhere),
    (502, 504, Any,                                 "unavailable",          Endpoint, Unknown, Elsewhere),
    (507, 507, Any,                                 "insufficient_storage", Database, Unknown, No),
    (0,   u16::MAX, Any,                            "server_error",         Endpoint, Unknown, Once),
];

/// Judges a response that is no success.
pub fn judge(call: &Call, response: &Response<'_>) -> Judgement {
    let text = text(response.body.bytes());
    let empty = matches!(response.body, Body::Whole(body) if body.is_empty());
    let row = FAILURES.iter().find(|(from, to, wanted, ..)| {
        (*from..=*to).contains(&response.status)
            && match wanted {
                Any => true,
                Empty => empty,
                Begins(words) => text.starts_with(words),
                Holds(words) => text.contains(words),
            }
    });
    let Some(&(_, _, _, code, fault, execution, read_retry)) = row else {
        return Judgement::failure(Endpoint, Unknown, "server_error");
    };
    Judgement {
        read_retry,
        // The request may be the cause: a server that cannot serve says 502 to 504, or nothing.
        needs_two_shapes: fault == Endpoint && read_retry == Once,
        denies_target: code == NO_COLLECTION && denies_target(call, &text),
        revoke: matches!(response.status, 401 | 403) && matches!(fault, Access | Client),
        ..Judgement::failure(fault, partly(call, execution), code)
    }
}

/// A batch of changes that fails at one member leaves the earlier ones applied.
fn partly(call: &Call, execution: Executed) -> Executed {
    match call.operation {
        "points.batch" => Unknown,
        _ => execution,
    }
}

/// Whether it is the collection of the path that does not exist: a search may name others, which prove nothing.
fn denies_target(call: &Call, text: &str) -> bool {
    let Target::Collection(name) = &call.target else {
        return false;
    };
    let rest = text.strip_prefix("Not found: Collection `");
    let rest = rest.and_then(|rest| rest.strip_prefix(name.as_str()));
    // With the end of the text: a longer name may begin so.
    rest.is_some_and(|rest| rest.starts_with("` doesn't exist!\""))
}

/// The error's text in Qdrant's shape, or else the response as it stands.
fn text(body: &[u8]) -> String {
    let start = body.get(..MAX_TEXT).unwrap_or(body);
    let text = String::from_utf8_lossy(start);
    let error = text
        .split_once("\"error\":")
        .map_or(&*text, |(_, error)| error);
    error
        .trim_start_matches(|c: char| c.is_whitespace() || c == '"')
        .into()
}
