//! Watches the configuration file. It asks the file system twice a second rather than waiting for
//! its events: a ConfigMap's symlink swap, an editor's rename, a bind mount and a network file
//! system all look the same this way, and nothing is missed.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

const ASK_EVERY: Duration = Duration::from_millis(500);

/// What tells one state of a file from another, symlinks followed. `None`: not there.
type Mark = Option<(u64, u64, u64, i64, i64)>;

fn mark(path: &Path) -> Mark {
    let meta = std::fs::metadata(path).ok()?;
    Some((
        meta.dev(),
        meta.ino(),
        meta.size(),
        meta.mtime(),
        meta.mtime_nsec(),
    ))
}

/// A file, and how it looked when it was last read.
pub struct FileWatch {
    path: PathBuf,
    seen: Mark,
}

impl FileWatch {
    /// Starts from the present state of the file.
    pub fn new(path: PathBuf) -> Self {
        let seen = mark(&path);
        Self { path, seen }
    }

    /// Waits until the file has changed and was then quiet for `quiet`. A file that is gone is not a change: the running configuration stays.
    pub async fn changed(&mut self, quiet: Duration) {
        loop {
            tokio::time::sleep(ASK_EVERY).await;
            let mut now = mark(&self.path);
            if now.is_none() || now == self.seen {
                continue;
            }
            loop {
                tokio::time::sleep(quiet).await;
                let later = mark(&self.path);
                if later == now {
                    break;
                }
                now = later;
            }
            self.seen = now;
            if now.is_some() {
                return;
            }
        }
    }
}
