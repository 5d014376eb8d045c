//! The requests in flight, in a sharded table with a fixed limit. A request past the limit
//! runs and is recorded as any other; it is only missing from this list.

use super::name::Name;
use super::notes::Facts;
use crate::clock::Moment;
use crate::dialect::{Effect, QueryType};
use crate::plan::{Complexity, ExecutionStrategy, Plan};
use crate::request_id::RequestId;
use parking_lot::Mutex;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// Requests that the table lists at a time.
pub const MAX_EXECUTIONS: usize = 20_000;

const SHARDS: usize = 16;

/// A request in flight.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub id: RequestId,
    pub service: Name,
    pub start: Moment,
    pub start_unix_ms: u64,
    pub operation: &'static str,
    pub effect: Effect,
    pub summary: Option<Summary>,
    pub endpoint: Option<Name>,
}

/// A plan, as far as a list needs it.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Summary {
    pub query_type: QueryType,
    pub execution: ExecutionStrategy,
    pub complexity: Complexity,
    pub score: f64,
    pub cost: f64,
    #[serde(skip)]
    pub time: Duration,
    #[serde(skip)]
    pub priority: u8,
}

impl Summary {
    pub(super) fn of(plan: &Plan) -> Self {
        Self {
            query_type: plan.query_type,
            execution: plan.execution,
            complexity: plan.complexity,
            score: plan.score,
            cost: plan.cost,
            time: plan.time,
            priority: plan.priority,
        }
    }
}

/// One row of `GET /api/coordination/executions`. Times are milliseconds, points in time since 1970.
#[derive(Debug, Clone, Serialize)]
pub struct RunningRequest {
    pub query_id: RequestId,
    pub service: Name,
    pub operation: &'static str,
    pub effect: Effect,
    /// `None` until planned.
    pub plan: Option<Summary>,
    /// Service -> endpoint; empty until one is chosen.
    pub assigned_instances: BTreeMap<Name, Name>,
    pub start_time: u64,
    pub estimated_completion: Option<u64>,
    pub priority: Option<u8>,
    pub age_ms: u64,
    pub overdue: bool,
}

/// The table.
#[derive(Debug, Default)]
pub struct Executions {
    shards: [Mutex<HashMap<u64, Entry>>; SHARDS],
    listed: AtomicUsize,
    tickets: AtomicU64,
}

impl Executions {
    /// Lists a request and gives its ticket; `None` when the table is full.
    pub(super) fn enter(&self, entry: Entry) -> Option<u64> {
        if self.listed.fetch_add(1, Ordering::Relaxed) >= MAX_EXECUTIONS {
            self.listed.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        let ticket = self.tickets.fetch_add(1, Ordering::Relaxed);
        self.shard(ticket)?.lock().insert(ticket, entry);
        Some(ticket)
    }

    /// Notes what the request is and what is planned for it.
    pub(super) fn update(&self, ticket: u64, change: impl FnOnce(&mut Entry)) {
        let Some(shard) = self.shard(ticket) else {
            return;
        };
        if let Some(entry) = shard.lock().get_mut(&ticket) {
            change(entry);
        }
    }

    /// Takes a request from the list.
    pub(super) fn leave(&self, ticket: u64) {
        let Some(shard) = self.shard(ticket) else {
            return;
        };
        if shard.lock().remove(&ticket).is_some() {
            self.listed.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// How many requests are listed now.
    pub fn len(&self) -> usize {
        self.listed.load(Ordering::Relaxed)
    }

    /// Whether nothing runs.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many listed requests have run longer than was planned.
    pub fn overdue(&self, now: Moment) -> usize {
        let late = |shard: &Mutex<HashMap<u64, Entry>>| {
            shard.lock().values().filter(|e| e.is_overdue(now)).count()
        };
        self.shards.iter().map(late).sum()
    }

    /// The oldest `limit` requests in flight, oldest first.
    pub fn list(&self, now: Moment, limit: usize) -> Vec<RunningRequest> {
        let mut entries: Vec<Entry> = Vec::new();
        for shard in &self.shards {
            entries.extend(shard.lock().values().cloned());
        }
        entries.sort_by_key(|entry| entry.start);
        entries.truncate(limit);
        entries.into_iter().map(|entry| entry.row(now)).collect()
    }

    fn shard(&self, ticket: u64) -> Option<&Mutex<HashMap<u64, Entry>>> {
        let place = usize::try_from(ticket % SHARDS as u64).ok()?;
        self.shards.get(place)
    }
}

impl Entry {
    pub(super) fn understood(&mut self, facts: &Facts) {
        self.operation = facts.operation;
        self.effect = facts.effect;
    }

    fn is_overdue(&self, now: Moment) -> bool {
        self.summary
            .is_some_and(|summary| now.since(self.start) > summary.time)
    }

    fn row(self, now: Moment) -> RunningRequest {
        let overdue = self.is_overdue(now);
        let service = self.service.clone();
        RunningRequest {
            query_id: self.id,
            operation: self.operation,
            effect: self.effect,
            plan: self.summary,
            assigned_instances: self.endpoint.map(|e| (service, e)).into_iter().collect(),
            start_time: self.start_unix_ms,
            estimated_completion: self
                .summary
                .map(|s| self.start_unix_ms.saturating_add(millis(s.time))),
            priority: self.summary.map(|summary| summary.priority),
            age_ms: millis(now.since(self.start)),
            overdue,
            service: self.service,
        }
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
