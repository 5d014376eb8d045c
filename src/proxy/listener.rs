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

/// Serves the connections of one listener, whose service the snapshot names, until `stop` turns true. Connections that
/// are open then finish by themselves.
pub async fn serve(
    listener: Listener,
    name: Arc<str>,
    places: Arc<ClientPlaces>,
    proxy: Arc<Proxy>,
    mut stop: watch::Receiver<bool>,
) {
    let mut failures = AcceptFailures::default();
    loop {
        let (place, accepted) = tokio::select! {
            next = next(&listener, &places) => next,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        match accepted {
            Ok(accepted) => {
                let connection = Connection {
                    proxy: Arc::clone(&proxy),
                    listener: Arc::clone(&name),
                    client: accepted.client,
                    stop: stop.clone(),
                };
                tokio::spawn(serve_connection(accepted, connection, place));
            }
            Err(error) => failures.rest(&error, &name, &proxy.shared.observer).await,
        }
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
