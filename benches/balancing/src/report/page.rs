//! The text of the page.

use super::{Report, goals, is_policy};
use crate::contender::Contender;
use crate::regret::{self, DEFAULTS};
use crate::rivals::Rival;
use crate::scenario::{Kind, Measure, Scenario};
use crate::scenarios::{SCENARIOS, named};
use crate::shipped::MAX_CONNECTIONS;
use crate::table::Row;
use std::fmt::Write;

const HEAD: &str = include_str!("head.md");
/// The page.
pub fn page(report: &Report) -> String {
    let mut text = HEAD.to_string();
    text += &made_with(report);
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
    text += &summary(&report.fcfs, &report.sharing);
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

/// The command that makes the page anew, and what its figures were made with.
fn made_with(report: &Report) -> String {
    let (first, last) = (report.seeds.first(), report.seeds.last());
    let seeds = match (first, last) {
        (Some(first), Some(last)) => format!("{first}-{last}"),
        _ => "none".to_string(),
    };
    let percent = |share: f64| share * 100.0;
    let round_robin = report
        .fcfs
        .iter()
        .find(|row| row.scenario == "S3" && row.policy == "round_robin");
    let stall = round_robin.map_or(String::new(), |row| {
        format!(
            "The check against Linkerd's experiment lifts our bound of {MAX_CONNECTIONS} requests in flight at a replica, and is of \
             seed 1. In the row `stall` below that bound holds for our policies, so that `round robin` has {:.2} % there.\n\n",
            percent(row.within_a_second)
        )
    });
    format!(
        "\nMade with `cargo run --release -p balancing-sim -- report --seeds {seeds} --length {}`: {:.1} % of the time of the scenarios, \
         and {:.1} % of it with shared workers. Scenarios in which something happens at a certain second, all of overload and all goals \
         of more than can be served last as long as they do with any length; the places that are learned are looked at after 40 s. How \
         long a decision takes is no figure of this page: [benchmarks.md](benchmarks.md) has it, the quickest of 100 \
         batches.\n\n{stall}",
        report.length,
        percent(report.length),
        percent(report.sharing_length),
    )
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
    let mut text = "## Overload\n\nThe work of requests answered in time, of the work that came or that the replicas can do, \
                    whichever is less; in brackets the p99 of those that were answered, in milliseconds. Both what came and what was \
                    answered are of the time that counts alone, and nothing counts that is answered after the last request came: \
                    no share can be above 100 %. What waits or is in flight at both ends is lost for it: up to half a percent, and in \
                    `impatient clients`, where some wait for two seconds of fifty, four percent. *In order, no \
                    bound*: one after the other, nobody is refused. Clients give up after 500 ms where a scenario does not say \
                    otherwise; in the crate's queue a request must begin within 0.3 of that. The goal is 97 %, with a p99 of \
                    half of what clients wait at most.\n\n| scenario |"
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
fn summary(rows: &[Row], sharing: &[Row]) -> String {
    let mut text = "## In one line each\n\nOver the common scenarios with one proxy that are judged by p99: the geometric mean \
                    of p99 over the oracle's, and the worst; and over all that are judged by p99 the worst regret: p99 over that \
                    of the best of seven policies without knowledge of costs; and the same where workers are shared.\n\n\
                    | policy | mean | worst | worst regret | with shared workers |\n|---|---|---|---|---|\n"
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
        let worst_regret = |rows: &[Row]| {
            let regrets = regret::regrets(rows, policy);
            let worst = regrets.iter().map(|one| one.times).reduce(f64::max);
            worst.map_or("not measured".to_string(), |one| format!("{one:.2}"))
        };
        let [regret, shared] = [rows, sharing].map(worst_regret);
        let _ = writeln!(
            text,
            "| {name} | {mean:.2} | {worst:.2} | {regret} | {shared} |"
        );
    }
    text += "\n## Regret of the default\n\n";
    text += &regret::table(rows, sharing);
    text + "\n"
}
