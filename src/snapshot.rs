//! A snapshot: the checked configuration, compiled into what the path needs. It never changes; a
//! reload builds the next one beside it and swaps a pointer. What is learned is not in it but is
//! carried from one to the next as the same `Arc`.

use crate::balance::{Endpoint, Pool, PoolError, Registry};
use crate::cache::EndpointId;
use crate::clock::Clock;
use crate::config::{self, Config, DialectName};
use crate::dialect::Dialect;
use crate::observe::Name;
use crate::plan::{Execution, History, Planner};
use http::HeaderMap;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The compiled configuration.
pub struct Snapshot {
    /// Counts up with each configuration that was put in place; the first is 1.
    pub generation: u64,
    pub config: Arc<Config>,
    pub planner: Planner,
    services: BTreeMap<Box<str>, Arc<Service>>,
}

/// One service, compiled.
pub struct Service {
    pub name: Arc<str>,
    pub label: Name,
    pub listener: Name,
    pub dialect: Arc<dyn Dialect>,
    pub execution: Execution,
    pub pool: Pool,
    pub settings: config::Service,
    idempotent: BTreeSet<String>,
    /// By name: what the cache calls an endpoint, and its authority.
    endpoints: BTreeMap<Arc<str>, (EndpointId, String)>,
}

/// What is carried from one snapshot to the next.
pub struct Carried<'a> {
    pub clock: &'a Clock,
    pub registry: &'a Arc<Registry>,
    pub history: &'a Arc<History>,
}
