//! The background loop of a service: rounds of probes at a jittered interval, inquiries when they are
//! due, and both at once when somebody asks for it. Each turn is a task of its own, so that a fault in
//! one neither ends the loop nor goes unseen (P28); the pulse shows that the loop lives.

use super::metadata::{Asking, Inquiries};
use super::question::{ProbeClient, Questions};
use super::round::Round;
use crate::clock::{Clock, Moment};
use crate::endpoint::Condition;
use crate::endpoint::HealthRules;
use crate::endpoint::ProbeTrigger;
use crate::endpoint::What;
use crate::random::Random;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::task::AbortHandle;

/// The longest sleep between two turns: the pulse is never older than this plus one round.
const TURN: Duration = Duration::from_secs(1);
/// Rounds are at least so far apart, however often one is asked for.
const APART: Duration = Duration::from_secs(1);
/// The interval varies by this share to either side.
const JITTER: f64 = 0.1;

/// The prober of one service, for the life of one configuration.
pub struct Prober {
    subjects: Vec<Arc<Condition>>,
    ask: Arc<dyn ProbeClient>,
    questions: Arc<dyn Questions>,
    rules: Arc<HealthRules>,
    clock: Clock,
    probe_trigger: Arc<ProbeTrigger>,
    locked: Arc<AtomicBool>,
    metadata_queries: Mutex<Inquiries>,
}

/// A background task that ends when this is dropped.
#[derive(Debug)]
pub struct Running(AbortHandle);

impl Running {
    /// Starts a task.
    pub fn spawn(task: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(task).abort_handle())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Prober {
    /// A prober of these endpoints, which share `pulse`.
    pub fn new(
        subjects: Vec<Arc<Condition>>,
        ask: Arc<dyn ProbeClient>,
        questions: Arc<dyn Questions>,
        rules: Arc<HealthRules>,
        clock: Clock,
        probe_trigger: Arc<ProbeTrigger>,
    ) -> Self {
        Self {
            subjects,
            ask,
            questions,
            rules,
            clock,
            probe_trigger,
            locked: Arc::default(),
            metadata_queries: Mutex::default(),
        }
    }

    /// Runs until the answer is dropped. `dice` spread the rounds of many proxies over time.
    pub fn start(self, random: Random) -> Running {
        Running::spawn(Arc::new(self).run(random))
    }

    /// One round of probes, now.
    pub async fn round(&self) {
        let round = Arc::new(Round {
            ask: self.ask.clone(),
            probes: self.questions.probes(),
            rules: self.rules.clone(),
            clock: self.clock.clone(),
            locked: self.locked.clone(),
        });
        if round.go(&self.subjects).await > 0 {
            self.complain("a probe broke off");
        }
    }

    /// Puts the inquiries that are due.
    pub async fn inquire(&self) {
        let asking = Asking {
            ask: &*self.ask,
            questions: &*self.questions,
            subjects: &self.subjects,
            timeout: self.rules.health.timeout,
            locked: &self.locked,
        };
        let mut metadata_queries = self.metadata_queries.lock().await;
        metadata_queries.ask_due(&asking, self.clock.now()).await;
    }

    async fn run(self: Arc<Self>, mut random: Random) {
        let mut next = self.first(&mut random);
        let mut last = None;
        loop {
            let now = self.clock.now();
            self.probe_trigger.tick(now);
            let due = self.rules.health.enabled && now >= next;
            if due {
                last = Some(now);
                next = now + jittered(self.rules.health.interval, &mut random);
            }
            self.supervised(due).await;
            if self.is_wanted_within(TURN).await {
                next = next.min(last.map_or(now, |last| last + APART));
            }
        }
    }

    /// At once when something is unknown; otherwise somewhere within the interval.
    fn first(&self, random: &mut Random) -> Moment {
        let now = self.clock.now();
        let known = self.subjects.iter().all(|s| s.last_check().is_some());
        match known {
            true => now + self.rules.health.interval.mul_f64(random.fraction()),
            false => now,
        }
    }

    /// One turn in a task of its own.
    async fn supervised(self: &Arc<Self>, due: bool) {
        let prober = self.clone();
        let turn = tokio::spawn(async move {
            if due {
                prober.round().await;
            }
            prober.inquire().await;
        });
        if turn.await.is_err() {
            self.complain("a turn broke off");
        }
    }

    /// Sleeps; true as soon as a round is wanted.
    async fn is_wanted_within(&self, span: Duration) -> bool {
        tokio::time::timeout(span, self.probe_trigger.wanted())
            .await
            .is_ok()
    }

    fn complain(&self, why: &str) {
        if let Some(subject) = self.subjects.first() {
            subject.tell(What::ProbingFailed, self.clock.now(), why);
        }
    }
}

fn jittered(interval: Duration, random: &mut Random) -> Duration {
    interval.mul_f64(1.0 - JITTER + 2.0 * JITTER * random.fraction())
}

#[cfg(test)]
mod tests;
