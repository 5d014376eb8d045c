//! A Qdrant-shaped cluster: several listeners over one shared set of collections, on Qdrant's own
//! engine (`qdrant-edge`). Every listener takes writes. A listener can be made to lag: its reads then
//! see the writes of other listeners only after a while.

mod call;
mod catalog;
mod collections;
mod copies;
mod engine;
mod groups;
mod node;
mod point_json;
mod points;
mod query;
mod query_body;
mod responses;
mod search;
mod update;

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use crate::listeners::Listeners;
use catalog::Catalog;
use copies::Copies;
use node::Node;

/// How a cluster is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// Listeners, at least one.
    pub listeners: usize,
    /// Ports of the listeners in order; a listener without one gets a free port.
    pub ports: Vec<u16>,
    /// A key that all paths but the health checks require (`api-key` or `Authorization: Bearer`).
    pub api_key: Option<String>,
    /// How long after its acknowledgement a write without `wait=true` is applied.
    pub apply_delay: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listeners: 1,
            ports: Vec::new(),
            api_key: None,
            apply_delay: Duration::from_millis(20),
        }
    }
}

/// What the listeners share.
pub(crate) struct Shared {
    catalog: Catalog,
    copies: Copies,
    /// Locked while collections or copies are added.
    structure: Mutex<()>,
    apply_delay: Mutex<Duration>,
    options: Options,
}

/// The cluster: its listeners, and what they share. Dropping it stops it and removes its data.
pub struct Cluster {
    listeners: Listeners,
    nodes: Vec<Arc<Node>>,
    shared: Arc<Shared>,
}

impl Deref for Cluster {
    type Target = Listeners;

    fn deref(&self) -> &Listeners {
        &self.listeners
    }
}

impl Cluster {
    /// Starts `replicas` listeners on free ports.
    ///
    /// # Panics
    /// If there is no free port or no temporary folder.
    pub fn start(replicas: usize) -> Self {
        Self::start_with(Options {
            listeners: replicas,
            ..Options::default()
        })
        .expect("a cluster")
    }

    /// Starts one listener on each port (0: a free one).
    ///
    /// # Errors
    /// If a port is taken.
    pub fn start_on(ports: &[u16]) -> std::io::Result<Self> {
        Self::start_with(Options {
            listeners: ports.len(),
            ports: ports.to_vec(),
            ..Options::default()
        })
    }

    /// Starts a cluster.
    ///
    /// # Errors
    /// If a port is taken, or there is no temporary folder.
    pub fn start_with(options: Options) -> std::io::Result<Self> {
        let options = Options {
            listeners: options.listeners.max(1),
            ..options
        };
        let shared = Arc::new(Shared {
            catalog: Catalog::new()?,
            copies: Copies::new(),
            structure: Mutex::new(()),
            apply_delay: Mutex::new(options.apply_delay),
            options,
        });
        let node = |listener| {
            Arc::new(Node {
                shared: shared.clone(),
                copy: AtomicUsize::new(0),
                peer: peer_id(listener),
            })
        };
        let nodes: Vec<Arc<Node>> = (0..shared.options.listeners).map(node).collect();
        Ok(Self {
            listeners: Listeners::bind(&nodes, &shared.options.ports)?,
            nodes,
            shared,
        })
    }

    /// Makes writes of other listeners visible at this listener only after `lag`. The first time, the
    /// listener gets a copy of all data. A write through the lagging listener
    /// itself is seen there at once, and so are all that were acknowledged before it.
    ///
    /// # Panics
    /// If there is no such listener, or its engine cannot be made.
    pub fn set_lag(&self, listener: usize, lag: Duration) {
        let node = &self.nodes[listener];
        let _guard = self.shared.structure.lock();
        if node.copy.load(Ordering::SeqCst) == 0 {
            let copy = self.shared.copies.add(|| self.shared.catalog.add_copy());
            node.copy.store(
                copy.expect("an engine for the lagging listener"),
                Ordering::SeqCst,
            );
        }
        self.shared
            .copies
            .set_lag(node.copy.load(Ordering::SeqCst), lag);
    }

    /// Changes how long after its acknowledgement a write without `wait=true` is applied.
    pub fn set_apply_delay(&self, delay: Duration) {
        *self.shared.apply_delay.lock() = delay;
    }

    /// Applies every queued write at once and waits for it.
    ///
    /// # Panics
    /// If the engine has stopped.
    pub fn settle(&self) {
        self.shared.copies.settle().expect("a running engine");
    }
}

fn peer_id(listener: usize) -> u64 {
    5_608_200_295_716_822 + listener as u64
}
