//! One round of probes: every endpoint that is not in maintenance, all at the same time, each with its
//! probes in order, cheapest first, until one fails. What they find moves the endpoint's condition.

use super::question::{ProbeClient, Question};
use crate::clock::Clock;
use crate::dialect::{Probe, ProbeResult};
use crate::endpoint::Condition;
use crate::endpoint::HealthRules;
use crate::endpoint::What;
use crate::endpoint::{HealthStatus, Sign};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;

/// All that a round needs; shared by the tasks of its endpoints.
pub struct Round {
    pub ask: Arc<dyn ProbeClient>,
    pub probes: Vec<Probe>,
    pub rules: Arc<HealthRules>,
    pub clock: Clock,
    /// Set when the probe credential was refused: three wrong tries lock a user of Neo4j for everyone.
    pub locked: Arc<AtomicBool>,
}

impl Round {
    /// Probes all of them; returns when the last one is done. Gives the number of probes that broke off
    /// by a fault of ours.
    pub async fn go(self: &Arc<Self>, subjects: &[Arc<Condition>]) -> usize {
        let mut running = JoinSet::new();
        let probed = |subject: &&Arc<Condition>| subject.status() != HealthStatus::Maintenance;
        for subject in subjects.iter().filter(probed) {
            let (round, subject) = (self.clone(), subject.clone());
            running.spawn(async move { round.visit(&subject).await });
        }
        let mut broken = 0;
        while let Some(done) = running.join_next().await {
            broken += usize::from(done.is_err());
        }
        broken
    }

    /// Probes one endpoint.
    async fn visit(&self, subject: &Condition) {
        if !subject.is_resolved() {
            return subject.probed(
                Sign::Silent,
                "name not resolved",
                &self.rules,
                self.clock.now(),
            );
        }
        let mut good = false;
        for probe in &self.probes {
            match self.put(subject, probe).await {
                Heard::Good => good = true,
                Heard::Nothing => {}
                Heard::Failed(sign, why) => {
                    let why = format!("{}: {why}", probe.name);
                    return subject.probed(sign, &why, &self.rules, self.clock.now());
                }
            }
        }
        match good {
            true => subject.probed(Sign::Good, "probe", &self.rules, self.clock.now()),
            false => subject.checked(self.clock.now()),
        }
    }

    async fn put(&self, subject: &Condition, probe: &Probe) -> Heard {
        if probe.credentialed && self.locked.load(Ordering::Relaxed) {
            return Heard::Nothing;
        }
        let asked = self.ask.ask(subject, Question::from(probe));
        let reply = match within(self.rules.health.timeout, asked).await {
            Ok(reply) => reply,
            Err(why) => return Heard::Failed(Sign::Silent, why),
        };
        self.heard(subject, (probe.read)(&reply.answer()))
    }

    fn heard(&self, subject: &Condition, finding: ProbeResult) -> Heard {
        let now = self.clock.now();
        match finding {
            ProbeResult::Good => Heard::Good,
            ProbeResult::Bad(why) => Heard::Failed(Sign::Bad, why),
            ProbeResult::Unsupported => Heard::Nothing,
            ProbeResult::Busy => {
                subject.overloaded(now);
                Heard::Good
            }
            ProbeResult::Role(role) => {
                subject.found_role(role, now);
                Heard::Good
            }
            ProbeResult::Locked => {
                if !self.locked.swap(true, Ordering::Relaxed) {
                    let why = "probes with a credential stop until the next reload";
                    subject.tell(What::ProbeCredentialRefused, now, why);
                }
                Heard::Nothing
            }
        }
    }
}

/// What one probe says of health.
enum Heard {
    Good,
    Nothing,
    Failed(Sign, String),
}

/// Limits the time of an answer.
pub(super) async fn within<T>(
    limit: Duration,
    asked: impl Future<Output = Result<T, String>>,
) -> Result<T, String> {
    tokio::time::timeout(limit, asked)
        .await
        .unwrap_or_else(|_| Err(format!("no answer within {} s", limit.as_secs_f64())))
}
