//! The guard of one request in flight. It carries the record that grows while the request is served,
//! and hands it over exactly once: when it is closed, or when it is dropped because its task was.

use super::executions::Summary;
use super::notes::{CacheNote, Facts};
use super::observation::{Observation, Outcome};
use super::observer::Observer;
use super::request_id::RequestId;
use crate::dialect::Call;
use crate::plan::Plan;
use std::sync::Arc;

/// The place of a request in the list of those in flight, for code that works on it elsewhere. By default no place.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ticket(pub(super) Option<u64>);

/// A request in flight, with its record so far. Close it; a drop closes it as abandoned.
pub struct InFlight {
    pub(super) observer: Arc<Observer>,
    pub(super) ticket: Option<u64>,
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
        self.observer
            .executions()
            .update(self.ticket, |entry| entry.understood(&facts));
        self.note(|seen| seen.call = Some(facts));
    }

    /// Notes the plan; from now on the request can be overdue.
    pub fn planned(&mut self, plan: Plan) {
        let summary = Summary::of(&plan);
        self.observer
            .executions()
            .update(self.ticket, |entry| entry.summary = Some(summary));
        self.note(|seen| seen.plan = Some(plan));
    }

    /// Notes the cache's verdict.
    pub fn looked_up(&mut self, note: CacheNote) {
        self.note(|seen| seen.cache = Some(note));
    }

    /// Its place in the list of requests in flight.
    pub fn ticket(&self) -> Ticket {
        Ticket(self.ticket)
    }

    /// Ends the request and records it. The total time is measured here.
    pub fn close(mut self, outcome: Outcome) {
        self.note(|seen| seen.outcome = outcome);
        self.finish();
    }

    fn finish(&mut self) {
        if let Some(seen) = self.seen.take() {
            self.observer.executions().leave(self.ticket);
            self.observer.record(seen);
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.finish();
    }
}
