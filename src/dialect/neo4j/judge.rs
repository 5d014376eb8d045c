//! Judges responses: the code decides, not the HTTP status. A response with rows and `errors` is a
//! failure.

use super::auto_commit::IN_TRANSACTIONS;
use super::codes::row_of;
use super::response::ParsedResponse;
use crate::dialect::{
    Call, Effect, Executed, Fault, Fence, Judgement, Response, RetryAdvice, Storability, Target,
};

/// How the transactional API answers a statement without text, and a format of results that it does not know.
const MALFORMED: &[&str] = &[
    "Cannot invoke \"String.hashCode()\"",
    "Invalid result data content specifier",
];

/// The code of a database that does not exist.
const NO_DATABASE: &str = "ClientError.Database.DatabaseNotFound";

/// Judges a response.
pub fn judge(call: &Call, response: &Response<'_>) -> Judgement {
    let parsed = ParsedResponse::look(response);
    let mut judgement = match &parsed.error {
        Some((code, text)) => coded(call, code, text),
        None => by_status(call, response, &parsed),
    };
    judgement.revoke =
        matches!(response.status, 401 | 403) || judgement.code == "ClientError.Security";
    if judgement.is_success() {
        judgement.bookmark = parsed.bookmark();
        judgement.storable = parsed.storable();
        if is_statement(call) && !call.effect.is_read() && !parsed.is_read_to_its_end() {
            judgement.execution = Executed::Unknown;
            judgement.code = "unread";
        }
    }
    judgement
}

/// The judgement of an error with a code.
fn coded(call: &Call, code: &str, text: &str) -> Judgement {
    let row = row_of(code);
    let name = row.code.trim_end_matches('*').trim_end_matches('.');
    let mut judgement = Judgement {
        read_retry: row.read,
        write_retry: row.write,
        storable: Err("errors"),
        // What may be asked once more may lie in the statement: one that fails everywhere opens no breaker.
        needs_two_shapes: row.fault == Fault::Endpoint && row.read == RetryAdvice::Once,
        ..Judgement::failure(row.fault, row.execution, name)
    };
    judgement.denies_target = name == NO_DATABASE && denies_target(call, text);
    by_text(&mut judgement, code, text);
    by_call(&mut judgement, call);
    judgement
}

/// Whether it is the database of the path that does not exist: a statement may name another one (`USE`), which proves nothing.
fn denies_target(call: &Call, text: &str) -> bool {
    let Target::Database(name) = &call.target else {
        return false;
    };
    let quoted = text.split_once("atabase name: '");
    let quoted = quoted.and_then(|(_, rest)| rest.strip_suffix("'."));
    let denied = text.strip_prefix("Graph not found: ").or(quoted);
    denied.is_some_and(|denied| denied.eq_ignore_ascii_case(name))
}

/// Whether the server answers the call in JSON or Jolt. What is not in the table of operations, such as
/// the preflight of a browser, it may answer in any form.
pub fn is_statement(call: &Call) -> bool {
    call.effect == Effect::Session || call.operation.starts_with("cypher.")
}

/// What only the text tells.
fn by_text(judgement: &mut Judgement, code: &str, text: &str) {
    if code.ends_with(".SyntaxError") && text.contains("Unknown function") {
        judgement.execution = Executed::Nothing;
        judgement.read_retry = RetryAdvice::Once;
    }
    if code.ends_with(".TransactionStartFailed") && text.contains("implicit transaction") {
        judgement.fault = Fault::Client;
        judgement.read_retry = RetryAdvice::No;
    }
    if MALFORMED.iter().any(|words| text.starts_with(words)) {
        judgement.execution = Executed::RolledBack;
        judgement.read_retry = RetryAdvice::No;
    }
    if code.ends_with(".Request.Invalid") && text.contains("Transaction with Id") {
        judgement.execution = Executed::RolledBack;
    }
    let committed = text.split_once("(Transactions committed: ");
    if committed.is_some_and(|(_, count)| !count.starts_with("0)")) {
        judgement.execution = Executed::Unknown;
    }
}

/// What only the call tells.
fn by_call(judgement: &mut Judgement, call: &Call) {
    if judgement.read_retry == RetryAdvice::AsWrite && call.fence != Fence::Ours {
        judgement.read_retry = RetryAdvice::No;
    }
    let database = judgement.code.starts_with("DatabaseError");
    if database && judgement.fault == Fault::Client && is_one_transaction(call, judgement.code) {
        judgement.execution = Executed::RolledBack;
    }
    if call.effect == Effect::Schema {
        judgement.read_retry = RetryAdvice::No;
    }
    if call.effect == Effect::Session && call.operation != "tx.begin" {
        judgement.read_retry = RetryAdvice::No;
        judgement.write_retry = RetryAdvice::No;
    }
    let failed = judgement.code.starts_with("ClientError.Procedure");
    if call.effect == Effect::Admin && failed && judgement.execution == Executed::RolledBack {
        judgement.execution = Executed::Unknown;
    }
}

/// Whether an error of this code says that nothing of the call was kept: it was one transaction, and the
/// code is not one that also stands for a commit that failed. A schema command changes no rows.
fn is_one_transaction(call: &Call, code: &str) -> bool {
    match call.effect {
        Effect::Schema => true,
        Effect::Write => {
            code == "DatabaseError.Statement"
                && call.storability != Storability::Never(IN_TRANSACTIONS)
        }
        _ => false,
    }
}

/// The judgement of a response without a code.
fn by_status(call: &Call, response: &Response<'_>, parsed: &ParsedResponse<'_>) -> Judgement {
    match response.status {
        200..300 if is_statement(call) && parsed.is_broken() => Judgement {
            read_retry: RetryAdvice::Elsewhere,
            ..Judgement::failure(Fault::Endpoint, Executed::Unknown, "unparsable")
        },
        200..300 => Judgement::success(),
        429 => Judgement::failure(Fault::Overload, Executed::Nothing, "http_429"),
        401 | 403 => Judgement::failure(Fault::Access, Executed::Nothing, "http_4xx"),
        400..500 => Judgement::failure(Fault::Client, Executed::Nothing, "http_4xx"),
        502..=504 => Judgement {
            read_retry: RetryAdvice::Elsewhere,
            ..Judgement::failure(Fault::Endpoint, Executed::Unknown, "http_gateway")
        },
        500..600 => Judgement {
            read_retry: RetryAdvice::Once,
            ..Judgement::failure(Fault::Endpoint, Executed::Unknown, "http_5xx")
        },
        _ => Judgement::failure(Fault::Client, Executed::Unknown, "http_other"),
    }
}
