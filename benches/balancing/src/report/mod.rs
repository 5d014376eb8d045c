//! The page of the docs: all figures, made by one command.

pub mod goals;
mod page;
mod plot;

use crate::contender::{Contender, ORACLES};
use crate::line::Waiting;
use crate::replica::Discipline;
use crate::rivals::Rival;
use crate::runs::{jobs, run_all};
use crate::scenario::{Kind, Scenario};
use crate::scenarios::SCENARIOS;
use crate::settings::Settings;
use crate::table::{self, Row};
use balancing::policies::Strategy;
use goals::Goal;
use serde::Serialize;
use std::path::Path;
use std::{fs, io};

/// All figures of a report.
#[derive(Debug, Serialize)]
pub struct Report {
    pub seeds: Vec<u64>,
    /// Share of the scenarios' time that was simulated, and with shared workers.
    pub length: f64,
    pub sharing_length: f64,
    /// Workers that take requests in order.
    pub fcfs: Vec<Row>,
    /// Workers that all requests of a replica share.
    pub sharing: Vec<Row>,
    /// Where one replica fails and is not taken out.
    pub no_health: Vec<Row>,
    /// More than can be served, by how requests wait.
    pub overload: Vec<(String, Vec<Row>)>,
    pub goals: Vec<Goal>,
}

/// Who is simulated under overload: only who lets requests wait in the proxy makes a difference there.
const QUEUED: [Contender; 2] = [
    Contender::Own(Strategy::Adaptive),
    Contender::Rival(Rival::Late),
];

/// The share of the length for which shared workers are simulated: they take twice the time.
const SHARING: f64 = 0.5;

impl Report {
    /// Simulates everything.
    pub fn make(seeds: &[u64], length: f64, threads: usize) -> Self {
        let settings = Settings {
            length,
            ..Settings::default()
        };
        let contenders: Vec<_> = Contender::all().collect();
        let simulate_of = |contenders: &[Contender], is_meant: fn(&Scenario) -> bool, settings| {
            let meant: Vec<_> = SCENARIOS.iter().filter(|one| is_meant(one)).collect();
            let jobs = jobs(&meant, contenders, seeds);
            table::rows(&run_all(&jobs, &settings, threads))
        };
        let simulate = |is_meant, settings| simulate_of(&contenders, is_meant, settings);
        let overload = |waiting: &Waiting| {
            let settings = Settings {
                waiting: *waiting,
                ..settings
            };
            let rows = simulate_of(&QUEUED, |one| one.kind == Kind::Overload, settings);
            (waiting.name().to_string(), rows)
        };
        let sharing = Settings {
            discipline: Discipline::Sharing,
            length: length * SHARING,
            ..settings
        };
        let no_health = Settings {
            health: false,
            ..settings
        };
        Self {
            seeds: seeds.to_vec(),
            length,
            sharing_length: length * SHARING,
            fcfs: simulate(
                |one| !matches!(one.kind, Kind::Overload | Kind::Goal),
                settings,
            ),
            sharing: simulate(is_shared, sharing),
            no_health: simulate(|one| one.id == "S5", no_health),
            overload: Waiting::COMPARED.iter().map(overload).collect(),
            goals: goals::goals(seeds, length, threads),
        }
    }

    /// Writes `balancing.md`, and figures and plots beside it in `balancing/`.
    ///
    /// # Errors
    /// What could not be written.
    pub fn write(&self, docs: &Path) -> io::Result<()> {
        let folder = docs.join("balancing");
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("figures.json"), serde_json::to_vec(self)?)?;
        for (kind, name) in [(Kind::Common, "common.svg"), (Kind::Check, "checks.svg")] {
            fs::write(folder.join(name), plot::p99(&self.fcfs, kind))?;
        }
        fs::write(docs.join("balancing.md"), page::page(self))
    }
}

/// Scenarios that say something of shared workers: those in which nothing happens at a certain second.
fn is_shared(scenario: &Scenario) -> bool {
    let compared = matches!(scenario.kind, Kind::Common | Kind::Check);
    compared && scenario.proxies == 1 && !scenario.has_fixed_times()
}

/// Whether a policy is no oracle.
fn is_policy(name: &str) -> bool {
    ORACLES.iter().all(|oracle| oracle.name() != name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenarios::named;

    #[test]
    fn a_report_shows_each_scenario_by_its_name() {
        let settings = Settings {
            length: 0.1,
            ..Settings::default()
        };
        let rows = |id: &str| {
            let scenarios: Vec<&Scenario> = named(id).into_iter().collect();
            let contenders: Vec<_> = ORACLES.into_iter().chain(QUEUED).collect();
            table::rows(&run_all(&jobs(&scenarios, &contenders, &[1]), &settings, 1))
        };
        let report = Report {
            seeds: vec![1],
            length: 0.1,
            sharing_length: 0.05,
            fcfs: rows("S4"),
            sharing: rows("herd"),
            no_health: rows("burst"),
            overload: vec![("in order".to_string(), rows("overload.cold.1.41"))],
            goals: Vec::new(),
        };
        let page = page::page(&report);
        let plot = plot::p99(&report.fcfs, Kind::Common);
        for name in [
            "| pauses |",
            "| four equal |",
            "| 600 at once (% failed) |",
            "| load 1.41 at once |",
            "report --seeds 1-1 --length 0.1`",
        ] {
            assert!(page.contains(name), "{name}: {page}");
        }
        assert_eq!(plot.matches("<title>").count(), 2, "{plot}");
    }
}
