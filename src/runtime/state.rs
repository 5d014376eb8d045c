//! What was learned, kept beyond the process (`state.dir`): read before the listeners open, written at intervals and at the stop,
//! on a thread of its own, off the path. What cannot be read is put aside, and the process begins anew.

mod contents;
mod file;

use crate::endpoint::{EventKind, Subject};
use crate::shared::Shared;
use contents::Contents;
use file::{Claim, UnusableState};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// How long a stop waits for the last write.
const LAST_WRITE: Duration = Duration::from_secs(5);

/// Keeps what was learned of one process.
pub struct StateKeeper {
    shared: Arc<Shared>,
    writer: Mutex<Writer>,
}

#[derive(Default)]
struct Writer {
    claim: Option<Claim>,
    /// Whether it failed the last time: a failure is said once.
    is_failing: bool,
    is_closed: bool,
}

impl StateKeeper {
    /// For these parts.
    pub fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            writer: Mutex::default(),
        }
    }

    /// Goes on from what an earlier process wrote, if there is something, and claims the folder. Where another process has it, as
    /// one that still drains, what that one wrote last is read all the same.
    pub async fn recall(&self) {
        let Some(folder) = self.folder() else {
            return;
        };
        let mut writer = self.writer.lock().await;
        match Claim::of(&folder) {
            Ok(claim) => writer.claim = Some(claim),
            Err(why) => self.failed(&mut writer, why),
        }
        self.read(&folder, writer.claim.as_ref());
    }

    fn read(&self, folder: &Path, claim: Option<&Claim>) {
        let max_age = self.shared.config().state.max_age;
        match file::read(folder, max_age) {
            Ok(None) => {}
            Ok(Some(kept)) => {
                let trust = trust(kept.age, max_age);
                let known = kept.contents.recall(&self.shared.snapshot(), trust);
                let age = rounded(kept.age);
                self.record(
                    EventKind::StateRecalled,
                    format!("of {known} endpoints, written {age} ago"),
                );
            }
            Err(UnusableState::TooOld(age)) => {
                let why = format!("written {} from now", rounded(age));
                self.record(EventKind::StateTooOld, why);
            }
            Err(UnusableState::Broken(why)) => {
                let aside = claim.map_or_else(|| "it stays".into(), Claim::put_aside);
                let why = format!("{}: {why}; {aside}", folder.display());
                self.record(EventKind::StateUnusable, why);
            }
        }
    }

    /// Writes it at intervals, for as long as the process runs.
    pub async fn run(self: Arc<Self>) {
        loop {
            tokio::time::sleep(self.shared.config().state.interval).await;
            self.write(&mut *self.writer.lock().await).await;
        }
    }

    /// Writes it for the last time, and leaves the folder to the next process.
    pub async fn close(&self) {
        let last = async {
            let mut writer = self.writer.lock().await;
            self.write(&mut writer).await;
            writer.claim = None;
            writer.is_closed = true;
        };
        let _ = tokio::time::timeout(LAST_WRITE, last).await;
    }

    async fn write(&self, writer: &mut Writer) {
        // A reload may have named another folder, or none.
        let folder = self.folder().filter(|_| !writer.is_closed);
        let claim = writer.claim.take();
        let Some(folder) = folder else {
            return;
        };
        let claim = claim.filter(|claim| claim.folder() == folder);
        let snapshot = self.shared.snapshot();
        let write = move || {
            let claim = claim.map_or_else(|| Claim::of(&folder), Ok)?;
            claim.write(&Contents::of(&snapshot)).map(|()| claim)
        };
        let written = tokio::task::spawn_blocking(write).await;
        match written.unwrap_or_else(|_| Err("the write broke off".into())) {
            Ok(claim) => {
                writer.claim = Some(claim);
                writer.is_failing = false;
            }
            Err(why) => self.failed(writer, why),
        }
    }

    fn folder(&self) -> Option<PathBuf> {
        self.shared.config().state.dir.as_ref().map(PathBuf::from)
    }

    fn failed(&self, writer: &mut Writer, why: String) {
        if !std::mem::replace(&mut writer.is_failing, true) {
            self.record(EventKind::StateNotKept, why);
        }
    }

    fn record(&self, what: EventKind, why: String) {
        let events = self.shared.registry.events();
        events.record(Subject::Process, what, why);
    }
}

/// How much counts of what was written so long ago, 0..=1.
fn trust(age: Duration, max_age: Duration) -> f64 {
    let most = max_age.as_secs_f64().max(1e-3);
    (1.0 - age.as_secs_f64() / most).clamp(0.0, 1.0)
}

fn rounded(age: Duration) -> humantime::FormattedDuration {
    humantime::format_duration(Duration::from_secs(age.as_secs()))
}
