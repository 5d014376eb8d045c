//! What the tests of the path share: a server in process over whatever stands behind it, a client
//! that writes and reads bytes as they are, and origins that follow a script. Ports are always free
//! ones, and every wait has a limit, so that a hang is a failed test.

pub mod client;
pub mod origin;
pub mod wire;

pub use client::{Answer, Client, End};
pub use origin::{Act, Origin, Seen};

use pointsman::config;
use pointsman::runtime::Server;
use std::collections::BTreeMap;
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

/// How long anything may take in a test. Far longer than needed: a busy machine must not fail a test.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The name of the one service of [`Setup`].
pub const SERVICE: &str = "db";

/// What a server is started with.
pub struct Setup {
    dialect: &'static str,
    endpoints: Vec<String>,
    service: Vec<String>,
    sections: Vec<String>,
}

impl Setup {
    /// One service over these endpoints (`http://host:port`), without probes, so that only the test's own requests arrive.
    pub fn new(dialect: &'static str, endpoints: &[String]) -> Self {
        Self {
            dialect,
            endpoints: endpoints.to_vec(),
            service: Vec::new(),
            sections: vec!["health: {enabled: false}".into()],
        }
    }

    /// One more key of the service, as `key: value`.
    pub fn service(mut self, line: &str) -> Self {
        self.service.push(line.into());
        self
    }

    /// One more section, as `name: {key: value}`. It takes the place of the section of that name.
    pub fn section(mut self, line: &str) -> Self {
        let name = |line: &str| line.split(':').next().map(str::to_owned);
        self.sections.retain(|other| name(other) != name(line));
        self.sections.push(line.into());
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
        Proxy::start(&self.yaml()).await
    }
}

/// A running server.
pub struct Proxy {
    pub server: Server,
    pub address: SocketAddr,
}

impl Proxy {
    /// Starts a server from the text of a configuration that has the service [`SERVICE`].
    pub async fn start(yaml: &str) -> Self {
        let loaded = config::read(yaml, "test.yaml", &BTreeMap::new(), &[])
            .unwrap_or_else(|report| panic!("{report}\n{yaml}"));
        let server = Server::start(loaded, None).await.expect("a server");
        let address = server.address(SERVICE).expect("a listener");
        Self { server, address }
    }

    /// A new connection of a client.
    pub async fn client(&self) -> Client {
        Client::connect(self.address).await
    }

    /// One request on a connection of its own.
    pub async fn ask(&self, method: &str, target: &str, fields: &str, body: &[u8]) -> Answer {
        let mut client = self.client().await;
        client.ask(method, target, fields, body).await
    }

    /// `POST` of JSON on a connection of its own.
    pub async fn post(&self, target: &str, body: &str) -> Answer {
        self.ask(
            "POST",
            target,
            "content-type: application/json\r\n",
            body.as_bytes(),
        )
        .await
    }
}

/// The outcome, or a failed test when it takes too long.
pub async fn soon<T>(what: &str, wait: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, wait).await {
        Ok(done) => done,
        Err(_) => panic!("{what} took longer than {PATIENCE:?}"),
    }
}

/// Waits until something holds that no signal tells of.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    soon(what, async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}

/// Bytes that differ from place to place, so that a shifted or repeated part shows.
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
