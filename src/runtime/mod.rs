//! The process: binds sockets, starts the background tasks, reloads, drains. Tests start it in
//! process on port 0; the command line starts it once and waits for signals.

mod background;
mod background_tasks;
mod control;
mod descriptors;
mod figures;
mod learn;
mod listeners;
mod monitor;
mod network;
mod overlay;
mod probing;
mod reload;
mod sample;
mod state;
mod supervise;
mod watch;

pub use descriptors::raise_limit;
pub use reload::{ReloadError, Reloaded};

use crate::cache::Cache;
use crate::clock::Clock;
use crate::config::{Config, Loaded, Source};
use crate::listen::ListenAddress;
use crate::observe::{Name, Observer};
use crate::proxy::Proxy;
use crate::random::Random;
use crate::shared::{Shared, SharedParts};
use crate::snapshot::{Carried, CompileError, Snapshot};
use background::Background;
use descriptors::Descriptors;
use figures::Figures;
use learn::PlanLearner;
use listeners::Listeners;
use reload::Reloader;
use state::StateKeeper;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch as signal;

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("{}", bind_errors(.0))]
    Bind(Vec<BindError>),
    #[error(transparent)]
    Compile(#[from] CompileError),
    #[error("the table of metrics contradicts itself: {0}")]
    Metrics(String),
    #[error(
        "this process may open {limit} files, which leaves none for clients; raise `ulimit -n`"
    )]
    Descriptors { limit: usize },
    #[error("a thread cannot be started: {0}")]
    Thread(io::Error),
}

/// An address that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("{what} cannot listen on {address}: {source}{}", hint(.source))]
pub struct BindError {
    what: String,
    address: ListenAddress,
    source: io::Error,
}

fn bind_errors(errors: &[BindError]) -> String {
    let all: Vec<String> = errors.iter().map(ToString::to_string).collect();
    all.join("; and ")
}

/// The error of both, so that one start names every address that is taken.
fn both(services: StartError, admin: StartError) -> StartError {
    match (services, admin) {
        (StartError::Bind(mut all), StartError::Bind(more)) => {
            all.extend(more);
            StartError::Bind(all)
        }
        (first, _) => first,
    }
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "; another process uses the port: stop it, or configure another address"
        }
        io::ErrorKind::PermissionDenied => "; ports below 1024 need a privilege",
        io::ErrorKind::AddrNotAvailable => "; this machine has no such address",
        _ => "",
    }
}

/// A running server.
pub struct Server {
    shared: Arc<Shared>,
    reloader: Arc<Reloader>,
    admin: SocketAddr,
    /// Whether `/readyz` fails because of a stop that is to come.
    leaving: signal::Sender<bool>,
    stop: signal::Sender<bool>,
    state: Arc<StateKeeper>,
    /// Dropped last: it ends the background tasks.
    _background: Background,
}

impl Server {
    /// Starts a server on the runtime of the caller. With a `source` it watches that file and reloads from it.
    ///
    /// # Errors
    /// A port that is taken, or a configuration that cannot be compiled.
    pub async fn start(mut loaded: Loaded, source: Option<Source>) -> Result<Self, StartError> {
        let descriptors = Descriptors::of_process(&loaded.config)?;
        let file = Arc::new(loaded.config.clone());
        loaded.config = loaded.config.effective();
        if let Some(lowered) = descriptors.clamp(&mut loaded.config)? {
            tracing::warn!("{lowered}");
        }
        let shared = shared(&loaded, Clock::system())?;
        let state = Arc::new(StateKeeper::new(Arc::clone(&shared)));
        state.recall().await;
        let background = Background::start().map_err(StartError::Thread)?;
        let (stop, stopping) = signal::channel(false);
        let (leaving, left) = signal::channel(false);
        let proxy = Proxy::new(Arc::clone(&shared));
        let listeners = Listeners::new(proxy, stopping.clone());
        let reloader = Arc::new(Reloader::new(
            Arc::clone(&shared),
            source,
            file,
            listeners,
            descriptors,
            background.handle().clone(),
        ));
        let services = reloader.open_listeners(&shared.config()).await;
        let admin =
            background_tasks::admin(&background, &shared, &reloader, descriptors, left).await;
        let admin = match (services, admin) {
            (Ok(()), admin) => admin?,
            (Err(services), Err(admin)) => return Err(both(services, admin)),
            (Err(services), Ok(_)) => return Err(services),
        };
        reloader.start_probes();
        background_tasks::start(&background, &shared, &reloader, &state, stopping);
        Ok(Self {
            shared,
            reloader,
            admin,
            leaving,
            stop,
            state,
            _background: background,
        })
    }

    /// The address of a service's listener.
    pub fn address(&self, service: &str) -> Option<ListenAddress> {
        self.reloader.address(service)
    }

    /// The address of the admin API.
    pub fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// The long-lived parts, for tests and the command line.
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Reads the configuration again.
    ///
    /// # Errors
    /// Everything that is wrong with it; the running configuration then stays.
    pub async fn reload(&self) -> Result<Reloaded, ReloadError> {
        self.reloader.reload("signal").await
    }

    /// Each configuration that a reload puts in place, for parts outside the server, such as the log.
    pub fn reloads(&self) -> signal::Receiver<Arc<Config>> {
        self.reloader.taken()
    }

    /// From now on `/readyz` fails, so that load balancers stop sending. Requests are served as before.
    pub fn announce_stop(&self) {
        let _ = self.leaving.send(true);
    }

    /// Stops: no new connections, then requests in flight end, at most for `process.drain_limit`. Returns how many were cut.
    pub async fn stop(self) -> usize {
        let limit = self.shared.config().process.drain_limit;
        self.stop_within(limit).await
    }

    /// Stops within `limit`.
    pub async fn stop_within(self, limit: Duration) -> usize {
        self.announce_stop();
        let _ = self.stop.send(true);
        let _ = tokio::time::timeout(limit, self.shared.drained()).await;
        self.state.close().await;
        self.shared.in_flight()
    }
}

fn shared(loaded: &Loaded, clock: Clock) -> Result<Arc<Shared>, StartError> {
    let config = Arc::new(loaded.config.clone());
    let mut random = Random::from_system();
    let observer = Observer::new(&config.observe, &config.queries, clock.clone(), &mut random);
    let parts = SharedParts {
        cache: Cache::new(&config.cache, clock.clone()),
        observer: observer.map_err(|error| StartError::Metrics(error.to_string()))?,
        registry: Arc::default(),
        policies: loaded.policies.clone(),
        clock,
    };
    count_changes(&parts);
    let carried = Carried {
        clock: &parts.clock,
        registry: &parts.registry,
        policies: &parts.policies,
    };
    let first = Snapshot::compile(config, 1, carried, None)?;
    let shared = Shared::new(parts, first, random);
    let learner = PlanLearner(Arc::downgrade(&shared));
    shared.observer.add_learner(Arc::new(learner));
    shared
        .observer
        .add_source(Box::new(Figures(Arc::downgrade(&shared))));
    Ok(shared)
}

/// Counts the changes of endpoints in the metrics.
fn count_changes(parts: &SharedParts) {
    let observer = Arc::clone(&parts.observer);
    parts.registry.events().listen(move |event| {
        if let (Some(service), Some(endpoint)) = (&event.service, &event.endpoint) {
            let (kind, to) = event.what.change();
            let (service, endpoint) = (Name::from(&**service), Name::from(&**endpoint));
            observer.metrics().changed(&service, &endpoint, kind, to);
        }
    });
}
