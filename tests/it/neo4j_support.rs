//! What the tests of the Neo4j side share: pointsman in process, requests, answers, and waiting for
//! something to become true.

use pointsman::config::{self, Loaded, Source};
use pointsman::runtime::Server;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::{Duration, Instant};
use testbed::faults::ReceivedRequest;

/// How long something may take to become true.
const PATIENCE: Duration = Duration::from_secs(240);

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
            let answer = self.query("CALL db.labels()").await;
            answer.explain().contains("effect=read")
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

/// An answer, read whole.
#[derive(Debug)]
pub struct TextResponse {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl TextResponse {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// `hit`, `miss` or `bypass`.
    pub fn cache(&self) -> &str {
        self.header("x-pointsman-cache")
            .split(';')
            .next()
            .unwrap_or_default()
    }

    pub fn explain(&self) -> &str {
        self.header("x-pointsman-explain")
    }

    /// Rows of the Query API.
    pub fn rows(&self) -> Value {
        self.json()["data"]["values"].clone()
    }

    /// The code of the first error; empty when there is none.
    pub fn code(&self) -> String {
        self.json()["errors"][0]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }
}

static CLIENT: LazyLock<reqwest::Client> = LazyLock::new(|| {
    // One runtime per test: a connection must not outlive the test that opened it.
    reqwest::Client::builder()
        .pool_max_idle_per_host(0)
        .build()
        .unwrap()
});

/// Sends a request and reads the answer.
pub async fn send(method: &str, url: &str, headers: &[(&str, &str)], body: String) -> TextResponse {
    try_send(method, url, headers, body)
        .await
        .expect("an answer")
}

/// As `send`; an error when no whole answer came.
pub async fn try_send(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: String,
) -> reqwest::Result<TextResponse> {
    let mut request = CLIENT.request(method.parse().unwrap(), url).body(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await?;
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let text = answer.text().await?;
    Ok(TextResponse {
        status,
        headers,
        text,
    })
}

/// Waits until something is true.
pub async fn eventually<F: Future<Output = bool>>(what: &str, mut is_true: impl FnMut() -> F) {
    let deadline = Instant::now() + PATIENCE;
    while !is_true().await {
        assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
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
