//! What happened to endpoints and to the configuration, for people: the last changes in a bounded ring,
//! each with a number, the time of day and its reason. Every change is logged here and nowhere else.

use glossary::glossary;
use parking_lot::Mutex;
use serde::{Serialize, Serializer};
use std::collections::VecDeque;
use std::fmt;
use std::sync::OnceLock;
use std::time::SystemTime;

/// Events kept.
pub const EVENTS_KEPT: usize = 500;

glossary! {
    /// The kinds of events.
    pub enum EventKind {
        /// The endpoint serves again, by its probes or by its traffic.
        Healthy = "healthy", "";
        /// Probes fail now and then; it goes on serving (`health.rule: leaky`).
        Degraded = "degraded", "Look at the server before it becomes unhealthy.";
        /// Probes or requests failed as often as `health` allows; it takes no requests while others do.
        Unhealthy = "unhealthy", "Look at the server. It comes back by itself when its probes are good.";
        /// An operator took the endpoint out of service.
        MaintenanceBegun = "maintenance_begun", "";
        /// An operator lets the endpoint drain: it takes no new requests.
        DrainingBegun = "draining_begun", "";
        /// An operator put the endpoint back into service.
        MaintenanceEnded = "maintenance_ended", "";
        /// Its requests failed where those of the others did not; it takes none for a time.
        Ejected = "ejected", "Look at the server; the reason names the kind of the failures.";
        /// Its writes of a collection or database failed, and its reads need not; it takes no such writes for a time while others do.
        WritesAvoided = "writes_avoided", "Look at the server, at its disk before all; the reason names the kind of the failures.";
        /// It goes on saying that a collection or database does not exist which others serve; it takes no requests for that one for a time while others do.
        TargetMissing = "target_missing", "Look at the server: its disk may be new, its restore unfinished, or it is cut off from its cluster. Restore it, or take it out of `endpoints`. `GET /api/coordination/explain` shows which requests it answered with `collection_not_found` or `DatabaseNotFound`.";
        /// The time is over for which it took no requests.
        Readmitted = "readmitted", "";
        /// Requests failed in a row as often as `breaker.threshold` allows; the endpoint takes none for a time.
        BreakerOpened = "breaker_opened", "Look at the server: it answers probes, or did, and fails at requests.";
        /// The trial of an endpoint failed; it stays out for longer.
        BreakerReopened = "breaker_reopened", "As `breaker_opened`.";
        /// The trial of an endpoint succeeded; it takes requests again.
        BreakerClosed = "breaker_closed", "";
        /// The server says that it takes writes.
        RoleWriter = "role_writer", "";
        /// The server says that it takes no writes, or refused one.
        RoleReader = "role_reader", "";
        /// The server says another role than the configuration, which is believed.
        RoleDiffers = "role_differs", "Set `role` of the endpoint to `auto`, or to what the server is.";
        /// The endpoint's name has other addresses than before.
        Resolved = "resolved", "";
        /// The endpoint's name could not be resolved; the last addresses go on being used.
        ResolutionFailed = "resolution_failed", "Check the name in `endpoints` and the resolver of this machine.";
        /// The server refused the credential of `probe`: what needs it (role, metadata) is not known from it.
        ProbeCredentialRefused = "probe_credential_refused", "Set `probe` of the service to a user or key that may read.";
        /// The server asks for a credential, and `probe` has none: what needs it (role, metadata) is not known from it.
        ProbeCredentialMissing = "probe_credential_missing", "Set `probe` of the service to a user or key that may read.";
        /// The server takes the credential of `probe` again.
        ProbeCredentialAccepted = "probe_credential_accepted", "";
        /// A round of probes broke off by a defect of pointsman; the next one runs.
        ProbingFailed = "probing_failed", "Report it, with the log.";
        /// The endpoint's load has been above `balance.monitor.overload` for a while.
        Overloaded = "overloaded", "`GET /api/coordination/overload` says where to and how many endpoints more; see the runbook.";
        /// The endpoint's load is back at `balance.monitor.target`.
        OverloadEnded = "overload_ended", "";
        /// An endpoint of the service has been busier than the mean by `balance.monitor.imbalance` for a while.
        Imbalanced = "imbalanced", "Compare the scores (`GET /api/coordination/scores`) and the strategy; see the runbook.";
        /// The endpoints of the service are about as busy again.
        ImbalanceEnded = "imbalance_ended", "";
        /// More comes than the endpoints of the service can do: it gives up more (the ladder of degradation).
        RungRaised = "rung_raised", "Add endpoints, or find out who asks for so much; see the runbook.";
        /// The service gives up less again.
        RungLowered = "rung_lowered", "";
        /// A rule of `balance.monitor.rules` has held for a while: its action is in force.
        RuleBegun = "rule_begun", "The reason names the rule and its figure; see the runbook.";
        /// The rule is no longer in force.
        RuleEnded = "rule_ended", "";
        /// An operator added the endpoint.
        InstanceAdded = "instance_added", "Write it into the file, if it shall outlive the process.";
        /// An operator removed the endpoint; it drains.
        InstanceRemoved = "instance_removed", "Take it out of the file, if it shall stay away.";
        /// An operator changed the strategy.
        StrategyChanged = "strategy_changed", "Write it into the file, if it shall outlive the next reload.";
        /// An operator changed the mode or switched features.
        ModeChanged = "mode_changed", "As `strategy_changed`.";
        /// What an earlier process learned of endpoints and plans is known again (`state.dir`).
        StateRecalled = "state_recalled", "";
        /// What an earlier process learned is older than `state.max_age`: all is learned anew.
        StateTooOld = "state_too_old", "";
        /// The file of what was learned is broken, or of another kind or version; it is put aside, and all is learned anew.
        StateUnusable = "state_unusable", "Nothing, after a new version; else look at the disk.";
        /// What was learned cannot be written; the process goes on, and tries again.
        StateNotKept = "state_not_kept", "Look at the folder of `state.dir`: the reason says what is wrong with it. While a process drains that the next one replaces, this ends by itself.";
        /// A configuration was accepted and serves.
        Reloaded = "reloaded", "";
        /// A configuration was refused; the one before goes on serving.
        ReloadRefused = "reload_refused", "Run `pointsman check` on the file: it says every error with its line.";
    }
}

