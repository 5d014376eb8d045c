//! Short runs whose figures are kept in a file. A row that has become worse fails a test.

use crate::contender::{Contender, INFORMED, ORACLES};
use crate::regret::{self, BLIND};
use crate::replica::Discipline;
use crate::runs::{jobs, run_all};
use crate::scenario::{Kind, Measure, Scenario};
use crate::scenarios::{self, SCENARIOS};
use crate::settings::Settings;
use crate::table::{self, Row};
use balancing::policies::Strategy;
use std::collections::BTreeMap;

/// Share of the time that is simulated.
const LENGTH: f64 = 0.2;
/// Of what is simulated as shipped: under overload each request costs much time.
const SHORT: f64 = 0.05;
/// What is simulated as shipped, with retries and hedges, and with refusals by predicted wait.
const SHIPPED: [&str; 4] = ["overload.0.93", "overload.1.41", "goal.all_fail", "S4"];
/// What is simulated as shipped of equal replicas, and for which share of the time: none of them may be given much more than the
/// others, and the median must show it.
const EQUAL: [&str; 5] = ["S1.7", "S1.9", "herd", "herd.written", "herd.searched"];
const LONG: f64 = 0.5;
/// Who is held.
const DEFAULT: Contender = Contender::Own(Strategy::Adaptive);
/// With estimates of costs as they are, without, and with good ones.
const OURS: [Contender; 3] = [DEFAULT, INFORMED[0], INFORMED[1]];
/// What is simulated with workers that all requests of a replica share.
const SHARED: [&str; 3] = ["S6.6", "S6.8", "S6.pareto"];
/// By how much a figure may be worse, and a mean of many.
const TOLERANCE: f64 = 0.03;
const OF_MEANS: f64 = 0.01;
/// What stands for the name of a scenario where a figure is the mean of many.
const MEAN: &str = "mean";
/// Percent of requests by which a share of them may be worse.
const POINTS: f64 = 0.03;
/// Stands for infinity, which JSON lacks.
const NEVER: f64 = 1e6;
const SEEDS: [u64; 3] = [101, 102, 103];

/// The judged figure of each policy in each scenario: `scenario policy`.
pub type Figures = BTreeMap<String, f64>;

/// The figures now.
pub fn figures(threads: usize) -> Figures {
    let mut figures = plain(threads);
    figures.extend(checks(threads));
    figures.extend(shared(threads));
    figures.extend(against_others(threads));
    figures.extend(as_shipped(threads));
    figures.extend(equal_as_shipped(threads));
    figures
}

/// The judged figures where each request is sent once and waits for as long as it takes.
fn plain(threads: usize) -> Figures {
    let settings = Settings {
        length: LENGTH,
        ..Settings::default()
    };
    let is_meant = |one: &&Scenario| matches!(one.kind, Kind::Common | Kind::Finding);
    let scenarios: Vec<&Scenario> = SCENARIOS.iter().filter(is_meant).collect();
    let [one, other] = ORACLES;
    let jobs = jobs(&scenarios, &[one, other, DEFAULT], &SEEDS);
    let rows = table::rows(&run_all(&jobs, &settings, threads));
    let own = rows.iter().filter(|row| row.policy == DEFAULT.name());
    own.filter_map(|row| Some((name(row), rounded(row.judged()?))))
        .collect()
}

/// The scenarios by which nothing is tuned.
fn checks(threads: usize) -> Figures {
    let is_check = |one: &&Scenario| one.kind == Kind::Check;
    let scenarios: Vec<&Scenario> = SCENARIOS.iter().filter(is_check).collect();
    let rows = ours(&scenarios, Discipline::Fcfs, threads);
    rows.iter()
        .filter_map(|row| Some((name(row), rounded(row.judged()?))))
        .collect()
}

/// The same of replicas whose requests share the workers.
fn shared(threads: usize) -> Figures {
    let rows = ours(&scenarios::all_named(&SHARED), Discipline::Sharing, threads);
    let shared = |row: &Row| Some((format!("{} shared", name(row)), rounded(row.judged()?)));
    rows.iter().filter_map(shared).collect()
}

