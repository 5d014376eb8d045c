//! What is to be reached, and how the figures are read.

use super::figures::Figures;
use crate::table::Row;
use serde::Serialize;

/// What is to be reached.
pub struct Aim {
    pub name: &'static str,
    pub text: &'static str,
    /// By each run, not only by their mean.
    pub in_each_run: bool,
}

/// A figure, and whether it is as good as the goal.
#[derive(Debug, Clone, Serialize)]
pub struct Reached {
    pub text: String,
    /// Lower is better, 1 is just as good as the goal.
    pub part: f64,
}

const BUSY: [&str; 7] = [
    "overload.1.03",
    "overload.1.14",
    "overload.1.41",
    "overload.1.74",
    "overload.retried.1.03",
    "overload.retried.1.41",
    "overload.retried.1.74",
];
const ROOM_LEFT: [&str; 2] = ["overload.0.75", "overload.0.93"];
/// With and without hedges.
pub const HEDGED: &str = "S4";
/// Where hedges are to stop.
const NO_HEDGES: &str = "S1.9";

/// All that is simulated as shipped.
pub const GOALS: [&str; 19] = [
    BUSY[0],
    BUSY[1],
    BUSY[2],
    BUSY[3],
    BUSY[4],
    BUSY[5],
    BUSY[6],
    ROOM_LEFT[0],
    ROOM_LEFT[1],
    "overload.spike",
    "goal.step",
    "goal.all_fail",
    "goal.small",
    "goal.tenants",
    "goal.backlogged",
    "goal.top",
    "goal.priorities",
    HEDGED,
    NO_HEDGES,
];

/// Where the workers of a replica are to be learned, four of each.
pub const LEARNED: [&str; 8] = [
    "S1.5", "S1.7", "S1.9", "S2.5", "S2.7", "S2.9", "S7.7", "S7.9",
];
const WORKERS: f64 = 4.0;
const WORKERS_AFTER_STEP: f64 = 8.0;

/// The goals.
pub const AIMS: [Aim; 12] = [
    aim(
        "goodput at 1.03 to 1.74, retried by clients or not",
        ">= 97 %",
    ),
    aim("p99 of what is admitted, by the clients' 500 ms", "<= 50 %"),
    in_each_run("95 % answered after a spike to 3.0", "within 1 s"),
    aim("refused at 0.75 and 0.93", "<= 0.1 %"),
    in_each_run(
        "places learned of a replica after 30 s, by its workers, in all eight rows of `equal`, `uneven` and `wavering`; the most in flight",
        "within 25 %",
    ),
    in_each_run(
        "the same 10 s after the workers have doubled",
        "within 25 %",
    ),
    aim("a small tenant beside ten times as much: lost", "<= 1 %"),
    aim("its p99 by that alone", "<= 1.5"),
    aim("two tenants that both want more: Jain's index", ">= 0.99"),
    aim(
        "the top priority at 1.5: p99 by that alone; the lowest's share of capacity",
        "<= 1.2; >= 5 %",
    ),
    aim("attempts by requests while all replicas fail", "<= 1.2"),
    aim(
        "pauses: p99.9 by that without hedges; hedges; hedges at 0.9 load",
        "<= 0.5; <= 2 %; 0 %",
    ),
];

const fn aim(name: &'static str, text: &'static str) -> Aim {
    Aim {
        name,
        text,
        in_each_run: false,
    }
}

const fn in_each_run(name: &'static str, text: &'static str) -> Aim {
    Aim {
        in_each_run: true,
        ..aim(name, text)
    }
}

/// In the order of the aims.
pub fn reached(figures: &Figures) -> [Reached; 12] {
    let rows = &figures.rows;
    let missed = |row: &Row| 1.0 - row.goodput.unwrap_or(0.0);
    let goodput = 1.0 - rows.largest(&BUSY, missed);
    let p99 = rows.largest(&BUSY, |row| row.p99 / 500.0);
    let spike = rows.of("overload.spike");
    let recovery = spike.seconds_to_recover.unwrap_or(f64::INFINITY);
    let refused = rows.largest(&ROOM_LEFT, |row| row.refused);
    let sender = |id: &str, index: usize| rows.of(id).senders[index];
    let beside = |id: &str, alone: &str| sender(id, 0).p99 / sender(alone, 0).p99;
    let lost = 1.0 - sender("goal.tenants", 0).answered;
    let small = beside("goal.tenants", "goal.small");
    let [one, other] = [0, 1].map(|index| sender("goal.backlogged", index).share);
    let jain = (one + other).powi(2) / (2.0 * (one * one + other * other));
    let top = beside("goal.priorities", "goal.top");
    let lowest = sender("goal.priorities", 2).share;
    let attempts = rows.of("goal.all_fail").attempts;
    [
        at_least(percent(goodput), goodput, 0.97),
        at_most(percent(p99), p99, 0.5),
        at_most(format!("{recovery:.1} s"), recovery, 1.0),
        at_most(percent(refused), refused, 0.001),
        figures.learned.limits(&LEARNED, WORKERS).within(0.25),
        rows.limits(&["goal.step"], WORKERS_AFTER_STEP).within(0.25),
        at_most(percent(lost), lost, 0.01),
        at_most(format!("{small:.2}"), small, 1.5),
        at_least(format!("{jain:.3}"), jain, 0.99),
        worse_of(
            at_most(format!("{top:.2}"), top, 1.2),
            at_least(percent(lowest), lowest, 0.05),
        ),
        at_most(format!("{attempts:.2}"), attempts, 1.2),
        hedging(figures),
    ]
}

fn hedging(figures: &Figures) -> Reached {
    let hedged = figures.rows.of(HEDGED);
    let pauses = hedged.p999 / figures.without_hedges.of(HEDGED).p999;
    let hedges = hedged.hedges;
    let busy = figures.rows.of(NO_HEDGES).hedges;
    worse_of(
        worse_of(
            at_most(format!("{pauses:.2}"), pauses, 0.5),
            at_most(percent(hedges), hedges, 0.0201),
        ),
        at_most(percent(busy), busy, 0.0005),
    )
}

/// The largest shares by which limits are off.
#[derive(Default)]
pub struct Limits {
    learned: f64,
    most: f64,
}

impl Limits {
    pub fn of(row: &Row, workers: f64) -> Self {
        Self {
            learned: off(&row.learned, workers),
            most: off(&row.most, workers),
        }
    }

    pub fn worse_of(self, other: Self) -> Self {
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
        part: match one.part.is_nan() {
            true => one.part,
            false if other.part > one.part || other.part.is_nan() => other.part,
            false => one.part,
        },
    }
}

impl Reached {
    /// Whether it is as good as the goal; what was not measured is not.
    pub fn is_met(&self) -> bool {
        self.part <= 1.0
    }
}
