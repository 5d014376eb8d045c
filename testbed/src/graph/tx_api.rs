//! The transactional API: `/db/{db}/tx`, its transactions and `/db/{db}/tx/commit`.

use std::time::SystemTime;

use bytes::Bytes;
use http::header::{HOST, LOCATION};
use http::{HeaderMap, Request, Response};
use serde_json::{Map, Value as Json, json};

use super::failure::Failure;
use super::instance::Instance;
use super::responses::{json_response, tx_not_found};
use super::session::{Outcome, Session, StatementRequest};
use super::statements::{Statement, statements};
use super::transactions::TakeResult;
use super::values::parameters;

/// The response while it is built.
#[derive(Default)]
struct TxResponse {
    results: Vec<Json>,
    errors: Vec<Json>,
    more: Map<String, Json>,
}

impl TxResponse {
    fn failed(failure: &Failure) -> Self {
        Self {
            errors: vec![failure.json()],
            ..Self::default()
        }
    }

    fn with(mut self, key: &str, value: Json) -> Self {
        self.more.insert(key.into(), value);
        self
    }

    fn send(self, status: u16) -> Response<Bytes> {
        let mut body = self.more;
        body.insert("results".into(), Json::Array(self.results));
        body.insert("errors".into(), Json::Array(self.errors));
        json_response(status, &Json::Object(body))
    }

    /// Runs statements until one fails.
    fn run(&mut self, instance: &Instance, session: &mut Session, requested: &[Statement]) -> bool {
        for statement in requested {
            match one(instance, session, statement) {
                Ok(result) => self.results.push(result),
                Err(failure) => {
                    self.errors.push(failure.json());
                    return false;
                }
            }
        }
        true
    }
}

/// POST tx/commit.
pub fn commit_at_once(instance: &Instance, request: &Request<Bytes>) -> Response<Bytes> {
    let mut response = TxResponse::default();
    let opened = open(instance, request.headers());
    match opened.and_then(|session| Ok((session, statements(request.body())?))) {
        Err(failure) => TxResponse::failed(&failure).send(200),
        Ok((mut session, requested)) => {
            if response.run(instance, &mut session, &requested) {
                response = committed(instance, session, response);
            }
            response.send(200)
        }
    }
}

/// POST tx.
pub fn begin(instance: &Instance, request: &Request<Bytes>) -> Response<Bytes> {
    let mut response = TxResponse::default();
    let opened = open(instance, request.headers());
    let (mut session, requested) =
        match opened.and_then(|session| Ok((session, statements(request.body())?))) {
            Ok(opened) => opened,
            Err(failure) => return TxResponse::failed(&failure).send(200),
        };
    let alive = response.run(instance, &mut session, &requested);
    let (id, expires) = instance.transactions.add(session);
    if alive {
        response = response.with("transaction", expiry(expires));
    } else {
        drop(instance.transactions.take(&id));
        instance.transactions.remove(&id);
    }
    let place = format!("http://{}/db/neo4j/tx/{id}", host(request.headers()));
    let mut response = response
        .with("commit", json!(format!("{place}/commit")))
        .send(201);
    if let Ok(place) = place.parse() {
        response.headers_mut().insert(LOCATION, place);
    }
    response
}

/// POST tx/{id}.
pub fn continue_tx(instance: &Instance, request: &Request<Bytes>, id: &str) -> Response<Bytes> {
    let mut session = match taken(instance, id) {
        Ok(session) => session,
        Err(response) => return *response,
    };
    let mut response = TxResponse::default();
    let alive = match statements(request.body()) {
        Ok(requested) => response.run(instance, &mut session, &requested),
        Err(failure) => {
            response.errors.push(failure.json());
            false
        }
    };
    if alive {
        let expires = instance.transactions.give_back(id, session);
        response = response.with("transaction", expiry(expires));
    } else {
        instance.transactions.remove(id);
    }
    response.with("commit", commit_url(request, id)).send(200)
}

/// POST tx/{id}/commit.
pub fn commit(instance: &Instance, request: &Request<Bytes>, id: &str) -> Response<Bytes> {
    let mut session = match taken(instance, id) {
        Ok(session) => session,
        Err(response) => return *response,
    };
    instance.transactions.remove(id);
    let mut response = TxResponse::default();
    match statements(request.body()) {
        Ok(requested) => {
            if response.run(instance, &mut session, &requested) {
                response = committed(instance, session, response);
            }
        }
        Err(failure) => response.errors.push(failure.json()),
    }
    response.with("commit", commit_url(request, id)).send(200)
}

