//! `pointsman replay`: what each strategy would have made of the requests that a file of arrivals holds, without any server.

use crate::balance::{Comparison, LEAST_RECORDS};
use crate::config::Config;
use crate::observe::arrival_line::{self, ArrivalLine};
use balancing::policies::Strategy;
use balancing::replay::{Recorded, ReplayedEndpoint};
use balancing::{Ask, Moment};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Compares the strategies on the requests of a file that `observe.arrivals_file` names. The output has one line of JSON
/// for each service, as `GET /api/coordination/simulate` gives it; endpoints have weight 1 and room for 100 requests.
#[derive(Debug, clap::Args)]
pub struct ReplayArgs {
    /// The file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// Only this service
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,
}

/// Prints the comparison of each service.
pub fn run(args: &ReplayArgs) -> ExitCode {
    match reports(args) {
        Ok(reports) => {
            for report in reports {
                // A reader that goes away (`| head`) is no failure.
                let _ = writeln!(std::io::stdout(), "{report}");
            }
            ExitCode::SUCCESS
        }
        Err(why) => {
            let _ = writeln!(std::io::stderr(), "{}: {why}", args.file.display());
            ExitCode::FAILURE
        }
    }
}

fn reports(args: &ReplayArgs) -> Result<Vec<Value>, String> {
    let file = File::open(&args.file).map_err(|error| error.to_string())?;
    let lines = arrival_line::read(BufReader::new(file)).map_err(|error| error.to_string())?;
    let services: BTreeSet<&str> = lines.iter().map(|one| one.service.as_str()).collect();
    let wanted = services.into_iter();
    let wanted = wanted.filter(|name| args.service.as_deref().is_none_or(|only| only == *name));
    let reports: Vec<Value> = wanted.filter_map(|name| report(name, &lines)).collect();
    match reports.is_empty() {
        true => Err(format!(
            "no service has the {LEAST_RECORDS} requests that are needed, which any endpoint could take"
        )),
        false => Ok(reports),
    }
}

/// The comparison of a service; `None` where it has too few requests.
fn report(service: &str, lines: &[ArrivalLine]) -> Option<Value> {
    let own = || {
        lines
            .iter()
            .filter(|one| one.service == service && one.is_free)
    };
    let endpoints: BTreeSet<&str> = own().map(|one| one.endpoint.as_str()).collect();
    let place = |name: &str| endpoints.iter().position(|one| *one == name);
    let records: Vec<Recorded> = own()
        .filter_map(|one| Some(record(one, place(&one.endpoint)?)))
        .collect();
    if records.len() < LEAST_RECORDS {
        return None;
    }
    let like = ReplayedEndpoint {
        weight: 1.0,
        max_connections: 100,
    };
    let endpoints = endpoints.iter().map(|name| ((*name).to_owned(), like));
    let endpoints: Vec<(String, ReplayedEndpoint)> = endpoints.collect();
    let comparison = Comparison::of(&records, &endpoints, &Config::default());
    let current = Strategy::Adaptive.into();
    Some(json!({
        "service": service,
        "records": records.len(),
        "best": comparison.best(&current).word(),
        "strategies": comparison.rows(&current),
    }))
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
        reports(&ReplayArgs {
            file,
            service: service.map(Into::into),
        })
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
        assert!(written(&broken, None).unwrap_err().starts_with("line 4, "));
    }
}
