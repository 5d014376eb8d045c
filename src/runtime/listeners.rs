//! The listeners of all services. A reload opens those that are new before it takes effect, and
//! closes those that are gone after; connections that are open end by themselves. A listener goes by
//! its address, so that a service can be renamed, or two can swap addresses, without closing any. A new one may
//! overlap one that goes (`0.0.0.0` after `127.0.0.1`): the two share the port until the old one is closed, and
//! where the new one covers old ones, their connections go on under it.

use super::{BindError, StartError};
use crate::config::Config;
use crate::http::Listener;
use crate::listen::ListenAddress;
use crate::proxy::{self, ClientPlaces, Proxy};
use crate::snapshot;
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Weak};
use tokio::runtime::Handle;
use tokio::sync::watch;

/// All listeners.
pub struct Listeners {
    proxy: Arc<Proxy>,
    /// Where connections are served: the runtime of the path.
    path: Handle,
    stopping: watch::Receiver<bool>,
    /// By what `snapshot::listener` calls them.
    open: Mutex<BTreeMap<String, Open>>,
}

struct Open {
    /// The accept loop alone keeps it open.
    listener: Weak<Listener>,
    bound: ListenAddress,
    places: Arc<ClientPlaces>,
    /// Close the listener and its connections: its own, and those of the listeners that it took over.
    stops: Vec<watch::Sender<bool>>,
    /// Closes the listener alone.
    replaced: watch::Sender<bool>,
}

impl Open {
    /// Closes the old listener; its connections stay, and are stopped with this one.
    fn take_over(&mut self, old: Open) {
        let in_use = old.stops.into_iter().filter(|stop| !stop.is_closed());
        self.stops.extend(in_use);
        let _ = old.replaced.send(true);
    }
}

/// Sockets that are bound and not yet served.
pub struct Bound(Vec<(String, Listener)>);

impl Listeners {
    /// No listeners yet. To be made on the runtime of the path.
    pub fn new(proxy: Arc<Proxy>, stopping: watch::Receiver<bool>) -> Self {
        Self {
            proxy,
            path: Handle::current(),
            stopping,
            open: Mutex::default(),
        }
    }

    /// Binds what a configuration has beyond what is open; the error names every address that cannot be bound.
    pub async fn bind(&self, config: &Config) -> Result<Bound, StartError> {
        let (mut bound, mut failed) = (Vec::new(), Vec::new());
        for (name, service) in &config.services {
            let listener = snapshot::listener(name, service);
            if self.open.lock().contains_key(&listener) {
                continue;
            }
            let address = service.listen_address();
            match self
                .bind_on_path(&address, config.path.listen_backlog)
                .await
            {
                Ok(socket) => bound.push((listener, socket)),
                Err(source) => failed.push(BindError {
                    what: format!("service {name}"),
                    address,
                    source,
                }),
            }
        }
        match failed.is_empty() {
            true => Ok(Bound(bound)),
            false => Err(StartError::Bind(failed)),
        }
    }

    /// A socket belongs to the runtime on which it is bound.
    async fn bind_on_path(
        &self,
        address: &ListenAddress,
        backlog: u32,
    ) -> std::io::Result<Listener> {
        let (address, overlapping) = (address.clone(), self.overlapping(address));
        let binding = async move { Listener::bind(&address, backlog, &overlapping) };
        let bound = self.path.spawn(binding).await;
        bound.unwrap_or_else(|_| Err(std::io::Error::other("the runtime is stopping")))
    }

    /// The open listeners that clash with this address. The new configuration has none of them: its checks refuse
    /// two that clash.
    fn overlapping(&self, address: &ListenAddress) -> Vec<Arc<Listener>> {
        let open = self.open.lock();
        let clashing = open.values().filter(|one| one.bound.clashes_with(address));
        clashing.filter_map(|one| one.listener.upgrade()).collect()
    }

    /// Serves what was bound, closes what the configuration no longer has, and gives each as many places as it says.
    pub fn serve(&self, bound: Bound, config: &Config) {
        let services = config.services.iter();
        let wanted: BTreeSet<String> = services
            .map(|(name, service)| snapshot::listener(name, service))
            .collect();
        let mut open = self.open.lock();
        let gone = open.extract_if(.., |listener, _| !wanted.contains(listener));
        let mut gone: Vec<Open> = gone.map(|(_, one)| one).collect();
        let limit = config.path.max_clients as usize;
        open.values().for_each(|one| one.places.set_limit(limit));
        for (name, listener) in bound.0 {
            if let Ok(bound) = listener.address() {
                let covered: Vec<Open> = gone
                    .extract_if(.., |one| bound.covers(&one.bound))
                    .collect();
                let places = covered.first().map(|one| Arc::clone(&one.places));
                let places = places.unwrap_or_else(|| ClientPlaces::new(limit));
                places.set_limit(limit);
                let mut one = self.start(&name, listener, bound, places);
                covered.into_iter().for_each(|old| one.take_over(old));
                open.insert(name, one);
            }
        }
        for stop in gone.iter().flat_map(|one| &one.stops) {
            let _ = stop.send(true);
        }
    }

    fn start(
        &self,
        name: &str,
        listener: Listener,
        bound: ListenAddress,
        places: Arc<ClientPlaces>,
    ) -> Open {
        let (mut stopping, stop) = (self.stopping.clone(), watch::Sender::new(false));
        let all = stop.clone();
        let open = self.run(name, listener, bound, places, stop);
        // After the listener has its receiver: without one, the signal counts as closed.
        self.path.spawn(async move {
            tokio::select! {
                _ = stopping.wait_for(|stop| *stop) => {
                    let _ = all.send(true);
                }
                // A listener that a reload closed, and its last connection, are gone.
                () = all.closed() => {}
            }
        });
        open
    }

    fn run(
        &self,
        name: &str,
        listener: Listener,
        bound: ListenAddress,
        places: Arc<ClientPlaces>,
        stop: watch::Sender<bool>,
    ) -> Open {
        let serving = proxy::Serving {
            name: name.into(),
            places: Arc::clone(&places),
            proxy: Arc::clone(&self.proxy),
            stop: stop.subscribe(),
        };
        let (replaced, is_replaced) = watch::channel(false);
        let listener = Arc::new(listener);
        let weak = Arc::downgrade(&listener);
        self.path.spawn(serving.run(listener, is_replaced));
        Open {
            listener: weak,
            bound,
            places,
            stops: vec![stop],
            replaced,
        }
    }

    /// Where a service of this configuration listens.
    pub fn address(&self, config: &Config, service: &str) -> Option<ListenAddress> {
        let listener = snapshot::listener(service, config.services.get(service)?);
        self.open.lock().get(&listener).map(|one| one.bound.clone())
    }
}