/// DELETE tx/{id}.
pub fn roll_back(instance: &Instance, id: &str) -> Response<Bytes> {
    match taken(instance, id) {
        Err(response) => *response,
        Ok(session) => {
            drop(session);
            instance.transactions.remove(id);
            TxResponse::default().send(200)
        }
    }
}

fn taken(instance: &Instance, id: &str) -> Result<Session, Box<Response<Bytes>>> {
    match instance.transactions.take(id) {
        TakeResult::Session(session) => Ok(*session),
        TakeResult::Unknown => Err(Box::new(tx_not_found())),
        TakeResult::Busy => Err(Box::new(
            TxResponse::failed(&Failure::new(
                "Neo.ClientError.Transaction.TransactionAccessedConcurrently",
                "The requested transaction is being used concurrently by another request.",
            ))
            .send(200),
        )),
    }
}

/// Opens a session by the request's `Access-Mode` and `Bookmarks`.
fn open(instance: &Instance, headers: &HeaderMap) -> Result<Session, Failure> {
    let mut modes = headers.get_all("access-mode").iter();
    let invalid = |what: &str| {
        Failure::new(
            "Neo.ClientError.Request.Invalid",
            format!("Header '{what}' has invalid value."),
        )
    };
    let read_only = match (modes.next(), modes.next()) {
        (None, _) => false,
        (Some(mode), None) if mode.as_bytes().eq_ignore_ascii_case(b"READ") => true,
        (Some(mode), None) if mode.as_bytes().eq_ignore_ascii_case(b"WRITE") => false,
        _ => return Err(invalid("Access-Mode")),
    };
    if let Some(bookmarks) = headers.get("bookmarks") {
        let bookmarks: Vec<String> =
            serde_json::from_slice(bookmarks.as_bytes()).map_err(|_| invalid("Bookmarks"))?;
        bookmarks
            .iter()
            .try_for_each(|bookmark| instance.store.progress.check(bookmark))?;
    }
    Session::open(instance.store.clone(), read_only)
}

fn committed(instance: &Instance, session: Session, response: TxResponse) -> TxResponse {
    match session.commit() {
        Ok(()) => response.with("lastBookmarks", json!([instance.store.progress.bookmark()])),
        Err(failure) => TxResponse {
            errors: vec![failure.json()],
            ..response
        },
    }
}

fn one(instance: &Instance, session: &mut Session, statement: &Statement) -> Result<Json, Failure> {
    let bad = || {
        Failure::new(
            "Neo.ClientError.Request.InvalidFormat",
            "Could not map the incoming JSON",
        )
    };
    let requested = StatementRequest {
        statement: statement.statement.clone(),
        parameters: parameters(&statement.parameters, false).ok_or_else(bad)?,
        counters: statement.include_stats,
    };
    Ok(print(
        instance,
        &session.run(&requested)?,
        &statement.contents,
    ))
}

fn print(instance: &Instance, outcome: &Outcome, contents: &[String]) -> Json {
    let ids = &instance.store.ids;
    let wants = |content: &str| {
        contents
            .iter()
            .any(|wanted| wanted.eq_ignore_ascii_case(content))
    };
    let rows = outcome.rows.iter().map(|row| {
        let mut shown = Map::new();
        if contents.is_empty() || wants("row") {
            shown.insert(
                "row".into(),
                row.iter().map(|value| ids.row(value)).collect(),
            );
            shown.insert(
                "meta".into(),
                row.iter().map(|value| ids.meta(value)).collect(),
            );
        }
        if wants("graph") {
            shown.insert("graph".into(), ids.graph(row));
        }
        Json::Object(shown)
    });
    let mut result = json!({ "columns": outcome.fields, "data": rows.collect::<Vec<_>>() });
    if let Some(plan) = &outcome.plan {
        result["plan"] = json!({ "root": plan.tree });
    }
    if let Some(counters) = &outcome.counters {
        result["stats"] = counters.of_tx();
    }
    result
}

fn expiry(expires: SystemTime) -> Json {
    json!({ "expires": httpdate::fmt_http_date(expires) })
}

fn commit_url(request: &Request<Bytes>, id: &str) -> Json {
    json!(format!(
        "http://{}/db/neo4j/tx/{id}/commit",
        host(request.headers())
    ))
}

fn host(headers: &HeaderMap) -> &str {
    headers
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or("localhost:7474")
}
