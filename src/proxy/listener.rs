//! A listener: accepts connections of clients, at most so many at a time, until it is told to stop.
//! The socket is bound by the caller, so that a taken port is a clear error and port 0 can be asked.

use super::Proxy;
use super::accept_failures::AcceptFailures;
use super::connection::Connection;
use super::min_rate::SEND_BUFFER;
use crate::http;
use socket2::SockRef;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// Serves the connections of one socket, whose service the snapshot names, until `stop` turns true. Connections that are open then finish by themselves.
pub async fn serve(
    socket: TcpListener,
    listener: Arc<str>,
    proxy: Arc<Proxy>,
    mut stop: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(proxy.max_clients()));
    let mut failures = AcceptFailures::default();
    loop {
        let (place, accepted) = tokio::select! {
            next = next(&socket, &places) => next,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        match accepted {
            Ok((stream, client)) => {
                let connection = Connection {
                    proxy: Arc::clone(&proxy),
                    listener: Arc::clone(&listener),
                    client: client.ip(),
                    stop: stop.clone(),
                };
                tokio::spawn(serve_connection(stream, connection, place));
            }
            Err(error) => {
                failures
                    .rest(&error, &listener, &proxy.shared.observer)
                    .await;
            }
        }
    }
}

/// A place first, then a client for it: those that find none wait to be accepted.
async fn next(
    socket: &TcpListener,
    places: &Arc<Semaphore>,
) -> (
    Option<OwnedSemaphorePermit>,
    std::io::Result<(TcpStream, SocketAddr)>,
) {
    let place = Arc::clone(places).acquire_owned().await.ok();
    (place, socket.accept().await)
}

async fn serve_connection(
    tcp: TcpStream,
    connection: Connection,
    _place: Option<OwnedSemaphorePermit>,
) {
    // Where these cannot be set, the connection is served with the system's defaults.
    let _ = tcp.set_nodelay(true);
    let _ = SockRef::from(&tcp).set_send_buffer_size(SEND_BUFFER);
    let mut stop = connection.stop.clone();
    http::serve(tcp, &connection, &mut stop).await;
}
