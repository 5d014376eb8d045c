//! The text of the page.

use super::{Report, goals, is_policy};
use crate::contender::Contender;
use crate::regret::{self, DEFAULTS};
use crate::rivals::Rival;
use crate::scenario::{Kind, Measure, Scenario};
use crate::scenarios::{SCENARIOS, named};
use crate::table::Row;
use std::fmt::Write;

const HEAD: &str = include_str!("head.md");
/// The page.
pub fn page(report: &Report) -> String {
    let mut text = HEAD.to_string();
    let seeds: Vec<_> = report.seeds.iter().map(u64::to_string).collect();
    let percent = report.length * 100.0;
    let _ = writeln!(
        text,
        "\nSeeds {}; {percent:.0} % of the time of the scenarios.\n",
        seeds.join(", ")
    );
    let own: Vec<&str> = Contender::all()
        .filter(|one| matches!(one, Contender::Own(_) | Contender::Informed { .. }))
        .map(Contender::name)
        .collect();
    let rivals: Vec<&str> = Rival::ALL.iter().map(|rival| rival.name()).collect();
    for (title, kind) in [
        ("Common scenarios", Kind::Common),
        ("What once failed", Kind::Finding),
        ("Checks", Kind::Check),
    ] {
        let of_kind = |scenario: &Scenario| scenario.kind == kind;
        let _ = writeln!(text, "## {title}\n");
        text += &table("our policies", &report.fcfs, &own, of_kind);
        text += &table("policies of others", &report.fcfs, &rivals, of_kind);
    }
    text += "![p99 over the oracle's](balancing/common.svg)\n\n![the same for the checks](balancing/checks.svg)\n\n";
    text += "## Shared workers\n\n";
    text += "Each of the n requests of a replica gets an equal part of its workers, one worker at most. \
             Here a policy that knows costs can be better than both oracles, which look at one request at a time: neither is a bound.\n\n";
    text += &table("our policies", &report.sharing, &own, |_| true);
    text += &table("policies of others", &report.sharing, &rivals, |_| true);
    text += "## Where nothing takes a failing replica out\n\n";
    let all: Vec<&str> = own.iter().chain(&rivals).copied().collect();
    text += &table("policy", &report.no_health, &all, |_| true);
    text += &overload(&report.overload);
    text += &goals::table(&report.goals);
    text += &summary(&report.fcfs);
    text += "## The scenarios\n\n| scenario | on the command line | requests a second | what it is |\n|---|---|---|---|\n";
    for one in SCENARIOS {
        let rate = one.per_second();
        let _ = writeln!(
            text,
            "| {} | `{}` | {rate:.0} | {} |",
            one.name,
            id(one),
            one.about
        );
    }
    text
}

/// The name on the command line.
fn id(scenario: &Scenario) -> String {
    scenario.id.to_lowercase()
}

/// One line for each scenario, one column for each policy.
fn table(
    title: &str,
    rows: &[Row],
    policies: &[&str],
    is_meant: impl Fn(&Scenario) -> bool,
) -> String {
    let mut text = format!("| {title} |");
    for policy in policies {
        let _ = write!(text, " {} |", policy.replace('_', " "));
    }
    text += " goal |\n|---|";
    text += &"---|".repeat(policies.len() + 1);
    text.push('\n');
    for rows in rows.chunk_by(|a, b| a.scenario == b.scenario) {
        let Some(scenario) = named(rows[0].scenario).filter(|one| is_meant(one)) else {
            continue;
        };
        let _ = write!(text, "| {}{} |", scenario.name, unit(scenario.measure));
        for policy in policies {
            let row = rows.iter().find(|row| row.policy == *policy);
            let _ = write!(
                text,
                " {} |",
                row.map_or(String::new(), |row| figure(scenario, row))
            );
        }
        let goal = scenario
            .goal
            .map_or(String::new(), |goal| format!("{goal:.2}"));
        let _ = writeln!(text, " {goal} |");
    }
    text + "\n"
}

