//! A Neo4j-shaped graph: one or more listeners over one graph, on a real Cypher engine (`graphdblite`).
//! Each listener has its own explicit transactions, and two listeners issue the same ids, as two
//! servers do.
//!
//! What the engine lacks is not served: constraints, FOREACH, CALL {}, LOAD CSV, USE; and there
//! is one write transaction at a time; a second one waits and then fails.

mod bookmarks;
mod builtins;
mod commands;
mod counters;
mod failure;
mod instance;
mod plan;
mod query_api;
mod query_call;
mod responses;
mod session;
mod statements;
mod store;
mod tables;
mod tokens;
mod transactions;
mod tx_api;
mod values;

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use crate::listeners::Listeners;
use instance::Instance;
use store::Store;

/// How a graph is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// Listeners, at least one.
    pub listeners: usize,
    /// Ports of the listeners in order; a listener without one gets a free port.
    pub ports: Vec<u16>,
    /// User and password that all routes but `GET /` require (Basic).
    pub auth: Option<(String, String)>,
    /// How long an idle transaction of the transactional API lives.
    pub tx_idle: Duration,
    /// How long an idle transaction of the Query API lives.
    pub query_tx_idle: Duration,
    /// How long a write waits for another open write transaction.
    pub lock_wait: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listeners: 1,
            ports: Vec::new(),
            auth: None,
            tx_idle: Duration::from_secs(30),
            query_tx_idle: Duration::from_secs(60),
            lock_wait: Duration::from_secs(5),
        }
    }
}

/// The graph: its listeners, and what they share. Dropping it stops it and removes its data.
pub struct Graph {
    listeners: Listeners,
    instances: Vec<Arc<Instance>>,
}

impl Deref for Graph {
    type Target = Listeners;

    fn deref(&self) -> &Listeners {
        &self.listeners
    }
}

impl Graph {
    /// Starts a graph.
    ///
    /// # Errors
    /// If a port is taken, or there is no temporary folder.
    pub fn start(options: Options) -> std::io::Result<Self> {
        let lock_wait_ms = u32::try_from(options.lock_wait.as_millis()).unwrap_or(u32::MAX);
        let store = Arc::new(Store::create(lock_wait_ms)?);
        let instances: Vec<Arc<Instance>> = (0..options.listeners.max(1))
            .map(|_| Arc::new(Instance::new(store.clone(), options.clone())))
            .collect();
        Ok(Self {
            listeners: Listeners::bind(&instances, &options.ports)?,
            instances,
        })
    }

    /// Starts `count` independent graphs with one listener each.
    ///
    /// # Errors
    /// If there is no port or no temporary folder.
    pub fn start_many(count: usize) -> std::io::Result<Vec<Self>> {
        (0..count)
            .map(|_| Self::start(Options::default()))
            .collect()
    }

    /// How many explicit transactions are open at a listener.
    ///
    /// # Panics
    /// If there is no such listener.
    pub fn open_transactions(&self, listener: usize) -> usize {
        let instance = &self.instances[listener];
        instance.transactions.len() + instance.query_transactions.len()
    }

    /// Rolls back all transactions of a listener, as if they had expired.
    ///
    /// # Panics
    /// If there is no such listener.
    pub fn expire_transactions(&self, listener: usize) {
        let instance = &self.instances[listener];
        instance.transactions.expire_all();
        instance.query_transactions.expire_all();
    }
}
