//! The background loop of a service: rounds of probes at a jittered interval, metadata queries when they
//! are due, and both at once when the probe trigger is fired. Each turn is a task of its own, so that a
//! panic in one neither ends the loop nor goes unseen.

use super::metadata::{MetadataRound, MetadataSchedule};
use super::observer::ProbeObserver;
use super::question::{ProbeClient, Questions};
use super::round::Round;
use crate::clock::{Clock, Moment};
use crate::endpoint::{Condition, EventKind, HealthRules, ProbeTrigger};
use crate::random::Random;
use balancing::health::ProbeSchedule;
use std::hash::RandomState;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::task::AbortHandle;

/// The longest sleep between two turns: metadata queries may be due before the next round.
const TURN: Duration = Duration::from_secs(1);
/// The shortest, when a round is due at once.
const SHORTEST_TURN: Duration = Duration::from_millis(1);

/// The prober of one service, for the life of one configuration.
pub struct Prober {
    endpoints: Vec<Arc<Condition>>,
    probe_trigger: Arc<ProbeTrigger>,
    questions: Arc<dyn Questions>,
    with: ProbeParts,
    metadata: Mutex<MetadataSchedule>,
}

/// What the probers of all services share.
#[derive(Clone)]
pub struct ProbeParts {
    pub client: Arc<dyn ProbeClient>,
    pub observer: Arc<dyn ProbeObserver>,
    pub rules: Arc<HealthRules>,
    pub clock: Clock,
    /// The same for the life of the process: by it, a credential is known again.
    pub fingerprint_key: RandomState,
}

/// A background task that ends when this is dropped.
#[derive(Debug)]
pub struct RunningTask(AbortHandle);

impl RunningTask {
    /// Starts a task.
    pub fn spawn(task: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(task).abort_handle())
    }
}

impl Drop for RunningTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Prober {
    /// A prober of these endpoints, which share `probe_trigger`. If the configuration has brought another credential, it
    /// is sent at once, even where the one before was refused.
    pub fn new(
        endpoints: Vec<Arc<Condition>>,
        probe_trigger: Arc<ProbeTrigger>,
        questions: Arc<dyn Questions>,
        with: ProbeParts,
    ) -> Self {
        let fingerprint = questions.credential_fingerprint(&with.fingerprint_key);
        let gates = endpoints.iter().map(|one| one.server().credential());
        gates.for_each(|gate| gate.uses(fingerprint));
        Self {
            endpoints,
            probe_trigger,
            questions,
            with,
            metadata: Mutex::default(),
        }
    }

    /// Runs until the result is dropped. `random` spreads the rounds of many proxies over time.
    pub fn start(self, random: Random) -> RunningTask {
        RunningTask::spawn(Arc::new(self).run(random))
    }

    /// One round of probes, now.
    pub async fn round(&self) {
        let with = self.with.clone();
        let round = Arc::new(Round {
            client: with.client,
            observer: with.observer,
            probes: self.questions.probes(),
            rules: with.rules,
            clock: with.clock,
        });
        if round.run(&self.endpoints).await > 0 {
            self.complain("a probe panicked");
        }
    }

    /// Sends the metadata queries that are due.
    pub async fn query_metadata(&self) {
        let round = MetadataRound {
            client: &*self.with.client,
            questions: &*self.questions,
            endpoints: &self.endpoints,
            timeout: self.with.rules.health.timeout,
            now: self.with.clock.now(),
        };
        self.metadata.lock().await.ask_due(&round).await;
    }

    async fn run(self: Arc<Self>, mut random: Random) {
        if !self.with.rules.health.enabled {
            let now = self.with.clock.now();
            let endpoints = self.endpoints.iter();
            endpoints.for_each(|one| one.forget_probes(&self.with.rules, now));
        }
        let interval = self.with.rules.health.interval;
        let mut schedule = ProbeSchedule::new(interval, self.first(&mut random));
        loop {
            let now = self.with.clock.now();
            let is_due = now >= schedule.next();
            if is_due {
                schedule.begins(now);
            }
            self.supervised(is_due && self.with.rules.health.enabled)
                .await;
            if is_due {
                let endpoints = self.endpoints.iter();
                let in_trouble = endpoints.map(|one| one.health().is_in_trouble(now));
                schedule.ended(in_trouble, now, &mut random);
            }
            let rest = schedule.next().since(self.with.clock.now());
            if self.is_wanted_within(rest.clamp(SHORTEST_TURN, TURN)).await {
                schedule.wanted(now);
            }
        }
    }

    /// At once when something is unknown; otherwise somewhere within the interval.
    fn first(&self, random: &mut Random) -> Moment {
        let now = self.with.clock.now();
        let known = self.endpoints.iter().all(|s| s.last_check().is_some());
        match known {
            true => now + self.with.rules.health.interval.mul_f64(random.fraction()),
            false => now,
        }
    }

    /// One turn in a task of its own.
    async fn supervised(self: &Arc<Self>, with_probes: bool) {
        let prober = self.clone();
        let turn = tokio::spawn(async move {
            if with_probes {
                prober.round().await;
            }
            prober.query_metadata().await;
        });
        if turn.await.is_err() {
            self.complain("a turn panicked");
        }
    }

    /// Sleeps; true as soon as a round is wanted.
    async fn is_wanted_within(&self, span: Duration) -> bool {
        tokio::time::timeout(span, self.probe_trigger.fired())
            .await
            .is_ok()
    }

    fn complain(&self, why: &str) {
        if let Some(endpoint) = self.endpoints.first() {
            endpoint.server().tell(EventKind::ProbingFailed, why);
        }
    }
}

#[cfg(test)]
mod tests;
