//! The switchboard: breaks and mends the demo's replicas by curl.

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use std::sync::Arc;
use std::time::Duration;
use testbed::faults::Requests;
use testbed::graph::Graph;
use testbed::qdrant::Cluster;
use testbed::server::Application;

const HELP: &str = "\
POST /replicas/{0,1,2}/kill       close a Qdrant replica and its connections
POST /replicas/{0,1,2}/restart    open it again
POST /replicas/{0,1,2}/slow       answer after 300 ms
POST /replicas/{0,1,2}/mend       take all faults off
POST /graph/kill  /graph/restart  the same for the graph
";

/// Hands on the replicas.
pub struct Switchboard {
    cluster: Arc<Cluster>,
    graph: Arc<Graph>,
}

impl Switchboard {
    /// Hands on these.
    pub fn new(cluster: Arc<Cluster>, graph: Arc<Graph>) -> Self {
        Self { cluster, graph }
    }

    fn act(&self, words: &[&str]) -> Result<String, String> {
        let said = match words {
            ["graph", "kill"] => {
                self.graph.kill(0);
                "the graph is gone".into()
            }
            ["graph", "restart"] => {
                self.graph.restart(0).map_err(|error| error.to_string())?;
                "the graph is back".into()
            }
            ["replicas", number, act] => self.replica(number, act)?,
            _ => return Err(HELP.into()),
        };
        Ok(said)
    }

    fn replica(&self, number: &str, act: &str) -> Result<String, String> {
        let listener = number
            .parse()
            .ok()
            .filter(|listener| *listener < self.cluster.listeners().len());
        let listener: usize = listener.ok_or("no such replica\n")?;
        match act {
            "kill" => self.cluster.kill(listener),
            "restart" => self
                .cluster
                .restart(listener)
                .map_err(|error| error.to_string())?,
            "slow" => self
                .cluster
                .faults(listener)
                .delay(Duration::from_millis(300), Requests::All),
            "mend" => self.cluster.faults(listener).clear(),
            _ => return Err(HELP.into()),
        }
        Ok(format!("replica {listener}: {act}"))
    }
}

impl Application for Switchboard {
    fn respond(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let words: Vec<&str> = request
            .uri()
            .path()
            .split('/')
            .filter(|word| !word.is_empty())
            .collect();
        let (status, text) = match request.method() == Method::POST {
            true => self.act(&words).map_or_else(
                |help| (StatusCode::NOT_FOUND, help),
                |said| (StatusCode::OK, said + "\n"),
            ),
            false => (StatusCode::OK, HELP.into()),
        };
        let mut response = Response::new(Bytes::from(text));
        *response.status_mut() = status;
        response
    }

    fn is_write(&self, _request: &Request<Bytes>) -> bool {
        true
    }
}
