//! A Neo4j-shaped server: one or more front doors on one graph, over a real Cypher engine
//! (`graphdblite`). Explicit transactions live at one door only, and two doors hand out the same
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
use crate::server::Door;
use front::Front;
use store::Store;

/// How a graph is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// Front doors, at least one.
    pub doors: usize,
    /// Ports of the doors in order; a door without one gets a free port.
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
            doors: 1,
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
    doors: Vec<Door>,
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
        let fronts: Vec<Arc<Front>> = (0..options.doors.max(1))
            .map(|_| Arc::new(Front::new(store.clone(), options.clone())))
            .collect();
        let ports = options.ports.iter().copied().chain(std::iter::repeat(0));
        let open = |(front, port): (&Arc<Front>, u16)| Door::open(port, front.clone());
        let doors: std::io::Result<Vec<Door>> = fronts.iter().zip(ports).map(open).collect();
        Ok(Self {
            doors: doors?,
            fronts,
        })
    }

    /// Starts `count` graphs that know nothing of each other, one door each.
    ///
    /// # Errors
    /// If there is no port or no temporary folder.
    pub fn start_many(count: usize) -> std::io::Result<Vec<Self>> {
        (0..count)
            .map(|_| Self::start(Options::default()))
            .collect()
    }

    /// A door, from 0.
    ///
    /// # Panics
    /// If there is no such door.
    pub fn door(&self, door: usize) -> &Door {
        &self.doors[door]
    }

    /// All doors.
    pub fn doors(&self) -> &[Door] {
        &self.doors
    }

    /// The base URL of a door, without a slash at the end.
    ///
    /// # Panics
    /// If there is no such door.
    pub fn url(&self, door: usize) -> String {
        self.door(door).url()
    }

    /// The faults of a door.
    ///
    /// # Panics
    /// If there is no such door.
    pub fn faults(&self, door: usize) -> &Faults {
        self.door(door).faults()
    }

    /// Closes a door and its connections. Its transactions stay open.
    ///
    /// # Panics
    /// If there is no such door.
    pub fn kill(&self, door: usize) {
        self.door(door).kill();
    }

    /// Opens a killed door again, on its port.
    ///
    /// # Errors
    /// If the port was taken meanwhile.
    ///
    /// # Panics
    /// If there is no such door.
    pub fn restart(&self, door: usize) -> std::io::Result<()> {
        self.door(door).restart()
    }

    /// How many explicit transactions are open at a door.
    ///
    /// # Panics
    /// If there is no such door.
    pub fn open_transactions(&self, door: usize) -> usize {
        let front = &self.fronts[door];
        front.transactions.len() + front.query_transactions.len()
    }

    /// Rolls back all transactions of a door, as if their time were over.
    ///
    /// # Panics
    /// If there is no such door.
    pub fn expire_transactions(&self, door: usize) {
        let front = &self.fronts[door];
        front.transactions.expire_all();
        front.query_transactions.expire_all();
    }
}
