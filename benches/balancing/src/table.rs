//! The means over the seeds, and tables of them.

use crate::contender::ORACLES;
use crate::outcome::{Outcome, SenderFigures};
use crate::published;
use crate::scenario::Measure;
use crate::scenarios;
use serde::Serialize;
use std::fmt::Write;

/// The means of a policy in a scenario over the seeds.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    pub scenario: &'static str,
    pub policy: &'static str,
    pub seeds: Vec<u64>,
    pub p50: f64,
    pub p99: f64,
    pub p999: f64,
    pub mean: f64,
    pub p99_slowdown: f64,
    pub error_share: f64,
    pub within_a_second: f64,
    pub shares: Vec<f64>,
    pub refused: f64,
    pub attempts: f64,
    pub hedges: f64,
    /// The mean over the seeds of the most requests in flight at each replica in the last ten seconds.
    pub most: Vec<f64>,
    /// The mean over the seeds of how many the proxy has learned that each replica works on at once.
    pub learned: Vec<f64>,
    pub senders: Vec<SenderFigures>,
    pub seconds_to_recover: Option<f64>,
    pub goodput: Option<f64>,
    /// p99 over that of the better oracle, where it was simulated too.
    pub times_oracle: Option<f64>,
}

/// One row for each scenario and policy, in the order of the outcomes.
pub fn rows(outcomes: &[Outcome]) -> Vec<Row> {
    let alike = |a: &Outcome, b: &Outcome| a.scenario == b.scenario && a.policy == b.policy;
    let mut rows: Vec<Row> = outcomes.chunk_by(alike).map(row).collect();
    for index in 0..rows.len() {
        let oracle = oracle_p99(&rows, rows[index].scenario);
        rows[index].times_oracle = oracle.map(|oracle| rounded(rows[index].p99 / oracle));
    }
    rows
}

/// What is written need not be more exact than what is read.
fn rounded(value: f64) -> f64 {
    (value * 1e5).round() / 1e5
}

fn oracle_p99(rows: &[Row], scenario: &str) -> Option<f64> {
    let is_oracle = |row: &&Row| {
        row.scenario == scenario && ORACLES.iter().any(|oracle| oracle.name() == row.policy)
    };
    let times = rows.iter().filter(is_oracle).map(|row| row.p99);
    times.min_by(f64::total_cmp).filter(|p99| p99.is_finite())
}

fn row(of: &[Outcome]) -> Row {
    let mean = |value: fn(&Outcome) -> f64| {
        let sum: f64 = of.iter().map(value).sum();
        rounded(sum / of.len() as f64)
    };
    let maybe = |value: fn(&Outcome) -> Option<f64>| {
        let sum: Option<f64> = of.iter().map(value).sum();
        sum.map(|sum| rounded(sum / of.len() as f64))
    };
    Row {
        scenario: of[0].scenario,
        policy: of[0].policy,
        seeds: of.iter().map(|one| one.seed).collect(),
        p50: mean(|one| one.p50),
        p99: mean(|one| one.p99),
        p999: mean(|one| one.p999),
        mean: mean(|one| one.mean),
        p99_slowdown: mean(|one| one.p99_slowdown),
        error_share: mean(|one| one.error_share),
        within_a_second: mean(|one| one.within_a_second),
        shares: means(of, |one| &one.shares),
        refused: mean(|one| one.refused),
        attempts: mean(|one| one.attempts),
        hedges: mean(|one| one.hedges),
        most: means(of, |one| &one.most),
        learned: means(of, |one| &one.learned),
        senders: (0..of[0].senders.len())
            .map(|sender| of_sender(of, sender))
            .collect(),
        seconds_to_recover: maybe(|one| one.seconds_to_recover),
        goodput: maybe(|one| one.goodput),
        times_oracle: None,
    }
}