impl EventKind {
    /// Whether it is worth a look even where all goes on: it is logged as a warning.
    pub const fn is_alarming(self) -> bool {
        matches!(
            self,
            EventKind::Unhealthy
                | EventKind::Ejected
                | EventKind::WritesAvoided
                | EventKind::TargetMissing
                | EventKind::BreakerOpened
                | EventKind::BreakerReopened
                | EventKind::ResolutionFailed
                | EventKind::ProbeCredentialRefused
                | EventKind::ProbeCredentialMissing
                | EventKind::ProbingFailed
                | EventKind::StateUnusable
                | EventKind::StateNotKept
                | EventKind::ReloadRefused
                | EventKind::Overloaded
                | EventKind::Imbalanced
                | EventKind::RungRaised
                | EventKind::RuleBegun
        )
    }

    /// What changed, and to what, as metrics name it.
    pub const fn change(self) -> (&'static str, &'static str) {
        match self {
            EventKind::Healthy => ("status", "healthy"),
            EventKind::Degraded => ("status", "degraded"),
            EventKind::Unhealthy => ("status", "unhealthy"),
            EventKind::MaintenanceBegun => ("maintenance", "begun"),
            EventKind::DrainingBegun => ("maintenance", "draining"),
            EventKind::MaintenanceEnded => ("maintenance", "ended"),
            EventKind::Ejected => ("ejection", "begun"),
            EventKind::Readmitted => ("ejection", "ended"),
            EventKind::WritesAvoided => ("writes", "avoided"),
            EventKind::TargetMissing => ("target", "missing"),
            EventKind::BreakerOpened => ("breaker", "open"),
            EventKind::BreakerReopened => ("breaker", "reopened"),
            EventKind::BreakerClosed => ("breaker", "closed"),
            EventKind::RoleWriter => ("role", "writer"),
            EventKind::RoleReader => ("role", "reader"),
            EventKind::RoleDiffers => ("role", "differs"),
            EventKind::Resolved => ("resolution", "resolved"),
            EventKind::ResolutionFailed => ("resolution", "failed"),
            EventKind::ProbeCredentialRefused => ("probe_credential", "refused"),
            EventKind::ProbeCredentialMissing => ("probe_credential", "missing"),
            EventKind::ProbeCredentialAccepted => ("probe_credential", "accepted"),
            EventKind::ProbingFailed => ("probing", "failed"),
            EventKind::Overloaded => ("overload", "begun"),
            EventKind::OverloadEnded => ("overload", "ended"),
            EventKind::Imbalanced => ("imbalance", "begun"),
            EventKind::ImbalanceEnded => ("imbalance", "ended"),
            EventKind::RungRaised => ("rung", "raised"),
            EventKind::RungLowered => ("rung", "lowered"),
            EventKind::RuleBegun => ("rule", "begun"),
            EventKind::RuleEnded => ("rule", "ended"),
            EventKind::InstanceAdded => ("instance", "added"),
            EventKind::InstanceRemoved => ("instance", "removed"),
            EventKind::StrategyChanged => ("strategy", "changed"),
            EventKind::ModeChanged => ("mode", "changed"),
            EventKind::StateRecalled => ("state", "recalled"),
            EventKind::StateTooOld => ("state", "too_old"),
            EventKind::StateUnusable => ("state", "unusable"),
            EventKind::StateNotKept => ("state", "not_kept"),
            EventKind::Reloaded => ("configuration", "reloaded"),
            EventKind::ReloadRefused => ("configuration", "refused"),
        }
    }
}

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject<'a> {
    Process,
    Service(&'a str),
    /// Of this service, the endpoint of this name.
    Endpoint(&'a str, &'a str),
}

impl<'a> Subject<'a> {
    /// The service and the endpoint.
    fn names(self) -> (Option<&'a str>, Option<&'a str>) {
        match self {
            Subject::Process => (None, None),
            Subject::Service(service) => (Some(service), None),
            Subject::Endpoint(service, endpoint) => (Some(service), Some(endpoint)),
        }
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
    /// `None` when it is about a whole service.
    pub endpoint: Option<String>,
    pub what: EventKind,
    pub why: String,
}

/// Is told of each event.
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

    /// Adds an event. The oldest one goes when the ring is full.
    pub fn record(&self, about: Subject<'_>, what: EventKind, why: impl Into<String>) {
        let (service, endpoint) = about.names();
        let why = why.into();
        match what.is_alarming() {
            true => tracing::warn!(service, endpoint, what = what.label(), %why, "changed"),
            false => tracing::info!(service, endpoint, what = what.label(), %why, "changed"),
        }
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
            let about = Subject::Endpoint("graph", "a");
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
        log.record(Subject::Process, EventKind::Reloaded, "api");
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
