//! The goals of overload control, retries and hedging: each with its figure and whether it is met. All is as shipped: learned
//! limits, retries and hedges within their budgets.

use crate::contender::Contender;
use crate::line::Waiting;
use crate::runs::{jobs, run_all};
use crate::scenarios::named;
use crate::settings::Settings;
use crate::table::{self, Row};
use balancing::policies::Strategy;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;

/// A goal, and what was reached by each way to keep the queue short.
#[derive(Debug, Clone, Serialize)]
pub struct Goal {
    pub name: &'static str,
    pub aim: &'static str,
    /// By predicted wait, as shipped.
    pub shipped: Reached,
    pub controlled_delay: Reached,
}

/// A figure, and whether it is as good as the goal.
#[derive(Debug, Clone, Serialize)]
pub struct Reached {
    pub text: String,
    /// Lower is better, 1 is just as good as the goal.
    pub part: f64,
}

/// Who is judged.
const DEFAULT: Contender = Contender::Own(Strategy::Adaptive);
/// The share of two minutes in which what is learned is looked at: the last ten seconds of forty.
const FORTY_SECONDS: f64 = 1.0 / 3.0;

const BUSY: [&str; 7] = [
    "overload.1.03",
    "overload.1.14",
    "overload.1.41",
    "overload.1.74",
    "overload.retried.1.03",
    "overload.retried.1.41",
    "overload.retried.1.74",
];
const LEARNED: [(&str, f64); 4] = [("S1.7", 4.0), ("S1.9", 4.0), ("S2.9", 4.0), ("S7.9", 4.0)];

/// Rows by scenario.
type Rows = BTreeMap<&'static str, Row>;

/// Simulates what the goals need, and compares.
pub fn goals(seeds: &[u64], length: f64, threads: usize) -> Vec<Goal> {
    let by = |waiting| {
        let settings = Settings {
            waiting,
            length,
            ..Settings::shipped()
        };
        reached(&Figures::make(seeds, &settings, threads))
    };
    let shipped = by(Waiting::PredictedWait);
    let controlled = by(Waiting::ControlledDelay);
    let both = AIMS.iter().zip(shipped.into_iter().zip(controlled));
    both.map(|((name, aim), (shipped, controlled_delay))| Goal {
        name,
        aim,
        shipped,
        controlled_delay,
    })
    .collect()
}

/// All rows that the goals look at.
struct Figures {
    rows: Rows,
    learned: Rows,
    without_hedges: Rows,
}

impl Figures {
    fn make(seeds: &[u64], settings: &Settings, threads: usize) -> Self {
        let rows = |ids: &[&str], settings: &Settings| -> Rows {
            let scenarios: Vec<_> = ids.iter().filter_map(|id| named(id)).collect();
            let jobs = jobs(&scenarios, &[DEFAULT], seeds);
            let rows = table::rows(&run_all(&jobs, settings, threads));
            rows.into_iter().map(|row| (row.scenario, row)).collect()
        };
        let others = [
            "overload.0.75",
            "overload.0.93",
            "overload.spike",
            "goal.step",
            "goal.all_fail",
            "goal.small",
            "goal.tenants",
            "goal.backlogged",
            "goal.top",
            "goal.priorities",
            "S4",
            "S1.9",
        ];
        let learned = Settings {
            length: FORTY_SECONDS,
            ..*settings
        };
        let without_hedges = Settings {
            extra_attempts: false,
            ..*settings
        };
        Self {
            rows: rows(&[&others[..], &BUSY].concat(), settings),
            learned: rows(&LEARNED.map(|(id, _)| id), &learned),
            without_hedges: rows(&["S4"], &without_hedges),
        }
    }
}

const AIMS: [(&str, &str); 12] = [
    (
        "goodput at 1.03 to 1.74, retried by clients or not",
        ">= 97 %",
    ),
    ("p99 of what is admitted, by the clients' 500 ms", "<= 50 %"),
    ("95 % answered after a spike to 3.0", "within 1 s"),
    ("refused at 0.75 and 0.93", "<= 0.1 %"),
    (
        "places learned of a replica after 30 s, by its workers; the most in flight",
        "within 25 %",
    ),
    (
        "the same 10 s after the workers have doubled",
        "within 25 %",
    ),
    ("a small tenant beside ten times as much: lost", "<= 1 %"),
    ("its p99 by that alone", "<= 1.5"),
    ("two tenants that both want more: Jain's index", ">= 0.99"),
    (
        "the top priority at 1.5: p99 by that alone; the lowest's share of capacity",
        "<= 1.2; >= 5 %",
    ),
    ("attempts by requests while all replicas fail", "<= 1.2"),
    (
        "pauses: p99.9 by that without hedges; hedges; hedges at 0.9 load",
        "<= 0.5; <= 2 %; 0 %",
    ),
];

