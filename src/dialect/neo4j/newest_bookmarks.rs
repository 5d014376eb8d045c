//! The newest bookmark of each database that any response carried.

use super::bookmark::supersedes;
use parking_lot::Mutex;
use std::collections::HashMap;

/// The most databases whose newest bookmark is kept.
const MAX_DATABASES: usize = 256;

/// Bookmarks by database.
#[derive(Default)]
pub struct NewestBookmarks {
    by_database: Mutex<HashMap<String, String>>,
}

impl NewestBookmarks {
    /// The newest bookmark seen for a database.
    pub fn get(&self, database: &str) -> Option<String> {
        self.by_database.lock().get(database).cloned()
    }

    /// Notes a bookmark of a response.
    pub fn remember(&self, database: &str, bookmark: &str) {
        let mut bookmarks = self.by_database.lock();
        let room = bookmarks.len() < MAX_DATABASES;
        match bookmarks.get_mut(database) {
            Some(kept) if supersedes(bookmark, kept) => bookmark.clone_into(kept),
            Some(_) => {}
            None if room => {
                bookmarks.insert(database.to_owned(), bookmark.to_owned());
            }
            None => {}
        }
    }

    /// Drops a bookmark that the database refused.
    pub fn forget(&self, database: &str) {
        self.by_database.lock().remove(database);
    }
}
