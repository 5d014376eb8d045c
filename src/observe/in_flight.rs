//! The guard of one request in flight. It carries the record that grows while the request is served,
//! and hands it over exactly once: when it is closed, or when it is dropped because its task was.

use super::attempts::Attempts;
use super::executions::{Entry, Summary};
use super::notes::{CacheNote, Facts};
use super::observation::{Observation, Outcome};
use super::observer::Observer;
use crate::dialect::Call;
use crate::plan::Plan;
use crate::request_id::RequestId;
use std::sync::Arc;

/// A request in flight, for code that works on it: its row in the list of those, which stays while any work is done for
/// it, and its attempts. By default it has no row.
#[derive(Clone, Default)]
pub struct Ticket {
    row: Option<Arc<Row>>,
    attempts: Attempts,
}

/// A row in the list of requests in flight; it goes when this is dropped.
struct Row {
    observer: Arc<Observer>,
    number: u64,
}

impl Ticket {
    /// Of a request that has this row, if the list was not full.
    pub(super) fn new(observer: &Arc<Observer>, number: Option<u64>, attempts: Attempts) -> Self {
        let row = number.map(|number| {
            Arc::new(Row {
                observer: Arc::clone(observer),
                number,
            })
        });
        Self { row, attempts }
    }

    /// The attempts of the request.
    pub fn attempts(&self) -> &Attempts {
        &self.attempts
    }

    /// Changes its row.
    pub(super) fn update(&self, observer: &Observer, change: impl FnOnce(&mut Entry)) {
        if let Some(row) = &self.row {
            observer.executions().update(row.number, change);
        }
    }
}

impl Drop for Row {
    fn drop(&mut self) {
        self.observer.executions().leave(self.number);
    }
}

/// A request in flight, with its record so far. Close it; a drop closes it as abandoned.
pub struct InFlight {
    pub(super) observer: Arc<Observer>,
    pub(super) ticket: Ticket,
    /// `None` only after it was closed.
    pub(super) seen: Option<Box<Observation>>,
}

impl InFlight {
    /// The id of the request.
    pub fn id(&self) -> Option<RequestId> {
        self.seen.as_ref().map(|seen| seen.id)
    }

    /// The record so far.
    pub fn seen(&self) -> Option<&Observation> {
        self.seen.as_deref()
    }

    /// Changes the record.
    pub fn note(&mut self, change: impl FnOnce(&mut Observation)) {
        if let Some(seen) = self.seen.as_deref_mut() {
            change(seen);
        }
    }

    /// Notes what the request is. A later word (a refused fence) replaces the earlier one.
    pub fn understood(&mut self, call: &Call) {
        let facts = Facts::of(call);
        self.ticket
            .update(&self.observer, |entry| entry.understood(&facts));
        self.note(|seen| seen.call = Some(facts));
    }

    /// Notes the plan; from now on the request can be overdue.
    pub fn planned(&mut self, plan: Plan) {
        let summary = Summary::of(&plan);
        self.ticket
            .update(&self.observer, |entry| entry.summary = Some(summary));
        self.note(|seen| seen.plan = Some(plan));
    }

    /// Notes the cache's verdict.
    pub fn looked_up(&mut self, note: CacheNote) {
        self.note(|seen| seen.cache = Some(note));
    }

    /// The same request, for code that works on it elsewhere.
    pub fn ticket(&self) -> Ticket {
        self.ticket.clone()
    }

    /// Ends the request and records it. The total time is measured here.
    pub fn close(mut self, outcome: Outcome) {
        self.note(|seen| seen.outcome = outcome);
        self.finish();
    }

    fn finish(&mut self) {
        if let Some(seen) = self.seen.take() {
            self.ticket = Ticket::default();
            self.observer.record(seen);
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.finish();
    }
}
