//! The observer: opens a guard for each request, and hands the one record of its end to metrics, the
//! history, the log and the learners. It never waits and refuses nothing.

use super::arrivals::Arrivals;
use super::assignments::Assignments;
use super::executions::{Entry, Executions, RunningRequest};
use super::history::History;
use super::in_flight::{InFlight, Ticket};
use super::lines;
use super::metrics::{Metrics, MetricsSource};
use super::name::Name;
use super::notes::{Facts, PhaseTimes, RouteNote};
use super::observation::{Observation, Outcome};
use super::safe;
use super::wall::unix_ms;
use crate::clock::{Clock, Moment};
use crate::config;
use crate::dialect::{Call, Effect};
use crate::random::Random;
use crate::request_id::RequestIds;
use arc_swap::ArcSwap;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// What learns from each request: the planner's history, the balancer's records.
pub trait Learn: Send + Sync {
    /// Takes the record of one request. Runs on the path's thread: no waiting, a few microseconds at most.
    fn learn(&self, seen: &Observation);
}

/// What is known when a request arrives.
#[derive(Debug, Clone, Copy)]
pub struct Opening<'a> {
    pub service: &'a Name,
    pub dialect: &'static str,
    pub listener: &'a Name,
    pub client: Option<IpAddr>,
    pub method: &'a http::Method,
    /// Path and query as received; only the path is kept.
    pub target: &'a str,
    /// The client's `x-request-id`, if [`super::id::from_client`] takes it.
    pub request_id: Option<&'a str>,
    /// Generation of the configuration that the request is pinned to.
    pub generation: u64,
}

/// The part of the configuration that may change while requests run.
#[derive(Debug)]
struct Settings {
    metrics: bool,
    log_requests: bool,
    slow_threshold: Option<Duration>,
}

/// Sees every request.
pub struct Observer {
    settings: ArcSwap<Settings>,
    clock: Clock,
    ids: RequestIds,
    executions: Executions,
    history: History,
    metrics: Metrics,
    arrivals: Arrivals,
    assignments: Assignments,
    learners: ArcSwap<Vec<Arc<dyn Learn>>>,
}

fn arrivals(observe: &config::Observe) -> Arrivals {
    let arrivals = Arrivals::new(observe.arrivals as usize);
    arrivals.write_to(observe.arrivals_file.as_deref().map(Path::new));
    arrivals
}

impl Observer {
    /// An observer that has seen nothing. Fails only if the table of metrics contradicts itself.
    pub fn new(
        observe: &config::Observe,
        queries: &config::Queries,
        clock: Clock,
        random: &mut Random,
    ) -> Result<Arc<Self>, prometheus::Error> {
        Ok(Arc::new(Self {
            settings: ArcSwap::from_pointee(Settings::of(observe, queries)),
            metrics: Metrics::new(clock.clone())?,
            clock,
            ids: RequestIds::new(random.bits()),
            executions: Executions::default(),
            history: History::new(limit(observe)),
            arrivals: arrivals(observe),
            assignments: Assignments::default(),
            learners: ArcSwap::default(),
        }))
    }

    /// Takes new settings. Counters, history and learners stay.
    pub fn apply(&self, observe: &config::Observe, queries: &config::Queries) {
        self.settings
            .store(Arc::new(Settings::of(observe, queries)));
        self.history.resize(limit(observe));
        self.arrivals.resize(observe.arrivals as usize);
        self.arrivals
            .write_to(observe.arrivals_file.as_deref().map(Path::new));
    }

    /// From now on `learner` gets the record of each request.
    pub fn add_learner(&self, learner: Arc<dyn Learn>) {
        self.learners.rcu(|known| {
            let mut more = Vec::clone(known);
            more.push(Arc::clone(&learner));
            more
        });
    }

    /// From now on `source` is read at each scrape.
    pub fn add_source(&self, source: Box<dyn MetricsSource>) {
        self.metrics.add_source(source);
    }

