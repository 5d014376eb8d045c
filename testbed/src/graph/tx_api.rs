//! The transactional API: `/db/{db}/tx`, its transactions and `/db/{db}/tx/commit`.

use std::time::SystemTime;

use bytes::Bytes;
use http::header::{HOST, LOCATION};
use http::{HeaderMap, Request, Response};
use serde_json::{Map, Value as Json, json};

use super::answers::{json_answer, tx_not_found};
use super::failure::Failure;
use super::front::Front;
use super::session::{Asked, Outcome, Session};
use super::statements::{Statement, statements};
use super::transactions::Taken;
use super::values::parameters;

/// The answer as it grows.
#[derive(Default)]
struct Answer {
    results: Vec<Json>,
    errors: Vec<Json>,
    more: Map<String, Json>,
}

impl Answer {
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
        json_answer(status, &Json::Object(body))
    }

    /// Runs statements until one fails.
    fn run(&mut self, front: &Front, session: &mut Session, asked: &[Statement]) -> bool {
        for statement in asked {
            match one(front, session, statement) {
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
pub fn at_once(front: &Front, request: &Request<Bytes>) -> Response<Bytes> {
    let mut answer = Answer::default();
    let opened = open(front, request.headers());
    match opened.and_then(|session| Ok((session, statements(request.body())?))) {
        Err(failure) => Answer::failed(&failure).send(200),
        Ok((mut session, asked)) => {
            if answer.run(front, &mut session, &asked) {
                answer = committed(front, session, answer);
            }
            answer.send(200)
        }
    }
}

/// POST tx.
pub fn begin(front: &Front, request: &Request<Bytes>) -> Response<Bytes> {
    let mut answer = Answer::default();
    let opened = open(front, request.headers());
    let (mut session, asked) =
        match opened.and_then(|session| Ok((session, statements(request.body())?))) {
            Ok(opened) => opened,
            Err(failure) => return Answer::failed(&failure).send(200),
        };
    let alive = answer.run(front, &mut session, &asked);
    let (id, expires) = front.transactions.add(session);
    if alive {
        answer = answer.with("transaction", expiry(expires));
    } else {
        drop(front.transactions.take(&id));
        front.transactions.remove(&id);
    }
    let place = format!("http://{}/db/neo4j/tx/{id}", host(request.headers()));
    let mut response = answer
        .with("commit", json!(format!("{place}/commit")))
        .send(201);
    if let Ok(place) = place.parse() {
        response.headers_mut().insert(LOCATION, place);
    }
    response
}

/// POST tx/{id}.
pub fn go_on(front: &Front, request: &Request<Bytes>, id: &str) -> Response<Bytes> {
    let mut session = match taken(front, id) {
        Ok(session) => session,
        Err(answer) => return *answer,
    };
    let mut answer = Answer::default();
    let alive = match statements(request.body()) {
        Ok(asked) => answer.run(front, &mut session, &asked),
        Err(failure) => {
            answer.errors.push(failure.json());
            false
        }
    };
    if alive {
        let expires = front.transactions.give_back(id, session);
        answer = answer.with("transaction", expiry(expires));
    } else {
        front.transactions.remove(id);
    }
    answer.with("commit", commit_url(request, id)).send(200)
}

/// POST tx/{id}/commit.
pub fn commit(front: &Front, request: &Request<Bytes>, id: &str) -> Response<Bytes> {
    let mut session = match taken(front, id) {
        Ok(session) => session,
        Err(answer) => return *answer,
    };
    front.transactions.remove(id);
    let mut answer = Answer::default();
    match statements(request.body()) {
        Ok(asked) => {
            if answer.run(front, &mut session, &asked) {
                answer = committed(front, session, answer);
            }
        }
        Err(failure) => answer.errors.push(failure.json()),
    }
    answer.with("commit", commit_url(request, id)).send(200)
}

/// DELETE tx/{id}.
pub fn roll_back(front: &Front, id: &str) -> Response<Bytes> {
    match taken(front, id) {
        Err(answer) => *answer,
        Ok(session) => {
            drop(session);
            front.transactions.remove(id);
            Answer::default().send(200)
        }
    }
}

fn taken(front: &Front, id: &str) -> Result<Session, Box<Response<Bytes>>> {
    match front.transactions.take(id) {
        Taken::Session(session) => Ok(*session),
        Taken::Unknown => Err(Box::new(tx_not_found())),
        Taken::Busy => Err(Box::new(
            Answer::failed(&Failure::new(
                "Neo.ClientError.Transaction.TransactionAccessedConcurrently",
                "The requested transaction is being used concurrently by another request.",
            ))
            .send(200),
        )),
    }
}

/// Opens a session by the request's `Access-Mode` and `Bookmarks`.
fn open(front: &Front, headers: &HeaderMap) -> Result<Session, Failure> {
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
            .try_for_each(|bookmark| front.store.progress.check(bookmark))?;
    }
    Session::open(front.store.clone(), read_only)
}

fn committed(front: &Front, session: Session, answer: Answer) -> Answer {
    match session.commit() {
        Ok(()) => answer.with("lastBookmarks", json!([front.store.progress.bookmark()])),
        Err(failure) => Answer {
            errors: vec![failure.json()],
            ..answer
        },
    }
}

fn one(front: &Front, session: &mut Session, statement: &Statement) -> Result<Json, Failure> {
    let bad = || {
        Failure::new(
            "Neo.ClientError.Request.InvalidFormat",
            "Could not map the incoming JSON",
        )
    };
    let asked = Asked {
        statement: statement.statement.clone(),
        parameters: parameters(&statement.parameters, false).ok_or_else(bad)?,
        counters: statement.include_stats,
    };
    Ok(print(front, &session.run(&asked)?, &statement.contents))
}

fn print(front: &Front, outcome: &Outcome, contents: &[String]) -> Json {
    let ids = &front.store.ids;
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
