//! Metrics in Prometheus' format. One table names every family; registration and `docs/metrics.md`
//! are made from it. Label values come from closed sets and configured names only, and each family
//! has a limit of series anyway.

mod families;
pub mod process;
mod readings;
mod record;
mod series;
pub mod words;

pub use families::{FAMILIES, Row, reference};
pub use readings::{
    CacheReading, DrainingReading, EndpointReading, MetricsSource, Readings, ServiceReading,
    ShadowReading,
};

use super::executions::Executions;
use super::logging;
use super::name::Name;
use super::notes::AttemptNote;
use super::observation::Observation;
use crate::clock::Clock;
use crate::dialect::Fault;
use crate::plan::PlanOutcome;
use families::Families;
use parking_lot::Mutex;
use prometheus::{Registry, TextEncoder};
use series::IsPresent;
use std::time::Duration;

/// What came of a reload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReloadResult {
    Accepted,
    /// The configuration serves already.
    Unchanged,
    Refused,
}

impl ReloadResult {
    const ALL: [Self; 3] = [Self::Accepted, Self::Unchanged, Self::Refused];

    const fn label(self) -> &'static str {
        match self {
            ReloadResult::Accepted => "accepted",
            ReloadResult::Unchanged => "unchanged",
            ReloadResult::Refused => "refused",
        }
    }
}

/// All metrics of the process.
pub struct Metrics {
    registry: Registry,
    families: Families,
    /// Held during a scrape, so that two scrapes do not clear each other's readings.
    sources: Mutex<Vec<Box<dyn MetricsSource>>>,
    clock: Clock,
}

impl Metrics {
    /// Registers every family of the table. Fails only if the table contradicts itself.
    pub(super) fn new(clock: Clock) -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let families = Families::register(&registry)?;
        families
            .build_info
            .with([env!("CARGO_PKG_VERSION")], |one| one.set(1.0));
        for result in ReloadResult::ALL {
            let label = result.label();
            families.reloads.with([label], |one| one.reset());
        }
        Ok(Self {
            registry,
            families,
            sources: Mutex::default(),
            clock,
        })
    }

    pub(super) fn add_source(&self, source: Box<dyn MetricsSource>) {
        self.sources.lock().push(source);
    }

    /// Counts one probe.
    pub fn probed(&self, service: &Name, endpoint: &Name, result: &'static str, took: Duration) {
        self.families
            .probes
            .with([service, endpoint, result], |one| one.inc());
        let seconds = took.as_secs_f64();
        self.families
            .probe_duration
            .with([service, endpoint], |one| one.observe(seconds));
    }

    /// Notes a reload; `generation` is the one that serves now, new or old.
    pub fn reloaded(&self, result: ReloadResult, generation: u64) {
        let label = result.label();
        self.families.reloads.with([label], |one| one.inc());
        self.serves(result != ReloadResult::Refused, generation);
    }

    /// Counts a client's connection that could not be accepted.
    pub fn accept_failed(&self) {
        self.families.accept_failures.with([], |one| one.inc());
    }

    /// Counts a connection to an endpoint that could not be opened because a local resource ran out.
    pub fn connect_lacked(&self, service: &Name, reason: &'static str) {
        self.families
            .connect_shortages
            .with([service, reason], |one| one.inc());
    }

    /// Notes which configuration serves, and whether it is the one that was last loaded.
    pub fn serves(&self, last_good: bool, generation: u64) {
        self.families
            .config_last_good
            .with([], |one| one.set(f64::from(u8::from(last_good))));
        self.families
            .config_generation
            .with([], |one| one.set(generation as f64));
    }

    /// Drops the series of services and endpoints that a reload took away, so that those that come have room.
    /// A name that comes back counts from zero.
    pub fn retain(&self, is_present: &IsPresent<'_>) {
        self.families.retain(is_present);
    }

    /// Counts one change of an endpoint: `kind` and `to` are words of closed sets.
    pub fn changed(&self, service: &Name, endpoint: &Name, kind: &str, to: &str) {
        self.families
            .changes
            .with([service, endpoint, kind, to], |one| one.inc());
    }

    /// Counts one request.
    pub(super) fn record(&self, seen: &Observation) {
        record::record(&self.families, seen);
    }

    /// Counts by how much a plan's estimates were wrong.
    pub fn plan_measured(&self, service: &str, outcome: &PlanOutcome) {
        record::plan_measured(&self.families, service, outcome);
    }

    /// Counts an attempt that is sent; `before`: the fault of the one before it, where this is a further one.
    pub(super) fn attempt_sent(&self, service: &str, attempt: &AttemptNote, before: Option<Fault>) {
        record::attempt_sent(&self.families, service, attempt, before);
    }

    /// Counts an attempt that has ended.
    pub(super) fn attempt_ended(&self, service: &str, attempt: &AttemptNote) {
        record::attempt_ended(&self.families, service, attempt);
    }

    /// Counts a second attempt beside another one, by what came of it.
    pub fn hedge(&self, service: &str, result: &'static str) {
        self.families
            .hedges
            .with([service, result], |one| one.inc());
    }

    /// Everything in the text format of Prometheus.
    pub(super) fn render(&self, executions: &Executions) -> String {
        let sources = self.sources.lock();
        let mut readings = Readings::default();
        sources.iter().for_each(|source| source.read(&mut readings));
        readings::take(&self.families, &readings);
        self.sample(executions);
        TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .unwrap_or_else(|error| format!("# {error}\n"))
    }

    fn sample(&self, executions: &Executions) {
        let now = self.clock.now();
        let families = &self.families;
        let gauges = [
            (&families.executions, executions.len() as f64),
            (&families.executions_overdue, executions.overdue(now) as f64),
            (
                &families.uptime,
                now.since(Default::default()).as_secs_f64(),
            ),
        ];
        gauges
            .iter()
            .for_each(|(gauge, value)| gauge.with([], |one| one.set(*value)));
        families.log_dropped.replace([], logging::dropped());
    }
}
