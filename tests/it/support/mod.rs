//! What the tests of the request path share: a proxy in process, a client that reads and writes raw bytes,
//! and origins that follow a script. Ports are free ones chosen by the system, and every wait has a limit, so a
//! hang is a failed test.

pub mod client;
pub mod neo4j;
pub mod origin;
pub mod process;
pub mod wire;

pub use client::{Client, Framing, Response};
pub use origin::{Origin, ReceivedRequest, Step};
pub use process::Process;
// The trial is an example as well, so it stands alone.
pub use crate::trial::waiting::eventually;

use balancing::policies::PolicyRegistry;
use config_table::Report;
use pointsman::config::{self, Loaded, Source};
use pointsman::runtime::Server;
use serde_json::Value;
use std::collections::BTreeMap;
use std::future::Future;
use std::net::SocketAddr;
use std::ops::Deref;
use std::time::Duration;

/// The limit of every wait: far longer than needed, so that a busy machine does not fail a test.
pub const TIMEOUT: Duration = Duration::from_secs(30);

/// The name of the one service of [`Setup`].
pub const SERVICE: &str = "db";

/// What a server is started with.
pub struct Setup {
    dialect: &'static str,
    endpoints: Vec<String>,
    service: Vec<String>,
    sections: Vec<String>,
    sets: Vec<(String, String)>,
    policies: PolicyRegistry,
}

impl Setup {
    /// One service over these endpoints (`http://host:port`), without probes, so that only the test's own requests arrive.
    pub fn new(dialect: &'static str, endpoints: &[String]) -> Self {
        Self {
            dialect,
            endpoints: endpoints.to_vec(),
            service: Vec::new(),
            sections: vec!["health: {enabled: false}".into()],
            sets: Vec::new(),
            policies: PolicyRegistry::default(),
        }
    }

    /// With policies of the program's own.
    pub fn policies(self, policies: PolicyRegistry) -> Self {
        Self { policies, ..self }
    }

    /// One more key of the service, as `key: value`.
    pub fn service(mut self, line: &str) -> Self {
        self.service.push(line.into());
        self
    }

    /// One more section, as `name: {key: value}`; it replaces a section of the same name.
    pub fn section(mut self, line: &str) -> Self {
        let name = |line: &str| line.split(':').next().map(str::to_owned);
        self.sections.retain(|other| name(other) != name(line));
        self.sections.push(line.into());
        self
    }

    /// One key by its path, as the flag `--set` has it.
    pub fn set(mut self, key: &str, value: &str) -> Self {
        self.sets.push((key.into(), value.into()));
        self
    }

    fn yaml(&self) -> String {
        let mut text = format!(
            "services:\n  {SERVICE}:\n    dialect: {}\n    listen: 127.0.0.1:0\n    endpoints: [{}]\n",
            self.dialect,
            self.endpoints.join(", ")
        );
        for line in &self.service {
            text += &format!("    {line}\n");
        }
        text += "admin: {listen: 127.0.0.1:0}\n";
        for line in &self.sections {
            text += &format!("{line}\n");
        }
        text
    }

    /// Starts the server.
    pub async fn start(self) -> Proxy {
        let loaded = config::read(&self.yaml(), "test.yaml", &BTreeMap::new(), &self.sets);
        Proxy::start(loaded, None).await
    }

    /// Writes the configuration to a file and starts the server with it; it may be changed and read again.
    pub async fn start_from(self, file: &std::path::Path) -> Proxy {
        std::fs::write(file, self.yaml()).expect("a file");
        let source = Source {
            path: file.to_owned(),
            sets: self.sets,
            policies: self.policies,
            ..Source::default()
        };
        Proxy::start(config::load(&source), Some(source)).await
    }

    /// Starts the binary.
    pub fn start_binary(self) -> Process {
        Process::with_keys(&self.yaml(), &self.sets)
    }
}

/// A server in this process.
pub struct Proxy {
    pub server: Server,
    addresses: Addresses,
}

impl Deref for Proxy {
    type Target = Addresses;

    fn deref(&self) -> &Addresses {
        &self.addresses
    }
}

