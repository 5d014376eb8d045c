//! The rows of the fault table.

mod answers;
mod cluster;
mod findings;
mod outages;
mod overload;
mod paths;
mod process;

use std::pin::Pin;

use super::bench::Settings;
use super::report::Figure;

/// Builds a bench, injects the fault under load and returns the figures.
type Run = fn(Settings) -> Pin<Box<dyn Future<Output = Vec<Figure>> + Send>>;

/// One fault.
pub struct Fault {
    pub name: &'static str,
    pub injected: &'static str,
    pub run: Run,
}

/// Faults of one kind.
pub struct Group {
    pub title: &'static str,
    /// What to know of its rows.
    pub about: &'static str,
    /// Whether an earlier program is measured as well.
    pub shows_before: bool,
    pub faults: &'static [Fault],
}

impl Fault {
    const fn new(name: &'static str, injected: &'static str, run: Run) -> Self {
        Self {
            name,
            injected,
            run,
        }
    }
}

/// A row's function as a `Run`.
macro_rules! run {
    ($function:path) => {
        |settings| Box::pin($function(settings))
    };
}
use run;

/// What the last group came to once.
const BEFORE: &str = "\
Before, in the version of 2026-11-21 with its default configuration: after an outage of 1.3 s one breaker stayed \
open for 30 minutes, one for five, and all traffic went to one replica; a replica that answered 401 took 100 % \
of the requests, one with a 500 that names another node 64 to 68 %; four equal replicas gave p50 130 ms and p99 \
354 ms; 499 of 600 requests at once were refused; 64 endpoints at most were chosen among. That only reads of \
data are trials is held by `one_trial_at_a_time_is_made_with_a_first_attempt_of_a_read_of_data`.";

/// All faults, in the order of the page.
pub const GROUPS: &[Group] = &[
    Group {
        title: "Processes and paths",
        about: "",
        shows_before: false,
        faults: paths::FAULTS,
    },
    Group {
        title: "All replicas at once",
        about: "",
        shows_before: false,
        faults: outages::FAULTS,
    },
    Group {
        title: "Answers",
        about: "",
        shows_before: false,
        faults: answers::FAULTS,
    },
    Group {
        title: "Clusters",
        about: "",
        shows_before: false,
        faults: cluster::FAULTS,
    },
    Group {
        title: "pointsman's own process",
        about: "",
        shows_before: false,
        faults: process::FAULTS,
    },
    Group {
        title: "Overload",
        about: "",
        shows_before: false,
        faults: overload::FAULTS,
    },
    Group {
        title: "What once failed in balancing",
        about: BEFORE,
        shows_before: true,
        faults: findings::FAULTS,
    },
];
