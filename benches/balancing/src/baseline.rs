//! Short runs whose figures are kept in a file. A row that has become worse fails a test.

use crate::contender::{Contender, ORACLES};
use crate::runs::{jobs, run_all};
use crate::scenario::{Kind, Measure, Scenario};
use crate::scenarios::{self, SCENARIOS};
use crate::settings::Settings;
use crate::table::{self, Row};
use balancing::policies::Strategy;
use std::collections::BTreeMap;

/// Share of the time that is simulated.
const LENGTH: f64 = 0.2;
/// By how much a figure may be worse.
const TOLERANCE: f64 = 0.03;
/// Percent of requests by which a share of them may be worse.
const POINTS: f64 = 0.03;
/// Stands for infinity, which JSON lacks.
const NEVER: f64 = 1e6;
const SEEDS: [u64; 3] = [101, 102, 103];

/// The judged figure of each policy in each scenario: `scenario policy`.
pub type Figures = BTreeMap<String, f64>;

/// The figures now.
pub fn figures(threads: usize) -> Figures {
    let settings = Settings {
        length: LENGTH,
        ..Settings::default()
    };
    let is_meant = |one: &&Scenario| matches!(one.kind, Kind::Common | Kind::Finding);
    let scenarios: Vec<&Scenario> = SCENARIOS.iter().filter(is_meant).collect();
    let [one, other] = ORACLES;
    let contenders = [one, other, Contender::Own(Strategy::Adaptive)];
    let jobs = jobs(&scenarios, &contenders, &SEEDS);
    let rows = table::rows(&run_all(&jobs, &settings, threads));
    let own = rows
        .iter()
        .filter(|row| ORACLES.iter().all(|oracle| oracle.name() != row.policy));
    let name = |row: &Row| format!("{} {}", row.scenario, row.policy);
    let figure = |row: &Row| (row.judged().min(NEVER) * 1e4).round() / 1e4;
    own.map(|row| (name(row), figure(row))).collect()
}

/// What is worse now than it was, each with both figures.
pub fn worse(before: &Figures, now: &Figures) -> Vec<String> {
    let worse = before.iter().filter_map(|(name, old)| {
        let Some(new) = now.get(name) else {
            return Some(format!("{name} is gone"));
        };
        is_worse(name, *old, *new).then(|| format!("{name}: {old} -> {new}"))
    });
    worse.collect()
}

fn is_worse(name: &str, old: f64, new: f64) -> bool {
    let scenario = name.split(' ').next().and_then(scenarios::named);
    match scenario.map(|scenario| scenario.measure) {
        Some(Measure::WithinASecond | Measure::Goodput { .. }) => new < old - POINTS,
        Some(Measure::Errors) => new > old * (1.0 + TOLERANCE) + POINTS,
        _ => new > old * (1.0 + TOLERANCE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, figure: f64) -> Figures {
        [(name.to_string(), figure)].into()
    }

    #[test]
    fn a_figure_may_be_a_little_worse_and_no_more() {
        let worse = |name: &str, old, new| !worse(&of(name, old), &of(name, new)).is_empty();
        assert!(!worse("S4 adaptive", 1.0, 1.02));
        assert!(worse("S4 adaptive", 1.0, 1.04));
        assert!(!worse("S3 adaptive", 99.95, 99.99));
        assert!(worse("S3 adaptive", 99.95, 99.9));
        assert!(worse("S5 adaptive", 0.0, 1.0));
        assert!(worse("S4 gone", 1.0, f64::INFINITY));
    }
}
