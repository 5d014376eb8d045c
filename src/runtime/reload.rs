//! Reload: reads the configuration again, compiles it while the old one runs, opens what is new,
//! swaps. Whatever is wrong leaves everything as it was.

use super::StartError;
use super::descriptors::Descriptors;
use super::listeners::Listeners;
use super::overlay::{Layers, Overlay};
use super::probing::Probing;
use crate::admin::Problem;
use crate::config::{self, Config, Report, Source};
use crate::endpoint::{EventKind, Subject};
use crate::listen::ListenAddress;
use crate::observe::ReloadResult;
use crate::shared::Shared;
use crate::snapshot::{CompileError, Snapshot};
use parking_lot::Mutex;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::watch;

/// Characters of a refusal that its event keeps; the whole text is in the log.
const WHY_KEPT: usize = 500;

/// Why a reload changed nothing.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    #[error("this server was started without a configuration file")]
    NoSource,
    #[error("the configuration is refused; the one before stays: {0}")]
    Refused(Report),
    #[error(transparent)]
    Compile(#[from] CompileError),
    #[error(transparent)]
    Bind(#[from] StartError),
}

/// A configuration that was put in place.
#[derive(Debug, Clone)]
pub struct Reloaded {
    pub generation: u64,
    /// Whether anything differs from before.
    pub changed: bool,
    /// What differs, in a few words.
    pub changes: String,
    /// What differs but needs a restart, and what is worth knowing.
    pub warnings: Vec<String>,
}

/// Reloads, one at a time.
pub struct Reloader {
    shared: Arc<Shared>,
    source: Option<Source>,
    listeners: Listeners,
    descriptors: Descriptors,
    probing: Probing,
    one_at_a_time: tokio::sync::Mutex<()>,
    layers: Mutex<Layers>,
    /// Why the last reload was refused; none: it was taken.
    refusal: Mutex<Option<String>>,
    /// What the process was started with: keys that need a restart keep these values.
    started: Arc<Config>,
    /// Tells of each configuration that was put in place.
    taken: watch::Sender<Arc<Config>>,
}

impl Reloader {
    /// A reloader; `file` is the configuration as it was read, and probes run on `background`.
    pub fn new(
        shared: Arc<Shared>,
        source: Option<Source>,
        file: Arc<Config>,
        listeners: Listeners,
        descriptors: Descriptors,
        background: Handle,
    ) -> Self {
        let generation = shared.snapshot().generation;
        shared.observer.metrics().serves(true, generation);
        Self {
            probing: Probing::new(Arc::clone(&shared), background),
            started: shared.config(),
            taken: watch::Sender::new(shared.config()),
            shared,
            source,
            listeners,
            descriptors,
            one_at_a_time: tokio::sync::Mutex::default(),
            layers: Mutex::new(Layers {
                file,
                overlay: Overlay::default(),
            }),
            refusal: Mutex::default(),
        }
    }

    /// The file that is watched.
    pub fn source(&self) -> Option<&Source> {
        self.source.as_ref()
    }

    /// Opens the listeners of the first configuration.
    pub async fn open_listeners(&self, config: &Config) -> Result<(), StartError> {
        let bound = self.listeners.bind(config).await?;
        self.listeners.serve(bound, config);
        Ok(())
    }

    /// Starts the probes of the endpoints of the present snapshot.
    pub fn start_probes(&self) {
        self.probing.follow(&self.shared.snapshot());
    }

    /// Where a service listens.
    pub fn address(&self, service: &str) -> Option<ListenAddress> {
        self.listeners.address(&self.shared.config(), service)
    }

    /// Each configuration that is put in place from now on.
    pub fn taken(&self) -> watch::Receiver<Arc<Config>> {
        self.taken.subscribe()
    }

    /// Whether the file holds another configuration than the one that serves. One that cannot be read counts as another.
    pub fn differs(&self) -> bool {
        let loaded = self.source.as_ref().map(config::load);
        let file = self.layers().file;
        loaded.is_some_and(|loaded| loaded.map_or(true, |loaded| loaded.config != *file))
    }

    /// The configuration of the file, and what operators changed.
    pub fn layers(&self) -> Layers {
        self.layers.lock().clone()
    }

    /// Why the last reload was refused; `None` when it was taken.
    pub fn refusal(&self) -> Option<String> {
        self.refusal.lock().clone()
    }

    /// Reads the configuration again; `cause` says who asked.
    pub async fn reload(&self, cause: &'static str) -> Result<Reloaded, ReloadError> {
        let _turn = self.one_at_a_time.lock().await;
        let reloaded = self.attempt().await;
        self.note(cause, &reloaded);
        reloaded
    }

    /// Puts in place what `change` makes of what operators changed so far: one swap, by the same way as a reload.
    pub async fn change(
        &self,
        change: impl FnOnce(Overlay, &Layers) -> Result<Overlay, Problem> + Send,
    ) -> Result<(), Problem> {
        let _turn = self.one_at_a_time.lock().await;
        let mut layers = self.layers();
        layers.overlay = change(layers.overlay.clone(), &layers)?;
        let checked = config::check_strategies(&layers.configured(), &self.shared.policies);
        checked.map_err(|report| Problem::conflict(report.to_string()))?;
        let placed = self.put(layers).await;
        let placed = placed.map_err(|error| Problem::conflict(error.to_string()))?;
        let metrics = self.shared.observer.metrics();
        metrics.serves(self.refusal().is_none(), placed.generation);
        Ok(())
    }

    async fn attempt(&self) -> Result<Reloaded, ReloadError> {
        let source = self.source.as_ref().ok_or(ReloadError::NoSource)?;
        let loaded = config::load(source).map_err(ReloadError::Refused)?;
        let notes: Vec<String> = loaded.note_lines().collect();
        let mut layers = self.layers();
        if *layers.file != loaded.config {
            layers.overlay = layers.overlay.after_reload(&loaded.config);
            layers.file = Arc::new(loaded.config);
        }
        let mut placed = self.put(layers).await?;
        placed.warnings.splice(0..0, notes);
        Ok(placed)
    }

    /// Puts these layers in place, as far as there are file descriptors for them.
    async fn put(&self, layers: Layers) -> Result<Reloaded, ReloadError> {
        let mut config = layers.effective();
        let lowered = self.descriptors.clamp(&mut config)?;
        let before = self.shared.snapshot();
        // The start, or the reload before, has said it otherwise.
        let is_new = before.config.path.max_clients != config.path.max_clients;
        let needs_restart = self.started.restart_only_changes(&config);
        let needs_restart = needs_restart
            .iter()
            .map(|key| format!("{key}: the change takes effect after a restart"));
        let warnings = lowered.filter(|_| is_new).into_iter().chain(needs_restart);
        let warnings = warnings.collect();
        if *before.config == config {
            *self.layers.lock() = layers;
            self.forget_gone_series();
            return Ok(Reloaded {
                generation: before.generation,
                changed: false,
                changes: String::new(),
                warnings,
            });
        }
        let changes = config::changes(&before.config, &config);
        let config = Arc::new(config);
        let next = Snapshot::compile(
            Arc::clone(&config),
            before.generation + 1,
            self.shared.carried(),
            Some(&before),
        )?;
        let bound = self.listeners.bind(&config).await?;
        let generation = next.generation;
        self.shared.swap(next);
        *self.layers.lock() = layers;
        self.listeners.serve(bound, &config);
        self.probing.follow(&self.shared.snapshot());
        self.forget_gone_series();
        self.taken.send_replace(config);
        Ok(Reloaded {
            generation,
            changed: true,
            changes,
            warnings,
        })
    }

    /// Drops the series of services and endpoints that are neither configured nor draining.
    fn forget_gone_series(&self) {
        let snapshot = self.shared.snapshot();
        let leaving = self.shared.registry.leaving(self.shared.clock.now());
        let drains = |service: &str, endpoint: Option<&str>| {
            leaving.iter().any(|one| {
                let identity = one.endpoint.health().identity();
                *identity.service == *service
                    && endpoint.is_none_or(|endpoint| *identity.name == *endpoint)
            })
        };
        let is_present = |service: &str, endpoint: Option<&str>| {
            let known = snapshot.service(service);
            let known = known.is_some_and(|known| {
                endpoint.is_none_or(|endpoint| known.pool.find(endpoint).is_some())
            });
            known || drains(service, endpoint)
        };
        self.shared.observer.metrics().retain(&is_present);
    }

    fn note(&self, cause: &'static str, reloaded: &Result<Reloaded, ReloadError>) {
        let result = match reloaded {
            Ok(done) => self.taken_as(cause, done),
            Err(error) => {
                *self.refusal.lock() = Some(error.to_string());
                tracing::error!(cause, "{error}");
                let why: String = error.to_string().chars().take(WHY_KEPT).collect();
                self.record(EventKind::ReloadRefused, format!("{cause}: {why}"));
                ReloadResult::Refused
            }
        };
        let generation = self.shared.snapshot().generation;
        let metrics = self.shared.observer.metrics();
        metrics.reloaded(result, generation);
    }

    /// An unchanged configuration is reported only after a refused one.
    fn taken_as(&self, cause: &'static str, done: &Reloaded) -> ReloadResult {
        let ends_refusal = self.refusal.lock().take().is_some();
        if !done.changed && !ends_refusal {
            tracing::debug!(cause, "the configuration is as before");
            return ReloadResult::Unchanged;
        }
        let (generation, changed) = (done.generation, done.changed);
        let what = match done.changes.as_str() {
            "" => String::new(),
            changes => format!(": {changes}"),
        };
        let why = format!("{cause}: generation {generation}{what}");
        self.record(EventKind::Reloaded, why);
        tracing::info!(cause, generation, changed, "configuration taken");
        let warnings = done.warnings.iter();
        warnings.for_each(|warning| tracing::warn!("{warning}"));
        match changed {
            true => ReloadResult::Accepted,
            false => ReloadResult::Unchanged,
        }
    }

    fn record(&self, what: EventKind, why: String) {
        let events = self.shared.registry.events();
        events.record(Subject::Process, what, why);
    }
}
