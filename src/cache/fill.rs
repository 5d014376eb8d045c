//! A fill: the one fetch for a key, from its start to the decision on storing, which falls at the end
//! of the response's body. It is a guard: dropped without a decision, a follower takes over.

use super::Cache;
use super::entry::CacheEntry;
use super::flight::{Flight, FlightState, LeaderInterest};
use super::home::WriteHome;
use super::reason::{CacheReason, words};
use super::store::Removal;
use crate::clock::Moment;
use crate::dialect::canonical::Builder;
use crate::dialect::{Canonical, Storability};
use crate::endpoint_id::EndpointId;
use crate::plan::CachePlan;
use bytes::Bytes;
use http::HeaderMap;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// The right, and the duty, to fetch for all that wait for the same.
#[must_use = "dropping it hands the fetch to a follower"]
pub struct Fill {
    cache: Arc<Cache>,
    flight: Arc<Flight>,
    plan: CachePlan,
    storability: Storability,
    why: CacheReason,
    over: bool,
}

/// A complete response, judged.
pub struct FetchedResponse {
    pub status: u16,
    /// Only the fields that a hit repeats.
    pub headers: HeaderMap,
    pub body: Bytes,
    pub endpoint: EndpointId,
    /// The endpoint is in its rejoin hold: nothing of it is stored.
    pub no_store: bool,
    /// Whether the dialect's judgement allows storing it.
    pub storable: Result<(), &'static str>,
    /// Time until the credential ends by itself.
    pub expires: Option<Duration>,
}

/// Whether a response was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FillOutcome {
    Stored { ttl: Duration },
    NotStored(CacheReason),
}

/// The digest of a request without a credential.
static ANONYMOUS: LazyLock<u64> = LazyLock::new(|| Builder::new("").credentials());

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

    /// The endpoint from which alone a response may be stored; `None`: from any.
    pub fn home(&self) -> Option<WriteHome> {
        self.flight.fetch.home
    }

    /// The request that this fetch is made for waits while it holds this.
    pub fn interest(&self) -> LeaderInterest {
        LeaderInterest::new(&self.flight)
    }

    /// Waits until nothing waits for the fetch: no request holds [`Fill::interest`], and no other follows.
    pub async fn unwanted(&self) {
        self.flight.unwanted().await;
    }

    /// Why there was no hit.
    pub fn why(&self) -> CacheReason {
        self.why
    }

    /// Ends the fetch with a response. Followers share it if it could be stored, also where it is too
    /// large or has no time to live; otherwise each fetches alone.
    pub fn finish(mut self, response: FetchedResponse) -> FillOutcome {
        let now = self.cache.clock.now();
        let stored = self.may_share(&response, now).and_then(|()| {
            let entry = Arc::new(self.entry(response, now));
            let stored = self.store(&entry, now);
            self.flight.fetch.check(&self.cache, now)?;
            self.end(FlightState::Finished(entry));
            stored
        });
        stored.map_or_else(
            |reason| self.refuse(reason),
            |ttl| FillOutcome::Stored { ttl },
        )
    }

    /// Ends the fetch without a response to share: each follower fetches alone at once.
    pub fn abandon(mut self) {
        self.refuse(words::NO_RESPONSE);
    }

    fn refuse(&mut self, reason: CacheReason) -> FillOutcome {
        self.end(FlightState::Failed(reason));
        self.cache.counters.refused(reason);
        FillOutcome::NotStored(reason)
    }

    fn end(&mut self, state: FlightState) {
        if !self.over {
            self.over = true;
            self.cache.flights.finish(&self.flight, state);
        }
    }

    /// Whether the response is right for all that wait for the same now.
    fn may_share(&self, response: &FetchedResponse, now: Moment) -> Result<(), CacheReason> {
        response.storable.map_err(CacheReason::no_store)?;
        if response.no_store {
            return Err(words::REJOIN_HOLD);
        }
        let home = self.home();
        if home.is_some_and(|home| home.endpoint != response.endpoint) {
            return Err(words::NOT_HOME);
        }
        self.flight.fetch.check(&self.cache, now)
    }

    /// Stores the entry, then checks again: a write may have come between the check and the storing.
    fn store(&self, entry: &Arc<CacheEntry>, now: Moment) -> Result<Duration, CacheReason> {
        self.may_store(entry)?;
        self.cache.store.insert(entry);
        let checked = self.flight.fetch.check(&self.cache, now);
        if checked.is_err() {
            self.cache.store.remove(entry, Removal::Invalidated);
        }
        checked.map(|()| entry.ttl(now))
    }

    fn may_store(&self, entry: &CacheEntry) -> Result<(), CacheReason> {
        if !self.cache.is_on() {
            return Err(words::OFF);
        }
        if entry.expires_at == entry.stored_at {
            return Err(words::NO_TIME);
        }
        let max_entry = self.cache.settings().max_entry.0;
        if entry.size > max_entry || !self.cache.store.fits(entry.weight) {
            return Err(words::TOO_LARGE);
        }
        Ok(())
    }

    /// The bytes are copied: a slice would keep the whole buffer of its connection alive.
    fn entry(&self, response: FetchedResponse, now: Moment) -> CacheEntry {
        let fetch = &self.flight.fetch;
        let size = CacheEntry::size_of(&fetch.canonical, &response.headers, &response.body);
        CacheEntry {
            status: response.status,
            headers: response.headers,
            body: Bytes::copy_from_slice(&response.body),
            category: self.plan.category,
            size,
            stored_at: now,
            expires_at: now + self.ttl(response.expires),
            key: fetch.key,
            id: self.cache.store.next_id(),
            canonical: copied(&fetch.canonical),
            dependencies: fetch.dependencies.clone(),
            credential: Arc::clone(&fetch.credential),
            weight: self.cache.store.weight(size),
        }
    }

    /// The plan's time, within the limits of what the response is and whose it is, and up to a tenth
    /// less, so that what was stored together does not expire together.
    fn ttl(&self, expires: Option<Duration>) -> Duration {
        let (settings, fetch) = (self.cache.settings(), &self.flight.fetch);
        let short = (self.storability == Storability::Short).then_some(settings.short_ttl);
        let known = fetch.canonical.credential != *ANONYMOUS;
        let credential = known.then_some(settings.credential_ttl);
        let limits = [short, credential, expires];
        let ttl = limits
            .into_iter()
            .flatten()
            .fold(self.plan.ttl, Duration::min);
        let jitter = (fetch.key.bits() % 1024) as u32;
        ttl.saturating_sub(ttl / 10_240 * jitter)
    }
}

fn copied(canonical: &Canonical) -> Canonical {
    Canonical {
        head: Bytes::copy_from_slice(&canonical.head),
        body: Bytes::copy_from_slice(&canonical.body),
        credential: canonical.credential,
    }
}

impl Drop for Fill {
    fn drop(&mut self) {
        if !self.over {
            self.cache.flights.abandon(&self.flight);
        }
    }
}
