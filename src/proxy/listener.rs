//! Serves a listener: accepts connections of clients, at most so many at a time, until it is told to stop.

use super::Proxy;
use super::accept_failures::AcceptFailures;
use super::client_places::{ClientPlace, ClientPlaces};
use super::connection::Connection;
use super::min_rate::SEND_BUFFER;
use crate::http::{Accepted, Listener};
use std::io;
use std::sync::Arc;
use tokio::sync::watch;

/// Connections that a listener that is replaced takes before it is closed.
const LAST_ACCEPTED: usize = 1024;

/// What the connections of one listener share.
pub struct Serving {
    /// What the snapshot calls the listener.
    pub name: Arc<str>,
    pub places: Arc<ClientPlaces>,
    pub proxy: Arc<Proxy>,
    /// Turns true when the listener and its idle connections are to be closed.
    pub stop: watch::Receiver<bool>,
}

impl Serving {
    /// Serves the connections of `listener` until `stop` turns true, or until another listener takes over: `replaced`
    /// turns true. Connections that are open then finish by themselves.
    pub async fn run(self, listener: Arc<Listener>, mut replaced: watch::Receiver<bool>) {
        let mut failures = AcceptFailures::default();
        let mut stop = self.stop.clone();
        loop {
            let (place, accepted) = tokio::select! {
                next = next(&listener, &self.places) => next,
                _ = stop.wait_for(|stop| *stop) => return,
                _ = replaced.wait_for(|replaced| *replaced) => break,
            };
            match accepted {
                Ok(accepted) => self.spawn(accepted, place),
                Err(error) => {
                    let observer = &self.proxy.shared.observer;
                    failures.rest(&error, &self.name, observer).await;
                }
            }
        }
        self.take_last(listener).await;
    }

    /// Takes the connections that are complete, since closing the socket would reset them, and closes it.
    async fn take_last(self, listener: Arc<Listener>) {
        let complete = std::iter::from_fn(|| listener.accept_now().ok());
        let last: Vec<Accepted> = complete.take(LAST_ACCEPTED).collect();
        drop(listener);
        let mut stop = self.stop.clone();
        for accepted in last {
            tokio::select! {
                place = self.places.take() => self.spawn(accepted, place),
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }

    fn spawn(&self, accepted: Accepted, place: ClientPlace) {
        let connection = Connection {
            proxy: Arc::clone(&self.proxy),
            listener: Arc::clone(&self.name),
            client: accepted.client,
            stop: self.stop.clone(),
        };
        tokio::spawn(serve_connection(accepted, connection, place));
    }
}

/// A place first, then a client for it: those that find none wait to be accepted.
async fn next(
    listener: &Listener,
    places: &Arc<ClientPlaces>,
) -> (ClientPlace, io::Result<Accepted>) {
    let place = places.take().await;
    (place, listener.accept().await)
}

async fn serve_connection(accepted: Accepted, connection: Connection, _place: ClientPlace) {
    let mut stop = connection.stop.clone();
    let handler = Arc::new(connection);
    accepted.serve(handler, SEND_BUFFER, &mut stop).await;
}
