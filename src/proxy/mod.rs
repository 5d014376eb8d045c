//! The path of a request: it is read, understood, answered from the cache or sent to an endpoint, and its response is
//! passed on. Other modules decide; this one asks them and acts on their decisions.

mod accept_failures;
mod body_reader;
pub(crate) mod call;
mod client;
mod client_places;
mod connection;
mod cut_watch;
mod delivery;
mod flow;
mod headers;
mod intake;
mod listener;
mod min_rate;
mod notes;
mod read_ahead;
mod relay;
mod respond;
mod shedding;
mod slow_reader;

pub use client_places::ClientPlaces;
pub use listener::Serving;

use crate::http::Connector;
use crate::shared::Shared;
use call::Caller;
use std::sync::Arc;

/// The path, as all listeners share it.
pub struct Proxy {
    shared: Arc<Shared>,
    caller: Caller,
}

impl Proxy {
    /// The path of a process.
    pub fn new(shared: Arc<Shared>) -> Arc<Self> {
        let idle = shared.snapshot().config.upstream.pool_size as usize;
        let caller = Caller {
            shared: Arc::clone(&shared),
            connector: Arc::new(Connector::new(idle)),
        };
        Arc::new(Self { shared, caller })
    }
}
