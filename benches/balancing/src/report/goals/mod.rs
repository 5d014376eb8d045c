//! The goals of overload control, retries and hedging: each with its figure and whether it is met. All is as shipped: learned
//! limits, retries and hedges within their budgets.

mod aims;
mod figures;

use crate::line::Waiting;
use crate::settings::Settings;
use aims::{AIMS, Reached};
use figures::Runs;
use serde::Serialize;
use std::fmt::Write;

/// A goal, and what was reached by each way to keep the queue short.
#[derive(Debug, Clone, Serialize)]
pub struct Goal {
    pub name: &'static str,
    pub aim: &'static str,
    /// Each run is to reach it, not only their mean.
    pub in_each_run: bool,
    /// By predicted wait, as shipped.
    pub shipped: BySeed,
    pub controlled_delay: BySeed,
}

/// What was reached over all seeds, and with the worst of them.
#[derive(Debug, Clone, Serialize)]
pub struct BySeed {
    pub mean: Reached,
    pub worst: Reached,
    pub worst_seed: u64,
}

/// Simulates what the goals need, and compares.
pub fn goals(seeds: &[u64], length: f64, threads: usize) -> Vec<Goal> {
    let by = |waiting| {
        let settings = Settings {
            waiting,
            length,
            ..Settings::shipped()
        };
        reached(&Runs::make(seeds, &settings, threads), seeds)
    };
    let shipped = by(Waiting::PredictedWait);
    let controlled = by(Waiting::ControlledDelay);
    let both = AIMS.iter().zip(shipped.into_iter().zip(controlled));
    both.map(|(aim, (shipped, controlled_delay))| Goal {
        name: aim.name,
        aim: aim.text,
        in_each_run: aim.in_each_run,
        shipped,
        controlled_delay,
    })
    .collect()
}

/// In the order of the aims.
fn reached(runs: &Runs, seeds: &[u64]) -> Vec<BySeed> {
    let each: Vec<_> = seeds
        .iter()
        .map(|seed| (*seed, aims::reached(&runs.figures(|one| one == *seed))))
        .collect();
    let mean = aims::reached(&runs.figures(|_| true)).into_iter();
    let by_seed = mean.enumerate().filter_map(|(index, mean)| {
        let part = |reached: &[Reached]| reached[index].part;
        // What was not measured is the worst.
        let (seed, worst) = each
            .iter()
            .max_by(|a, b| part(&a.1).total_cmp(&part(&b.1)))?;
        Some(BySeed {
            mean,
            worst: worst[index].clone(),
            worst_seed: *seed,
        })
    });
    by_seed.collect()
}

impl Goal {
    fn is_met(&self, by_seed: &BySeed) -> bool {
        by_seed.mean.is_met() && (!self.in_each_run || by_seed.worst.is_met())
    }
}

/// The table of the page.
pub fn table(goals: &[Goal]) -> String {
    let mut text = "## Goals of overload control, retries and hedging\n\nAll is as shipped but the second column, where the \
                    queue is kept short by controlled delay: `adaptive` with learned limits, retries and hedges within their \
                    budgets. Clients give up after 500 ms. Of each goal: the figure of the mean over the seeds, that of the worst \
                    seed with its number, and whether it is met by the mean; where it says *each run*, by the worst seed as well. \
                    Goodput is of work, as under overload above. What is learned is looked at after 40 s. That the \
                    proxy's own refusals are cheap is measured end to end, as the simulator knows no time of the proxy.\n\n\
                    | goal | | predicted wait | its worst seed | met | controlled delay | its worst seed | met |\n\
                    |---|---|---|---|---|---|---|---|\n"
        .to_string();
    for goal in goals {
        let cells = [&goal.shipped, &goal.controlled_delay].map(|by_seed| {
            let met = if goal.is_met(by_seed) {
                "yes"
            } else {
                "**no**"
            };
            let BySeed {
                mean,
                worst,
                worst_seed,
            } = by_seed;
            format!("{} | {} ({worst_seed}) | {met}", mean.text, worst.text)
        });
        let each = if goal.in_each_run { ", each run" } else { "" };
        let _ = writeln!(
            text,
            "| {} | {}{each} | {} |",
            goal.name,
            goal.aim,
            cells.join(" | ")
        );
    }
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reached(part: f64) -> Reached {
        Reached {
            text: String::new(),
            part,
        }
    }

    #[test]
    fn a_goal_of_each_run_is_missed_by_the_worst_seed() {
        let by_seed = |mean, worst| BySeed {
            mean: reached(mean),
            worst: reached(worst),
            worst_seed: 501,
        };
        let goal = |in_each_run| Goal {
            name: "",
            aim: "",
            in_each_run,
            shipped: by_seed(0.9, 1.1),
            controlled_delay: by_seed(0.9, 1.0),
        };
        assert!(goal(false).is_met(&goal(false).shipped));
        assert!(!goal(true).is_met(&goal(true).shipped));
        assert!(goal(true).is_met(&goal(true).controlled_delay));
        assert!(!goal(false).is_met(&by_seed(f64::NAN, 0.5)), "not measured");
    }
}
