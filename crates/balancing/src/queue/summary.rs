//! A queue as people see it.

use super::{Queue, Waiting};
use crate::Moment;
use std::collections::BTreeMap;
use std::time::Duration;

/// Who waits, in numbers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct QueueSummary {
    pub waiting: usize,
    /// Since when the one waits that waits longest.
    pub oldest: Option<Moment>,
    /// How long it takes to serve all that wait; `None` where that is not known.
    pub predicted_wait: Option<Duration>,
    pub by_priority: BTreeMap<u8, usize>,
    pub by_tenant: BTreeMap<u64, usize>,
}

/// As [`Queue::summary`].
pub fn of<W>(queue: &Queue<W>, now: Moment) -> QueueSummary {
    let mut summary = QueueSummary {
        waiting: queue.len(),
        predicted_wait: queue.predicted_wait(now),
        ..QueueSummary::default()
    };
    for (key, flow) in &queue.flows {
        *summary.by_priority.entry(key.priority).or_default() += flow.len();
        *summary.by_tenant.entry(key.tenant).or_default() += flow.len();
        let oldest = flow.all().map(|waiting: &Waiting| waiting.arrived).min();
        summary.oldest = summary.oldest.into_iter().chain(oldest).min();
    }
    summary
}
