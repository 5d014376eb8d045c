//! `pointsman replay`: what each strategy would have made of the requests that a file of arrivals holds, without any server.

use crate::balance::{Comparison, LEAST_RECORDS};
use crate::config::{Config, Source, load};
use crate::observe::arrival_line::{self, ArrivalLine};
use balancing::policies::{PolicyRegistry, Strategy};
use balancing::replay::{Recorded, ReplayedEndpoint};
use balancing::{Ask, Moment};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Display;
use std::fs::File;
use std::io::{BufReader, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Compares the strategies on the requests of a file that `observe.arrivals_file` names. The output has one line of JSON
/// for each service, as `GET /api/coordination/simulate` gives it. What a configuration says of a service and its endpoints
/// counts; without one, endpoints have weight 1 and room for 100 requests.
#[derive(Debug, clap::Args)]
pub struct ReplayArgs {
    /// The file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// Only this service
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,

    /// A configuration: the current strategy, those of its own, and weights and room of the endpoints
    #[arg(short, long, value_name = "FILE", env = "POINTSMAN_CONFIG")]
    pub config: Option<PathBuf>,
}

/// Prints the comparison of each service.
pub fn run(args: &ReplayArgs, policies: PolicyRegistry) -> ExitCode {
    match reports(args, policies) {
        Ok(reports) => {
            for report in reports {
                // A reader that goes away (`| head`) is no failure.
                let _ = writeln!(std::io::stdout(), "{report}");
            }
            ExitCode::SUCCESS
        }
        Err(why) => {
            let _ = writeln!(std::io::stderr(), "{why}");
            ExitCode::FAILURE
        }
    }
}

/// What is compared, for a service of the name.
struct Replays {
    lines: Vec<ArrivalLine>,
    config: Config,
    policies: PolicyRegistry,
}

fn reports(args: &ReplayArgs, policies: PolicyRegistry) -> Result<Vec<Value>, String> {
    let of_file = |why: &dyn Display| format!("{}: {why}", args.file.display());
    let file = File::open(&args.file).map_err(|error| of_file(&error))?;
    let lines = arrival_line::read(BufReader::new(file)).map_err(|error| of_file(&error))?;
    let replays = Replays {
        lines,
        config: config(args, &policies)?,
        policies,
    };
    let reports = replays.reports(args.service.as_deref());
    match reports.is_empty() {
        true => Err(of_file(&format_args!(
            "no service has the {LEAST_RECORDS} requests that are needed, which any endpoint could take"
        ))),
        false => Ok(reports),
    }
}

fn config(args: &ReplayArgs, policies: &PolicyRegistry) -> Result<Config, String> {
    let Some(path) = &args.config else {
        return Ok(Config::default());
    };
    let source = Source::of_process(path, Vec::new());
    let loaded = load(&source.with_policies(policies.clone()));
    loaded.map_or_else(|report| Err(report.to_string()), |loaded| Ok(loaded.config))
}

impl Replays {
    fn reports(&self, only: Option<&str>) -> Vec<Value> {
        let services: BTreeSet<&str> = self.lines.iter().map(|one| &*one.service).collect();
        let wanted = services
            .into_iter()
            .filter(|name| only.is_none_or(|only| only == *name));
        wanted.filter_map(|name| self.report(name)).collect()
    }

    /// The comparison of a service; `None` where it has too few requests.
    fn report(&self, service: &str) -> Option<Value> {
        let lines = self.lines.iter();
        let own: Vec<_> = lines
            .filter(|one| one.service == service && one.is_free)
            .collect();
        let names: BTreeSet<&str> = own.iter().map(|one| &*one.endpoint).collect();
        let place = |name: &str| names.iter().position(|one| *one == name);
        let records = own
            .iter()
            .filter_map(|one| Some(record(one, place(&one.endpoint)?)));
        let records: Vec<Recorded> = records.collect();
        if records.len() < LEAST_RECORDS {
            return None;
        }
        let endpoints = names
            .iter()
            .map(|name| ((*name).to_owned(), self.endpoint(service, name)));
        let endpoints: Vec<(String, ReplayedEndpoint)> = endpoints.collect();
        let comparison = Comparison::of(&records, &endpoints, &self.config, &self.policies);
        let settings = self.config.services.get(service);
        let strategy = settings.map(|service| service.strategy(&self.config.balance));
        let current = strategy.unwrap_or_else(|| Strategy::Adaptive.into());
        Some(json!({
            "service": service,
            "records": records.len(),
            "current": current.word(),
            "best": comparison.best(&current).word(),
            "strategies": comparison.rows(&current),
        }))
    }

    /// As the configuration has it; one that is not there has the defaults.
    fn endpoint(&self, service: &str, name: &str) -> ReplayedEndpoint {
        let service = self.config.services.get(service);
        let mut all = service.into_iter().flat_map(|service| &service.endpoints);
        let settings = all
            .find(|one| one.name == name)
            .cloned()
            .unwrap_or_default();
        ReplayedEndpoint {
            weight: settings.weight,
            max_connections: settings.max_connections,
        }
    }
}

fn record(line: &ArrivalLine, endpoint: usize) -> Recorded {
    let arrived = Moment(line.at_us.saturating_mul(1000));
    Recorded {
        ask: Ask::read(line.shape, line.class, line.cost, arrived),
        endpoint,
        service_time: Duration::from_secs_f64(line.service_time),
        failed: line.failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(lines: &str, service: Option<&str>) -> Result<Vec<Value>, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("arrivals");
        std::fs::write(&file, lines).unwrap();
        let args = ReplayArgs {
            file,
            service: service.map(Into::into),
            config: None,
        };
        reports(&args, PolicyRegistry::default())
    }

    /// Requests in turn at a fast and a slow endpoint.
    fn lines(count: u64, service: &str) -> String {
        let line = |number: u64| {
            let (endpoint, time) = [("fast", 0.01), ("slow", 0.2)][(number % 2) as usize];
            let line = ArrivalLine {
                at_us: number * 20_000,
                service: service.into(),
                operation: "points.query".into(),
                shape: 1,
                class: 0,
                cost: 1.0,
                endpoint: endpoint.into(),
                service_time: time,
                failed: false,
                is_free: true,
            };
            serde_json::to_string(&line).unwrap() + "\n"
        };
        (0..count).map(line).collect()
    }

    #[test]
    fn every_strategy_is_compared_for_each_service_with_enough_requests() {
        let file = [lines(200, "db"), lines(150, "other"), lines(20, "few")].concat();
        let reports = written(&file, None).unwrap();
        let names: Vec<&Value> = reports.iter().map(|one| &one["service"]).collect();
        assert_eq!(names, ["db", "other"]);
        let strategies = reports[0]["strategies"].as_array().unwrap();
        assert_eq!(strategies.len(), Strategy::ALL.len());
        let of = |word: &str| {
            let row = strategies
                .iter()
                .find(|row| row["strategy"] == word)
                .unwrap();
            row["mean"].as_f64().unwrap()
        };
        assert!(of("adaptive") < of("round_robin"), "{}", reports[0]);
        assert_eq!(written(&file, Some("other")).unwrap().len(), 1);
    }

    #[test]
    fn a_file_that_says_too_little_or_nothing_is_refused_with_the_reason() {
        assert!(written(&lines(99, "db"), None).unwrap_err().contains("100"));
        let broken = lines(3, "db") + "{}\n" + &lines(200, "db");
        assert!(written(&broken, None).unwrap_err().contains(": line 4, "));
    }
}
