//! An entry: one stored response, with all that must hold for it to be served again.

use super::credentials::CredentialState;
use super::epochs::{Dependencies, Epochs};
use super::key::CacheKey;
use crate::clock::Moment;
use crate::dialect::Canonical;
use crate::plan::Category;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Fixed cost of an entry in bytes: itself, its table of fields, its places in the store and in the
/// index. Measured as resident memory of 80,000 entries less what is counted of their contents.
const OVERHEAD: usize = 1792;

/// Fixed cost of a header field in bytes, on top of name and value.
const FIELD_OVERHEAD: usize = 64;

/// One stored response.
pub struct CacheEntry {
    pub status: u16,
    /// The fields that are stored; hop-by-hop fields and dates are not among them.
    pub headers: HeaderMap,
    pub body: Bytes,
    pub category: Category,
    /// Bytes: body, header fields, canonical request and a fixed cost.
    pub size: u64,
    pub stored_at: Moment,
    pub expires_at: Moment,
    pub(super) key: CacheKey,
    /// Different for every entry, also of one key.
    pub(super) id: u64,
    pub(super) canonical: Canonical,
    pub(super) dependencies: Dependencies,
    pub(super) credential: Arc<CredentialState>,
    /// What the store counts: the size, or more where the number of entries is limited.
    pub(super) weight: u64,
}

impl CacheEntry {
    /// The time since the response was fetched.
    pub fn age(&self, now: Moment) -> Duration {
        now.since(self.stored_at)
    }

    /// The time left to live.
    pub fn ttl(&self, now: Moment) -> Duration {
        self.expires_at.since(now)
    }

    /// Whether its time to live has passed.
    pub fn is_expired(&self, now: Moment) -> bool {
        self.expires_at <= now
    }

    /// Whether no write came since, and the credential was not refused.
    pub(super) fn is_valid(&self, epochs: &Epochs) -> bool {
        epochs.unchanged(&self.dependencies) && self.credential.is_accepted()
    }

    /// Bytes that a response takes when it is stored.
    pub(super) fn size_of(canonical: &Canonical, headers: &HeaderMap, body: &Bytes) -> u64 {
        let field = |(name, value): (&HeaderName, &HeaderValue)| {
            name.as_str().len() + value.len() + FIELD_OVERHEAD
        };
        let fields: usize = headers.iter().map(field).sum();
        (OVERHEAD + fields + body.len() + canonical.head.len() + canonical.body.len()) as u64
    }
}

impl fmt::Debug for CacheEntry {
    /// No bodies: they hold the clients' data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CacheEntry({:?}, {} bytes)", self.key, self.size)
    }
}

/// Which entries an operator drops.
#[derive(Debug, Clone, Copy)]
pub enum Selection {
    All,
    Category(Category),
}

impl Selection {
    pub(super) fn holds(self, entry: &CacheEntry) -> bool {
        match self {
            Selection::All => true,
            Selection::Category(category) => entry.category == category,
        }
    }
}
