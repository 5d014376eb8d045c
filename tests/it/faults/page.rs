//! The page: runs the faults that are wanted, one after the other, and puts their figures in tables.

use std::fmt::Write;
use std::time::Instant;

use super::bench::Settings;
use super::pointsman::Program;
use super::report::{Figure, Measured, section};
use super::rows::{Fault, GROUPS};

/// What is run, and what it is told of.
pub struct Plan<'a> {
    pub settings: Settings,
    /// An earlier program, for the groups that show how it was.
    pub before: Option<Program>,
    pub wants: &'a dyn Fn(&Fault) -> bool,
    pub progress: &'a dyn Fn(&str),
}

const HEAD: &str = include_str!("head.md");

/// Runs them all. Returns the page and whether all goals are met.
pub async fn page(plan: Plan<'_>) -> (String, bool) {
    let began = Instant::now();
    let (mut sections, mut all, mut missed) = (String::new(), 0, Vec::new());
    for group in GROUPS {
        let mut measured = Vec::new();
        for fault in group.faults.iter().filter(|fault| (plan.wants)(fault)) {
            measured.push(measure(&plan, fault, group.shows_before).await);
        }
        all += measured.len();
        let misses = measured.iter().filter(|fault| !fault.is_met());
        missed.extend(misses.map(|fault| format!("`{}`", fault.name)));
        if !measured.is_empty() {
            let _ = writeln!(sections, "{}", section(group.title, group.about, &measured));
        }
    }
    let summary = match missed.as_slice() {
        [] => "All goals are met.".to_owned(),
        missed => format!("These miss a goal: {}.", missed.join(", ")),
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let page = format!(
        "{HEAD}\nSeed {}, {cores} cores, {all} faults in {:.0} s. {summary}\n\n{}",
        plan.settings.seed,
        began.elapsed().as_secs_f64(),
        sections.trim_end()
    );
    (page, missed.is_empty())
}

async fn measure(plan: &Plan<'_>, fault: &Fault, shows_before: bool) -> Measured {
    let began = Instant::now();
    let figures = (fault.run)(plan.settings.clone()).await;
    let before = match plan.before.clone().filter(|_| shows_before) {
        None => None,
        Some(program) => {
            let settings = Settings {
                program,
                ..plan.settings.clone()
            };
            // One that refuses the configuration has no figures: it panics as it does not listen.
            tokio::spawn((fault.run)(settings)).await.ok()
        }
    };
    let missed: Vec<&Figure> = figures.iter().filter(|figure| !figure.is_met()).collect();
    let missed: Vec<String> = missed.iter().map(|figure| figure.to_string()).collect();
    let said = match missed.is_empty() {
        true => "met".to_owned(),
        false => format!("missed: {}", missed.join("; ")),
    };
    (plan.progress)(&format!(
        "{:<20} {:>5.1} s  {said}",
        fault.name,
        began.elapsed().as_secs_f64()
    ));
    Measured {
        name: fault.name,
        injected: fault.injected,
        figures,
        before,
    }
}
