//! What the tests of the Neo4j side share: pointsman in process with one service, requests and responses.

use super::eventually;
use pointsman::config::{self, Loaded, Source};
use pointsman::runtime::Server;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use testbed::client::{TextResponse, send};
use testbed::faults::ReceivedRequest;

/// pointsman with one service, `graph`.
pub struct Proxy {
    server: Server,
    url: String,
}

/// A configuration: endpoints by name and URL, lines of the service, lines at the top level.
pub fn yaml(endpoints: &[(&str, String)], service: &str, more: &str) -> String {
    let endpoint =
        |(name, url): &(&str, String)| format!("      - {{name: {name}, url: '{url}'}}\n");
    let endpoints: String = endpoints.iter().map(endpoint).collect();
    format!(
        "services:\n  graph:\n    dialect: neo4j\n    listen: 127.0.0.1:0\n{service}    endpoints:\n{endpoints}\
         admin:\n  listen: 127.0.0.1:0\n{more}"
    )
}

impl Proxy {
    /// Starts with a configuration.
    pub async fn start(yaml: &str) -> Self {
        let loaded = config::read(yaml, "test.yaml", &BTreeMap::new(), &[]);
        Self::of(loaded.unwrap_or_else(|report| panic!("{report}")), None).await
    }

    /// Starts with a file, which may then be changed.
    pub async fn start_file(source: Source) -> Self {
        let loaded = config::load(&source).unwrap_or_else(|report| panic!("{report}"));
        Self::of(loaded, Some(source)).await
    }

    async fn of(loaded: Loaded, source: Option<Source>) -> Self {
        let server = Server::start(loaded, source).await.unwrap();
        let url = format!("http://{}", server.address("graph").unwrap());
        Self { server, url }
    }

    /// The running server.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// The token of an endpoint, by its name.
    pub fn token(&self, endpoint: &str) -> String {
        let service = self.server.shared().snapshot().service("graph").unwrap();
        service.pool.find(endpoint).unwrap().token.to_string()
    }

    /// What the admin API responds, under `data`.
    pub async fn admin(&self, path: &str) -> Value {
        self.send_to_admin(path).await.json()["data"].clone()
    }

    /// All metrics, as text.
    pub async fn metrics(&self) -> String {
        self.send_to_admin("/metrics").await.text
    }

    async fn send_to_admin(&self, path: &str) -> TextResponse {
        let url = format!("http://{}{path}", self.server.admin());
        send("GET", &url, &[], String::new()).await
    }

    /// Ends it.
    pub async fn stop(self) {
        self.server.stop_within(Duration::from_secs(5)).await;
    }

    /// The base URL, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Waits until the dialect was told the procedures and databases of its service.
    pub async fn informed(&self) {
        eventually("the procedures are known", || async {
            let response = self.query("CALL db.labels()").await;
            response.explain().contains("effect=read")
        })
        .await;
    }

    /// A statement by the Query API.
    pub async fn query(&self, statement: &str) -> TextResponse {
        self.query_body(json!({"statement": statement})).await
    }

    /// A body for the Query API.
    pub async fn query_body(&self, body: Value) -> TextResponse {
        self.post("/db/neo4j/query/v2", &[], &body).await
    }

    /// Statements by the transactional API.
    pub async fn commit(&self, statements: &[&str]) -> TextResponse {
        self.post("/db/neo4j/tx/commit", &[], &statements_of(statements))
            .await
    }

    /// Sends JSON and asks for an explanation.
    pub async fn post(&self, path: &str, headers: &[(&str, &str)], body: &Value) -> TextResponse {
        let mut all = vec![
            ("content-type", "application/json"),
            ("x-pointsman-explain", "1"),
        ];
        if !headers.iter().any(|(name, _)| *name == "accept") {
            all.push(("accept", "application/json"));
        }
        all.extend(headers);
        send(
            "POST",
            &format!("{}{path}", self.url),
            &all,
            body.to_string(),
        )
        .await
    }
}

/// A body of the transactional API.
pub fn statements_of(statements: &[&str]) -> Value {
    let list: Vec<Value> = statements
        .iter()
        .map(|text| json!({"statement": text}))
        .collect();
    json!({"statements": list})
}

/// The statements of a request that a listener saw, as text; empty for what holds none.
pub fn texts(seen: &ReceivedRequest) -> Vec<String> {
    let body: Value = serde_json::from_slice(&seen.body).unwrap_or_default();
    let one = body["statement"].as_str().map(str::to_owned);
    let many = body["statements"].as_array().into_iter().flatten();
    let many = many.filter_map(|item| item["statement"].as_str().map(str::to_owned));
    one.into_iter().chain(many).collect()
}

/// Whether a request of a listener carried the read fence.
pub fn fenced(seen: &ReceivedRequest) -> bool {
    let body: Value = serde_json::from_slice(&seen.body).unwrap_or_default();
    let header = seen
        .headers
        .get_all("access-mode")
        .iter()
        .collect::<Vec<_>>();
    body["accessMode"] == "READ" || header == ["READ"]
}
