//! The listeners of all services. A reload opens those that are new before it takes effect, and
//! closes those that are gone after; connections that are open end by themselves. A listener goes by
//! its address, so that a service can be renamed, or two can change places, without closing any.

use super::{BindError, StartError};
use crate::config::Config;
use crate::http::Listener;
use crate::listen::ListenAddress;
use crate::proxy::{self, ClientPlaces, Proxy};
use crate::snapshot;
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
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
    bound: ListenAddress,
    places: Arc<ClientPlaces>,
    stop: watch::Sender<bool>,
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
            let socket = self.bind_on_path(address.clone(), config.path.listen_backlog);
            match socket.await {
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
        address: ListenAddress,
        backlog: u32,
    ) -> std::io::Result<Listener> {
        let bound = self
            .path
            .spawn(async move { Listener::bind(&address, backlog) })
            .await;
        bound.unwrap_or_else(|_| Err(std::io::Error::other("the runtime is stopping")))
    }

    /// Serves what was bound, closes what the configuration no longer has, and gives each as many places as it says.
    pub fn serve(&self, bound: Bound, config: &Config) {
        let services = config.services.iter();
        let wanted: BTreeSet<String> = services
            .map(|(name, service)| snapshot::listener(name, service))
            .collect();
        let mut open = self.open.lock();
        open.retain(|listener, one| {
            let kept = wanted.contains(listener);
            if !kept {
                let _ = one.stop.send(true);
            }
            kept
        });
        let limit = config.path.max_clients as usize;
        open.values().for_each(|one| one.places.set_limit(limit));
        for (name, listener) in bound.0 {
            if let Ok(bound) = listener.address() {
                let places = ClientPlaces::new(limit);
                let stop = self.start(&name, listener, Arc::clone(&places));
                let one = Open {
                    bound,
                    places,
                    stop,
                };
                open.insert(name, one);
            }
        }
    }

    fn start(
        &self,
        name: &str,
        listener: Listener,
        places: Arc<ClientPlaces>,
    ) -> watch::Sender<bool> {
        let (stop, stopped) = watch::channel(*self.stopping.borrow());
        let proxy = Arc::clone(&self.proxy);
        let serving = proxy::serve(listener, name.into(), places, proxy, stopped);
        let (mut stopping, all) = (self.stopping.clone(), stop.clone());
        self.path.spawn(serving);
        self.path.spawn(async move {
            tokio::select! {
                _ = stopping.wait_for(|stop| *stop) => {
                    let _ = all.send(true);
                }
                // A listener that a reload closed, and its last connection, are gone.
                () = all.closed() => {}
            }
        });
        stop
    }

    /// Where a service of this configuration listens.
    pub fn address(&self, config: &Config, service: &str) -> Option<ListenAddress> {
        let listener = snapshot::listener(service, config.services.get(service)?);
        self.open.lock().get(&listener).map(|one| one.bound.clone())
    }
}
