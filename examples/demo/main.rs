//! pointsman in one process with everything that it stands in front of: three Qdrant replicas on
//! Qdrant's own engine, a graph with a real Cypher engine, a small true data set. Prints a guided
//! tour of curl commands, and serves until Ctrl-C.

mod switchboard;
mod tour;

use clap::Parser;
use pointsman::config::{self, Loaded, Source};
use pointsman::observe::Logging;
use pointsman::runtime::Server;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use switchboard::Switchboard;
use testbed::graph::{self, Graph};
use testbed::qdrant::{self, Cluster};
use testbed::sample;
use testbed::server::Listener;

/// Where the switchboard listens: it kills and restarts replicas.
const SWITCHBOARD: u16 = 6599;

/// Start pointsman with embedded databases behind it, and print a tour.
///
/// Ports, all on 127.0.0.1: 6500 Qdrant through pointsman, 7500 Neo4j through pointsman, 9600 admin API,
/// 6531-6533 the Qdrant replicas, 7531 the graph, 6599 the switchboard that kills and restarts replicas.
/// Nothing is written to disk but a temporary folder that goes when the demo ends.
#[derive(Parser)]
#[command(name = "demo")]
struct Args {
    /// Another configuration; its endpoints must still be those of the demo
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Drive the tour once, print what it found, and end
    #[arg(long)]
    once: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match demo(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn demo(args: Args) -> Result<(), Box<dyn Error>> {
    let source = Source::of_process(args.config.unwrap_or_else(shipped), Vec::new());
    let loaded = config::load(&source)?;
    let _log = Logging::start(&loaded.config.observe)?;
    println!("starting three Qdrant replicas and a graph ...");
    let cluster = Arc::new(cluster(&loaded)?);
    let graph = Arc::new(graph(&loaded)?);
    let board = Switchboard::new(Arc::clone(&cluster), Arc::clone(&graph));
    let _door = Listener::bind(SWITCHBOARD, Arc::new(board))
        .map_err(|error| taken("the switchboard", SWITCHBOARD, &error))?;
    let server = Server::start(loaded, Some(source)).await?;
    let places = tour::Places::of(&server)
        .ok_or("the configuration has no services `vectors` and `graph`")?;
    println!(
        "loading {} works and {} people through pointsman ...",
        sample::WORKS.len(),
        sample::PEOPLE.len()
    );
    sample::load_qdrant(&places.vectors).await?;
    sample::load_neo4j(&places.graph).await?;
    if args.once {
        tour::drive(&places).await?;
    } else {
        tour::print(&places);
        tokio::signal::ctrl_c().await?;
        println!("\nstopping ...");
    }
    let cut = server.stop().await;
    println!("stopped; {cut} requests cut");
    Ok(())
}

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config/demo.yaml")
}

fn ports(loaded: &Loaded, service: &str) -> Vec<u16> {
    let endpoints = loaded
        .config
        .services
        .get(service)
        .map(|service| service.endpoints.as_slice());
    let ports = endpoints
        .unwrap_or_default()
        .iter()
        .filter_map(|endpoint| endpoint.address());
    ports.map(|address| address.port).collect()
}

fn cluster(loaded: &Loaded) -> Result<Cluster, String> {
    let ports = ports(loaded, "vectors");
    let options = qdrant::Options {
        listeners: ports.len(),
        ports: ports.clone(),
        ..qdrant::Options::default()
    };
    Cluster::start_with(options).map_err(|error| {
        format!("the Qdrant replicas need the ports {ports:?} of 127.0.0.1: {error}")
    })
}

fn graph(loaded: &Loaded) -> Result<Graph, String> {
    let ports = ports(loaded, "graph");
    let options = graph::Options {
        listeners: ports.len(),
        ports: ports.clone(),
        ..graph::Options::default()
    };
    Graph::start(options)
        .map_err(|error| format!("the graph needs the ports {ports:?} of 127.0.0.1: {error}"))
}

fn taken(what: &str, port: u16, error: &std::io::Error) -> String {
    format!("{what} cannot listen on 127.0.0.1:{port}: {error}; is another demo running?")
}
