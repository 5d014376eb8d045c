//! The embedded databases, on the ports that the configuration names as endpoints.

use pointsman::config::Config;
use std::io::Error;
use testbed::graph::{self, Graph};
use testbed::qdrant::{self, Cluster};

/// The Qdrant replicas of the service `vectors`.
pub fn cluster(config: &Config) -> Result<Cluster, String> {
    let ports = ports(config, "vectors");
    let options = qdrant::Options {
        listeners: ports.len(),
        ports: ports.clone(),
        ..qdrant::Options::default()
    };
    Cluster::start_with(options).map_err(|error| unavailable("the Qdrant replicas", &ports, &error))
}

/// The graph of the service `graph`.
pub fn graph(config: &Config) -> Result<Graph, String> {
    let ports = ports(config, "graph");
    let options = graph::Options {
        listeners: ports.len(),
        ports: ports.clone(),
        ..graph::Options::default()
    };
    Graph::start(options).map_err(|error| unavailable("the graph", &ports, &error))
}

fn ports(config: &Config, service: &str) -> Vec<u16> {
    let service = config.services.get(service);
    let endpoints = service.map(|service| service.endpoints.as_slice());
    let ports = endpoints.unwrap_or_default().iter();
    ports
        .filter_map(|endpoint| endpoint.address())
        .map(|address| address.port)
        .collect()
}

fn unavailable(what: &str, ports: &[u16], error: &Error) -> String {
    format!("{what} need the ports {ports:?} of 127.0.0.1: {error}; is another demo running?")
}
