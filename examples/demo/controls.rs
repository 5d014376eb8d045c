//! The controls: kill, slow and restore the demo's databases by curl.

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
POST /replicas/{0,1,2}/slow       respond after 300 ms
POST /replicas/{0,1,2}/mend       remove all faults
POST /graph/kill  /graph/restart  the same for the graph
";

/// An application that controls the databases.
pub struct Controls {
    cluster: Arc<Cluster>,
    graph: Arc<Graph>,
}

impl Controls {
    pub fn new(cluster: Arc<Cluster>, graph: Arc<Graph>) -> Self {
        Self { cluster, graph }
    }

    /// Runs the command of a path; the error is for the caller to read.
    fn run(&self, segments: &[&str]) -> Result<String, String> {
        match segments {
            ["graph", "kill"] => {
                self.graph.kill(0);
                Ok("the graph is down".into())
            }
            ["graph", "restart"] => {
                self.graph.restart(0).map_err(|error| error.to_string())?;
                Ok("the graph is up".into())
            }
            ["replicas", number, command] => self.replica(number, command),
            _ => Err(HELP.into()),
        }
    }

    fn replica(&self, number: &str, command: &str) -> Result<String, String> {
        let number: usize = number.parse().map_err(|_| "no such replica")?;
        let listener = self.cluster.listeners().get(number);
        let listener = listener.ok_or("no such replica")?;
        match command {
            "kill" => listener.kill(),
            "restart" => listener.restart().map_err(|error| error.to_string())?,
            "slow" => listener
                .faults()
                .delay(Duration::from_millis(300), Requests::All),
            "mend" => listener.faults().clear(),
            _ => return Err(HELP.into()),
        }
        Ok(format!("replica {number}: {command}"))
    }
}

impl Application for Controls {
    fn respond(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let path = request.uri().path();
        let segments: Vec<&str> = path.split('/').filter(|name| !name.is_empty()).collect();
        let (status, text) = match request.method() == Method::POST {
            false => (StatusCode::OK, HELP.into()),
            true => match self.run(&segments) {
                Ok(done) => (StatusCode::OK, done + "\n"),
                Err(refused) => (StatusCode::NOT_FOUND, refused + "\n"),
            },
        };
        let mut response = Response::new(Bytes::from(text));
        *response.status_mut() = status;
        response
    }

    fn is_write(&self, _request: &Request<Bytes>) -> bool {
        true
    }
}
