//! The runs that goals are judged by.

use super::aims::{GOALS, HEDGED, LEARNED, Limits};
use crate::contender::Contender;
use crate::outcome::Outcome;
use crate::runs::{jobs, run_all};
use crate::scenarios::all_named;
use crate::settings::Settings;
use crate::table::{self, Row};
use balancing::policies::Strategy;
use std::collections::BTreeMap;

/// Who is judged.
const DEFAULT: Contender = Contender::Own(Strategy::Adaptive);
/// The share of two minutes in which what is learned is looked at: the last ten seconds of forty.
const FORTY_SECONDS: f64 = 1.0 / 3.0;

/// All runs that the goals look at.
pub struct Runs {
    goals: Vec<Outcome>,
    learned: Vec<Outcome>,
    without_hedges: Vec<Outcome>,
}

impl Runs {
    /// Simulates them.
    pub fn make(seeds: &[u64], settings: &Settings, threads: usize) -> Self {
        let run = |ids: &[&str], settings: &Settings| {
            let jobs = jobs(&all_named(ids), &[DEFAULT], seeds);
            run_all(&jobs, settings, threads)
        };
        let learned = Settings {
            length: FORTY_SECONDS,
            ..*settings
        };
        let without_hedges = Settings {
            extra_attempts: false,
            ..*settings
        };
        Self {
            goals: run(&GOALS, settings),
            learned: run(&LEARNED, &learned),
            without_hedges: run(&[HEDGED], &without_hedges),
        }
    }

    /// The figures of these seeds.
    pub fn figures(&self, is_meant: impl Fn(u64) -> bool) -> Figures {
        let rows = |runs: &[Outcome]| {
            let meant = runs.iter().filter(|one| is_meant(one.seed));
            let meant: Vec<Outcome> = meant.cloned().collect();
            let rows = table::rows(&meant).into_iter();
            Rows(rows.map(|row| (row.scenario, row)).collect())
        };
        Figures {
            rows: rows(&self.goals),
            learned: rows(&self.learned),
            without_hedges: rows(&self.without_hedges),
        }
    }
}

/// All rows that the goals look at.
pub struct Figures {
    pub rows: Rows,
    pub learned: Rows,
    pub without_hedges: Rows,
}

/// Rows by scenario.
pub struct Rows(BTreeMap<&'static str, Row>);

impl Rows {
    /// The row of a scenario.
    ///
    /// # Panics
    /// Where it was not simulated: nothing is to be judged by fewer rows than were meant.
    pub fn of(&self, id: &str) -> &Row {
        let row = self.0.get(id);
        row.unwrap_or_else(|| panic!("{id} was not simulated"))
    }

    /// The largest figure of these rows; infinite where one has none.
    pub fn largest(&self, ids: &[&str], figure: impl Fn(&Row) -> f64) -> f64 {
        let figures = ids.iter().map(|id| figure(self.of(id)));
        let figures = figures.map(|one| if one.is_nan() { f64::INFINITY } else { one });
        figures.fold(f64::NEG_INFINITY, f64::max)
    }

    /// By how much limits are off in these.
    pub fn limits(&self, ids: &[&str], workers: f64) -> Limits {
        let each = ids.iter().map(|id| Limits::of(self.of(id), workers));
        each.fold(Limits::default(), Limits::worse_of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_judged_exists() {
        for ids in [&GOALS[..], &LEARNED, &[HEDGED]] {
            assert_eq!(all_named(ids).len(), ids.len());
        }
    }

    #[test]
    #[should_panic(expected = "was not simulated")]
    fn a_missing_row_is_no_goal_met() {
        Rows(BTreeMap::new()).largest(&["overload.gone"], |row| row.refused);
    }
}
