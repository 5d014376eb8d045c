//! The last observations, for `explain`. A ring of fixed length; it never grows past its limit.

use super::observation::Observation;
use crate::request_id::RequestId;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A ring of observations, newest last.
#[derive(Debug)]
pub struct History {
    limit: AtomicUsize,
    ring: Mutex<VecDeque<Arc<Observation>>>,
}

impl History {
    /// An empty ring for at most `limit` records; 0 keeps none.
    pub fn new(limit: usize) -> Self {
        Self {
            limit: AtomicUsize::new(limit),
            ring: Mutex::default(),
        }
    }

    /// Sets a new limit; the oldest records go at once.
    pub fn resize(&self, limit: usize) {
        self.limit.store(limit, Ordering::Relaxed);
        let gone: Vec<_> = {
            let mut ring = self.ring.lock();
            let excess = ring.len().saturating_sub(limit);
            ring.drain(..excess).collect()
        };
        drop(gone);
    }

    /// Keeps a record; the oldest goes when the ring is full. Records are freed outside the lock.
    pub fn push(&self, record: Arc<Observation>) {
        let limit = self.limit.load(Ordering::Relaxed);
        if limit == 0 {
            return;
        }
        let mut ring = self.ring.lock();
        let oldest = if ring.len() >= limit {
            ring.pop_front()
        } else {
            None
        };
        ring.push_back(record);
        drop(ring);
        drop(oldest);
    }

    /// The newest record with this id, or with this `x-request-id` of a client.
    pub fn find(&self, id: &str) -> Option<Arc<Observation>> {
        let ours = RequestId::parse(id);
        let matches = |record: &&Arc<Observation>| {
            ours == Some(record.id) || record.request_id.as_deref() == Some(id)
        };
        self.ring.lock().iter().rev().find(matches).cloned()
    }

    /// The newest records, newest first, at most `count`.
    pub fn newest(&self, count: usize) -> Vec<Arc<Observation>> {
        self.ring.lock().iter().rev().take(count).cloned().collect()
    }

    /// How many records are kept now.
    pub fn len(&self) -> usize {
        self.ring.lock().len()
    }
}
