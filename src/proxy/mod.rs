//! The path on the wire: listeners, connections, exchanges. The only module that knows Pingora. It
//! asks the steps and carries their answers; it decides nothing.

mod attempt;
mod broken;
mod connection;
mod deliver;
mod errand;
mod exchange;
mod flow;
mod framing;
pub mod headers;
mod joined;
mod listener;
mod outgoing;
mod pace;
mod parts;
mod peek;
mod reads;
mod respond;
mod store;
mod upstream;
mod writes;

pub use listener::serve;

use crate::config;
use crate::dialect::Dialect;
use crate::shared::Shared;
use flow::Flow;
use pingora_core::protocols::http::ServerSession;
use respond::Ending;
use std::sync::Arc;
use tokio::sync::watch;
use upstream::Upstream;

/// The path, as all listeners share it.
pub struct Proxy {
    shared: Arc<Shared>,
    upstream: Arc<Upstream>,
}

impl Proxy {
    /// The path of a process.
    pub fn new(shared: Arc<Shared>) -> Arc<Self> {
        let idle = shared.snapshot().config.upstream.pool_size as usize;
        Arc::new(Self {
            shared,
            upstream: Arc::new(Upstream::new(idle)),
        })
    }

    /// The limits of clients, as they are now.
    fn limits(&self) -> config::Path {
        self.shared.config().path.clone()
    }

    /// The dialect of a listener's service, for refusals before there is a request.
    fn dialect(&self, listener: &str) -> Option<Arc<dyn Dialect>> {
        let service = self.shared.snapshot().at(listener)?;
        Some(Arc::clone(&service.dialect))
    }

    /// Answers one request whose head was read. An answer that is written after `stop` turned true closes the connection.
    async fn answer(
        &self,
        session: &mut ServerSession,
        listener: &str,
        stop: &watch::Receiver<bool>,
    ) -> Ending {
        let _busy = self.shared.busy();
        let snapshot = self.shared.snapshot();
        let Some(service) = snapshot.at(listener) else {
            return framing::refuse(session, 503).await;
        };
        Flow::open(self, snapshot, service, session, stop)
            .run(session)
            .await
    }
}
