//! Simulates policies: `cargo run --release -p balancing-sim -- table`.

use balancing_sim::baseline;
use balancing_sim::contender::{Contender, ORACLES};
use balancing_sim::line::Waiting;
use balancing_sim::regret;
use balancing_sim::replica::Discipline;
use balancing_sim::report::{Report, goals};
use balancing_sim::runs::{jobs, run_all};
use balancing_sim::scenario::Scenario;
use balancing_sim::scenarios::SCENARIOS;
use balancing_sim::settings::Settings;
use balancing_sim::shipped::MAX_CONNECTIONS;
use balancing_sim::table::{self, Row};
use clap::{Args, Parser, Subcommand};
use std::error::Error;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::{fs, thread};

#[derive(Parser)]
#[command(about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Simulates scenarios with policies, and compares them with the oracles.
    Run(Selection),
    /// The same as one table of the figures that are compared.
    Table {
        #[command(flatten)]
        selection: Selection,
        /// With the figures of an independent simulator beside ours.
        #[arg(long)]
        published: bool,
    },
    /// Writes the page of the docs with its figures and plots.
    Report {
        /// The folder of the docs.
        #[arg(long, default_value = "docs")]
        docs: PathBuf,
        #[arg(long, default_value = "501-505", value_parser = seeds)]
        seeds: RangeInclusive<u64>,
        /// Share of the time that is simulated.
        #[arg(long, default_value_t = 1.0, value_parser = share)]
        length: f64,
    },
    /// Prints the goals of overload control, retries and hedging with what is reached.
    Goals {
        #[arg(long, default_value = "501-501", value_parser = seeds)]
        seeds: RangeInclusive<u64>,
        /// Share of the time that is simulated.
        #[arg(long, default_value_t = 1.0, value_parser = share)]
        length: f64,
    },
    /// Writes the figures that tests hold.
    Baseline {
        #[arg(long, default_value = "benches/balancing/baseline.json")]
        file: PathBuf,
    },
    /// Lists scenarios and policies.
    List,
}

#[derive(Args)]
struct Selection {
    /// Scenarios by name or by how it begins, separated by commas; all if none.
    #[arg(long, value_delimiter = ',')]
    scenario: Vec<String>,
    /// Policies by name, separated by commas; all if none.
    #[arg(long, value_delimiter = ',')]
    policy: Vec<String>,
    /// Seeds, as `1-5` or `7`.
    #[arg(long, default_value = "1-5", value_parser = seeds)]
    seeds: RangeInclusive<u64>,
    /// Sigma of the log-normal error of estimated costs.
    #[arg(long, default_value_t = 0.7)]
    cost_error: f64,
    /// Neither failures nor probes take a replica out.
    #[arg(long)]
    no_health: bool,
    /// Replicas share their workers among all requests, rather than one request at a time for each.
    #[arg(long)]
    sharing: bool,
    /// With retries and hedges, as by default.
    #[arg(long)]
    extra_attempts: bool,
    /// How requests wait in the proxy.
    #[arg(long, value_enum, default_value = "patient")]
    waiting: Waiting,
    /// Requests that a proxy may have in flight at a replica; of policies of the crate.
    #[arg(long, default_value_t = MAX_CONNECTIONS)]
    max_connections: u32,
    /// Share of the time that is simulated.
    #[arg(long, default_value_t = 1.0, value_parser = share)]
    length: f64,
    #[arg(long, default_value_t = threads())]
    threads: usize,
    /// Without the oracles.
    #[arg(long)]
    no_oracle: bool,
    /// Writes the figures here, as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
}

fn main() -> Result<(), Box<dyn Error>> {
    match Cli::parse().command {
        Command::Run(selection) => {
            print!("{}", table::long(&selection.rows()?));
            Ok(())
        }
        Command::Table {
            selection,
            published,
        } => {
            let rows = selection.rows()?;
            print!("{}", table::matrix(&rows, published));
            print!("\n{}", regret::table(&rows, &[]));
            Ok(())
        }
        Command::Report {
            docs,
            seeds,
            length,
        } => {
            let seeds: Vec<u64> = seeds.collect();
            Ok(Report::make(&seeds, length, threads()).write(&docs)?)
        }
        Command::Goals { seeds, length } => {
            let seeds: Vec<u64> = seeds.collect();
            print!("{}", goals::table(&goals::goals(&seeds, length, threads())));
            Ok(())
        }
        Command::Baseline { file } => {
            let figures = baseline::figures(threads());
            Ok(fs::write(
                file,
                serde_json::to_string_pretty(&figures)? + "\n",
            )?)
        }
        Command::List => {
            list();
            Ok(())
        }
    }
}

fn threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

fn list() {
    for scenario in SCENARIOS {
        println!(
            "{:<21} {:>5.0}/s  {}",
            scenario.id,
            scenario.per_second(),
            scenario.about
        );
    }
    for contender in Contender::all() {
        println!("{}", contender.name());
    }
}

impl Selection {
    fn rows(&self) -> Result<Vec<Row>, Box<dyn Error>> {
        let seeds: Vec<u64> = self.seeds.clone().collect();
        let jobs = jobs(&self.scenarios()?, &self.contenders()?, &seeds);
        let outcomes = run_all(&jobs, &self.settings(), self.threads);
        let rows = table::rows(&outcomes);
        if let Some(path) = &self.json {
            fs::write(path, serde_json::to_vec_pretty(&rows)?)?;
        }
        Ok(rows)
    }

    fn scenarios(&self) -> Result<Vec<&'static Scenario>, String> {
        let is_meant = |one: &&Scenario| {
            self.scenario.is_empty()
                || self
                    .scenario
                    .iter()
                    .any(|name| one.id.to_lowercase().starts_with(&name.to_lowercase()))
        };
        let meant: Vec<_> = SCENARIOS.iter().filter(is_meant).collect();
        match meant.is_empty() {
            true => Err(format!(
                "no scenario begins with any of {:?}",
                self.scenario
            )),
            false => Ok(meant),
        }
    }

    fn contenders(&self) -> Result<Vec<Contender>, String> {
        if self.policy.is_empty() {
            return Ok(Contender::all()
                .filter(|one| !self.no_oracle || !ORACLES.contains(one))
                .collect());
        }
        let named = self.policy.iter().map(|name| {
            Contender::named(name).ok_or_else(|| format!("no policy {name}; see `list`"))
        });
        let named: Vec<_> = named.collect::<Result<_, _>>()?;
        let oracles = ORACLES
            .into_iter()
            .filter(|one| !self.no_oracle && !named.contains(one));
        Ok(oracles.chain(named.iter().copied()).collect())
    }

    fn settings(&self) -> Settings {
        Settings {
            cost_error: self.cost_error,
            health: !self.no_health,
            max_connections: self.max_connections,
            waiting: self.waiting,
            extra_attempts: self.extra_attempts,
            discipline: match self.sharing {
                true => Discipline::Sharing,
                false => Discipline::Fcfs,
            },
            length: self.length,
        }
    }
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse::<f64>().map_err(|error| error.to_string())?;
    let is_some = share > 0.0 && share <= 1.0;
    is_some
        .then_some(share)
        .ok_or_else(|| "expected a share, more than 0 and at most 1".into())
}

fn seeds(text: &str) -> Result<RangeInclusive<u64>, String> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let number = |text: &str| {
        text.parse::<u64>()
            .map_err(|error| format!("{text}: {error}"))
    };
    let (first, last) = (number(first)?, number(last)?);
    match first <= last {
        true => Ok(first..=last),
        false => Err(format!("{first} comes after {last}: expected FIRST-LAST")),
    }
}
