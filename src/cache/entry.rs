//! An entry: one stored answer, with all that must hold for it to be served again.

use super::epochs::Depends;
use super::key::Key;
use super::pass::Pass;
use crate::clock::Moment;
use crate::dialect::Canonical;
use crate::plan::Category;
use bytes::Bytes;
use http::HeaderMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Fixed cost of an entry in bytes: itself, its table of fields, its places in the store and in the index of
/// tags. Measured as resident memory of 80,000 entries less what is counted of their contents.
const OVERHEAD: usize = 1792;

/// Fixed cost of a header field in bytes, beside name and value.
const FIELD_OVERHEAD: usize = 64;

/// One stored answer.
pub struct Entry {
    pub status: u16,
    /// The fields that are stored; hop-by-hop fields and dates are not among them.
    pub headers: HeaderMap,
    pub body: Bytes,
    pub category: Category,
    /// What the fetch cost, in milliseconds.
    pub cost_ms: f64,
    /// Bytes: body, header fields, canonical request and a fixed cost (CA-06).
    pub size: u64,
    pub stored_at: Moment,
    pub expires_at: Moment,
    pub(super) key: Key,
    /// Different for every entry, also of one key.
    pub(super) id: u64,
    pub(super) service: Arc<str>,
    pub(super) canonical: Canonical,
    pub(super) depends: Depends,
    pub(super) pass: Arc<Pass>,
    /// What the store counts: the size, or more where the number of entries is limited.
    pub(super) weight: u64,
    pub(super) hits: AtomicU64,
}

impl Entry {
    /// The time since the answer was fetched.
    pub fn age(&self, now: Moment) -> Duration {
        now.since(self.stored_at)
    }

    /// The time left to live.
    pub fn ttl(&self, now: Moment) -> Duration {
        self.expires_at.since(now)
    }

    /// Whether its time is over.
    pub fn is_expired(&self, now: Moment) -> bool {
        self.expires_at <= now
    }

    /// How often it was served.
    pub fn hits(&self) -> u64 {
        self.hits.load(Relaxed)
    }
}

impl fmt::Debug for Entry {
    /// No bodies: they hold the clients' data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Entry({}, {} bytes)",
            self.key.display(self.category),
            self.size
        )
    }
}

/// Bytes that an answer takes when it is stored.
pub(super) fn size_of(canonical: &Canonical, headers: &HeaderMap, body: &Bytes) -> u64 {
    let field = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        name.as_str().len() + value.len() + FIELD_OVERHEAD
    };
    let fields: usize = headers.iter().map(field).sum();
    (OVERHEAD + fields + body.len() + canonical.head.len() + canonical.body.len()) as u64
}
