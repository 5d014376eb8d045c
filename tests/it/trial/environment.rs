//! The environment of a trial: three replicas, a graph, a configuration file, and pointsman in front.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use pointsman::config::{self, Source};
use pointsman::listen::ListenAddress;
use pointsman::runtime::Server;
use testbed::graph::{self, Graph};
use testbed::qdrant::{self, Cluster};

use super::client::{Client, HttpRequest};
use super::waiting::eventually;

/// `cache.quarantine` and `cache.rejoin_hold` of the trials.
pub const QUARANTINE: Duration = Duration::from_millis(400);

/// How long the graph keeps an idle transaction.
pub const TX_IDLE: Duration = Duration::from_millis(500);

/// Replicas of Qdrant.
pub const REPLICAS: usize = 3;

/// The running servers.
pub struct Environment {
    pub cluster: Cluster,
    pub graph: Graph,
    pub server: Server,
    pub file: PathBuf,
    _folder: tempfile::TempDir,
}

impl Environment {
    /// Starts the servers. `more` is appended to the configuration.
    pub async fn start(more: &str) -> Arc<Self> {
        let apply_delay = Duration::from_millis(20);
        let cluster = Cluster::start_with(qdrant::Options {
            listeners: REPLICAS,
            apply_delay,
            ..qdrant::Options::default()
        });
        let cluster = cluster.expect("replicas");
        let graph = Graph::start(graph::Options {
            // Both together are shorter than the time that a write of unknown outcome is followed.
            tx_idle: TX_IDLE,
            lock_wait: Duration::from_secs(1),
            ..graph::Options::default()
        });
        let graph = graph.expect("a graph");
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("pointsman.yaml");
        let vectors: Vec<usize> = (0..REPLICAS).collect();
        std::fs::write(&file, text(&cluster, &graph, &vectors, more)).expect("a file");
        let source = Source {
            path: file.clone(),
            ..Source::default()
        };
        let loaded = config::load(&source).unwrap_or_else(|report| panic!("{report}"));
        let server = Server::start(loaded, Some(source)).await.expect("a server");
        let env = Arc::new(Self {
            cluster,
            graph,
            server,
            file,
            _folder: folder,
        });
        env.wait_until_ready().await;
        env
    }

    /// The configuration with these replicas.
    pub fn text(&self, vectors: &[usize], more: &str) -> String {
        text(&self.cluster, &self.graph, vectors, more)
    }

    /// A URL of Qdrant through pointsman.
    pub fn vectors(&self, path: &str) -> String {
        format!("http://{}{path}", self.address("vectors"))
    }

    /// A URL of the graph through pointsman.
    pub fn neo4j(&self, path: &str) -> String {
        format!("http://{}{path}", self.address("graph"))
    }

    fn address(&self, service: &str) -> ListenAddress {
        self.server.address(service).expect("an address")
    }

    /// Waits until every endpoint was probed and serves.
    async fn wait_until_ready(&self) {
        let client = Client::default();
        let ready = HttpRequest::new(
            "GET",
            format!("http://{}/readyz", self.server.admin()),
            serde_json::Value::Null,
        );
        eventually("the server to be ready", || async {
            client
                .send(&ready, None)
                .await
                .is_ok_and(|response| response.status == 200)
        })
        .await;
    }
}

fn text(cluster: &Cluster, graph: &Graph, vectors: &[usize], more: &str) -> String {
    let urls: Vec<String> = vectors
        .iter()
        .map(|listener| cluster.url(*listener))
        .collect();
    format!(
        "\
services:
  vectors:
    dialect: qdrant
    listen: 127.0.0.1:0
    endpoints: [{}]
  graph:
    dialect: neo4j
    listen: 127.0.0.1:0
    endpoints: [{}]
observe: {{log: error}}
admin: {{listen: 127.0.0.1:0}}
process: {{drain_limit: 5s}}
{more}",
        urls.join(", "),
        graph.url(0)
    )
}

/// The cache section of the configuration.
pub fn cache(default_ttl: &str) -> String {
    format!(
        "cache: {{enabled: true, default_ttl: {default_ttl}, l1: {{size: 64MiB}}, quarantine: {}ms, rejoin_hold: {0}ms}}\n",
        QUARANTINE.as_millis()
    )
}
