//! The command line: its commands and options. Each command has its
//! own file; nothing is decided here.

pub mod check;
pub mod explain;
pub mod replay;
pub mod run;
pub mod schema;

use crate::config::{Config, Source};
use crate::dialect::registry;
use balancing::policies::PolicyRegistry;
use clap::{Args, Parser, Subcommand};
use std::io::{stdin, stdout};
use std::path::PathBuf;
use std::process::ExitCode;

/// Reads the command line of the process and runs its command. `policies` are those of the program's own, which a strategy
/// of the configuration may name: a `main` that calls this is pointsman with one more strategy.
///
/// ```no_run
/// use balancing::policies::{ByScore, PolicyRegistry, Score};
/// use balancing::{EndpointView, PoolView};
/// use std::process::ExitCode;
///
/// /// The endpoint with the most free places.
/// struct MostFree;
///
/// impl Score for MostFree {
///     type Facts = ();
///
///     fn facts(&self, _pool: &PoolView<'_>) {}
///
///     fn of(&self, (): &(), endpoint: &EndpointView) -> f64 {
///         -f64::from(endpoint.room().saturating_sub(endpoint.load.in_flight))
///     }
///
///     fn bound(&self, lowest: f64) -> f64 {
///         lowest
///     }
/// }
///
/// fn main() -> ExitCode {
///     // `balance: {strategy: most_free}`
///     let policies = PolicyRegistry::default();
///     match policies.with("most_free", |endpoints| ByScore::new(MostFree, endpoints)) {
///         Ok(policies) => pointsman::cli::main(policies),
///         Err(_) => ExitCode::FAILURE,
///     }
/// }
/// ```
pub fn main(policies: PolicyRegistry) -> ExitCode {
    match Cli::parse().command {
        Command::Run(args) => run::run(&args, policies),
        Command::Check(args) => check::run(&args, policies),
        Command::Explain(args) => explain(&args),
        Command::Replay(args) => replay::run(&args, policies),
        Command::Schema(args) => schema::run(&args),
    }
}

fn explain(args: &explain::ExplainArgs) -> ExitCode {
    let (config, input, output) = (Config::default(), stdin().lock(), stdout().lock());
    explain::run(args, &config, &registry::offline, input, output)
}

/// The command line.
#[derive(Parser)]
#[command(name = "pointsman", version, about, long_about = ABOUT, after_long_help = EXAMPLES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const ABOUT: &str = "\
A sidecar reverse proxy and load balancer for the two databases of a graph-RAG stack: Neo4j over HTTP \
and Qdrant over REST. Clients change one URL. Every request is understood, planned, answered from a \
cache that writes invalidate, or sent to the best replica, watched, and explained.

A configuration is one YAML file. Begin with config/minimal.yaml; docs/configuration.md explains every key.";

const EXAMPLES: &str = "\
Examples:
  Serve:
      pointsman run -c pointsman.yaml

  Is this file right? All that is wrong with it is printed at once:
      pointsman check -c pointsman.yaml

  The same with one value changed, as the flag would change it:
      pointsman check -c pointsman.yaml --set cache.l1.size=1GiB

  How would this request be understood?
      pointsman explain --dialect neo4j --method POST --path /db/neo4j/query/v2 --body @request.json

  Which strategy would have been best for the requests that were recorded?
      pointsman replay arrivals.ndjson --service vectors -c pointsman.yaml

  A JSON schema for your editor, and a file with every key and its default:
      pointsman schema > pointsman.schema.json
      pointsman schema --format yaml > full.yaml";

/// The commands.
#[derive(Subcommand)]
pub enum Command {
    /// Serve until told to stop
    Run(RunArgs),
    /// Read a configuration and print everything that is wrong with it
    #[command(long_about = CHECK, after_long_help = CHECK_EXAMPLES)]
    Check(CheckArgs),
    /// Say how requests would be understood and planned, without any server
    Explain(explain::ExplainArgs),
    /// Compare the strategies on recorded requests, without any server
    Replay(replay::ReplayArgs),
    /// Print what a configuration may hold
    Schema(SchemaArgs),
}

/// Where the configuration comes from.
#[derive(Args)]
pub struct ConfigArgs {
    /// The configuration file
    #[arg(short, long, value_name = "FILE", env = "POINTSMAN_CONFIG")]
    pub config: PathBuf,

    /// A value that is stronger than file and environment; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = pair)]
    pub sets: Vec<(String, String)>,
}

impl ConfigArgs {
    /// File, environment of this process, and flags.
    pub fn source(&self) -> Source {
        Source::of_process(&self.config, self.sets.clone())
    }
}

/// The words of `run`.
#[derive(Args)]
#[command(long_about = RUN, after_long_help = RUN_EXAMPLES)]
pub struct RunArgs {
    /// Where the configuration comes from.
    #[command(flatten)]
    pub source: ConfigArgs,
}

const RUN: &str = "\
Serve until told to stop. Each service listens on its own address, the admin API on `admin.listen`. A change of the \
file, SIGHUP, or POST /api/config/reload puts a new configuration in place without losing a request; a bad one \
changes nothing and says why. SIGTERM makes `/readyz` fail and serves on for `process.drain_delay`, so that load \
balancers stop sending; then the listeners close and requests in flight end, at most for `process.drain_limit`. \
SIGINT (Ctrl-C) skips the delay. A second signal ends at once.";

const RUN_EXAMPLES: &str = "\
Examples:
  pointsman run -c pointsman.yaml
  POINTSMAN_OBSERVE__LOG=debug pointsman run -c pointsman.yaml
  pointsman run -c pointsman.yaml --set services.vectors.listen=0.0.0.0:6433";

/// The words of `check`.
#[derive(Args)]
pub struct CheckArgs {
    /// Where the configuration comes from.
    #[command(flatten)]
    pub source: ConfigArgs,
}

const CHECK: &str = "\
Read a configuration as `run` would, with the environment and the flags, and print everything that is wrong: file, \
line, column, key, what was found and what was expected. Exit status 0 when it is good, 1 when it is not. Nothing \
is bound; the names of endpoints are resolved, and one that does not resolve is a warning.";

const CHECK_EXAMPLES: &str = "\
Examples:
  pointsman check -c pointsman.yaml
  POINTSMAN_CACHE__ENABLED=false pointsman check -c pointsman.yaml
  pointsman check -c pointsman.yaml --set 'services.graph.endpoints[0].url=http://db:7474'";

/// The words of `schema`.
#[derive(Args)]
pub struct SchemaArgs {
    /// json: a JSON schema; yaml: a file with every key and its default; markdown: the reference
    #[arg(long, value_enum, default_value_t = schema::Format::Json)]
    pub format: schema::Format,
}

/// `KEY=VALUE`.
fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().into(), value.into())),
        _ => Err("expected KEY=VALUE, such as cache.enabled=false".into()),
    }
}
