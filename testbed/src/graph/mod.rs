//! A Neo4j-shaped server: one or more front listeners on one graph, over a real Cypher engine
//! (`graphdblite`). Explicit transactions live at one listener only, and two listeners hand out the same
//! ids, as two servers do.
//!
//! What the engine has not is not served: constraints, FOREACH, CALL {}, LOAD CSV, USE; and there
//! is one write transaction at a time, a second one waits and then fails.

mod answers;
mod bookmarks;
mod commands;
mod counters;
mod failure;
mod front;
mod listed;
mod plan;
mod query_api;
mod query_call;
mod session;
mod statements;
mod store;
mod tables;
mod transactions;
mod tx_api;
mod values;
mod words;

use std::sync::Arc;
use std::time::Duration;

use crate::faults::Faults;
use crate::server::Listener;
use front::Front;
use store::Store;

/// How a graph is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// Front listeners, at least one.
    pub listeners: usize,
    /// Ports of the listeners in order; a listener without one gets a free port.
    pub ports: Vec<u16>,
    /// User and password that all but `GET /` want (Basic).
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

/// The graph. It stops and its data go when it is dropped.
pub struct Graph {
    listeners: Vec<Listener>,
    fronts: Vec<Arc<Front>>,
}

impl Graph {
    /// Starts a graph.
    ///
    /// # Errors
    /// If a port is taken, or there is no temporary folder.
    pub fn start(options: Options) -> std::io::Result<Self> {
        let lock_wait_ms = u32::try_from(options.lock_wait.as_millis()).unwrap_or(u32::MAX);
        let store = Arc::new(Store::create(lock_wait_ms)?);
        let fronts: Vec<Arc<Front>> = (0..options.listeners.max(1))
            .map(|_| Arc::new(Front::new(store.clone(), options.clone())))
            .collect();
        let ports = options.ports.iter().copied().chain(std::iter::repeat(0));
        let open = |(front, port): (&Arc<Front>, u16)| Listener::bind(port, front.clone());
        let listeners: std::io::Result<Vec<Listener>> =
            fronts.iter().zip(ports).map(open).collect();
        Ok(Self {
            listeners: listeners?,
            fronts,
        })
    }

    /// Starts `count` graphs that know nothing of each other, one listener each.
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
        let front = &self.fronts[listener];
        front.transactions.len() + front.query_transactions.len()
    }

    /// Rolls back all transactions of a listener, as if their time were over.
    ///
    /// # Panics
    /// If there is no such listener.
    pub fn expire_transactions(&self, listener: usize) {
        let front = &self.fronts[listener];
        front.transactions.expire_all();
        front.query_transactions.expire_all();
    }
}
