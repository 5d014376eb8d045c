//! The last requests that were sent to endpoints, as plain values: what a replay reads, and the records behind the balancer's
//! statistics. No parameters, no paths, no credentials; a ring of fixed length.

use super::arrival_file::ArrivalFile;
use super::name::Name;
use super::observation::Observation;
use super::observer::Learn;
use crate::clock::Moment;
use crate::dialect::{Effect, Fault, Placement};
use crate::plan::Complexity;
use arc_swap::ArcSwapOption;
use parking_lot::Mutex;
use serde::Serialize;
use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A request that was sent to an endpoint.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Arrival {
    /// When it arrived, milliseconds since 1970.
    pub timestamp: u64,
    /// When it arrived.
    #[serde(skip)]
    pub arrived: Moment,
    pub service: Name,
    pub operation: &'static str,
    pub effect: Effect,
    /// The call without its literals, hashed; hexadecimal in print.
    #[serde(serialize_with = "super::notes::hexadecimal")]
    pub shape: u64,
    pub class: Complexity,
    /// Estimated cost units.
    pub cost: f64,
    /// The collection or database, hashed with a key of this process; hexadecimal in print.
    #[serde(serialize_with = "super::notes::hexadecimal")]
    pub key: u64,
    /// The endpoint whose attempt decided it.
    pub server_id: Name,
    /// Seconds that this endpoint took until its response was there or began to stream.
    pub service_time: f64,
    /// Seconds from arrival to end.
    pub execution_time: f64,
    pub fault: Fault,
    pub success: bool,
    /// Whether any endpoint could have taken it.
    #[serde(skip)]
    pub is_free: bool,
}

/// The ring of the last arrivals.
#[derive(Debug)]
pub struct Arrivals {
    limit: AtomicUsize,
    ring: Mutex<VecDeque<Arrival>>,
    file: ArcSwapOption<ArrivalFile>,
    hash_key: RandomState,
}

impl Arrivals {
    /// An empty ring for at most `limit` arrivals.
    pub fn new(limit: usize) -> Self {
        Self {
            limit: AtomicUsize::new(limit),
            ring: Mutex::default(),
            file: ArcSwapOption::empty(),
            hash_key: RandomState::new(),
        }
    }

    /// Sets a new limit; the oldest go at once.
    pub fn resize(&self, limit: usize) {
        self.limit.store(limit, Ordering::Relaxed);
        let mut ring = self.ring.lock();
        let excess = ring.len().saturating_sub(limit);
        ring.drain(..excess);
    }

    /// Writes to this file as well from now on, or to none.
    pub fn write_to(&self, path: Option<&Path>) {
        let present = self.file.load();
        if present.as_ref().map(|file| file.path()) != path {
            let file = path.map(|path| Arc::new(ArrivalFile::begin(path)));
            self.file.store(file);
        }
    }

    /// The newest, newest first, at most `count`.
    pub fn newest(&self, count: usize) -> Vec<Arrival> {
        self.ring.lock().iter().rev().take(count).cloned().collect()
    }

    /// Those of a service, in the order in which they arrived.
    pub fn of(&self, service: &str) -> Vec<Arrival> {
        let ring = self.ring.lock();
        let own = ring.iter().filter(|one| *one.service == *service);
        let mut own: Vec<Arrival> = own.cloned().collect();
        drop(ring);
        own.sort_by_key(|one| one.arrived);
        own
    }

    fn push(&self, arrival: Arrival) {
        if let Some(file) = &*self.file.load() {
            file.push(&arrival);
        }
        let limit = self.limit.load(Ordering::Relaxed);
        let mut ring = self.ring.lock();
        while ring.len() >= limit.max(1) {
            ring.pop_front();
        }
        ring.push_back(arrival);
    }
}

impl Learn for Arrivals {
    fn learn(&self, seen: &Observation) {
        let (Some(call), Some(plan)) = (&seen.call, &seen.plan) else {
            return;
        };
        let Some(decisive) = seen.route.attempts.decisive() else {
            return;
        };
        self.push(Arrival {
            timestamp: seen.start_unix_ms,
            arrived: seen.start,
            service: seen.service.clone(),
            operation: call.operation,
            effect: call.effect,
            shape: call.shape,
            class: plan.complexity,
            cost: plan.cost,
            key: self.hash_key.hash_one(&*call.target),
            service_time: decisive
                .service_time
                .unwrap_or(decisive.elapsed)
                .as_secs_f64(),
            execution_time: seen.times.total.as_secs_f64(),
            success: decisive.fault == Fault::None && decisive.status.is_some(),
            fault: decisive.fault,
            server_id: decisive.endpoint,
            is_free: call.placement == Placement::Any,
        });
    }
}
