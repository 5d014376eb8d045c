//! The log: filter, form, and a writer that never blocks the path. Lines go through a bounded queue
//! to a thread of their own; when the reader is stuck they are dropped and counted.

mod writer;

pub use writer::dropped;

use crate::config::{LogFormat, Observe};
use std::io::Write;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::{EnvFilter, ParseError, filter_fn};
use tracing_subscriber::layer::{Layer as _, SubscriberExt};
use tracing_subscriber::registry::Registry;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{fmt, reload};
use writer::LogQueue;

/// The running log. Keep it until the process ends: dropping it writes out what is queued.
pub struct Logging {
    filter: reload::Handle<EnvFilter, Registry>,
    _flush: writer::Flush,
}

/// Why the log could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// The filter does not parse.
    #[error("observe.log: {0}; expected a filter such as `info` or `pointsman=debug`")]
    Filter(#[from] ParseError),
    /// The thread of the log could not be started.
    #[error("the log's thread could not be started: {0}")]
    Thread(#[from] std::io::Error),
    /// Another log is set up already, or this one is gone.
    #[error("the log could not be set: {0}")]
    Set(String),
}

impl Logging {
    /// Sets up the log of the process, on standard error.
    pub fn start(observe: &Observe) -> Result<Self, LoggingError> {
        let (queue, flush) = writer::start(std::io::stderr())?;
        let (subscriber, filter) = subscriber(observe, queue)?;
        subscriber
            .try_init()
            .map_err(|error| LoggingError::Set(error.to_string()))?;
        Ok(Self {
            filter,
            _flush: flush,
        })
    }

    /// Takes a new filter; the form of the lines stays until a restart.
    pub fn apply(&self, observe: &Observe) -> Result<(), LoggingError> {
        let filter = EnvFilter::try_new(&observe.log)?;
        self.filter
            .reload(filter)
            .map_err(|error| LoggingError::Set(error.to_string()))
    }
}

type Built = (
    Box<dyn Subscriber + Send + Sync>,
    reload::Handle<EnvFilter, Registry>,
);

/// Whether a line may be logged, whatever the filter says. Below warnings the libraries print whole
/// requests with their credentials. Lines of the connection pool about a connection that closed just
/// before it was wanted are left out: another one is opened.
fn is_ours(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    let crate_name = target.split("::").next().unwrap_or(target);
    match crate_name {
        "pointsman" | "http1" => true,
        _ => *metadata.level() <= Level::WARN && !target.starts_with("pingora_core::connectors"),
    }
}

fn subscriber(observe: &Observe, queue: LogQueue) -> Result<Built, LoggingError> {
    let (filter, handle) = reload::Layer::new(EnvFilter::try_new(&observe.log)?);
    let base = tracing_subscriber::registry().with(filter);
    let lines = fmt::layer()
        .with_ansi(false)
        .with_writer(move || queue.clone());
    let subscriber: Box<dyn Subscriber + Send + Sync> = match observe.log_format {
        LogFormat::Text => Box::new(base.with(lines.with_filter(filter_fn(is_ours)))),
        LogFormat::Json => {
            let lines = lines.json().flatten_event(true);
            Box::new(base.with(lines.with_filter(filter_fn(is_ours))))
        }
    };
    Ok((subscriber, handle))
}

/// Where a log line goes: anything that takes bytes, on a thread of its own.
trait Sink: Write + Send + 'static {}

impl<W: Write + Send + 'static> Sink for W {}

#[cfg(test)]
mod tests;
