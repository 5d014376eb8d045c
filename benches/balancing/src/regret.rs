//! How much worse a policy is than it had to be: in each row its p99 over that of the best policy there that knows nothing of
//! costs, by the same requests. And the geometric mean of p99 over the oracle's.

use crate::scenario::{Kind, Measure};
use crate::scenarios::named;
use crate::table::Row;
use serde::Serialize;
use std::fmt::Write;

/// What the regret of the default is to be at most, in every row.
pub const GOAL: f64 = 1.10;
/// Policies without knowledge of costs, that regret is counted against.
pub const BLIND: [&str; 7] = [
    "round_robin",
    "least_connections",
    "two_choices",
    "peak_ewma",
    "peak_ewma_scan",
    "hot_cold",
    "cubic_told",
];
/// The default, by what it knows of costs.
pub const DEFAULTS: [&str; 3] = ["adaptive_blind", "adaptive", "adaptive_0.3"];

/// The regret of a policy in a scenario.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Regret {
    pub scenario: &'static str,
    /// The requests of a replica share its workers.
    pub is_shared: bool,
    /// The best policy without knowledge of costs.
    pub best: &'static str,
    /// The p99 over that one's.
    pub times: f64,
}

impl Regret {
    /// Its row, for people.
    fn name(&self) -> String {
        let name = named(self.scenario).map_or(self.scenario, |scenario| scenario.name);
        match self.is_shared {
            true => format!("{name}, shared workers"),
            false => name.to_string(),
        }
    }
}

/// The regret of a policy in each row that is judged by p99, where others were simulated too.
pub fn regrets(rows: &[Row], policy: &str) -> Vec<Regret> {
    let of_policy = rows
        .iter()
        .filter(|row| row.policy == policy && is_judged_by_p99(row));
    let each = of_policy.filter_map(|row| {
        let blind = rows
            .iter()
            .filter(|other| other.scenario == row.scenario && BLIND.contains(&other.policy));
        let best = blind.min_by(|a, b| a.p99.total_cmp(&b.p99))?;
        Some(Regret {
            scenario: row.scenario,
            is_shared: false,
            best: best.policy,
            times: row.p99 / best.p99,
        })
    });
    each.collect()
}

/// The geometric mean, and the highest, of p99 over the oracle's in the common scenarios with one proxy that are judged by it.
pub fn of_oracle(rows: &[Row], policy: &str) -> Option<(f64, f64)> {
    let is_meant = |row: &&Row| row.policy == policy && is_compared(row);
    let times = rows.iter().filter(is_meant);
    let times: Vec<f64> = times.filter_map(|row| row.times_oracle).collect();
    let logs: f64 = times.iter().map(|times| times.ln()).sum();
    let worst = times.iter().copied().fold(0.0, f64::max);
    let count = times.len();
    (count > 0).then(|| ((logs / count as f64).exp(), worst))
}

/// The regret of the default in each row, and where it misses the goal: of workers that take requests in order, and of those that
/// share them. Empty where nothing was simulated to compare with.
pub fn table(rows: &[Row], sharing: &[Row]) -> String {
    let defaults = DEFAULTS.map(|policy| {
        let shared = regrets(sharing, policy).into_iter().map(|one| Regret {
            is_shared: true,
            ..one
        });
        (
            policy,
            regrets(rows, policy).into_iter().chain(shared).collect(),
        )
    });
    let defaults: Vec<(&str, Vec<Regret>)> = defaults
        .into_iter()
        .filter(|(_, regrets): &(_, Vec<Regret>)| !regrets.is_empty())
        .collect();
    let Some((_, first)) = defaults.first() else {
        return String::new();
    };
    let mut text = format!("| p99 over the best blind policy's, goal {GOAL:.2} |");
    for (policy, _) in &defaults {
        let _ = write!(text, " {} |", policy.replace('_', " "));
    }
    let _ = writeln!(
        text,
        " best blind policy |\n|---|{}---|",
        "---|".repeat(defaults.len())
    );
    for (index, row) in first.iter().enumerate() {
        let _ = write!(text, "| {} |", row.name());
        for (_, regrets) in &defaults {
            let cell = regrets.get(index).map_or(String::new(), cell);
            let _ = write!(text, " {cell} |");
        }
        let _ = writeln!(text, " {} |", row.best.replace('_', " "));
    }
    text += "| geometric mean of p99 over the oracle's, one proxy |";
    for (policy, _) in &defaults {
        let mean = of_oracle(rows, policy).map_or(String::new(), |(mean, _)| format!("{mean:.3}"));
        let _ = write!(text, " {mean} |");
    }
    text += " |\n\n";
    text + &misses(&defaults)
}

fn cell(regret: &Regret) -> String {
    match regret.times > GOAL {
        true => format!("**{:.2}**", regret.times),
        false => format!("{:.2}", regret.times),
    }
}

fn misses(defaults: &[(&str, Vec<Regret>)]) -> String {
    let each = defaults.iter().flat_map(|(policy, regrets)| {
        let missed = regrets.iter().filter(|regret| regret.times > GOAL);
        missed.map(move |regret| {
            let policy = policy.replace('_', " ");
            format!("{} ({policy} {:.2})", regret.name(), regret.times)
        })
    });
    let each: Vec<String> = each.collect();
    match each.is_empty() {
        true => format!("The goal of {GOAL:.2} is met in every row.\n"),
        false => format!("The goal of {GOAL:.2} is missed in: {}.\n", each.join(", ")),
    }
}

fn is_judged_by_p99(row: &Row) -> bool {
    named(row.scenario).is_some_and(|scenario| scenario.measure == Measure::TimesOracle)
}

fn is_compared(row: &Row) -> bool {
    let scenario = named(row.scenario);
    let is_meant = scenario.is_some_and(|one| one.kind == Kind::Common && one.proxies == 1);
    is_meant && is_judged_by_p99(row)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contender::{Contender, ORACLES};
    use crate::runs::{jobs, run_all};
    use crate::settings::Settings;
    use crate::table;
    use balancing::policies::Strategy;

    #[test]
    fn regret_is_counted_against_the_best_blind_policy_of_the_row() {
        let [one, other] = ORACLES;
        let named = |name| Contender::named(name).unwrap();
        let contenders = [
            one,
            other,
            Contender::Own(Strategy::Adaptive),
            named("round_robin"),
            named("least_connections"),
        ];
        let settings = Settings {
            length: 0.02,
            ..Settings::default()
        };
        let scenario = crate::scenarios::named("S2.5").unwrap();
        let rows = table::rows(&run_all(
            &jobs(&[scenario], &contenders, &[1]),
            &settings,
            1,
        ));
        let regret = regrets(&rows, "adaptive")[0];
        assert_eq!(regret.best, "least_connections");
        let p99 = |policy| rows.iter().find(|row| row.policy == policy).unwrap().p99;
        let expected = p99("adaptive") / p99("least_connections");
        assert!((regret.times - expected).abs() < 1e-9);
        let (mean, worst) = of_oracle(&rows, "adaptive").unwrap();
        assert!((mean - worst).abs() < 1e-9, "of one row");
        let page = table(&rows, &rows);
        assert!(page.contains("| uneven, half loaded |"), "{page}");
        assert!(
            page.contains("| uneven, half loaded, shared workers |"),
            "{page}"
        );
    }
}