/// Goodput, and what it costs.
fn overload(by_waiting: &[(String, Vec<Row>)]) -> String {
    let mut text = "## Overload\n\nRequests answered in time, of as many as came or could have been served; in brackets \
                    the p99 of those that were answered, in milliseconds. Clients give up after 500 ms; in the crate's \
                    queue a request must begin within 150 ms. The goal is 97 %, with a p99 of 250 ms at most.\n\n| scenario |"
        .to_string();
    for (waiting, rows) in by_waiting {
        for row in rows.iter().filter(|row| row.scenario == rows[0].scenario) {
            let _ = write!(text, " {}, {waiting} |", row.policy.replace('_', " "));
        }
    }
    let columns: usize = by_waiting.iter().map(|(_, rows)| policies_of(rows)).sum();
    let _ = writeln!(text, "\n|---|{}", "---|".repeat(columns));
    for scenario in SCENARIOS.iter().filter(|one| one.kind == Kind::Overload) {
        let _ = write!(text, "| {} |", scenario.name);
        let rows = by_waiting.iter().flat_map(|(_, rows)| rows);
        for row in rows.filter(|row| row.scenario == scenario.id) {
            let p99 = match row.p99.is_finite() {
                true => format!(" ({:.0})", row.p99),
                false => String::new(),
            };
            let recovery = row.seconds_to_recover.map_or(String::new(), recovery);
            let goodput = row
                .judged()
                .filter(|figure| !figure.is_nan())
                .map_or("not measured".to_string(), |figure| format!("{figure:.1}"));
            let _ = write!(text, " {goodput}{p99}{recovery} |");
        }
        text.push('\n');
    }
    text + "\n"
}

fn recovery(seconds: f64) -> String {
    match seconds.is_finite() {
        true => format!(", over after {seconds:.0} s"),
        false => ", never over".to_string(),
    }
}

fn policies_of(rows: &[Row]) -> usize {
    rows.iter()
        .filter(|row| row.scenario == rows[0].scenario)
        .count()
}

fn unit(measure: Measure) -> &'static str {
    match measure {
        Measure::TimesOracle => "",
        Measure::WithinASecond => " (% within 1 s)",
        Measure::Errors => " (% failed)",
        Measure::SecondsToServe { .. } => " (s until all serve)",
        Measure::Goodput { .. } => " (% answered in time)",
    }
}

fn figure(scenario: &Scenario, row: &Row) -> String {
    let Some(figure) = row.judged() else {
        return String::new();
    };
    match scenario.measure {
        _ if figure.is_nan() => "not measured".to_string(),
        _ if figure.is_infinite() => "never".to_string(),
        Measure::TimesOracle if figure >= 20.0 => "> 20".to_string(),
        _ => format!("{figure:.2}"),
    }
}

/// The mean and the worst of the policies, and the regret of the default row by row.
fn summary(rows: &[Row]) -> String {
    let mut text = "## In one line each\n\nOver the common scenarios with one proxy that are judged by p99: the geometric mean \
                    of p99 over the oracle's, and the worst; and over all that are judged by p99 the worst regret: p99 over that \
                    of the best of seven policies without knowledge of costs.\n\n\
                    | policy | mean | worst | worst regret |\n|---|---|---|---|\n"
        .to_string();
    let policies = rows.iter().filter(|row| row.scenario == rows[0].scenario);
    for policy in policies
        .map(|row| row.policy)
        .filter(|name| is_policy(name))
    {
        let name = policy.replace('_', " ");
        let name = if DEFAULTS.contains(&policy) {
            format!("**{name}**")
        } else {
            name
        };
        let Some((mean, worst)) = regret::of_oracle(rows, policy) else {
            continue;
        };
        let regrets = regret::regrets(rows, policy);
        let regret = regrets.iter().map(|one| one.times).fold(0.0, f64::max);
        let _ = writeln!(text, "| {name} | {mean:.2} | {worst:.2} | {regret:.2} |");
    }
    text += "\n## Regret of the default\n\n";
    text += &regret::table(rows);
    text + "\n"
}
