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
    /// Why a goal is missed, where it is known to be.
    pub why_missed: &'static str,
}

/// Faults of one kind.
pub struct Group {
    pub title: &'static str,
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
            why_missed: "",
        }
    }

    const fn missed(self, why_missed: &'static str) -> Self {
        Self { why_missed, ..self }
    }
}

/// A row's function as a `Run`.
macro_rules! run {
    ($function:path) => {
        |settings| Box::pin($function(settings))
    };
}
use run;

/// All faults, in the order of the page.
pub const GROUPS: &[Group] = &[
    Group {
        title: "Processes and paths",
        shows_before: false,
        faults: paths::FAULTS,
    },
    Group {
        title: "All replicas at once",
        shows_before: false,
        faults: outages::FAULTS,
    },
    Group {
        title: "Answers",
        shows_before: false,
        faults: answers::FAULTS,
    },
    Group {
        title: "Clusters",
        shows_before: false,
        faults: cluster::FAULTS,
    },
    Group {
        title: "pointsman's own process",
        shows_before: false,
        faults: process::FAULTS,
    },
    Group {
        title: "Overload",
        shows_before: false,
        faults: overload::FAULTS,
    },
    Group {
        title: "What once failed in balancing",
        shows_before: true,
        faults: findings::FAULTS,
    },
];
