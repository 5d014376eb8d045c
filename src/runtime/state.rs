//! What was learned, kept beyond the process (`state.dir`): read before the listeners open, written at intervals and at the stop,
//! on a thread of its own, off the path. What cannot be read is put aside, and the process begins anew.

mod contents;
mod file;

use crate::endpoint::{EventKind, Subject};
use crate::shared::Shared;
use contents::Contents;
use file::UnusableState;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::Mutex;

/// How long a stop waits for the last write.
const LAST_WRITE: Duration = Duration::from_secs(5);

/// Keeps what was learned of one process.
pub struct StateKeeper {
    shared: Arc<Shared>,
    one_at_a_time: Mutex<()>,
    /// Whether the last write failed: a failure is said once.
    is_failing: AtomicBool,
}

impl StateKeeper {
    /// For these parts.
    pub fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            one_at_a_time: Mutex::default(),
            is_failing: AtomicBool::new(false),
        }
    }

    /// Goes on from what an earlier process wrote, if there is something.
    pub fn recall(&self) {
        let config = self.shared.config();
        let state = &config.state;
        let Some(folder) = state.dir.as_ref().map(PathBuf::from) else {
            return;
        };
        match file::read(&folder, state.max_age) {
            Ok(None) => {}
            Ok(Some(contents)) => {
                let known = contents.recall(&self.shared.snapshot());
                self.record(EventKind::StateRecalled, format!("{known} endpoints"));
            }
            Err(UnusableState::TooOld(age)) => {
                let age = humantime::format_duration(Duration::from_secs(age.as_secs()));
                self.record(EventKind::StateTooOld, format!("written {age} ago"));
            }
            Err(UnusableState::Broken(why)) => {
                let aside = file::put_aside(&folder);
                self.record(EventKind::StateSetAside, format!("{why}; {aside}"));
            }
        }
    }

    /// Writes it at intervals, for as long as the process runs.
    pub async fn run(self: Arc<Self>) {
        loop {
            tokio::time::sleep(self.shared.config().state.interval).await;
            self.write().await;
        }
    }

    /// Writes it for the last time.
    pub async fn close(&self) {
        let _ = tokio::time::timeout(LAST_WRITE, self.write()).await;
    }

    async fn write(&self) {
        let _turn = self.one_at_a_time.lock().await;
        let Some(folder) = self.shared.config().state.dir.as_ref().map(PathBuf::from) else {
            return;
        };
        let snapshot = self.shared.snapshot();
        let write = move || file::write(&folder, &Contents::of(&snapshot));
        let written = tokio::task::spawn_blocking(write).await;
        let written = written.unwrap_or_else(|_| Err("the write broke off".into()));
        let was_failing = self.is_failing.swap(written.is_err(), Ordering::Relaxed);
        if let Err(why) = written
            && !was_failing
        {
            self.record(EventKind::StateNotKept, why);
        }
    }

    fn record(&self, what: EventKind, why: String) {
        let events = self.shared.registry.events();
        events.record(Subject::Process, what, why);
    }
}
