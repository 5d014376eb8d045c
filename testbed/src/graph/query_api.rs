//! The Query API: `/db/{db}/query/v2` and its transactions.

use bytes::Bytes;
use graphdblite::Value;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{Request, Response};
use serde_json::{Map, Value as Json, json};

use super::answers::{TYPED, empty, query_failure, query_tx_not_found, refused, typed_answer};
use super::failure::Failure;
use super::front::Front;
use super::session::{Asked, Outcome, Session};
use super::transactions::Taken;
use super::values::parameters;

/// Fields that a body may have; any other is a bad request.
const FIELDS: &[&str] = &[
    "statement",
    "parameters",
    "includeCounters",
    "accessMode",
    "maxExecutionTime",
    "bookmarks",
    "impersonatedUser",
    "txType",
];

/// A body, read.
struct Body {
    asked: Option<Asked>,
    read_only: bool,
    bookmarks: Vec<String>,
}

/// The media types of a request, and its body.
struct Call {
    body: Body,
    typed: bool,
}

/// POST query/v2.
pub fn run(front: &Front, request: &Request<Bytes>) -> Response<Bytes> {
    let call = match Call::read(request, true) {
        Ok(call) => call,
        Err(answer) => return answer,
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
        Err(answer) => return answer,
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
        Err(answer) => return answer,
    };
    match front.query_transactions.take(id) {
        Taken::Unknown => query_tx_not_found(id),
        Taken::Busy => query_failure(&busy(id), call.typed),
        Taken::Session(session) => {
            let answer = within(front, &call, session, |session| {
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
        Err(answer) => return answer,
    };
    let mut session = match front.query_transactions.take(id) {
        Taken::Unknown => return query_tx_not_found(id),
        Taken::Busy => return query_failure(&busy(id), call.typed),
        Taken::Session(session) => session,
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

impl Call {
    /// Reads a request. Without `needed`, an empty body or one without a statement is fine.
    fn read(request: &Request<Bytes>, needed: bool) -> Result<Self, Response<Bytes>> {
        let header = |name| {
            request
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
                .unwrap_or("")
        };
        let content_type = header(CONTENT_TYPE);
        let typed_body = content_type.starts_with(TYPED);
        let bare = request.body().is_empty() && !needed;
        if !bare && !typed_body && !content_type.starts_with("application/json") {
            return Err(refused(415));
        }
        let typed = header(ACCEPT).contains(TYPED);
        let body = if bare {
            Body::empty()
        } else {
            Body::read(request.body(), typed_body, needed)?
        };
        Ok(Self { body, typed })
    }
}

impl Body {
    fn empty() -> Self {
        Self {
            asked: None,
            read_only: false,
            bookmarks: Vec::new(),
        }
    }

    /// Reads the first JSON document of a body; of a key that stands twice the last counts.
    fn read(bytes: &Bytes, typed: bool, needed: bool) -> Result<Self, Response<Bytes>> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let bad = || refused(400);
        let mut documents =
            serde_json::Deserializer::from_slice(bytes).into_iter::<Map<String, Json>>();
        let map = documents.next().and_then(Result::ok).ok_or_else(bad)?;
        if map.keys().any(|key| !FIELDS.contains(&key.as_str())) {
            return Err(bad());
        }
        let read_only = match map.get("accessMode") {
            None | Some(Json::Null) => false,
            Some(Json::String(mode)) if mode.eq_ignore_ascii_case("READ") => true,
            Some(Json::String(mode)) if mode.eq_ignore_ascii_case("WRITE") => false,
            Some(_) => return Err(bad()),
        };
        let bookmarks = match map.get("bookmarks") {
            None | Some(Json::Null) => Vec::new(),
            Some(Json::Array(items)) => items
                .iter()
                .map(|item| item.as_str().map(str::to_owned))
                .collect::<Option<_>>()
                .ok_or_else(bad)?,
            Some(_) => return Err(bad()),
        };
        Ok(Self {
            asked: asked(&map, typed, needed)?,
            read_only,
            bookmarks,
        })
    }
}

fn asked(
    map: &Map<String, Json>,
    typed: bool,
    needed: bool,
) -> Result<Option<Asked>, Response<Bytes>> {
    let statement = match map.get("statement") {
        Some(Json::String(statement)) if !statement.is_empty() => statement.clone(),
        None | Some(Json::Null | Json::String(_)) if needed => {
            let failure = Failure::invalid_request("statement cannot be null or empty");
            return Err(query_failure(&failure, false));
        }
        None | Some(Json::Null | Json::String(_)) => return Ok(None),
        Some(_) => return Err(refused(400)),
    };
    let parameters = match map.get("parameters") {
        None | Some(Json::Null) => Some(Default::default()),
        Some(Json::Object(map)) => parameters(map, typed),
        Some(_) => None,
    };
    let parameters = parameters.ok_or_else(|| refused(400))?;
    let counters = map
        .get("includeCounters")
        .and_then(Json::as_bool)
        .unwrap_or(false);
    Ok(Some(Asked {
        statement,
        parameters,
        counters,
    }))
}
