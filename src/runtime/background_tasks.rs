//! What runs off the request path: the admin listener, the file watch, the sampler of the load, the monitor, the sweep of
//! the cache. All on the small runtime, so that a busy path does not silence them.

use super::background::Background;
use super::control::Operator;
use super::descriptors::Descriptors;
use super::reload::Reloader;
use super::state::StateKeeper;
use super::supervise::supervised;
use super::watch::FileWatch;
use super::{BindError, StartError, monitor, sample};
use crate::admin;
use crate::shared::Shared;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// How often the load is sampled.
const SAMPLE_EVERY: Duration = Duration::from_secs(1);

/// Binds the admin listener and serves it.
pub async fn admin(
    background: &Background,
    shared: &Arc<Shared>,
    reloader: &Arc<Reloader>,
    descriptors: Descriptors,
    leaving: watch::Receiver<bool>,
) -> Result<SocketAddr, StartError> {
    let address = shared.config().admin.listen;
    let bound = background.handle().spawn(TcpListener::bind(address)).await;
    let socket = bound.unwrap_or_else(|_| Err(std::io::Error::other("the runtime is stopping")));
    let bind_error = |source| {
        let what = "the admin API".into();
        StartError::Bind(vec![BindError {
            what,
            address: address.into(),
            source,
        }])
    };
    let socket = socket.map_err(bind_error)?;
    let bound = socket.local_addr().map_err(bind_error)?;
    let router = admin::router(Arc::new(Operator::new(
        Arc::clone(shared),
        Arc::clone(reloader),
        leaving,
    )));
    // The admin API responds until the process ends, so that a drain can be watched.
    let limits = admin::Limits {
        connections: descriptors.admin,
        ..admin::Limits::default()
    };
    background
        .handle()
        .spawn(admin::serve(socket, router, limits));
    Ok(bound)
}

/// Starts the tasks that are not waited for.
pub fn start(
    background: &Background,
    shared: &Arc<Shared>,
    reloader: &Arc<Reloader>,
    state: &Arc<StateKeeper>,
    stopping: watch::Receiver<bool>,
) {
    if let Some(source) = reloader.source() {
        let path = source.path.clone();
        let (shared, reloader) = (Arc::clone(shared), Arc::clone(reloader));
        let look = move |reloader: &Reloader| (FileWatch::new(path.clone()), reloader.differs());
        // It may have changed since the process read it. What changes after this is the watch's matter.
        let mut first = Some(look(&reloader));
        let follow = move || {
            let (file, late) = first.take().unwrap_or_else(|| look(&reloader));
            let (shared, reloader) = (Arc::clone(&shared), Arc::clone(&reloader));
            follow_file(shared, reloader, file, late, stopping.clone())
        };
        background.handle().spawn(supervised("file watch", follow));
    }
    let (sampled, swept) = (Arc::clone(shared), Arc::clone(shared));
    let sample = move || sample(Arc::clone(&sampled));
    background.handle().spawn(supervised("sampler", sample));
    let watched = Arc::clone(shared);
    let watch = move || monitor::run(Arc::clone(&watched));
    background.handle().spawn(supervised("monitor", watch));
    let sweep = move || sweep(Arc::clone(&swept));
    background.handle().spawn(supervised("cache sweep", sweep));
    let kept = Arc::clone(state);
    let keep = move || Arc::clone(&kept).run();
    background.handle().spawn(supervised("state", keep));
}

async fn follow_file(
    shared: Arc<Shared>,
    reloader: Arc<Reloader>,
    mut file: FileWatch,
    late: bool,
    mut stopping: watch::Receiver<bool>,
) {
    if late {
        let _ = reloader.reload("file").await;
    }
    loop {
        let quiet = shared.config().process.reload_delay;
        tokio::select! {
            () = file.changed(quiet) => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
        let _ = reloader.reload("file").await;
    }
}

async fn sample(shared: Arc<Shared>) {
    let mut machine = sample::Machine::default();
    loop {
        let sample = machine.sample(&shared);
        let mut load = sample::load(&sample);
        load.wants_cache = monitor::wants_cache(&shared);
        shared.sampled(load);
        shared.resources.push(sample);
        tell_what_time_changed(&shared);
        shared.ticks.tick("sampler", shared.clock.now());
        tokio::time::sleep(SAMPLE_EVERY).await;
    }
}

/// Without traffic nothing else tells that an ejection is over.
fn tell_what_time_changed(shared: &Shared) {
    let (snapshot, now) = (shared.snapshot(), shared.clock.now());
    let endpoints = snapshot.services().flat_map(|one| one.pool.endpoints());
    endpoints.for_each(|one| one.health().time_passed(&one.rules, now));
}

async fn sweep(shared: Arc<Shared>) {
    loop {
        tokio::time::sleep(shared.config().cache.cleanup_interval).await;
        let dropped = shared.cache.sweep();
        shared.ticks.tick("cache_sweep", shared.clock.now());
        tracing::debug!(dropped, "cache swept");
    }
}
