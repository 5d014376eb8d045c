//! `pointsman run`: serves until a signal stops it. SIGTERM drains after a delay, SIGINT without it,
//! a second signal ends at once; SIGHUP reloads.

use super::RunArgs;
use crate::config::{self, Config, Loaded, Source};
use crate::observe::Logging;
use crate::runtime::{Server, StartError, raise_limit};
use balancing::policies::PolicyRegistry;
use std::process::ExitCode;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Serves, with these policies of the program's own.
pub fn run(args: &RunArgs, policies: PolicyRegistry) -> ExitCode {
    let source = args.source.source().with_policies(policies);
    let loaded = match config::load(&source) {
        Ok(loaded) => loaded,
        Err(report) => {
            eprintln!("{report}");
            return ExitCode::FAILURE;
        }
    };
    match serve(loaded, source) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("pointsman: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(loaded: Loaded, source: Source) -> Result<ExitCode, String> {
    let log = Logging::start(&loaded.config.observe).map_err(|error| error.to_string())?;
    raise_limit();
    let runtime =
        runtime(&loaded.config).map_err(|error| format!("threads cannot be started: {error}"))?;
    let code = runtime.block_on(until_stopped(loaded, source, &log));
    runtime.shutdown_background();
    code.map_err(|error| error.to_string())
}

fn runtime(config: &Config) -> std::io::Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if config.process.workers > 0 {
        builder.worker_threads(config.process.workers as usize);
    }
    builder.thread_name("pointsman-path").enable_all().build()
}

async fn until_stopped(
    loaded: Loaded,
    source: Source,
    log: &Logging,
) -> Result<ExitCode, StartError> {
    for line in loaded.note_lines() {
        tracing::warn!("{line}");
    }
    let services: Vec<String> = loaded.config.services.keys().cloned().collect();
    let server = Server::start(loaded, Some(source)).await?;
    // Before the process says that it is there: a signal must not end it then.
    let Ok((mut stop, mut reload)) = signals() else {
        tracing::error!("signals cannot be received");
        return Ok(ExitCode::FAILURE);
    };
    for name in &services {
        if let Some(address) = server.address(name) {
            tracing::info!(service = name, %address, "listening");
        }
    }
    tracing::info!(address = %server.admin(), "admin API listening");
    let mut taken = server.reloads();
    let cause = loop {
        tokio::select! {
            cause = stop.received() => break cause,
            Ok(()) = taken.changed() => take_filter(log, &taken.borrow_and_update()),
            _ = reload.recv() => { let _ = server.reload().await; }
        }
    };
    Ok(drain(server, cause, &mut stop).await)
}

/// The log follows a reload; a filter that does not parse leaves the one before.
fn take_filter(log: &Logging, config: &Config) {
    if let Err(error) = log.apply(&config.observe) {
        tracing::warn!("{error}");
    }
}

/// What causes a stop.
#[derive(Clone, Copy, PartialEq, Eq)]
enum StopCause {
    /// SIGTERM, from a supervisor: load balancers may still send.
    Terminated,
    /// SIGINT, from a person at a terminal.
    Interrupted,
}

/// SIGTERM and SIGINT.
struct Stop {
    term: Signal,
    int: Signal,
}

impl Stop {
    async fn received(&mut self) -> StopCause {
        tokio::select! {
            _ = self.term.recv() => StopCause::Terminated,
            _ = self.int.recv() => StopCause::Interrupted,
        }
    }
}

fn signals() -> std::io::Result<(Stop, Signal)> {
    let stop = Stop {
        term: signal(SignalKind::terminate())?,
        int: signal(SignalKind::interrupt())?,
    };
    Ok((stop, signal(SignalKind::hangup())?))
}

async fn drain(server: Server, cause: StopCause, stop: &mut Stop) -> ExitCode {
    let cut = tokio::select! {
        cut = stopped(server, cause) => cut,
        _ = stop.received() => {
            tracing::warn!("a second signal: ending at once");
            return ExitCode::FAILURE;
        }
    };
    if cut > 0 {
        tracing::warn!(cut, "the drain limit passed: requests were cut");
    }
    tracing::info!("stopped");
    ExitCode::SUCCESS
}

/// Stops in the order that suits the cause. Returns how many requests were cut.
async fn stopped(server: Server, cause: StopCause) -> usize {
    server.announce_stop();
    if cause == StopCause::Terminated {
        let delay = server.shared().config().process.drain_delay;
        tracing::info!(
            ?delay,
            "stopping: /readyz fails; requests are served until load balancers have seen it"
        );
        tokio::time::sleep(delay).await;
    }
    let in_flight = server.shared().in_flight();
    tracing::info!(
        in_flight,
        "stopping: no new connections; waiting for requests in flight"
    );
    server.stop().await
}
