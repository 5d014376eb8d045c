//! The Query API: `/db/{db}/query/v2` and its transactions.

use bytes::Bytes;
use graphdblite::Value;
use http::{Request, Response};
use serde_json::{Map, Value as Json, json};

use super::answers::{empty, query_failure, query_tx_not_found, typed_answer};
use super::failure::Failure;
use super::front::Front;
use super::query_call::{Body, Call};
use super::session::{Asked, Outcome, Session};
use super::transactions::Taken;

/// POST query/v2.
pub fn run(front: &Front, request: &Request<Bytes>) -> Response<Bytes> {
    let call = match Call::read(request, true) {
        Ok(call) => call,
        Err(answer) => return *answer,
    };
    let typed = call.typed;
    alone(front, call).unwrap_or_else(|failure| query_failure(&failure, typed))
}

fn alone(front: &Front, call: Call) -> Result<Response<Bytes>, Failure> {
    check_bookmarks(front, &call.body)?;
    let mut session = Session::open(front.store.clone(), call.body.read_only)?;
    let mut answer = Map::new();
    if let Some(asked) = &call.body.asked {
        match session.run(asked) {
            Ok(outcome) => print(front, &outcome, call.typed, &mut answer),
            Err(failure) if failure.while_running => {
                return Ok(broken_off(asked, &failure, call.typed));
            }
            Err(failure) => return Err(failure),
        }
    }
    session.commit()?;
    answer.insert("bookmarks".into(), json!([front.store.progress.bookmark()]));
    Ok(typed_answer(202, &Json::Object(answer), call.typed))
}

/// POST query/v2/tx.
pub fn begin(front: &Front, request: &Request<Bytes>) -> Response<Bytes> {
    let call = match Call::read(request, false) {
        Ok(call) => call,
        Err(answer) => return *answer,
    };
    let opened = check_bookmarks(front, &call.body)
        .and_then(|()| Session::open(front.store.clone(), call.body.read_only));
    match opened {
        Err(failure) => query_failure(&failure, call.typed),
        Ok(session) => within(front, &call, session, |session| {
            let (id, expires) = front.query_transactions.add(session);
            (id, expires)
        }),
    }
}

/// POST query/v2/tx/{id}.
pub fn go_on(front: &Front, request: &Request<Bytes>, id: &str) -> Response<Bytes> {
    let call = match Call::read(request, false) {
        Ok(call) => call,
        Err(answer) => return *answer,
    };
    match front.query_transactions.take(id) {
        Taken::Unknown => query_tx_not_found(id),
        Taken::Busy => query_failure(&busy(id), call.typed),
        Taken::Session(session) => {
            let answer = within(front, &call, *session, |session| {
                (
                    id.to_owned(),
                    front.query_transactions.give_back(id, session),
                )
            });
            if !answer.status().is_success() || is_broken_off(&answer) {
                front.query_transactions.remove(id);
            }
            answer
        }
    }
}

/// POST query/v2/tx/{id}/commit.
pub fn commit(front: &Front, request: &Request<Bytes>, id: &str) -> Response<Bytes> {
    let call = match Call::read(request, false) {
        Ok(call) => call,
        Err(answer) => return *answer,
    };
    let mut session = match front.query_transactions.take(id) {
        Taken::Unknown => return query_tx_not_found(id),
        Taken::Busy => return query_failure(&busy(id), call.typed),
        Taken::Session(session) => *session,
    };
    front.query_transactions.remove(id);
    let mut answer = Map::new();
    let done = match &call.body.asked {
        None => Ok(()),
        Some(asked) => match session.run(asked) {
            Ok(outcome) => {
                print(front, &outcome, call.typed, &mut answer);
                Ok(())
            }
            Err(failure) if failure.while_running => {
                return broken_off(asked, &failure, call.typed);
            }
            Err(failure) => Err(failure),
        },
    };
    match done.and_then(|()| session.commit()) {
        Err(failure) => query_failure(&failure, call.typed),
        Ok(()) => {
            answer.insert("bookmarks".into(), json!([front.store.progress.bookmark()]));
            typed_answer(202, &Json::Object(answer), call.typed)
        }
    }
}

/// DELETE query/v2/tx/{id}.
pub fn roll_back(front: &Front, id: &str) -> Response<Bytes> {
    match front.query_transactions.take(id) {
        Taken::Unknown => query_tx_not_found(id),
        Taken::Busy => query_failure(&busy(id), false),
        Taken::Session(_) => {
            front.query_transactions.remove(id);
            empty(200)
        }
    }
}

/// Runs the body's statement, if any, and keeps the transaction.
fn within(
    front: &Front,
    call: &Call,
    mut session: Session,
    keep: impl FnOnce(Session) -> (String, std::time::SystemTime),
) -> Response<Bytes> {
    let mut answer = Map::new();
    if let Some(asked) = &call.body.asked {
        match session.run(asked) {
            Ok(outcome) => print(front, &outcome, call.typed, &mut answer),
            Err(failure) if failure.while_running => {
                return broken_off(asked, &failure, call.typed);
            }
            Err(failure) => return query_failure(&failure, call.typed),
        }
    }
    let (id, expires) = keep(session);
    let expires = humantime::format_rfc3339_seconds(expires).to_string();
    answer.insert(
        "transaction".into(),
        json!({ "id": id, "expires": expires }),
    );
    typed_answer(202, &Json::Object(answer), call.typed)
}

/// 202 with `errors`: the answer had begun when the statement failed.
fn broken_off(asked: &Asked, failure: &Failure, typed: bool) -> Response<Bytes> {
    let fields = super::words::Words::of(&asked.statement)
        .columns()
        .unwrap_or_default();
    let data = json!({ "fields": fields, "values": [] });
    typed_answer(
        202,
        &json!({ "data": data, "errors": [failure.json()] }),
        typed,
    )
}

fn is_broken_off(answer: &Response<Bytes>) -> bool {
    serde_json::from_slice::<Map<String, Json>>(answer.body())
        .is_ok_and(|body| body.contains_key("errors"))
}

fn print(front: &Front, outcome: &Outcome, typed: bool, answer: &mut Map<String, Json>) {
    let ids = &front.store.ids;
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
    answer.insert(
        "data".into(),
        json!({ "fields": outcome.fields, "values": rows }),
    );
    if let Some(plan) = &outcome.plan {
        let key = if plan.profiled {
            "profiledQueryPlan"
        } else {
            "queryPlan"
        };
        answer.insert(key.into(), plan.tree.clone());
    }
    if let Some(counters) = &outcome.counters {
        answer.insert("counters".into(), counters.of_query());
    }
}

fn check_bookmarks(front: &Front, body: &Body) -> Result<(), Failure> {
    body.bookmarks
        .iter()
        .try_for_each(|bookmark| front.store.progress.check(bookmark))
}

fn busy(id: &str) -> Failure {
    Failure::new(
        "Neo.ClientError.Transaction.TransactionAccessedConcurrently",
        format!("Transaction with Id: \"{id}\" is being accessed concurrently."),
    )
}
