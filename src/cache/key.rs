//! Keys: a keyed 256-bit digest of everything that decides a response. The key of the digest is random
//! for each process, so that no client can aim at another's entry.

use crate::dialect::Canonical;
use rand::Rng;
use rand::rngs::StdRng;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::LazyLock;

static PROCESS_KEY: LazyLock<[u8; 32]> = LazyLock::new(|| {
    let mut key = [0; 32];
    rand::make_rng::<StdRng>().fill_bytes(&mut key);
    key
});

/// The place of a response in the cache.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CacheKey([u8; 32]);

impl CacheKey {
    /// The key of a request to a service. Each part is preceded by its length.
    pub fn new(service: &str, canonical: &Canonical) -> Self {
        let mut hasher = blake3::Hasher::new_keyed(&PROCESS_KEY);
        let credential = canonical.credential.to_le_bytes();
        for part in [
            service.as_bytes(),
            &canonical.head,
            &canonical.body,
            &credential,
        ] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        Self(*hasher.finalize().as_bytes())
    }

    /// Eight bytes of the digest: evenly spread and unpredictable.
    pub(super) fn bits(&self) -> u64 {
        self.0
            .iter()
            .take(8)
            .fold(0, |bits, byte| bits << 8 | u64::from(*byte))
    }
}

impl Hash for CacheKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.bits());
    }
}

impl fmt::Debug for CacheKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CacheKey({:016x})", self.bits())
    }
}