impl Proxy {
    /// Starts a server whose configuration has the service [`SERVICE`].
    async fn start(loaded: Result<Loaded, Report>, source: Option<Source>) -> Self {
        let loaded = loaded.unwrap_or_else(|report| panic!("{report}"));
        let server = Server::start(loaded, source).await.expect("a server");
        let client = server.address(SERVICE).expect("a listener");
        let addresses = Addresses {
            address: client.to_string().parse().expect("an address of TCP"),
            admin: server.admin(),
        };
        Self { server, addresses }
    }
}

/// Where a server listens: in this process or as a process of its own.
#[derive(Debug, Clone, Copy)]
pub struct Addresses {
    /// Of the service [`SERVICE`].
    pub address: SocketAddr,
    /// Of the admin API.
    pub admin: SocketAddr,
}

impl Addresses {
    /// A new connection of a client.
    pub async fn client(&self) -> Client {
        Client::connect(self.address).await
    }

    /// One request on a connection of its own.
    pub async fn request(&self, method: &str, target: &str, fields: &str, body: &[u8]) -> Response {
        let mut client = self.client().await;
        client.request(method, target, fields, body).await
    }

    /// `POST` of JSON on a connection of its own.
    pub async fn post(&self, target: &str, body: &str) -> Response {
        let fields = "content-type: application/json\r\n";
        self.request("POST", target, fields, body.as_bytes()).await
    }

    /// A `GET` of the admin API. Each of `fields` ends with `\r\n`.
    pub async fn admin(&self, path: &str, fields: &str) -> Response {
        self.operate("GET", path, fields, &Value::Null).await
    }

    /// What the admin API responds to a `GET`, under `data`.
    pub async fn data(&self, path: &str) -> Value {
        self.admin(path, "").await.json()["data"].clone()
    }

    /// A request to the admin API; `null` is no body.
    pub async fn operate(&self, method: &str, path: &str, fields: &str, body: &Value) -> Response {
        let mut client = Client::connect(self.admin).await;
        let body = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        let length = match body.len() {
            0 => String::new(),
            length => format!("content-type: application/json\r\ncontent-length: {length}\r\n"),
        };
        let host = self.admin;
        let head = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\n{length}{fields}\r\n");
        client.send(head + &body).await;
        client.response().await
    }

    /// The sum of the series of a metric that have all these labels, each as `name="value"`.
    pub async fn series(&self, family: &str, labels: &[&str]) -> f64 {
        let text = self.admin("/metrics", "").await.text();
        sum_of_series(&text, family, labels)
    }
}

/// The sum of the series of a metric in a scrape that have all these labels, each as `name="value"`.
pub fn sum_of_series(text: &str, family: &str, labels: &[&str]) -> f64 {
    let is_of = |line: &&str| {
        line.split(['{', ' ']).next() == Some(family)
            && labels.iter().all(|label| line.contains(label))
    };
    let value = |line: &str| line.rsplit(' ').next()?.parse::<f64>().ok();
    text.lines().filter(is_of).filter_map(value).sum()
}

/// A proxy for Qdrant over one origin.
pub async fn over(origin: &Origin) -> Proxy {
    Setup::new("qdrant", &[origin.url()]).start().await
}

/// A proxy over an origin that responds `ok` to everything.
pub async fn plain() -> (Origin, Proxy) {
    let origin = Origin::start(|_| Step::response(200, "", "ok")).await;
    let proxy = over(&origin).await;
    (origin, proxy)
}

/// The output of a future; the test fails when it takes longer than [`TIMEOUT`].
pub async fn in_time<T>(what: &str, wait: impl Future<Output = T>) -> T {
    match tokio::time::timeout(TIMEOUT, wait).await {
        Ok(done) => done,
        Err(_) => panic!("{what} took longer than {TIMEOUT:?}"),
    }
}

/// As [`eventually`], of a condition that needs no waiting to look at.
pub async fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    eventually(what, || std::future::ready(holds())).await;
}

/// Bytes without a repeating pattern, so that a shifted or duplicated part is noticed.
pub fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let step = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        b'a' + (state % 26) as u8
    };
    (0..length).map(step).collect()
}
