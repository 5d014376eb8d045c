//! What happened to endpoints and to the configuration, for people: the last changes in a bounded ring,
//! each with a number, the time of day and its reason. Every change is logged here and nowhere else.

use parking_lot::Mutex;
use serde::{Serialize, Serializer};
use std::collections::VecDeque;
use std::fmt;
use std::sync::OnceLock;
use std::time::SystemTime;

/// Events kept.
pub const EVENTS_KEPT: usize = 500;

/// The kinds of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
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
    /// The server says another role than the configuration, which is believed.
    RoleDiffers,
    Resolved,
    ResolutionFailed,
    ProbeCredentialRefused,
    ProbeCredentialAccepted,
    ProbingFailed,
    Reloaded,
    ReloadRefused,
}

impl EventKind {
    /// Its name, what changed, and to what.
    const fn row(self) -> (&'static str, &'static str, &'static str) {
        match self {
            EventKind::Healthy => ("healthy", "status", "healthy"),
            EventKind::Degraded => ("degraded", "status", "degraded"),
            EventKind::Unhealthy => ("unhealthy", "status", "unhealthy"),
            EventKind::MaintenanceBegun => ("maintenance_begun", "maintenance", "begun"),
            EventKind::MaintenanceEnded => ("maintenance_ended", "maintenance", "ended"),
            EventKind::BreakerOpened => ("breaker_opened", "breaker", "open"),
            EventKind::BreakerReopened => ("breaker_reopened", "breaker", "reopened"),
            EventKind::BreakerClosed => ("breaker_closed", "breaker", "closed"),
            EventKind::RoleWriter => ("role_writer", "role", "writer"),
            EventKind::RoleReader => ("role_reader", "role", "reader"),
            EventKind::RoleDiffers => ("role_differs", "role", "differs"),
            EventKind::Resolved => ("resolved", "resolution", "resolved"),
            EventKind::ResolutionFailed => ("resolution_failed", "resolution", "failed"),
            EventKind::ProbeCredentialRefused => {
                ("probe_credential_refused", "probe_credential", "refused")
            }
            EventKind::ProbeCredentialAccepted => {
                ("probe_credential_accepted", "probe_credential", "accepted")
            }
            EventKind::ProbingFailed => ("probing_failed", "probing", "failed"),
            EventKind::Reloaded => ("reloaded", "configuration", "reloaded"),
            EventKind::ReloadRefused => ("reload_refused", "configuration", "refused"),
        }
    }

    /// The name in the admin API and in logs.
    pub const fn label(self) -> &'static str {
        self.row().0
    }

    /// What changed, and to what, as metrics name it.
    pub const fn change(self) -> (&'static str, &'static str) {
        let (_, kind, to) = self.row();
        (kind, to)
    }
}

impl Serialize for EventKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.label())
    }
}

/// One event.
#[derive(Debug, Clone, Serialize)]
pub struct Event {
    /// Counts up from 1.
    pub number: u64,
    /// The time of day.
    #[serde(serialize_with = "rfc3339")]
    pub at: SystemTime,
    /// `None` when it is about the whole process.
    pub service: Option<String>,
    pub endpoint: Option<String>,
    pub what: EventKind,
    pub why: String,
}

/// Is told of each event about an endpoint.
type Listener = Box<dyn Fn(&Event) + Send + Sync>;

/// The ring of the last [`EVENTS_KEPT`] events.
#[derive(Default)]
pub struct EventLog {
    ring: Mutex<Ring>,
    listener: OnceLock<Listener>,
}

#[derive(Default)]
struct Ring {
    last: u64,
    events: VecDeque<Event>,
}

impl EventLog {
    /// Tells `listener` of each event from now on. There is one; a second is ignored.
    pub fn listen(&self, listener: impl Fn(&Event) + Send + Sync + 'static) {
        let _ = self.listener.set(Box::new(listener));
    }

    /// Adds an event about an endpoint (service, name) or, with `None`, about the process. The oldest
    /// one goes when the ring is full.
    pub fn record(&self, about: Option<(&str, &str)>, what: EventKind, why: impl Into<String>) {
        let (service, endpoint) = about.unzip();
        let why = why.into();
        tracing::info!(service, endpoint, what = what.label(), %why, "changed");
        let event = self.push(Event {
            number: 0,
            at: SystemTime::now(),
            service: service.map(Into::into),
            endpoint: endpoint.map(Into::into),
            what,
            why,
        });
        if let Some(listener) = self.listener.get() {
            listener(&event);
        }
    }

    /// The events after number `after`, oldest first.
    pub fn after(&self, after: u64) -> Vec<Event> {
        let ring = self.ring.lock();
        let later = ring.events.iter().filter(|event| event.number > after);
        later.cloned().collect()
    }

    fn push(&self, event: Event) -> Event {
        let mut ring = self.ring.lock();
        ring.last += 1;
        let number = ring.last;
        if ring.events.len() >= EVENTS_KEPT {
            ring.events.pop_front();
        }
        let event = Event { number, ..event };
        ring.events.push_back(event.clone());
        event
    }
}

impl fmt::Debug for EventLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventLog").finish_non_exhaustive()
    }
}

fn rfc3339<S: Serializer>(at: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&humantime::format_rfc3339_millis(*at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(log: &EventLog, count: u64) {
        for _ in 0..count {
            let about = Some(("graph", "a"));
            log.record(about, EventKind::Healthy, "");
        }
    }

    #[test]
    fn the_ring_keeps_the_last_events_and_their_numbers_go_on() {
        let log = EventLog::default();
        record(&log, EVENTS_KEPT as u64 + 7);
        let numbers: Vec<u64> = log.after(0).iter().map(|event| event.number).collect();
        assert_eq!(numbers, (8..=EVENTS_KEPT as u64 + 7).collect::<Vec<_>>());
        assert_eq!(log.after(EVENTS_KEPT as u64 + 5).len(), 2);
    }

    #[test]
    fn an_event_carries_its_number_and_the_time_of_day() {
        let log = EventLog::default();
        log.record(None, EventKind::Reloaded, "api");
        let json = serde_json::to_value(log.after(0)).unwrap();
        let at = json[0]["at"].as_str().unwrap();
        let since = SystemTime::now().duration_since(humantime::parse_rfc3339(at).unwrap());
        assert!(since.is_ok_and(|since| since.as_secs() < 3600), "{at}");
        assert_eq!(
            (&json[0]["number"], &json[0]["what"]),
            (&1.into(), &"reloaded".into())
        );
        assert!(json[0]["service"].is_null());
    }

    #[test]
    fn the_listener_hears_each_event_once() {
        let (log, heard) = (
            EventLog::default(),
            std::sync::Arc::new(Mutex::new(Vec::new())),
        );
        let sink = heard.clone();
        log.listen(move |event| sink.lock().push(event.number));
        record(&log, 3);
        assert_eq!(*heard.lock(), [1, 2, 3]);
    }
}
