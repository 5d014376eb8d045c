//! A listener: accepts connections of clients, at most so many at a time, until it is told to stop.
//! The socket is bound by the caller, so that a taken port is a clear error and port 0 can be asked.

use super::Proxy;
use super::connection;
use super::joined::Joined;
use pingora_core::protocols::SocketDigest;
use pingora_core::protocols::l4::stream::Stream as L4;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// How long accepting rests when no more sockets can be had.
const EXHAUSTED: Duration = Duration::from_millis(100);

/// Serves the connections of one socket, whose service the snapshot names, until `stop` turns true. Connections that are open then finish by themselves.
pub async fn serve(
    socket: TcpListener,
    listener: Arc<str>,
    proxy: Arc<Proxy>,
    mut stop: watch::Receiver<bool>,
) {
    let seats = Arc::new(Semaphore::new(proxy.limits().max_clients as usize));
    loop {
        let (seat, accepted) = tokio::select! {
            next = next(&socket, &seats) => next,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        match accepted {
            Ok((stream, client)) => welcome(stream, client, seat, &listener, &proxy, &stop),
            Err(error) => {
                tracing::warn!(%error, listener = &*listener, "a connection could not be accepted");
                tokio::time::sleep(EXHAUSTED).await;
            }
        }
    }
}

/// A seat first, then a client for it: those that find none wait to be accepted.
async fn next(
    socket: &TcpListener,
    seats: &Arc<Semaphore>,
) -> (
    Option<OwnedSemaphorePermit>,
    std::io::Result<(TcpStream, SocketAddr)>,
) {
    let seat = Arc::clone(seats).acquire_owned().await.ok();
    (seat, socket.accept().await)
}

fn welcome(
    tcp: TcpStream,
    client: SocketAddr,
    seat: Option<OwnedSemaphorePermit>,
    listener: &Arc<str>,
    proxy: &Arc<Proxy>,
    stop: &watch::Receiver<bool>,
) {
    let _ = tcp.set_nodelay(true);
    let digest = SocketDigest::from_raw_fd(tcp.as_raw_fd());
    let _ = digest.peer_addr.set(Some(client.into()));
    let mut stream = L4::from(tcp);
    pingora_core::protocols::GetSocketDigest::set_socket_digest(&mut stream, digest);
    let stream = Joined::stream(Box::new(stream));
    let (listener, proxy, stop) = (Arc::clone(listener), Arc::clone(proxy), stop.clone());
    tokio::spawn(async move {
        connection::serve(stream, listener, proxy, stop).await;
        drop(seat);
    });
}