/// The mean over the seeds of each replica's figure.
fn means<T: Copy + Into<f64>>(of: &[Outcome], figures: fn(&Outcome) -> &[T]) -> Vec<f64> {
    let mut sums = vec![0.0; of[0].shares.len()];
    for one in of {
        for (sum, figure) in sums.iter_mut().zip(figures(one)) {
            *sum += (*figure).into() / of.len() as f64;
        }
    }
    sums.into_iter().map(rounded).collect()
}

fn of_sender(of: &[Outcome], sender: usize) -> SenderFigures {
    let mean = |value: fn(&SenderFigures) -> f64| {
        let sum: f64 = of.iter().map(|one| value(&one.senders[sender])).sum();
        rounded(sum / of.len() as f64)
    };
    SenderFigures {
        answered: mean(|one| one.answered),
        share: mean(|one| one.share),
        p99: mean(|one| one.p99),
    }
}

impl Row {
    /// The figure by which policies are compared in its scenario; `None` where no oracle was simulated beside it, or too short.
    pub fn judged(&self) -> Option<f64> {
        let measure = scenarios::named(self.scenario).map(|scenario| scenario.measure);
        match measure.unwrap_or(Measure::TimesOracle) {
            Measure::TimesOracle => self.times_oracle,
            Measure::WithinASecond => Some(self.within_a_second * 100.0),
            Measure::Errors => Some(self.error_share * 100.0),
            Measure::SecondsToServe { .. } => self.seconds_to_recover,
            Measure::Goodput { .. } => self.goodput.map(|goodput| goodput * 100.0),
        }
    }
}

/// The judged figure of each policy in each scenario; with `published`, the published one beside it.
pub fn matrix(rows: &[Row], published: bool) -> String {
    let mut policies: Vec<&str> = rows.iter().map(|row| row.policy).collect();
    let mut text = format!("{:<21}", "");
    let mut seen = Vec::new();
    policies.retain(|policy| {
        !seen.contains(policy) && {
            seen.push(*policy);
            true
        }
    });
    for policy in &policies {
        let _ = write!(text, " {:>14.14}", policy.trim_start_matches("oracle_"));
    }
    for of_scenario in rows.chunk_by(|a, b| a.scenario == b.scenario) {
        let _ = write!(text, "\n{:<21}", of_scenario[0].scenario);
        for row in of_scenario {
            let other = published::figure(row.scenario, row.policy).filter(|_| published);
            let other = other.map_or(String::new(), |figure| format!("({figure:.2})"));
            let _ = write!(text, " {:>6}{other:>8}", cell(row));
        }
    }
    text + "\n"
}

/// One line for each row.
pub fn long(rows: &[Row]) -> String {
    let mut text = format!(
        "{:<21} {:<27} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>7} {:>9} {:>8} {:>7}  shares %\n",
        "scenario",
        "policy",
        "p50 ms",
        "p99",
        "p99.9",
        "mean",
        "slowdown",
        "error %",
        "<1s %",
        "/oracle",
        "judged",
        "attempts",
        "hedge %",
    );
    for row in rows {
        let _ = writeln!(
            text,
            "{:<21} {:<27} {:>8.1} {:>8.1} {:>8.1} {:>8.1} {:>8.1} {:>8.3} {:>8.3} {:>7} {:>9} {:>8.3} {:>7.2}  {}",
            row.scenario,
            row.policy,
            row.p50,
            row.p99,
            row.p999,
            row.mean,
            row.p99_slowdown,
            row.error_share * 100.0,
            row.within_a_second * 100.0,
            row.times_oracle
                .map_or(String::new(), |times| format!("{times:.2}")),
            cell(row),
            row.attempts,
            row.hedges * 100.0,
            shares(&row.shares),
        );
    }
    text
}

fn cell(row: &Row) -> String {
    row.judged()
        .map_or("-".to_string(), |figure| format!("{figure:.2}"))
}

fn shares(shares: &[f64]) -> String {
    let each: Vec<_> = shares
        .iter()
        .map(|share| format!("{:.0}", share * 100.0))
        .collect();
    each.join(" ")
}
