//! One server of a graph, behind one listener: routes, credentials, and the transactions it holds.

use std::sync::Arc;

use base64::Engine;
use bytes::Bytes;
use http::header::{AUTHORIZATION, HOST};
use http::{Method, Request, Response};
use serde_json::json;

use super::failure::Failure;
use super::responses::{http_error, json_response, method_not_allowed, unauthorized};
use super::store::Store;
use super::transactions::{Transactions, decimal, hexadecimal};
use super::{Options, query_api, tx_api};
use crate::server::{Application, segments};

/// The server behind one listener.
pub struct Instance {
    pub store: Arc<Store>,
    pub transactions: Transactions,
    pub query_transactions: Transactions,
    options: Options,
}

/// Tokens that make a request count as a write, for faults and counters. Only a guess.
const WRITING: &[&str] = &["create", "merge", "set", "delete", "remove", "drop"];

impl Instance {
    pub fn new(store: Arc<Store>, options: Options) -> Self {
        Self {
            store,
            transactions: Transactions::new(decimal, options.tx_idle),
            query_transactions: Transactions::new(hexadecimal, options.query_tx_idle),
            options,
        }
    }

    fn route(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let path = segments(request.uri().path());
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        if path.is_empty() {
            return discovery(request);
        }
        if let Some(refused) = self.without_credentials(request) {
            return refused;
        }
        match path.as_slice() {
            ["db", database, "query", "v2", rest @ ..] => {
                known(database, true).unwrap_or_else(|| self.query(request, rest))
            }
            ["db", database, "tx", rest @ ..] => {
                known(database, false).unwrap_or_else(|| self.transactional(request, rest))
            }
            _ => http_error(404),
        }
    }

    fn query(&self, request: &Request<Bytes>, rest: &[&str]) -> Response<Bytes> {
        match (request.method(), rest) {
            (&Method::POST, []) => query_api::run(self, request),
            (&Method::POST, ["tx"]) => query_api::begin(self, request),
            (&Method::POST, ["tx", id]) => query_api::continue_tx(self, request, id),
            (&Method::POST, ["tx", id, "commit"]) => query_api::commit(self, request, id),
            (&Method::DELETE, ["tx", id]) => query_api::roll_back(self, id),
            (method, [] | ["tx"] | ["tx", _, "commit"]) => {
                method_not_allowed(method, "POST,OPTIONS")
            }
            (method, ["tx", _]) => method_not_allowed(method, "POST,DELETE,OPTIONS"),
            _ => http_error(404),
        }
    }

    fn transactional(&self, request: &Request<Bytes>, rest: &[&str]) -> Response<Bytes> {
        match (request.method(), rest) {
            (&Method::POST, []) => tx_api::begin(self, request),
            (&Method::POST, ["commit"]) => tx_api::commit_at_once(self, request),
            (&Method::POST, [id]) => tx_api::continue_tx(self, request, id),
            (&Method::POST, [id, "commit"]) => tx_api::commit(self, request, id),
            (&Method::DELETE, [id]) => tx_api::roll_back(self, id),
            (method, [] | ["commit"] | [_, "commit"]) => method_not_allowed(method, "POST,OPTIONS"),
            (method, [_]) => method_not_allowed(method, "POST,DELETE,OPTIONS"),
            _ => http_error(404),
        }
    }

    fn without_credentials(&self, request: &Request<Bytes>) -> Option<Response<Bytes>> {
        let (user, password) = self.options.auth.as_ref()?;
        let header = request
            .headers()
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let Some(header) = header else {
            return Some(unauthorized("No authentication header supplied."));
        };
        let wanted = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
        (header != format!("Basic {wanted}")).then(|| unauthorized("Invalid credential."))
    }
}

impl Application for Instance {
    fn respond(&self, request: &Request<Bytes>) -> Response<Bytes> {
        self.transactions.expire();
        self.query_transactions.expire();
        self.route(request)
    }

    fn is_write(&self, request: &Request<Bytes>) -> bool {
        let body = String::from_utf8_lossy(request.body()).to_lowercase();
        let mut tokens = body.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
        request.method() == Method::DELETE || tokens.any(|token| WRITING.contains(&token))
    }
}

fn discovery(request: &Request<Bytes>) -> Response<Bytes> {
    let host = request
        .headers()
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or("localhost:7474");
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    json_response(
        200,
        &json!({
            "bolt_routing": format!("neo4j://{name}:7687"),
            "query": format!("http://{host}/db/{{databaseName}}/query/v2"),
            "transaction": format!("http://{host}/db/{{databaseName}}/tx"),
            "bolt_direct": format!("bolt://{name}:7687"),
            "neo4j_version": "5.26.16",
            "neo4j_edition": "community",
        }),
    )
}

/// The 404 for a database that is not `neo4j` or `system`; names are case-insensitive.
fn known(database: &str, query: bool) -> Option<Response<Bytes>> {
    if ["neo4j", "system"].contains(&database.to_lowercase().as_str()) {
        return None;
    }
    let code = "Neo.ClientError.Database.DatabaseNotFound";
    Some(if query {
        let failure = Failure::new(code, format!("Graph not found: {database}"));
        json_response(404, &json!({ "errors": [failure.json()] }))
    } else {
        let failure = Failure::new(
            code,
            format!("Database does not exist. Database name: '{database}'."),
        );
        json_response(404, &json!({ "results": [], "errors": [failure.json()] }))
    })
}
