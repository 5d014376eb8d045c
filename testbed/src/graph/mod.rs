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

use std::sync::Arc;
use std::time::Duration;

use crate::faults::Faults;
use crate::server::Listener;
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

/// The graph. Dropping it stops it and removes its data.
pub struct Graph {
    listeners: Vec<Listener>,
    instances: Vec<Arc<Instance>>,
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
        let ports = options.ports.iter().copied().chain(std::iter::repeat(0));
        let open = |(instance, port): (&Arc<Instance>, u16)| Listener::bind(port, instance.clone());
        let listeners: std::io::Result<Vec<Listener>> =
            instances.iter().zip(ports).map(open).collect();
        Ok(Self {
            listeners: listeners?,
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

    /// A listener, from 0.
    ///
    /// # Panics
    /// If there is no such listener.
    pub fn listener(&self, listener: usize) -> &Listener {
        &self.listeners[listener]
    }

    /// All listeners.
    pub fn listeners(&self) -> &[Listener] {
        &self.listeners
    }

    /// The base URL of a listener, without a slash at the end.
    ///
    /// # Panics
    /// If there is no such listener.
    pub fn url(&self, listener: usize) -> String {
        self.listener(listener).url()
    }

    /// The faults of a listener.
    ///
    /// # Panics
    /// If there is no such listener.
    pub fn faults(&self, listener: usize) -> &Faults {
        self.listener(listener).faults()
    }

    /// Closes a listener and its connections. Its transactions stay open.
    ///
    /// # Panics
    /// If there is no such listener.
    pub fn kill(&self, listener: usize) {
        self.listener(listener).kill();
    }

    /// Opens a killed listener again, on its port.
    ///
    /// # Errors
    /// If the port was taken meanwhile.
    ///
    /// # Panics
    /// If there is no such listener.
    pub fn restart(&self, listener: usize) -> std::io::Result<()> {
        self.listener(listener).restart()
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
