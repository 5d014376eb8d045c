//! How one endpoint fares: its status by probes, its breaker and ejections by traffic, its slow start. It takes how requests
//! and probes ended and gives what changed; what is read of it on the path takes no lock.

mod finish;

use super::breaker::{Breaker, BreakerChange, Trial};
use super::ejection::Ejection;
use super::peers::{COMPARED, PeerTraffic, Peers};
use super::record::TrafficRecord;
use super::retry_after::RetryAfter;
use super::settings::HealthSettings;
use super::slow_start::SlowStart;
use super::status::{OperatorStatus, ProbeOutcome, StatusMachine};
use super::targets::EndpointTargets;
use super::traffic::TrafficCounts;
use super::uptime::Uptime;
use super::writes::WriteFailures;
use super::{Evidence, Gate, HealthChange, HealthStatus, HealthView, Lesson};
use crate::atomic::Stamp;
use crate::{Ask, Completion, Moment, Random};
use finish::Finish;
use std::sync::Arc;
use std::time::Duration;

/// How long an endpoint comes last that said that it has too much to do, or failed several times in a row.
const COMES_LAST_FOR: Duration = Duration::from_secs(1);

/// How an endpoint fares. It is shared with its peers.
#[derive(Debug)]
pub struct EndpointHealth {
    id: u64,
    seed: u64,
    peers: Arc<Peers>,
    status: StatusMachine,
    breaker: Breaker,
    ejection: Ejection,
    slow_start: SlowStart,
    retry_after: RetryAfter,
    record: TrafficRecord,
    writes: WriteFailures,
    targets: EndpointTargets,
    uptime: Uptime,
    overloaded_until: Stamp,
    /// When a request or a probe last failed.
    failed: Stamp,
    checked: Stamp,
    probe_began: Stamp,
}

impl EndpointHealth {
    pub(super) fn new(id: u64, seed: u64, peers: Arc<Peers>) -> Self {
        Self {
            id,
            seed,
            peers,
            status: StatusMachine::default(),
            breaker: Breaker::default(),
            ejection: Ejection::default(),
            slow_start: SlowStart::default(),
            retry_after: RetryAfter::default(),
            record: TrafficRecord::default(),
            writes: WriteFailures::default(),
            targets: EndpointTargets::default(),
            uptime: Uptime::default(),
            overloaded_until: Stamp::default(),
            failed: Stamp::default(),
            checked: Stamp::default(),
            probe_began: Stamp::default(),
        }
    }

    /// How it stands for a request at this moment.
    pub fn view(&self, ask: &Ask, settings: &HealthSettings, now: Moment) -> HealthView {
        let wait = self.retry_after.wait(ask, now);
        HealthView {
            status: self.status(),
            gate: self.breaker.gate(now),
            is_ejected: self.ejection.is_out(now),
            waits_until: wait.map(|wait| wait.until),
            is_limited: wait.is_some_and(|wait| wait.is_limit),
            is_overloaded: self.is_overloaded(now),
            is_failing: settings.breaker.enabled && self.record.is_failing(COMES_LAST_FOR, now),
            is_denying: self.record.is_denying(),
            writes: self.writes.standing(ask, now),
            target: self.targets.standing(ask, now),
            start_share: self.start_share(settings.slow_start, now),
            last_failure: self.last_failure(),
            up_share: self.uptime.share(now),
        }
    }

    /// The status by probes and by the operator.
    pub fn status(&self) -> HealthStatus {
        self.status.get()
    }

    /// The breaker's gate.
    pub fn gate(&self, now: Moment) -> Gate {
        self.breaker.gate(now)
    }

    /// Breakers are off from now on: an open one is closed. True when it was open.
    pub fn close_breaker(&self) -> bool {
        self.breaker.reset()
    }

    /// Whether it said a moment ago that it has too much to do.
    pub fn is_overloaded(&self, now: Moment) -> bool {
        self.overloaded_until.is_after(now)
    }

    /// Whether it is ejected now.
    pub fn is_ejected(&self, now: Moment) -> bool {
        self.ejection.is_out(now)
    }

    /// That its ejection is over, once for each.
    pub fn returned(&self, now: Moment) -> Option<HealthChange> {
        self.ejection.returned(now).map(HealthChange::Readmitted)
    }

    /// Whether the last round of probes failed.
    pub fn probe_failing(&self) -> bool {
        self.status.probe_failing()
    }

    /// Whether it is out, or its last round of probes failed: its return is worth looking out for.
    pub fn is_in_trouble(&self, now: Moment) -> bool {
        let is_out = self.gate(now) != Gate::Closed || self.is_ejected(now);
        is_out || self.probe_failing() || self.status() == HealthStatus::Unhealthy
    }

    /// When it was last probed.
    pub fn last_check(&self) -> Option<Moment> {
        self.checked.get()
    }

    /// When it last failed, in traffic or in a probe.
    pub fn last_failure(&self) -> Option<Moment> {
        self.failed.get()
    }

    /// Failures that count since its last success.
    pub fn failures_in_a_row(&self) -> u32 {
        self.record.in_a_row()
    }

    /// How the requests of the last minute ended.
    pub fn last_minute(&self, now: Moment) -> TrafficCounts {
        self.record.last_minute(now)
    }

    /// The share of errors in the last minute, as it was when the last request ended; `None` when that is longer ago.
    pub fn error_rate(&self, now: Moment) -> Option<f64> {
        self.record.error_rate(now)
    }

    /// It is new among endpoints that serve, or back: it is given more and more.
    pub fn begin_slow_start(&self, now: Moment) {
        self.slow_start.begin(now);
    }

