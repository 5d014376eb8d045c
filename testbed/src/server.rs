//! An HTTP listener on 127.0.0.1 that passes requests to an application and injects the faults of
//! its handle. It can be killed together with its open connections, and restarted on the same
//! port. It does not depend on what the application serves.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, OnceLock, mpsc};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use percent_encoding::percent_decode_str;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::delivery::{Cut, canned, deliver};
use crate::faults::{Faults, ReceivedRequest};

/// How long `kill` waits for the accept loop to end.
const KILL_TIMEOUT: Duration = Duration::from_secs(10);

/// What a listener serves. Calls may block: each runs on a thread for blocking work.
pub trait Application: Send + Sync + 'static {
    /// Responds to one request.
    fn respond(&self, request: &Request<Bytes>) -> Response<Bytes>;

    /// Whether the request is a write, for the faults and counters that distinguish writes from reads.
    fn is_write(&self, request: &Request<Bytes>) -> bool;
}

/// A listening port and its application. Dropping it closes the port and its connections.
pub struct Listener {
    address: SocketAddr,
    faults: Faults,
    application: Arc<dyn Application>,
    running: Mutex<Option<Running>>,
}

struct Running {
    stop: oneshot::Sender<()>,
    stopped: mpsc::Receiver<()>,
}

impl Listener {
    /// Binds a port (0: a free one) of 127.0.0.1 and serves.
    ///
    /// # Errors
    /// If the port cannot be bound.
    pub fn bind(port: u16, application: Arc<dyn Application>) -> std::io::Result<Self> {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let listener = Self {
            address: socket.local_addr()?,
            faults: Faults::seeded(u64::from(port)),
            application,
            running: Mutex::new(None),
        };
        listener.serve(socket)?;
        Ok(listener)
    }

    /// The address, which stays the same over `kill` and `restart`.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:port`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The faults of this listener.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Closes the listener and its open connections. When it returns, connecting is refused.
    /// Requests that have reached the application still run to completion.
    pub fn kill(&self) {
        let Some(running) = self.running.lock().take() else {
            return;
        };
        let _ = running.stop.send(());
        let _ = running.stopped.recv_timeout(KILL_TIMEOUT);
    }

    /// Binds the same port again after `kill`; does nothing while it is open.
    ///
    /// # Errors
    /// If the port was taken meanwhile.
    pub fn restart(&self) -> std::io::Result<()> {
        if self.running.lock().is_some() {
            return Ok(());
        }
        self.serve(TcpListener::bind(self.address)?)
    }

    fn serve(&self, socket: TcpListener) -> std::io::Result<()> {
        socket.set_nonblocking(true)?;
        let (stop, stopping) = oneshot::channel();
        let (done, stopped) = mpsc::channel();
        let _guard = runtime().enter();
        let socket = tokio::net::TcpListener::from_std(socket)?;
        let service = Service {
            application: self.application.clone(),
            faults: self.faults.clone(),
        };
        runtime().spawn(async move {
            accept(socket, service, stopping).await;
            let _ = done.send(());
        });
        *self.running.lock() = Some(Running { stop, stopped });
        Ok(())
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The runtime of all listeners of the process: created once, never shut down.
pub(crate) fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("testbed")
            .enable_all()
            .build()
            .expect("a runtime for the listeners")
    })
}

#[derive(Clone)]
struct Service {
    application: Arc<dyn Application>,
    faults: Faults,
}

async fn accept(
    socket: tokio::net::TcpListener,
    service: Service,
    mut stopping: oneshot::Receiver<()>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopping => break,
            Some(_) = connections.join_next() => {}
            accepted = socket.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                if service.faults.accept() {
                    connections.spawn(connection(stream, service.clone()));
                } else {
                    reset(&stream);
                }
            }
        }
    }
    drop(socket);
    connections.shutdown().await;
}

/// Makes closing the stream send a reset.
fn reset(stream: &TcpStream) {
    let _ = stream.set_zero_linger();
}

async fn connection(stream: TcpStream, service: Service) {
    let _ = stream.set_nodelay(true);
    let handle = service_fn(move |request| {
        let service = service.clone();
        async move { service.handle(request).await }
    });
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), handle)
        .await;
}

impl Service {
    async fn handle(self, request: Request<Incoming>) -> Result<Response<Body>, Cut> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map_err(|_| Cut)?.to_bytes();
        let request = Request::from_parts(head, body);
        let plan = self.faults.plan(self.received(&request));
        if plan.hang {
            return std::future::pending().await;
        }
        if let Some(wait) = plan.delay {
            tokio::time::sleep(wait).await;
        }
        let response = match &plan.response {
            Some(response) => canned(response),
            None => self.run(request).await?,
        };
        if let Some(wait) = plan.delay_response {
            tokio::time::sleep(wait).await;
        }
        deliver(response, &plan)
    }

    fn received(&self, request: &Request<Bytes>) -> ReceivedRequest {
        ReceivedRequest {
            method: request.method().clone(),
            target: request.uri().to_string(),
            headers: request.headers().clone(),
            body: request.body().clone(),
            write: self.application.is_write(request),
        }
    }

    async fn run(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Cut> {
        let application = self.application.clone();
        let work = move || application.respond(&request);
        tokio::task::spawn_blocking(work).await.map_err(|_| Cut)
    }
}

/// The decoded segments of a path; empty ones vanish, so `//a/` is `/a`.
pub(crate) fn segments(path: &str) -> Vec<String> {
    path.split('/')
        .filter(|segment| !segment.is_empty())
        .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
        .collect()
}

/// For applications: an empty response with a status.
pub(crate) fn empty(status: http::StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}