/// In the order of the aims.
fn reached(figures: &Figures) -> [Reached; 12] {
    let rows = &figures.rows;
    let worst = |ids: &[&str], value: &dyn Fn(&Row) -> f64| {
        let values = ids.iter().filter_map(|id| rows.get(id)).map(value);
        values.fold(0.0, f64::max)
    };
    let goodput = 1.0 / worst(&BUSY, &|row| 1.0 / row.goodput.unwrap_or(0.0));
    let p99 = worst(&BUSY, &|row| row.p99 / 500.0);
    let recovery = worst(&["overload.spike"], &|row| {
        row.seconds_to_recover.unwrap_or(f64::INFINITY)
    });
    let refused = worst(&["overload.0.75", "overload.0.93"], &|row| row.refused);
    let learned = LEARNED.iter().filter_map(|(id, workers)| {
        let row = figures.learned.get(id)?;
        Some(Limits::of(row, *workers))
    });
    let learned = learned.fold(Limits::default(), Limits::worse_of);
    let step = Limits::of(&rows["goal.step"], 8.0);
    let lost = worst(&["goal.tenants"], &|row| 1.0 - row.senders[0].answered);
    let sender = |id: &str| {
        rows.get(id)
            .map(|row| row.senders.clone())
            .unwrap_or_default()
    };
    let beside = |id: &str, alone: &str| sender(id)[0].p99 / sender(alone)[0].p99;
    let small = beside("goal.tenants", "goal.small");
    let [one, other] = [0, 1].map(|index| sender("goal.backlogged")[index].share);
    let jain = (one + other).powi(2) / (2.0 * (one * one + other * other));
    let top = beside("goal.priorities", "goal.top");
    let lowest = sender("goal.priorities")[2].share;
    let attempts = worst(&["goal.all_fail"], &|row| row.attempts);
    let pauses = worst(&["S4"], &|row| row.p999 / figures.without_hedges["S4"].p999);
    let hedges = worst(&["S4"], &|row| row.hedges);
    let busy = worst(&["S1.9"], &|row| row.hedges);
    [
        at_least(percent(goodput), goodput, 0.97),
        at_most(percent(p99), p99, 0.5),
        at_most(format!("{recovery:.1} s"), recovery, 1.0),
        at_most(percent(refused), refused, 0.001),
        learned.within(0.25),
        step.within(0.25),
        at_most(percent(lost), lost, 0.01),
        at_most(format!("{small:.2}"), small, 1.5),
        at_least(format!("{jain:.3}"), jain, 0.99),
        worse_of(
            at_most(format!("{top:.2}"), top, 1.2),
            at_least(percent(lowest), lowest, 0.05),
        ),
        at_most(format!("{attempts:.2}"), attempts, 1.2),
        worse_of(
            worse_of(
                at_most(format!("{pauses:.2}"), pauses, 0.5),
                at_most(percent(hedges), hedges, 0.0201),
            ),
            at_most(percent(busy), busy, 0.0005),
        ),
    ]
}

/// The largest shares by which limits are off.
#[derive(Default)]
struct Limits {
    learned: f64,
    most: f64,
}

impl Limits {
    fn of(row: &Row, workers: f64) -> Self {
        Self {
            learned: off(&row.learned, workers),
            most: off(&row.most, workers),
        }
    }

    fn worse_of(self, other: Self) -> Self {
        Self {
            learned: self.learned.max(other.learned),
            most: self.most.max(other.most),
        }
    }

    /// What is learned is judged; one more is tried now and then.
    fn within(&self, aim: f64) -> Reached {
        let [learned, most] = [self.learned, self.most].map(percent);
        at_most(format!("{learned} off at most; {most}"), self.learned, aim)
    }
}

/// The largest share by which one is off.
fn off(most: &[f64], workers: f64) -> f64 {
    let off = most.iter().map(|most| (most / workers - 1.0).abs());
    off.fold(0.0, f64::max)
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn at_most(text: String, figure: f64, aim: f64) -> Reached {
    Reached {
        text,
        part: figure / aim,
    }
}

fn at_least(text: String, figure: f64, aim: f64) -> Reached {
    Reached {
        text,
        part: aim / figure,
    }
}

fn worse_of(one: Reached, other: Reached) -> Reached {
    Reached {
        text: format!("{}; {}", one.text, other.text),
        part: one.part.max(other.part),
    }
}

/// The table of the page.
pub fn table(goals: &[Goal]) -> String {
    let mut text = "## Goals of overload control, retries and hedging\n\nAll is as shipped but the second column, where the \
                    queue is kept short by controlled delay: `adaptive` with learned limits, retries and hedges within their \
                    budgets. Clients give up after 500 ms. That the proxy's own refusals are cheap is measured end to \
                    end, as the simulator knows no time of the proxy.\n\n\
                    | goal | | predicted wait | met | controlled delay | met |\n|---|---|---|---|---|---|\n"
        .to_string();
    for goal in goals {
        let cells = [&goal.shipped, &goal.controlled_delay].map(|reached| {
            let met = if reached.is_met() { "yes" } else { "**no**" };
            format!("{} | {met}", reached.text)
        });
        let _ = writeln!(
            text,
            "| {} | {} | {} |",
            goal.name,
            goal.aim,
            cells.join(" | ")
        );
    }
    text + "\n"
}

impl Reached {
    fn is_met(&self) -> bool {
        self.part <= 1.0
    }
}
