//! One round of probes: every endpoint that is not in maintenance, all at the same time, each with its
//! probes in order, cheapest first, until one fails. What they find moves the endpoint's condition.

use super::http::too_late;
use super::observer::ProbeObserver;
use super::question::{ProbeClient, ProbeError, Question};
use crate::clock::Clock;
use crate::dialect::{Probe, ProbeResult};
use crate::endpoint::{Condition, HealthRules, HealthStatus, ProbeOutcome};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// All that a round needs; shared by the tasks of its endpoints.
pub struct Round {
    pub client: Arc<dyn ProbeClient>,
    pub observer: Arc<dyn ProbeObserver>,
    pub probes: Vec<Probe>,
    pub rules: Arc<HealthRules>,
    pub clock: Clock,
}

impl Round {
    /// Probes all of them; returns when the last one is done. Gives the number of probes that panicked.
    pub async fn run(self: &Arc<Self>, endpoints: &[Arc<Condition>]) -> usize {
        let mut running = JoinSet::new();
        let begun = self.clock.now();
        let probed = |endpoint: &&Arc<Condition>| endpoint.status() != HealthStatus::Maintenance;
        for endpoint in endpoints.iter().filter(probed) {
            endpoint.health().probing(begun);
            let (round, endpoint) = (self.clone(), endpoint.clone());
            running.spawn(async move { round.probe_all(&endpoint).await });
        }
        let mut panicked = 0;
        while let Some(done) = running.join_next().await {
            panicked += usize::from(done.is_err());
        }
        panicked
    }

    /// Probes one endpoint.
    async fn probe_all(&self, endpoint: &Condition) {
        if !endpoint.server().is_resolved() {
            return self.tell(endpoint, ProbeOutcome::Silent, "name not resolved");
        }
        let (mut good, mut responded) = (None, false);
        for probe in &self.probes {
            match self.probe(endpoint, probe).await {
                // What carries a credential asks for more than whether the server runs.
                Finding::Good if probe.asks_service => good = Some(ProbeOutcome::Good),
                Finding::Good => good = good.or(Some(ProbeOutcome::Alive)),
                Finding::Responded => responded = true,
                Finding::Nothing => {}
                Finding::Failed(outcome, why) => {
                    return self.tell(endpoint, outcome, &format!("{}: {why}", probe.name));
                }
            }
        }
        match good {
            Some(outcome) => self.tell(endpoint, outcome, "probe"),
            None => endpoint.checked(responded, &self.rules, self.clock.now()),
        }
    }

    fn tell(&self, endpoint: &Condition, outcome: ProbeOutcome, why: &str) {
        endpoint.probed(outcome, why, &self.rules, self.clock.now());
    }

    async fn probe(&self, endpoint: &Condition, probe: &Probe) -> Finding {
        let begun = self.clock.now();
        if probe.asks_service && !endpoint.server().credential().is_usable(begun) {
            return Finding::Nothing;
        }
        let asked = self.client.ask(endpoint, Question::from(probe));
        let (result, finding) = match within(self.rules.health.timeout, asked).await {
            Ok(reply) => self.found(endpoint, probe, (probe.read)(&reply.response())),
            Err(ProbeError::NoResponse(why)) => {
                ("no_response", Finding::Failed(ProbeOutcome::Silent, why))
            }
            Err(error @ ProbeError::OurShortage(_)) => {
                tracing::warn!(endpoint = %endpoint.identity().name, "probe {error}");
                ("local_error", Finding::Nothing)
            }
        };
        let took = self.clock.now().since(begun);
        self.observer.probed(endpoint.identity(), result, took);
        if probe.asks_service && matches!(finding, Finding::Good) {
            endpoint.probe_took(took);
        }
        finding
    }

    /// The word for metrics, and what it says of health.
    fn found(
        &self,
        endpoint: &Condition,
        probe: &Probe,
        result: ProbeResult,
    ) -> (&'static str, Finding) {
        let now = self.clock.now();
        if probe.asks_service && matches!(result, ProbeResult::Good | ProbeResult::Role(_)) {
            endpoint.server().credential_accepted();
        }
        match result {
            ProbeResult::Good => ("good", Finding::Good),
            ProbeResult::Bad(why) => ("bad", Finding::Failed(ProbeOutcome::Bad, why)),
            ProbeResult::Unsupported => ("unsupported", Finding::Responded),
            ProbeResult::Busy => {
                endpoint.health().note_overload(now);
                ("busy", Finding::Good)
            }
            ProbeResult::Role(role) => {
                endpoint.server().found_role(role, now);
                ("good", Finding::Good)
            }
            ProbeResult::Locked if !Question::from(probe).carries_credential() => {
                endpoint.server().credential_missing(now);
                ("no_credential", Finding::Responded)
            }
            ProbeResult::Locked => {
                endpoint.server().credential_refused(now);
                ("refused", Finding::Responded)
            }
        }
    }
}

/// What one probe says of health.
enum Finding {
    Good,
    /// It responded, which tells nothing else: it is there.
    Responded,
    Nothing,
    Failed(ProbeOutcome, String),
}

/// Limits the time for a response.
pub(super) async fn within<T>(
    limit: Duration,
    asked: impl Future<Output = Result<T, ProbeError>>,
) -> Result<T, ProbeError> {
    tokio::time::timeout(limit, asked)
        .await
        .unwrap_or_else(|_| Err(too_late(limit)))
}
