//! Keys: a keyed 256-bit digest of everything that decides an answer (XC-15, V13, V25). The key of
//! the digest is random for each process, so that no client can aim at another's entry.

use crate::dialect::Canonical;
use crate::plan::Category;
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

/// The place of an answer in the cache.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Key([u8; 32]);

impl Key {
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

    /// A readable form for tooling (CA-12): the category's prefix and the first half of the digest.
    pub fn display(&self, category: Category) -> impl fmt::Display + use<> {
        Shown(prefix(category), *self)
    }

    /// Eight bytes of the digest: spread evenly, and not to be foreseen.
    pub(super) fn bits(&self) -> u64 {
        self.0
            .iter()
            .take(8)
            .fold(0, |bits, byte| bits << 8 | u64::from(*byte))
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.bits());
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({:016x})", self.bits())
    }
}

struct Shown(&'static str, Key);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.0)?;
        let mut half = self.1.0.iter().take(16);
        half.try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The readable beginning of a key (CA-12).
const fn prefix(category: Category) -> &'static str {
    match category {
        Category::Entity => "ent",
        Category::Relation => "rel",
        Category::Path => "path",
        Category::Query => "query",
        Category::Vector => "vec",
        Category::GraphStats => "stats",
        Category::Misc => "misc",
    }
}
