//! What happened to endpoints, for people (HL-18): the last changes of status, breaker, role and name
//! resolution, in a bounded ring, each with its reason. Every event is logged here and nowhere else.

use crate::clock::Moment;
use parking_lot::Mutex;
use serde::{Serialize, Serializer};
use std::collections::VecDeque;

/// Events kept.
pub const EVENTS_KEPT: usize = 500;

/// The kinds of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    Healthy,
    Degraded,
    Unhealthy,
    MaintenanceBegun,
    MaintenanceEnded,
    BreakerOpened,
    BreakerReopened,
    BreakerClosed,
    RoleWriter,
    RoleReader,
    Resolved,
    ResolutionFailed,
    ProbeCredentialRefused,
    ProbingFailed,
}

/// One event.
#[derive(Debug, Clone, Serialize)]
pub struct EndpointEvent {
    /// Milliseconds of the process's monotonic clock.
    #[serde(rename = "at_ms", serialize_with = "millis")]
    pub when: Moment,
    pub service: String,
    pub endpoint: String,
    pub what: What,
    pub why: String,
}

/// The ring of the last [`EVENTS_KEPT`] events.
#[derive(Debug, Default)]
pub struct EndpointEvents(Mutex<VecDeque<EndpointEvent>>);

impl EndpointEvents {
    /// Adds an event; the oldest one goes when the ring is full.
    pub fn record(&self, event: EndpointEvent) {
        tracing::info!(service = %event.service, endpoint = %event.endpoint, what = ?event.what, why = %event.why, "endpoint changed");
        let mut ring = self.0.lock();
        if ring.len() >= EVENTS_KEPT {
            ring.pop_front();
        }
        ring.push_back(event);
    }

    /// The events, oldest first.
    pub fn list(&self) -> Vec<EndpointEvent> {
        self.0.lock().iter().cloned().collect()
    }
}

fn millis<S: Serializer>(moment: &Moment, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(moment.0 / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ring_keeps_the_last_events_only() {
        let events = EndpointEvents::default();
        for n in 0..EVENTS_KEPT as u64 + 7 {
            events.record(EndpointEvent {
                when: Moment(n),
                service: "graph".into(),
                endpoint: "a".into(),
                what: What::Healthy,
                why: String::new(),
            });
        }
        let list = events.list();
        assert_eq!(list.len(), EVENTS_KEPT);
        assert_eq!(list.first().map(|e| e.when), Some(Moment(7)));
    }
}
