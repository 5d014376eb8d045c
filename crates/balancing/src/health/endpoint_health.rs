//! How one endpoint fares: its status by probes, its breaker and ejections by traffic, its slow start. It takes how requests
//! and probes ended and gives what changed; what is read of it on the path takes no lock.

use super::breaker::{Breaker, BreakerChange, Failure, Trial};
use super::ejection::Ejection;
use super::peers::{PeerTraffic, Peers, share};
use super::retry_after::RetryAfter;
use super::settings::HealthSettings;
use super::slow_start::SlowStart;
use super::stamp::Stamp;
use super::status::{ProbeOutcome, StatusMachine};
use super::traffic::{Traffic, TrafficCounts, WINDOW};
use super::uptime::Uptime;
use super::{Evidence, Gate, HealthChange, HealthStatus, HealthView, Lesson};
use crate::atomic::AtomicF64;
use crate::{Ask, Completion, Fault, Moment, Random};
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// How long an endpoint comes last that said that it has too much to do, or failed several times in a row.
const COMES_LAST_FOR: Duration = Duration::from_secs(1);
/// Failures in a row of which that is true.
const SEVERAL: u32 = 2;
/// Failures in a row, or of one class lately, from which on an endpoint is compared with its peers.
const COMPARED: u32 = 5;
/// How much larger than the peers' share of failures an endpoint's is when it is ejected for the share.
const MARGIN: f64 = 0.1;
/// Shapes of requests that must have timed out at an endpoint alone.
const TIMED_OUT_SHAPES: usize = 2;

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
    traffic: Mutex<Traffic>,
    /// Share of errors in the last minute, when a request was last counted; reading it takes no lock.
    errors: AtomicF64,
    counted: Stamp,
    uptime: Uptime,
    overloaded_until: Stamp,
    /// When a request last succeeded.
    succeeded: Stamp,
    /// When a request last failed that counts.
    failed_request: Stamp,
    /// When a request or a probe last failed.
    failed: Stamp,
    failures_in_a_row: AtomicU32,
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
            traffic: Mutex::default(),
            errors: AtomicF64::default(),
            counted: Stamp::default(),
            uptime: Uptime::default(),
            overloaded_until: Stamp::default(),
            succeeded: Stamp::default(),
            failed_request: Stamp::default(),
            failed: Stamp::default(),
            failures_in_a_row: AtomicU32::new(0),
            checked: Stamp::default(),
            probe_began: Stamp::default(),
        }
    }

    /// How it stands for a request at this moment.
    pub fn view(&self, ask: &Ask, settings: &HealthSettings, now: Moment) -> HealthView {
        HealthView {
            status: self.status(),
            gate: self.breaker.gate(now),
            is_ejected: self.ejection.is_out(now),
            waits_until: self.retry_after.until(ask.target, now),
            is_overloaded: self.is_overloaded(now),
            is_failing: settings.breaker.enabled && self.is_failing(now),
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
        self.failures_in_a_row.load(Ordering::Relaxed)
    }

    /// How the requests of the last minute ended.
    pub fn last_minute(&self, now: Moment) -> TrafficCounts {
        self.traffic.lock().last_minute(now)
    }

    /// The share of errors in the last minute, as it was when the last request ended; `None` when that is longer ago.
    pub fn error_rate(&self, now: Moment) -> Option<f64> {
        let at = self.counted.get()?;
        (now.since(at) <= WINDOW).then(|| self.errors.get())
    }

    /// It is new among endpoints that serve, or back: it is given more and more.
    pub fn begin_slow_start(&self, now: Moment) {
        self.slow_start.begin(now);
    }

    /// Takes the endpoint out of service, or back. True when that is a change.
    pub fn set_maintenance(&self, on: bool, now: Moment) -> bool {
        let is_change = self.status.set_maintenance(on);
        if is_change && !on {
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
        let serves = began.is_some_and(|began| self.succeeded.get() > Some(began));
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
        let Some(fault) = done.fault else {
            return Lesson::nothing(Fault::None);
        };
        let now = done.now;
        let returned = self.ejection.has_returned(now);
        if let Some(span) = evidence.retry_after {
            self.retry_after
                .ask(span, fault, done.start.ask.target, now);
        }
        let mut lesson = match fault {
            Fault::None => self.succeeded(done, evidence, settings),
            Fault::Client | Fault::Role => self.learn_nothing(fault, now),
            // Clients without a credential could else take the endpoint out that they are bound to.
            Fault::Access if !evidence.is_free => self.learn_nothing(Fault::Client, now),
            // A trial that times out has failed: there was evidence enough to open the breaker.
            _ if evidence.timed_out && evidence.trial.is_none() && !self.is_to_blame(done) => {
                Lesson::nothing(Fault::None)
            }
            _ => self.failed(fault, done, evidence, settings),
        };
        if returned {
            lesson.changes.insert(0, HealthChange::Readmitted);
        }
        lesson
    }

    fn learn_nothing(&self, fault: Fault, now: Moment) -> Lesson {
        self.count(fault, now);
        Lesson::nothing(fault)
    }

    fn succeeded(
        &self,
        done: &Completion,
        evidence: &Evidence,
        settings: &HealthSettings,
    ) -> Lesson {
        let now = done.now;
        self.count(Fault::None, now);
        self.succeeded.mark(now);
        let mut lesson = Lesson::nothing(Fault::None);
        if !done.start.ask.asks_data {
            return lesson;
        }
        self.failures_in_a_row.store(0, Ordering::Relaxed);
        let trial = evidence.trial.as_ref();
        let closed = self.breaker.succeeded(trial, done.start.now, now);
        let status = self.status.succeeded_in_traffic(&settings.probes);
        lesson.changes = self.changes(closed, status, now);
        lesson.decides_trial = true;
        lesson
    }

    fn failed(
        &self,
        fault: Fault,
        done: &Completion,
        evidence: &Evidence,
        settings: &HealthSettings,
    ) -> Lesson {
        let now = done.now;
        let (counts, in_a_row) = self.count_failure(fault, now);
        if fault == Fault::Overload {
            self.note_overload(now);
        }
        let peers = self.peers.besides(self.id, now);
        let mut lesson = Lesson {
            decides_trial: true,
            ..Lesson::nothing(fault)
        };
        if fault == Fault::Endpoint || evidence.trial.is_some() {
            self.failed.mark(now);
            self.teach_breaker(&mut lesson, done, evidence, &peers, settings);
        }
        if peers.is_outage() && in_a_row >= COMPARED {
            self.peers.outage(self.id, now);
        }
        let is_in = !self.ejection.is_out(now) && self.gate(now) == Gate::Closed;
        let may_eject = settings.breaker.enabled && is_in;
        if may_eject && self.stands_out(fault, done, evidence, &peers, &counts, in_a_row) {
            self.failed.mark(now);
            let until = self
                .ejection
                .eject(settings.eject_for, self.spread(now), now);
            let pause = until - now;
            lesson.changes.push(HealthChange::Ejected { pause, fault });
        }
        lesson
    }

    fn teach_breaker(
        &self,
        lesson: &mut Lesson,
        done: &Completion,
        evidence: &Evidence,
        peers: &PeerTraffic,
        settings: &HealthSettings,
    ) {
        let now = done.now;
        let failure = Failure {
            shape: done.start.ask.shape,
            needs_two_shapes: evidence.needs_two_shapes && !evidence.timed_out,
            probe_failing: self.probe_failing(),
            is_common: peers.is_outage() || lesson.fault == Fault::Overload,
            spread: self.spread(now),
        };
        let trial = evidence.trial.as_ref();
        let outcome = self.breaker.failed(trial, &failure, &settings.breaker, now);
        lesson.is_endpoints = outcome.is_endpoints;
        let is_own = lesson.fault == Fault::Endpoint;
        let status = is_own.then(|| self.status.failed_in_traffic(&settings.probes));
        lesson.changes = self.changes(outcome.change, status.flatten(), now);
    }

    /// Whether it fails where its peers do not. What may lie in the request counts while the same shape has not failed
    /// at a peer.
    fn stands_out(
        &self,
        fault: Fault,
        done: &Completion,
        evidence: &Evidence,
        peers: &PeerTraffic,
        lately: &TrafficCounts,
        in_a_row: u32,
    ) -> bool {
        let (shape, now) = (done.start.ask.shape, done.now);
        if evidence.needs_two_shapes && !self.peers.doubtful.speaks_against(self.id, shape, 1, now)
        {
            return false;
        }
        if !peers.serves() {
            return false;
        }
        let own = share(lately, Some(fault));
        in_a_row >= COMPARED && peers.share(None).hardly_gives(in_a_row)
            || own.some >= COMPARED.into() && own.exceeds(peers.share(Some(fault)), MARGIN)
    }

    /// Counts the end of a request; gives how requests ended lately.
    fn count(&self, fault: Fault, now: Moment) -> TrafficCounts {
        let mut traffic = self.traffic.lock();
        traffic.count(fault, now);
        if let Some(rate) = traffic.last_minute(now).error_rate() {
            self.errors.set(rate);
            self.counted.mark(now);
        }
        traffic.lately(now)
    }

    /// Counts a failure; gives how requests ended lately, and failures in a row.
    fn count_failure(&self, fault: Fault, now: Moment) -> (TrafficCounts, u32) {
        let counts = self.count(fault, now);
        self.failed_request.mark(now);
        let before = self.failures_in_a_row.fetch_add(1, Ordering::Relaxed);
        (counts, before.saturating_add(1))
    }

    /// Whether a timeout speaks against this endpoint rather than against the statement.
    fn is_to_blame(&self, done: &Completion) -> bool {
        let (shape, timeouts) = (done.start.ask.shape, &self.peers.timeouts);
        let alone = timeouts.speaks_against(self.id, shape, TIMED_OUT_SHAPES, done.now);
        alone || self.probe_failing()
    }

    fn start_share(&self, window: Duration, now: Moment) -> f64 {
        let ejected_until = self.ejection.ended(now);
        self.slow_start.share(ejected_until, window, now)
    }

    fn is_failing(&self, now: Moment) -> bool {
        let several = self.failures_in_a_row() >= SEVERAL;
        let last = self.failed_request.get();
        several && last.is_some_and(|at| now.since(at) < COMES_LAST_FOR)
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

    /// Whether its last request succeeded or failed; `None` when that is longer ago than `fresh`.
    pub(super) fn last_word(&self, fresh: Duration, now: Moment) -> Option<bool> {
        let last = self.succeeded.get().max(self.failed_request.get())?;
        (now.since(last) < fresh).then(|| self.failures_in_a_row() == 0)
    }

    pub(super) fn lately(&self, now: Moment) -> TrafficCounts {
        self.traffic.lock().lately(now)
    }

    /// A peer is back.
    pub(super) fn outage_is_over(&self, now: Moment) {
        self.breaker.outage_is_over(now);
    }

    /// All endpoints fail: its trial, if its breaker is open, is due by then, and its ejection ends.
    pub(super) fn joins_outage(&self, at: Moment) {
        self.breaker.joins_outage(at);
        self.ejection.end_by(at);
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
