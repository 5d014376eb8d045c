//! The listener of the admin API: few connections, short waits, a short life. A caller that is slow
//! or many costs the proxy nothing but a few sockets.

use super::gate::Peer;
use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

/// Bounds of the listener.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at a time; more wait to be accepted.
    pub connections: usize,
    /// Time until a request's header is there; an idle connection is closed after it.
    pub header_time: Duration,
    /// Life of a connection.
    pub life: Duration,
    /// What a response under way has beyond the life of its connection.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 128,
            header_time: Duration::from_secs(5),
            life: Duration::from_secs(300),
            drain: Duration::from_secs(5),
        }
    }
}

/// Bytes of a request's header.
const MAX_HEADER: usize = 16 << 10;
/// Fields of a request's header.
const MAX_FIELDS: usize = 64;
/// Pause after an accept that failed (no file descriptors left).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until it is dropped, which ends the connections too.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits) {
    let slots = Arc::new(Semaphore::new(limits.connections.max(1)));
    let mut connections = JoinSet::new();
    loop {
        let stream = tokio::select! {
            accepted = accept(&listener, &slots) => accepted,
            // Ended ones are forgotten as they end.
            Some(_) = connections.join_next() => continue,
        };
        if let Some((stream, slot)) = stream {
            connections.spawn(connection(stream, slot, router.clone(), limits));
        }
    }
}

async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, slot)),
        Err(error) => {
            tracing::warn!(%error, "the admin listener could not accept");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

async fn connection(
    stream: TcpStream,
    _slot: OwnedSemaphorePermit,
    router: Router,
    limits: Limits,
) {
    let (Ok(remote), Ok(local)) = (stream.peer_addr(), stream.local_addr()) else {
        return;
    };
    let inner = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer { remote, local });
        inner.call(request)
    });
    let mut serving =
        std::pin::pin!(builder(limits).serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        _ = serving.as_mut() => true,
        () = tokio::time::sleep(limits.life) => false,
    };
    if !ended {
        serving.as_mut().graceful_shutdown();
        let _ = tokio::time::timeout(limits.drain, serving).await;
    }
}

fn builder(limits: Limits) -> Builder {
    let mut builder = Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_time)
        .max_buf_size(MAX_HEADER)
        .max_headers(MAX_FIELDS);
    builder
}
