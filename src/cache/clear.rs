//! Dropping entries by request: by an operator, by a refused credential, by the sweeper. Fetches under
//! way when something is cleared are not stored afterwards.

use super::Cache;
use super::entry::Entry;
use super::store::Left;
use crate::dialect::Tag;
use crate::plan::Category;
use std::sync::atomic::Ordering::SeqCst;

/// What to drop (CA-17).
#[derive(Debug, Clone, Copy)]
pub enum Selection<'a> {
    All,
    Category(Category),
    Tag(&'a Tag),
    Service(&'a str),
}

impl Selection<'_> {
    fn holds(&self, entry: &Entry) -> bool {
        match self {
            Selection::All => true,
            Selection::Category(category) => entry.category == *category,
            Selection::Service(service) => *entry.service == **service,
            Selection::Tag(_) => false,
        }
    }
}

impl Cache {
    /// Drops entries, and returns how many.
    pub fn clear(&self, selection: Selection<'_>) -> usize {
        if let Selection::Tag(tag) = selection {
            return self.clear_tag(tag);
        }
        self.generation.fetch_add(1, SeqCst);
        let cleared = |entry: &Entry| selection.holds(entry).then_some(Left::Invalidated);
        self.store.drop_where(cleared)
    }

    fn clear_tag(&self, tag: &Tag) -> usize {
        let slots = self.epochs.slots_of(std::slice::from_ref(tag));
        let drop = |slot| {
            self.epochs.raise(slot);
            self.store.drain(slot)
        };
        slots.into_iter().map(drop).sum()
    }

    /// Drops all entries of a credential that the database refused (401, 403): they are out of reach
    /// at once, whatever their number.
    pub fn revoke(&self, credential: u64) {
        self.passes.revoke(credential);
        self.store.purge_credential(credential);
    }

    /// Drops what is expired or dead (CA-43), and returns how many; for a task in the background.
    pub fn sweep(&self) -> usize {
        self.store.work(usize::MAX);
        let now = self.clock.now();
        self.store.drop_where(|entry| {
            let dead = (!self.is_alive(entry)).then_some(Left::Invalidated);
            let expired = entry.is_expired(now).then_some(Left::Expired);
            expired.or(dead)
        })
    }
}
