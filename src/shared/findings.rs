//! What the monitor found at its last pass, for metrics and the admin API: of each service, and which rules are in force.

use crate::clock::Moment;
use arc_swap::ArcSwap;
use balancing::{Pressure, Rung};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What was found of a service.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ServiceFindings {
    /// The endpoints that are overloaded.
    pub overloaded: Vec<String>,
    /// How far the load of the busiest endpoint is above the mean of those that serve.
    pub imbalance: f64,
    pub is_imbalanced: bool,
    /// How much comes, over what its endpoints can do; `None` where none of them serves.
    pub demand: Option<f64>,
    /// How hard the service is pressed.
    pub pressure: Pressure,
    /// What it gives up, and since when.
    pub rung: Rung,
    pub since: Moment,
}

/// What was found; nothing while the monitor is off.
#[derive(Debug, Default)]
pub struct Findings {
    services: ArcSwap<BTreeMap<Arc<str>, ServiceFindings>>,
    rules: ArcSwap<BTreeSet<String>>,
}

impl Findings {
    /// A pass has ended.
    pub fn replace(&self, found: BTreeMap<Arc<str>, ServiceFindings>) {
        self.services.store(Arc::new(found));
    }

    /// What was found of a service; `None` where nothing was looked for.
    pub fn of(&self, service: &str) -> Option<ServiceFindings> {
        self.services.load().get(service).cloned()
    }

    /// The names of the rules that are in force.
    pub fn rules(&self) -> Arc<BTreeSet<String>> {
        self.rules.load_full()
    }

    /// Other rules are in force.
    pub fn set_rules(&self, names: BTreeSet<String>) {
        self.rules.store(Arc::new(names));
    }
}
