//! Credentials: what ties entries and fetches to the credential that they were made with. When the
//! database refuses a credential, all that depends on it is out of reach at once; the bytes are
//! dropped after that. The table is exact, so a refusal of one client affects no other.

use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Weak};

/// Whether the database still accepts a credential.
#[derive(Debug, Default)]
pub(super) struct CredentialState {
    refused: AtomicBool,
}

impl CredentialState {
    /// Whether the database still accepts the credential, as far as we know.
    pub fn is_accepted(&self) -> bool {
        !self.refused.load(SeqCst)
    }
}

/// All credentials in use. One that neither an entry nor a fetch holds is forgotten in time, so the
/// table is at most twice as long as what uses it.
#[derive(Default)]
pub(super) struct CredentialTable(Mutex<Table>);

#[derive(Default)]
struct Table {
    states: HashMap<u64, Weak<CredentialState>>,
    /// Length at which unused ones are looked for.
    prune_at: usize,
}

impl CredentialTable {
    /// The state of a credential, by its digest.
    pub fn get(&self, credential: u64) -> Arc<CredentialState> {
        let mut table = self.0.lock();
        if let Some(state) = table.states.get(&credential).and_then(Weak::upgrade) {
            return state;
        }
        table.prune();
        let state = Arc::default();
        table.states.insert(credential, Arc::downgrade(&state));
        state
    }

    /// Marks a credential as refused; its next request starts with a new state.
    pub fn revoke(&self, credential: u64) {
        let state = self.0.lock().states.remove(&credential);
        if let Some(state) = state.and_then(|state| state.upgrade()) {
            state.refused.store(true, SeqCst);
        }
    }

    /// Credentials in the table, for tests of leaks.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.0.lock().states.len()
    }
}

impl Table {
    fn prune(&mut self) {
        if self.states.len() >= self.prune_at {
            self.states.retain(|_, state| state.strong_count() > 0);
            self.prune_at = 64.max(2 * self.states.len());
        }
    }
}
