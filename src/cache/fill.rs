//! A fill: the one fetch for a key, from its start to the verdict on storing, which falls at the end
//! of the answer's body. It is a guard: dropped without a verdict, it makes place for a follower.

use super::Cache;
use super::entry::{Entry, size_of};
use super::epochs::EndpointId;
use super::flight::{Flight, Stage};
use super::reason::{CacheReason, words};
use super::store::Left;
use crate::clock::Moment;
use crate::dialect::canonical::Builder;
use crate::dialect::{Canonical, Storability};
use crate::plan::CachePlan;
use bytes::Bytes;
use http::HeaderMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// The right, and the duty, to fetch for all that ask the same.
#[must_use = "dropping it hands the fetch to a follower"]
pub struct Fill {
    cache: Arc<Cache>,
    flight: Arc<Flight>,
    plan: CachePlan,
    storability: Storability,
    why: CacheReason,
    over: bool,
}

/// A complete answer, judged.
pub struct Filled {
    pub status: u16,
    /// Only the fields that a hit repeats.
    pub headers: HeaderMap,
    pub body: Bytes,
    /// Who answered.
    pub endpoint: EndpointId,
    /// The endpoint is in its rejoin hold: nothing of it is stored.
    pub held: bool,
    /// The judgement's word on storing.
    pub storable: Result<(), &'static str>,
    /// What the fetch cost, in milliseconds.
    pub cost_ms: f64,
    /// Time until the credential ends by itself.
    pub expires: Option<Duration>,
}

/// The verdict on an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// For so long.
    Stored {
        ttl: Duration,
    },
    NotStored(CacheReason),
}

/// What the digest of no credential at all looks like.
static ANONYMOUS: LazyLock<u64> = LazyLock::new(|| Builder::new("").body(Bytes::new()).credential);

impl Fill {
    pub(super) fn new(
        cache: Arc<Cache>,
        flight: Arc<Flight>,
        plan: CachePlan,
        storability: Storability,
        why: CacheReason,
    ) -> Self {
        Self {
            cache,
            flight,
            plan,
            storability,
            why,
            over: false,
        }
    }

    /// The endpoint from which alone an answer may be stored; `None`: from any.
    pub fn home(&self) -> Option<EndpointId> {
        self.flight.home
    }

    /// Why there was no hit.
    pub fn why(&self) -> CacheReason {
        self.why
    }

    /// Ends the fetch with an answer. Followers share it if it could be stored, also where it is too
    /// large or has no time to live; otherwise they go alone.
    pub fn finish(mut self, filled: Filled) -> Kept {
        let now = self.cache.clock.now();
        let kept = self.may_share(&filled, now).and_then(|()| {
            let entry = Arc::new(self.entry(filled, now));
            let kept = self.keep(&entry, now);
            self.cache.standing(&self.flight, now)?;
            self.land(Stage::Landed(entry));
            kept
        });
        kept.map_or_else(|reason| self.refuse(reason), |ttl| Kept::Stored { ttl })
    }

    /// Ends the fetch without an answer worth sharing: followers go alone at once.
    pub fn abandon(mut self) {
        self.refuse(words::NO_ANSWER);
    }

    fn refuse(&mut self, reason: CacheReason) -> Kept {
        self.land(Stage::Lost(reason));
        self.cache.stats.refused(reason);
        Kept::NotStored(reason)
    }

    fn land(&mut self, stage: Stage) {
        if !self.over {
            self.over = true;
            self.cache.flights.land(&self.flight, stage);
        }
    }

    /// Whether the answer is right for all that ask the same now.
    fn may_share(&self, filled: &Filled, now: Moment) -> Result<(), CacheReason> {
        filled.storable.map_err(CacheReason::no_store)?;
        if filled.held {
            return Err(words::REJOIN_HOLD);
        }
        if self.home().is_some_and(|home| home != filled.endpoint) {
            return Err(words::NOT_HOME);
        }
        self.cache.standing(&self.flight, now)
    }

    /// Stores the entry, then looks again: a write may have come between the look and the storing.
    fn keep(&self, entry: &Arc<Entry>, now: Moment) -> Result<Duration, CacheReason> {
        self.fits(entry)?;
        self.cache.store.insert(entry);
        let standing = self.cache.standing(&self.flight, now);
        if standing.is_err() {
            self.cache.store.remove(entry, Left::Invalidated);
        }
        standing.map(|()| entry.ttl(now))
    }

    fn fits(&self, entry: &Entry) -> Result<(), CacheReason> {
        let settings = self.cache.settings();
        if !(settings.enabled && settings.l1.enabled) {
            return Err(words::OFF);
        }
        if entry.expires_at == entry.stored_at {
            return Err(words::NO_TIME);
        }
        if entry.size > settings.max_entry.0 || !self.cache.store.fits(entry.weight) {
            return Err(words::TOO_LARGE);
        }
        Ok(())
    }

    /// The bytes are copied: a slice would keep the whole buffer of its connection alive.
    fn entry(&self, filled: Filled, now: Moment) -> Entry {
        let flight = &self.flight;
        let size = size_of(&flight.canonical, &filled.headers, &filled.body);
        Entry {
            status: filled.status,
            headers: filled.headers,
            body: Bytes::copy_from_slice(&filled.body),
            category: self.plan.category,
            cost_ms: filled.cost_ms,
            size,
            stored_at: now,
            expires_at: now + self.ttl(filled.expires),
            key: flight.key,
            id: self.cache.next_id(),
            service: Arc::clone(&flight.service),
            canonical: owned(&flight.canonical),
            depends: flight.depends.clone(),
            pass: Arc::clone(&flight.pass),
            weight: self.cache.store.weight(size),
            hits: AtomicU64::new(0),
        }
    }

    /// The plan's time, within the limits of what the answer is and who asked, and up to a tenth less,
    /// so that what was stored together does not expire together.
    fn ttl(&self, expires: Option<Duration>) -> Duration {
        let settings = self.cache.settings();
        let short = (self.storability == Storability::Short).then_some(settings.short_ttl);
        let known = self.flight.canonical.credential != *ANONYMOUS;
        let credential = known.then_some(settings.credential_ttl);
        let limits = [short, credential, expires];
        let ttl = limits
            .into_iter()
            .flatten()
            .fold(self.plan.ttl, Duration::min);
        let jitter = (self.flight.key.bits() % 1024) as u32;
        ttl.saturating_sub(ttl / 10_240 * jitter)
    }
}

impl Cache {
    fn next_id(&self) -> u64 {
        self.ids.fetch_add(1, Relaxed)
    }
}

fn owned(canonical: &Canonical) -> Canonical {
    Canonical {
        head: Bytes::copy_from_slice(&canonical.head),
        body: Bytes::copy_from_slice(&canonical.body),
        credential: canonical.credential,
    }
}

impl Drop for Fill {
    fn drop(&mut self) {
        if !self.over {
            self.cache.flights.vacate(&self.flight);
        }
    }
}
