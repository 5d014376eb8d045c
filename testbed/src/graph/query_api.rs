//! The Query API: `/db/{db}/query/v2` and its transactions.

use bytes::Bytes;
use graphdblite::Value;
use http::{Request, Response};
use serde_json::{Map, Value as Json, json};

use super::failure::Failure;
use super::instance::Instance;
use super::query_call::{Body, Call};
use super::responses::{empty, query_failure, query_tx_not_found, typed_response};
use super::session::{Outcome, Session, StatementRequest};
use super::transactions::TakeResult;

/// POST query/v2.
pub fn run(instance: &Instance, request: &Request<Bytes>) -> Response<Bytes> {
    let call = match Call::read(request, true) {
        Ok(call) => call,
        Err(response) => return *response,
    };
    let typed = call.typed;
    run_single(instance, call).unwrap_or_else(|failure| query_failure(&failure, typed))
}

fn run_single(instance: &Instance, call: Call) -> Result<Response<Bytes>, Failure> {
    check_bookmarks(instance, &call.body)?;
    let mut session = Session::open(instance.store.clone(), call.body.read_only)?;
    let mut response = Map::new();
    if let Some(requested) = &call.body.requested {
        match session.run(requested) {
            Ok(outcome) => print(instance, &outcome, call.typed, &mut response),
            Err(failure) if failure.while_running => {
                return Ok(failed_midway(requested, &failure, call.typed));
            }
            Err(failure) => return Err(failure),
        }
    }
    session.commit()?;
    response.insert(
        "bookmarks".into(),
        json!([instance.store.progress.bookmark()]),
    );
    Ok(typed_response(202, &Json::Object(response), call.typed))
}

/// POST query/v2/tx.
pub fn begin(instance: &Instance, request: &Request<Bytes>) -> Response<Bytes> {
    let call = match Call::read(request, false) {
        Ok(call) => call,
        Err(response) => return *response,
    };
    let opened = check_bookmarks(instance, &call.body)
        .and_then(|()| Session::open(instance.store.clone(), call.body.read_only));
    match opened {
        Err(failure) => query_failure(&failure, call.typed),
        Ok(session) => run_in_session(instance, &call, session, |session| {
            let (id, expires) = instance.query_transactions.add(session);
            (id, expires)
        }),
    }
}

/// POST query/v2/tx/{id}.
pub fn continue_tx(instance: &Instance, request: &Request<Bytes>, id: &str) -> Response<Bytes> {
    let call = match Call::read(request, false) {
        Ok(call) => call,
        Err(response) => return *response,
    };
    match instance.query_transactions.take(id) {
        TakeResult::Unknown => query_tx_not_found(id),
        TakeResult::Busy => query_failure(&busy(id), call.typed),
        TakeResult::Session(session) => {
            let response = run_in_session(instance, &call, *session, |session| {
                (
                    id.to_owned(),
                    instance.query_transactions.give_back(id, session),
                )
            });
            if !response.status().is_success() || is_failed_midway(&response) {
                instance.query_transactions.remove(id);
            }
            response
        }
    }
}

/// POST query/v2/tx/{id}/commit.
pub fn commit(instance: &Instance, request: &Request<Bytes>, id: &str) -> Response<Bytes> {
    let call = match Call::read(request, false) {
        Ok(call) => call,
        Err(response) => return *response,
    };
    let mut session = match instance.query_transactions.take(id) {
        TakeResult::Unknown => return query_tx_not_found(id),
        TakeResult::Busy => return query_failure(&busy(id), call.typed),
        TakeResult::Session(session) => *session,
    };
    instance.query_transactions.remove(id);
    let mut response = Map::new();
    let done = match &call.body.requested {
        None => Ok(()),
        Some(requested) => match session.run(requested) {
            Ok(outcome) => {
                print(instance, &outcome, call.typed, &mut response);
                Ok(())
            }
            Err(failure) if failure.while_running => {
                return failed_midway(requested, &failure, call.typed);
            }
            Err(failure) => Err(failure),
        },
    };
    match done.and_then(|()| session.commit()) {
        Err(failure) => query_failure(&failure, call.typed),
        Ok(()) => {
            response.insert(
                "bookmarks".into(),
                json!([instance.store.progress.bookmark()]),
            );
            typed_response(202, &Json::Object(response), call.typed)
        }
    }
}

/// DELETE query/v2/tx/{id}.
pub fn roll_back(instance: &Instance, id: &str) -> Response<Bytes> {
    match instance.query_transactions.take(id) {
        TakeResult::Unknown => query_tx_not_found(id),
        TakeResult::Busy => query_failure(&busy(id), false),
        TakeResult::Session(_) => {
            instance.query_transactions.remove(id);
            empty(200)
        }
    }
}

/// Runs the body's statement, if any, and keeps the transaction.
fn run_in_session(
    instance: &Instance,
    call: &Call,
    mut session: Session,
    keep: impl FnOnce(Session) -> (String, std::time::SystemTime),
) -> Response<Bytes> {
    let mut response = Map::new();
    if let Some(requested) = &call.body.requested {
        match session.run(requested) {
            Ok(outcome) => print(instance, &outcome, call.typed, &mut response),
            Err(failure) if failure.while_running => {
                return failed_midway(requested, &failure, call.typed);
            }
            Err(failure) => return query_failure(&failure, call.typed),
        }
    }
    let (id, expires) = keep(session);
    let expires = humantime::format_rfc3339_seconds(expires).to_string();
    response.insert(
        "transaction".into(),
        json!({ "id": id, "expires": expires }),
    );
    typed_response(202, &Json::Object(response), call.typed)
}

/// 202 with `errors`: the response had begun when the statement failed.
fn failed_midway(requested: &StatementRequest, failure: &Failure, typed: bool) -> Response<Bytes> {
    let fields = super::tokens::Tokens::of(&requested.statement)
        .columns()
        .unwrap_or_default();
    let data = json!({ "fields": fields, "values": [] });
    typed_response(
        202,
        &json!({ "data": data, "errors": [failure.json()] }),
        typed,
    )
}

fn is_failed_midway(response: &Response<Bytes>) -> bool {
    serde_json::from_slice::<Map<String, Json>>(response.body())
        .is_ok_and(|body| body.contains_key("errors"))
}

fn print(instance: &Instance, outcome: &Outcome, typed: bool, response: &mut Map<String, Json>) {
    let ids = &instance.store.ids;
    let value = |value: &Value| {
        if typed {
            ids.typed(value)
        } else {
            ids.plain(value)
        }
    };
    let rows: Vec<Json> = outcome
        .rows
        .iter()
        .map(|row| row.iter().map(value).collect())
        .collect();
    response.insert(
        "data".into(),
        json!({ "fields": outcome.fields, "values": rows }),
    );
    if let Some(plan) = &outcome.plan {
        let key = if plan.profiled {
            "profiledQueryPlan"
        } else {
            "queryPlan"
        };
        response.insert(key.into(), plan.tree.clone());
    }
    if let Some(counters) = &outcome.counters {
        response.insert("counters".into(), counters.of_query());
    }
}

fn check_bookmarks(instance: &Instance, body: &Body) -> Result<(), Failure> {
    body.bookmarks
        .iter()
        .try_for_each(|bookmark| instance.store.progress.check(bookmark))
}

fn busy(id: &str) -> Failure {
    Failure::new(
        "Neo.ClientError.Transaction.TransactionAccessedConcurrently",
        format!("Transaction with Id: \"{id}\" is being accessed concurrently."),
    )
}
