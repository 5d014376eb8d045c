//! pointsman in one process with the databases it stands in front of: three Qdrant replicas on
//! Qdrant's own engine, a graph with a real Cypher engine, and a small data set. Prints a guided
//! tour of curl commands and serves until Ctrl-C or SIGTERM.

mod controls;
mod databases;
mod progress;
mod tour;

use clap::Parser;
use controls::Controls;
use pointsman::config::{self, Source};
use pointsman::observe::Logging;
use pointsman::runtime::Server;
use progress::Progress;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use testbed::sample;
use testbed::server::Listener;
use tokio::signal::unix::{SignalKind, signal};

/// The port of the controls, which kill and restart replicas.
const CONTROLS: u16 = 6599;

/// Start pointsman with embedded databases behind it, and print a tour.
///
/// Ports, all on 127.0.0.1: 6500 Qdrant through pointsman, 7500 Neo4j through pointsman, 9600 admin API,
/// 6531-6533 the Qdrant replicas, 7531 the graph, 6599 the controls that kill and restart replicas.
/// The only files written are in a temporary folder, which is removed when the demo ends.
#[derive(Parser)]
#[command(name = "demo")]
struct Args {
    /// Another configuration; its endpoints must still be those of the demo
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Take the tour once, print what it shows, and end
    #[arg(long)]
    once: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let ended = async {
        let stopped = stop_signal()?;
        // Dropped by a signal, the demo removes its temporary folders.
        tokio::select! {
            result = demo(args) => result,
            () = stopped => Ok(()),
        }
    };
    match ended.await {
        Ok(()) => {
            println!("stopped");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("demo: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Waits for Ctrl-C, SIGTERM or the end of the terminal.
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => println!(),
            _ = terminate.recv() => {}
            _ = hang_up.recv() => {}
        }
    })
}

/// Serves until it is dropped, or takes the tour once.
async fn demo(args: Args) -> Result<(), Box<dyn Error>> {
    let source = Source::of_process(args.config.unwrap_or_else(shipped), Vec::new());
    let loaded = config::load(&source)?;
    let _log = Logging::start(&loaded.config.observe)?;
    let progress = Progress::start();

    progress.step("starting three Qdrant replicas and a graph");
    let cluster = Arc::new(databases::cluster(&loaded.config)?);
    let graph = Arc::new(databases::graph(&loaded.config)?);
    let controls = Arc::new(Controls::new(Arc::clone(&cluster), Arc::clone(&graph)));
    let _controls = Listener::bind(CONTROLS, controls)
        .map_err(|error| format!("the controls need the port {CONTROLS} of 127.0.0.1: {error}"))?;

    progress.step("starting pointsman in front of them");
    let server = Server::start(loaded, Some(source)).await?;
    let urls =
        tour::Urls::of(&server).ok_or("the configuration has no services `vectors` and `graph`")?;

    progress.step(&format!(
        "loading {} works into Qdrant",
        sample::WORKS.len()
    ));
    sample::load_qdrant(&urls.vectors).await?;
    progress.step(&format!(
        "loading {} people and their works into the graph",
        sample::PEOPLE.len()
    ));
    sample::load_neo4j(&urls.graph).await?;
    progress.step("ready");

    if args.once {
        return tour::take(&urls).await;
    }
    tour::print(&urls, tour::home(&urls).await?);
    std::future::pending().await
}

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config/demo.yaml")
}
