//! One front door: a listener on 127.0.0.1 that carries requests to an application and applies
//! the faults of its handle. It can be killed with its open connections, and started again on
//! the same port. It knows nothing of what the application answers.

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

use crate::delivery::{Cut, deliver, made_up};
use crate::faults::{Faults, Seen};

/// How long `kill` waits for the accept loop to end.
const KILL_PATIENCE: Duration = Duration::from_secs(10);

/// What answers behind a door. Calls may block: each runs on a thread for blocking work.
pub trait Application: Send + Sync + 'static {
    /// Answers one request.
    fn answer(&self, request: &Request<Bytes>) -> Response<Bytes>;

    /// Whether the request is a write, for faults and counters that tell the two apart.
    fn is_write(&self, request: &Request<Bytes>) -> bool;
}

/// A listener with an application behind it. Dropping it closes the port and its connections.
pub struct Door {
    address: SocketAddr,
    faults: Faults,
    application: Arc<dyn Application>,
    running: Mutex<Option<Running>>,
}

struct Running {
    stop: oneshot::Sender<()>,
    stopped: mpsc::Receiver<()>,
}

impl Door {
    /// Opens the port (0: a free one) on 127.0.0.1 and serves.
    ///
    /// # Errors
    /// If the port cannot be bound.
    pub fn open(port: u16, application: Arc<dyn Application>) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let door = Self {
            address: listener.local_addr()?,
            faults: Faults::seeded(u64::from(port)),
            application,
            running: Mutex::new(None),
        };
        door.serve(listener)?;
        Ok(door)
    }

    /// The address, which stays the same over `kill` and `restart`.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:port`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The faults of this door.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Closes the listener and its open connections. When it returns, connecting is refused.
    /// Requests that the application already has run to their end.
    pub fn kill(&self) {
        let Some(running) = self.running.lock().take() else {
            return;
        };
        let _ = running.stop.send(());
        let _ = running.stopped.recv_timeout(KILL_PATIENCE);
    }

    /// Opens the same port again after `kill`. Does nothing while it is open.
    ///
    /// # Errors
    /// If the port was taken meanwhile.
    pub fn restart(&self) -> std::io::Result<()> {
        if self.running.lock().is_some() {
            return Ok(());
        }
        self.serve(TcpListener::bind(self.address)?)
    }

    fn serve(&self, listener: TcpListener) -> std::io::Result<()> {
        listener.set_nonblocking(true)?;
        let (stop, stopping) = oneshot::channel();
        let (done, stopped) = mpsc::channel();
        let _guard = runtime().enter();
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let service = Service {
            application: self.application.clone(),
            faults: self.faults.clone(),
        };
        runtime().spawn(async move {
            accept(listener, service, stopping).await;
            let _ = done.send(());
        });
        *self.running.lock() = Some(Running { stop, stopped });
        Ok(())
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The runtime of all doors of the process: made once, never shut down.
pub(crate) fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("testbed")
            .enable_all()
            .build()
            .expect("a runtime for the doors")
    })
}

#[derive(Clone)]
struct Service {
    application: Arc<dyn Application>,
    faults: Faults,
}

async fn accept(
    listener: tokio::net::TcpListener,
    service: Service,
    mut stopping: oneshot::Receiver<()>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopping => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                if service.faults.accept() {
                    connections.spawn(connection(stream, service.clone()));
                } else {
                    reset(&stream);
                }
            }
        }
    }
    drop(listener);
    connections.shutdown().await;
}

/// Makes the close of the stream a reset.
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
        let plan = self.faults.plan(self.seen(&request));
        if plan.hang {
            return std::future::pending().await;
        }
        if let Some(wait) = plan.delay {
            tokio::time::sleep(wait).await;
        }
        let response = match &plan.answer {
            Some(answer) => made_up(answer),
            None => self.run(request).await?,
        };
        if let Some(wait) = plan.late {
            tokio::time::sleep(wait).await;
        }
        deliver(response, &plan)
    }

    fn seen(&self, request: &Request<Bytes>) -> Seen {
        Seen {
            method: request.method().clone(),
            target: request.uri().to_string(),
            headers: request.headers().clone(),
            body: request.body().clone(),
            write: self.application.is_write(request),
        }
    }

    async fn run(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Cut> {
        let application = self.application.clone();
        let work = move || application.answer(&request);
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

/// For applications: an empty answer with a status.
pub(crate) fn empty(status: http::StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}
