//! The path on the wire: listeners, connections, exchanges. The only module that knows Pingora. It
//! asks the steps and carries their answers; it decides nothing.

mod attempt;
mod connection;
mod errand;
mod exchange;
mod flow;
pub mod headers;
mod listener;
mod outgoing;
mod peek;
mod respond;
mod store;
mod upstream;

pub use listener::serve;

use crate::config;
use crate::shared::Shared;
use flow::Flow;
use pingora_core::protocols::http::ServerSession;
use respond::Ending;
use std::sync::Arc;
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

    /// Answers one request whose head was read. Gives the connection back if it may be used again.
    async fn answer(&self, mut session: ServerSession, listener: &str) -> Option<ServerSession> {
        let snapshot = self.shared.snapshot();
        let Some(service) = snapshot.at(listener) else {
            let _ = session.respond_error(503).await;
            return None;
        };
        let _busy = self.shared.busy();
        let ending = Flow::open(self, snapshot, service, &session)
            .run(&mut session)
            .await;
        match ending {
            Ending::Complete => connection::finish(session).await,
            // Dropping the connection without a clean end is what tells the client that the answer was cut.
            Ending::ClientGone | Ending::Cut => None,
        }
    }
}