    /// Another server stands behind it from now on: where peers serve, it is given more and more.
    pub fn begin_beside_others(&self, now: Moment) {
        if self.peers.besides(self.id, now).serves() {
            self.slow_start.begin(now);
        }
    }

    /// When time alone may give it room next, of so many places: its trial is due, its ejection ends, or its slow start gives it
    /// a place more.
    pub fn next_change(
        &self,
        places: u32,
        settings: &HealthSettings,
        now: Moment,
    ) -> Option<Moment> {
        let due = match self.gate(now) {
            Gate::Open(until) => Some(until),
            _ => None,
        };
        let (ejected, back) = (self.ejection.until(), self.ejection.ended(now));
        let ejected = Some(ejected).filter(|until| *until > now);
        let more = self
            .slow_start
            .next_place(places, back, settings.slow_start, now);
        [due, ejected, more].into_iter().flatten().min()
    }

    /// Takes the endpoint out of service, or back. True when that is a change.
    pub fn set_operator_status(&self, status: OperatorStatus, now: Moment) -> bool {
        let is_change = self.status.set_operator_status(status);
        if is_change && status == OperatorStatus::Active {
            self.slow_start.begin(now);
        }
        is_change
    }

    /// It has too much to do: it comes last for a moment.
    pub fn note_overload(&self, now: Moment) {
        self.overloaded_until.mark(now + COMES_LAST_FOR);
    }

    /// A round of probes begins.
    pub fn probing(&self, now: Moment) {
        self.probe_began.mark(now);
    }

    /// Takes the outcome of the round of probes. Silence says nothing while requests succeed: what is short of time
    /// then is as likely the prober.
    pub fn probed(
        &self,
        outcome: ProbeOutcome,
        settings: &HealthSettings,
        now: Moment,
    ) -> Vec<HealthChange> {
        self.checked.mark(now);
        let began = self.probe_began.get();
        let serves = began.is_some_and(|began| self.record.has_succeeded_since(began));
        if outcome == ProbeOutcome::Silent && serves {
            return Vec::new();
        }
        if !outcome.is_good() {
            self.failed.mark(now);
        }
        let closed = self.breaker.probed(outcome, &settings.breaker, now);
        let status = self.status.probed(outcome, &settings.probes);
        self.changes(closed, status, now)
    }

    /// A round of probes in which none was good and none was bad. Where the endpoint responded, that ends what its
    /// silence began: without probes that tell more, it would stay out for ever.
    pub fn checked(
        &self,
        responded: bool,
        settings: &HealthSettings,
        now: Moment,
    ) -> Vec<HealthChange> {
        self.checked.mark(now);
        let good = || self.status.probed(ProbeOutcome::Alive, &settings.probes);
        self.changes(None, responded.then(good).flatten(), now)
    }

    /// Probes are off from now on: the endpoint counts as healthy until traffic says otherwise.
    pub fn forget_probes(&self, now: Moment) -> Vec<HealthChange> {
        self.changes(None, self.status.forget_probes(), now)
    }

    /// Learns how a request ended.
    pub fn on_finish(
        &self,
        done: &Completion,
        evidence: &Evidence,
        settings: &HealthSettings,
    ) -> Lesson {
        let endpoint = self;
        let finish = Finish {
            endpoint,
            done,
            evidence,
            settings,
        };
        finish.learn()
    }

    fn start_share(&self, window: Duration, now: Moment) -> f64 {
        let ejected_until = self.ejection.ended(now);
        self.slow_start.share(ejected_until, window, now)
    }

    fn changes(
        &self,
        breaker: Option<BreakerChange>,
        status: Option<HealthStatus>,
        now: Moment,
    ) -> Vec<HealthChange> {
        let is_back =
            breaker == Some(BreakerChange::Closed) || status == Some(HealthStatus::Healthy);
        if is_back {
            self.slow_start.begin(now);
            self.peers.outage_is_over(self.id, now);
        }
        if breaker.is_some() || status.is_some() {
            let is_up = self.status() == HealthStatus::Healthy && self.gate(now) == Gate::Closed;
            self.uptime.set(is_up, now);
        }
        let breaker = breaker.map(HealthChange::Breaker);
        let status = status.map(HealthChange::Status);
        breaker.into_iter().chain(status).collect()
    }

    /// A number in 0..1 that follows from the seed and the moment.
    fn spread(&self, now: Moment) -> f64 {
        Random::seeded(self.seed ^ now.0).fraction()
    }

    pub(super) fn id(&self) -> u64 {
        self.id
    }

    pub(super) fn record(&self) -> &TrafficRecord {
        &self.record
    }

    pub(super) fn targets(&self) -> &EndpointTargets {
        &self.targets
    }

    /// A peer is back.
    pub(super) fn outage_is_over(&self, now: Moment) {
        self.breaker.outage_is_over(now);
    }

    /// All endpoints fail: its trial, if its breaker is open, is due by then, and its ejection ends.
    pub(super) fn joins_outage(&self, at: Moment) {
        self.breaker.joins_outage(at);
        self.ejection.joins_outage(at);
    }
}

/// Takes and gives back trials.
impl EndpointHealth {
    /// Takes the trial, if it is due.
    pub fn claim_trial(&self, now: Moment) -> Option<Trial> {
        self.breaker.claim_trial(now)
    }

    /// Gives the trial back without a result.
    pub fn release_trial(&self, trial: Trial) {
        self.breaker.release_trial(trial);
    }

    /// The response of a trial that began at this moment is good, and goes on for as long as it takes.
    pub fn trial_responded(&self, trial: &Trial, began: Moment, now: Moment) -> Vec<HealthChange> {
        let closed = self.breaker.succeeded(Some(trial), began, now);
        self.changes(closed, None, now)
    }
}