    /// Opens the record of a request. The guard closes it, at the latest when it is dropped.
    pub fn open(self: &Arc<Self>, opening: &Opening<'_>) -> InFlight {
        let seen = self.blank(opening);
        let number = self.executions.enter(Entry {
            id: seen.id,
            service: seen.service.clone(),
            start: seen.start,
            start_unix_ms: seen.start_unix_ms,
            operation: seen.operation(),
            effect: Effect::Unknown,
            summary: None,
            endpoint: None,
        });
        let attempts = seen.route.attempts.clone();
        InFlight {
            ticket: Ticket::new(self, number, attempts),
            observer: Arc::clone(self),
            seen: Some(Box::new(seen)),
        }
    }

    fn blank(&self, opening: &Opening<'_>) -> Observation {
        Observation {
            id: self.ids.next(),
            request_id: opening
                .request_id
                .map(|id| safe::text(id, safe::MAX_TEXT).into_owned()),
            start_unix_ms: unix_ms(),
            start: self.clock.now(),
            service: opening.service.clone(),
            dialect: opening.dialect,
            listener: opening.listener.clone(),
            client: opening.client,
            method: safe::method(opening.method),
            path: safe::path(opening.target),
            call: None,
            plan: None,
            cache: None,
            route: RouteNote::default(),
            rejection: None,
            status: None,
            bytes_in: 0,
            bytes_out: 0,
            times: PhaseTimes::default(),
            outcome: Outcome::Abandoned,
            slow: false,
            generation: opening.generation,
        }
    }

    /// The newest record of this id, if it is still kept. Takes generated ids and clients' `x-request-id`s.
    pub fn explain(&self, id: &str) -> Option<Arc<Observation>> {
        self.history.find(id)
    }

    /// The newest records, newest first.
    pub fn newest(&self, count: usize) -> Vec<Arc<Observation>> {
        self.history.newest(count)
    }

    /// The last requests that were sent to endpoints.
    pub fn arrivals(&self) -> &Arrivals {
        &self.arrivals
    }

    /// How often an endpoint was found.
    pub fn assignments(&self) -> &Assignments {
        &self.assignments
    }

    /// How many records are kept for [`Observer::explain`].
    pub fn kept(&self) -> usize {
        self.history.len()
    }

    /// The oldest `limit` requests in flight.
    pub fn running(&self, limit: usize) -> Vec<RunningRequest> {
        self.executions.list(self.clock.now(), limit)
    }

    /// The table of requests in flight, for counts.
    pub fn executions(&self) -> &Executions {
        &self.executions
    }

    /// Notes what a request in flight is. A later word (a refused fence) replaces the earlier one.
    pub fn understood(&self, ticket: &Ticket, call: &Call) {
        let facts = Facts::of(call);
        ticket.update(self, |entry| entry.understood(&facts));
    }

    /// Whether metrics are on.
    pub(super) fn counts(&self) -> bool {
        self.settings.load().metrics
    }

    pub(super) fn now(&self) -> Moment {
        self.clock.now()
    }

    /// The handles of metrics that no request record carries: probes, changes of endpoints, reloads.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// All metrics in Prometheus' text format; empty when metrics are off.
    pub fn metrics_text(&self) -> String {
        if !self.settings.load().metrics {
            return String::new();
        }
        self.metrics.render(&self.executions)
    }

    /// Takes the record of a request that has ended.
    pub(super) fn record(&self, mut seen: Box<Observation>) {
        let (settings, now) = (self.settings.load(), self.clock.now());
        seen.times.total = now.since(seen.start);
        let attempts = &seen.route.attempts;
        seen.times.upstream = (!attempts.is_empty()).then(|| attempts.elapsed(now));
        seen.slow = settings
            .slow_threshold
            .is_some_and(|slow| seen.times.total >= slow);
        if settings.metrics {
            self.metrics.record(&seen);
        }
        if settings.log_requests {
            lines::request(&seen);
        }
        if seen.slow {
            lines::slow(&seen);
        }
        self.arrivals.learn(&seen);
        self.assignments.count(&seen);
        self.learners
            .load()
            .iter()
            .for_each(|learner| learner.learn(&seen));
        self.history.push(Arc::from(seen));
    }
}

impl Settings {
    fn of(observe: &config::Observe, queries: &config::Queries) -> Self {
        Self {
            metrics: observe.metrics,
            log_requests: observe.log_requests,
            slow_threshold: queries.enabled.then_some(queries.slow_threshold),
        }
    }
}

fn limit(observe: &config::Observe) -> usize {
    usize::try_from(observe.history).unwrap_or(usize::MAX)
}