/// The rows of ours beside the oracles.
fn ours(scenarios: &[&'static Scenario], discipline: Discipline, threads: usize) -> Vec<Row> {
    let settings = Settings {
        length: LENGTH,
        discipline,
        ..Settings::default()
    };
    let contenders: Vec<Contender> = ORACLES.into_iter().chain(OURS).collect();
    let jobs = jobs(scenarios, &contenders, &SEEDS[..1]);
    let mut rows = table::rows(&run_all(&jobs, &settings, threads));
    rows.retain(|row| OURS.iter().any(|one| one.name() == row.policy));
    rows
}

/// The regret of the default in each row that is judged by p99, and the mean over the oracle, as `mean`: with estimates of
/// costs and without.
fn against_others(threads: usize) -> Figures {
    let settings = Settings {
        length: LENGTH,
        ..Settings::default()
    };
    let by_p99 = |one: &&Scenario| one.measure == Measure::TimesOracle && one.kind == Kind::Common;
    let scenarios: Vec<&Scenario> = SCENARIOS.iter().filter(by_p99).collect();
    let blind = BLIND.iter().filter_map(|name| Contender::named(name));
    let own = OURS;
    let contenders: Vec<Contender> = ORACLES.into_iter().chain(own).chain(blind).collect();
    let jobs = jobs(&scenarios, &contenders, &SEEDS[..1]);
    let rows = table::rows(&run_all(&jobs, &settings, threads));
    let of = |policy: &'static str| {
        let regrets = regret::regrets(&rows, policy).into_iter();
        let each =
            regrets.map(move |one| (format!("{} {policy}, regret", one.scenario), one.times));
        let mean = regret::of_oracle(&rows, policy).map(|(mean, _)| mean);
        each.chain(mean.map(|mean| (format!("{MEAN} {policy}"), mean)))
    };
    let all = own.iter().flat_map(|own| of(own.name()));
    all.map(|(name, figure)| (name, rounded(figure))).collect()
}

/// What is reached as shipped, and at how many attempts for a request.
fn as_shipped(threads: usize) -> Figures {
    let rows = shipped_rows(&SHIPPED, SHORT, threads);
    let both = |row: &Row| {
        let name = format!("{} shipped", name(row));
        let figure = match scenarios::named(row.scenario).map(|one| one.measure) {
            Some(Measure::TimesOracle) => (format!("{name}, p99.9"), rounded(row.p999)),
            _ => (name.clone(), rounded(row.judged()?)),
        };
        Some([figure, (format!("{name}, attempts"), rounded(row.attempts))])
    };
    rows.iter().filter_map(both).flatten().collect()
}

/// The latencies as shipped where all replicas are equal, and the share of the one that is given most.
fn equal_as_shipped(threads: usize) -> Figures {
    let rows = shipped_rows(&EQUAL, LONG, threads);
    let all = |row: &Row| {
        let largest = row.shares.iter().copied().fold(0.0, f64::max);
        let figures = [
            ("p50", row.p50),
            ("p99", row.p99),
            ("largest share", largest),
        ];
        let name = format!("{} shipped", name(row));
        figures.map(|(what, figure)| (format!("{name}, {what}"), rounded(figure)))
    };
    rows.iter().flat_map(all).collect()
}

/// These scenarios with the default as it is shipped.
fn shipped_rows(ids: &[&str], length: f64, threads: usize) -> Vec<Row> {
    let settings = Settings {
        length,
        ..Settings::shipped()
    };
    let jobs = jobs(&scenarios::all_named(ids), &[DEFAULT], &SEEDS[..1]);
    table::rows(&run_all(&jobs, &settings, threads))
}

fn name(row: &Row) -> String {
    format!("{} {}", row.scenario, row.policy)
}

fn rounded(figure: f64) -> f64 {
    (figure.min(NEVER) * 1e4).round() / 1e4
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
    if name.starts_with(MEAN) {
        return new > old * (1.0 + OF_MEANS);
    }
    let scenario = name.split(' ').next().and_then(scenarios::named);
    let measure = scenario.map(|scenario| scenario.measure);
    // After a comma stands what else than the judged figure it is; less of it is better.
    match measure.filter(|_| !name.contains(',')) {
        Some(Measure::WithinASecond) => new < old - POINTS,
        Some(Measure::Goodput { .. }) => new < old * (1.0 - TOLERANCE),
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
        assert!(!worse("overload.1.41 adaptive shipped", 99.0, 97.0));
        assert!(worse("overload.1.41 adaptive shipped", 99.0, 90.0));
        assert!(worse("overload.1.41 adaptive shipped, attempts", 1.0, 1.1));
        assert!(worse("S4 adaptive, regret", 1.0, 1.04));
        assert!(worse("mean adaptive", 1.0, 1.011));
        assert!(worse("S4 gone", 1.0, f64::INFINITY));
    }
}
