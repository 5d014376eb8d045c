//! What the monitor found of each service at its last pass, for metrics and the admin API.

use arc_swap::ArcSwap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What was found of a service.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ServiceFindings {
    /// The endpoints that are overloaded.
    pub overloaded: Vec<String>,
    /// How far the load of the busiest endpoint is above the mean of those that serve.
    pub imbalance: f64,
    pub is_imbalanced: bool,
}

/// What was found, by service; nothing while the monitor is off.
#[derive(Debug, Default)]
pub struct Findings(ArcSwap<BTreeMap<Arc<str>, ServiceFindings>>);

impl Findings {
    /// A pass has ended.
    pub fn replace(&self, found: BTreeMap<Arc<str>, ServiceFindings>) {
        self.0.store(Arc::new(found));
    }

    /// What was found of a service; `None` where nothing was looked for.
    pub fn of(&self, service: &str) -> Option<ServiceFindings> {
        self.0.load().get(service).cloned()
    }
}
