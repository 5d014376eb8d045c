//! The log: filter, form, and a writer that never blocks the path. Lines go through a bounded queue
//! to a thread of their own; when the reader is stuck they are dropped and counted (F39).

mod writer;

pub use writer::dropped;

use crate::config::{LogFormat, Observe};
use std::io::Write;
use tracing::Subscriber;
use tracing_subscriber::filter::{EnvFilter, ParseError};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::Registry;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{fmt, reload};
use writer::Queue;

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
        let filter = filter(&observe.log)?;
        self.filter
            .reload(filter)
            .map_err(|error| LoggingError::Set(error.to_string()))
    }
}

type Built = (
    Box<dyn Subscriber + Send + Sync>,
    reload::Handle<EnvFilter, Registry>,
);

/// What is logged. A line of the pool's about a connection that closed a moment before it was wanted is left
/// out: another one is opened. A filter that names that target brings it back.
fn filter(text: &str) -> Result<EnvFilter, ParseError> {
    EnvFilter::try_new(format!("pingora_core::connectors=off,{text}"))
}

fn subscriber(observe: &Observe, queue: Queue) -> Result<Built, LoggingError> {
    let (filter, handle) = reload::Layer::new(filter(&observe.log)?);
    let base = tracing_subscriber::registry().with(filter);
    let lines = fmt::layer()
        .with_ansi(false)
        .with_writer(move || queue.clone());
    let subscriber: Box<dyn Subscriber + Send + Sync> = match observe.log_format {
        LogFormat::Text => Box::new(base.with(lines)),
        LogFormat::Json => Box::new(base.with(lines.json().flatten_event(true))),
    };
    Ok((subscriber, handle))
}

/// Where a log line goes: anything that takes bytes, on a thread of its own.
trait Sink: Write + Send + 'static {}

impl<W: Write + Send + 'static> Sink for W {}

#[cfg(test)]
mod tests;
