//! The listeners of all services. A reload opens those that are new before it takes effect, and
//! closes those that are gone after; connections that are open end by themselves.

use super::StartError;
use crate::config::Config;
use crate::proxy::{self, Proxy};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::watch;

/// All listeners.
pub struct Listeners {
    proxy: Arc<Proxy>,
    /// Where connections are served: the runtime of the path.
    path: Handle,
    stopping: watch::Receiver<bool>,
    open: Mutex<BTreeMap<String, Open>>,
}

struct Open {
    /// As configured; port 0 stays 0 here.
    wanted: SocketAddr,
    bound: SocketAddr,
    stop: watch::Sender<bool>,
}

/// Sockets that are bound and not yet served.
pub struct Bound(Vec<(String, SocketAddr, TcpListener)>);

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

    /// Binds what a configuration has beyond what is open.
    pub async fn bind(&self, config: &Config) -> Result<Bound, StartError> {
        let mut bound = Vec::new();
        for (name, service) in &config.services {
            let wanted = service.listen_address();
            if self
                .open
                .lock()
                .get(name)
                .is_some_and(|open| open.wanted == wanted)
            {
                continue;
            }
            let socket = self
                .bind_on_path(wanted)
                .await
                .map_err(|source| StartError::Bind {
                    what: format!("service {name}"),
                    address: wanted,
                    source,
                })?;
            bound.push((name.clone(), wanted, socket));
        }
        Ok(Bound(bound))
    }

    /// A socket belongs to the runtime on which it is bound.
    async fn bind_on_path(&self, address: SocketAddr) -> std::io::Result<TcpListener> {
        let bound = self.path.spawn(TcpListener::bind(address)).await;
        bound.unwrap_or_else(|_| Err(std::io::Error::other("the runtime is stopping")))
    }

    /// Serves what was bound, and closes what the configuration no longer has.
    pub fn serve(&self, bound: Bound, config: &Config) {
        let mut open = self.open.lock();
        open.retain(|name, listener| {
            let kept = config.services.contains_key(name);
            if !kept {
                let _ = listener.stop.send(true);
            }
            kept
        });
        for (name, wanted, socket) in bound.0 {
            if let Ok(bound) = socket.local_addr() {
                let stop = self.start(&name, socket);
                let old = open.insert(
                    name,
                    Open {
                        wanted,
                        bound,
                        stop,
                    },
                );
                old.into_iter().for_each(|old| {
                    let _ = old.stop.send(true);
                });
            }
        }
    }

    fn start(&self, name: &str, socket: TcpListener) -> watch::Sender<bool> {
        let (stop, stopped) = watch::channel(*self.stopping.borrow());
        let (serving, mut stopping, all) = (
            proxy::serve(socket, name.into(), Arc::clone(&self.proxy), stopped),
            self.stopping.clone(),
            stop.clone(),
        );
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

    /// Where a service listens.
    pub fn address(&self, service: &str) -> Option<SocketAddr> {
        self.open.lock().get(service).map(|open| open.bound)
    }
}
