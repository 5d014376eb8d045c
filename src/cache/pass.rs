//! Passes: what ties entries and fetches to the credential that they were made with. When the
//! database refuses a credential, its pass is revoked, and all that hangs on it is unreachable at
//! once; the bytes are dropped after that. Exact, so that refusals of one client cost no other.

use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Weak};

/// One credential's standing.
#[derive(Debug, Default)]
pub(super) struct Pass(AtomicBool);

impl Pass {
    /// Whether the database still takes the credential, for all we know.
    pub fn is_good(&self) -> bool {
        !self.0.load(SeqCst)
    }
}

/// All passes in use. A pass that neither an entry nor a fetch holds is forgotten in time, so the table
/// is at most twice as long as what uses it.
#[derive(Default)]
pub(super) struct Passes(Mutex<Table>);

#[derive(Default)]
struct Table {
    passes: HashMap<u64, Weak<Pass>>,
    /// Length at which unused ones are looked for.
    tidy_at: usize,
}

impl Passes {
    /// The pass of a credential.
    pub fn of(&self, credential: u64) -> Arc<Pass> {
        let mut table = self.0.lock();
        if let Some(pass) = table.passes.get(&credential).and_then(Weak::upgrade) {
            return pass;
        }
        table.tidy();
        let pass = Arc::default();
        table.passes.insert(credential, Arc::downgrade(&pass));
        pass
    }

    /// Revokes a credential's pass; the next request of the credential starts with a new one.
    pub fn revoke(&self, credential: u64) {
        let pass = self.0.lock().passes.remove(&credential);
        if let Some(pass) = pass.and_then(|pass| pass.upgrade()) {
            pass.0.store(true, SeqCst);
        }
    }

    /// Passes in the table, for tests of leaks.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.0.lock().passes.len()
    }
}

impl Table {
    fn tidy(&mut self) {
        if self.passes.len() >= self.tidy_at {
            self.passes.retain(|_, pass| pass.strong_count() > 0);
            self.tidy_at = 64.max(2 * self.passes.len());
        }
    }
}
