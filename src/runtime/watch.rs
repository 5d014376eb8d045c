//! Watches the configuration file. It asks the file system twice a second rather than waiting for
//! its events: a ConfigMap's symlink swap, an editor's rename, a bind mount and a network file
//! system all look the same this way, and nothing is missed.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

const ASK_EVERY: Duration = Duration::from_millis(500);

/// What tells one state of a file from another, symlinks followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    place: (u64, u64),
    size: u64,
    written: (i64, i64),
    /// Also of its permissions.
    changed: (i64, i64),
}

/// `None`: not there.
fn mark(path: &Path) -> Option<Mark> {
    let meta = std::fs::metadata(path).ok()?;
    Some(Mark {
        place: (meta.dev(), meta.ino()),
        size: meta.size(),
        written: (meta.mtime(), meta.mtime_nsec()),
        changed: (meta.ctime(), meta.ctime_nsec()),
    })
}

/// A file, and how it looked when it was last read.
pub struct FileWatch {
    path: PathBuf,
    seen: Option<Mark>,
}

impl FileWatch {
    /// Starts from the present state of the file.
    pub fn new(path: PathBuf) -> Self {
        let seen = mark(&path);
        Self { path, seen }
    }

    /// Waits until the file has changed and was then quiet for `quiet`. That it is gone is a change as
    /// well: a file that was taken away by mistake must be noticed before the next start.
    pub async fn changed(&mut self, quiet: Duration) {
        loop {
            tokio::time::sleep(ASK_EVERY).await;
            let mut now = mark(&self.path);
            while now != self.seen {
                tokio::time::sleep(quiet).await;
                let later = mark(&self.path);
                if later == now {
                    self.seen = now;
                    return;
                }
                now = later;
            }
        }
    }
}
