//! Looking up: from a call and its plan to a verdict. An entry is served only if the request is the
//! same byte for byte, no write came since, it has not expired and its credential was not refused.

use super::Cache;
use super::entry::CacheEntry;
use super::epochs::SlotId;
use super::fill::Fill;
use super::flight::{Fetch, FlightRole};
use super::follower::Follower;
use super::key::CacheKey;
use super::reason::{CacheReason, words};
use super::store::Removal;
use crate::clock::Moment;
use crate::dialect::{Call, Canonical, Storability};
use crate::plan::CachePlan;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

/// Tags that one entry may depend on.
const TAGS: usize = 64;

/// A request, as far as the cache needs it.
pub struct LookupRequest<'a> {
    pub service: &'a str,
    pub call: &'a Call,
    /// `None`: the plan does not cache it.
    pub plan: Option<CachePlan>,
}

/// What the cache says to a request.
pub enum Verdict {
    /// Answered from store.
    Hit(Hit),
    /// This request fetches, for all that wait for the same.
    Lead(Fill),
    /// Another request fetches the same.
    Follow(Follower),
    /// This request bypasses the cache.
    Bypass(CacheReason),
}

/// A response from store.
pub struct Hit {
    pub entry: Arc<CacheEntry>,
    pub age: Duration,
    /// Time left to live.
    pub ttl: Duration,
}

/// One look-up of a request that may be answered from store.
pub(super) struct Lookup<'a> {
    cache: &'a Arc<Cache>,
    canonical: &'a Canonical,
    key: CacheKey,
    slots: Vec<SlotId>,
    plan: CachePlan,
    storability: Storability,
    begun: Moment,
}

impl<'a> Lookup<'a> {
    /// A look-up, or why the request bypasses the cache.
    pub fn new(cache: &'a Arc<Cache>, request: &LookupRequest<'a>) -> Result<Self, CacheReason> {
        if !cache.is_on() {
            return Err(words::OFF);
        }
        let (plan, canonical) = admit(request)?;
        let slots = cache.epochs.slots_of(&request.call.reads);
        if slots.len() > TAGS {
            return Err(words::TOO_MANY_TAGS);
        }
        Ok(Self {
            cache,
            canonical,
            key: CacheKey::new(request.service, canonical),
            slots,
            plan,
            storability: request.call.storability,
            begun: cache.clock.now(),
        })
    }

    /// A hit, or a place in the flight that fetches the response.
    pub fn run(&self) -> Result<Verdict, CacheReason> {
        match self.find() {
            Ok(entry) => Ok(self.hit(entry)),
            Err(why) => self.join_flight(why),
        }
    }

    /// The entry, if it may be served; a useless one is removed on sight.
    fn find(&self) -> Result<Arc<CacheEntry>, CacheReason> {
        let store = &self.cache.store;
        let entry = store.get(&self.key).ok_or(words::ABSENT)?;
        let Err((why, removal)) = self.check(&entry) else {
            return Ok(entry);
        };
        store.remove(&entry, removal);
        Err(why)
    }

    fn check(&self, entry: &CacheEntry) -> Result<(), (CacheReason, Removal)> {
        if entry.is_expired(self.begun) {
            return Err((words::EXPIRED, Removal::Expired));
        }
        if !entry.is_valid(&self.cache.epochs) {
            return Err((words::EPOCH, Removal::Invalidated));
        }
        let same_tags = entry.dependencies.slots().eq(self.slots.iter().copied());
        if !(same_tags && entry.canonical == *self.canonical) {
            return Err((words::DIFFERS, Removal::Invalidated));
        }
        Ok(())
    }

    fn hit(&self, entry: Arc<CacheEntry>) -> Verdict {
        let now = self.cache.clock.now();
        let took = now.since(self.begun);
        self.cache.counters.hit(entry.category, took);
        Verdict::Hit(Hit {
            age: entry.age(now),
            ttl: entry.ttl(now),
            entry,
        })
    }

    fn join_flight(&self, why: CacheReason) -> Result<Verdict, CacheReason> {
        let fetch = self.fetch()?;
        let cache = Arc::clone(self.cache);
        let (plan, storability) = (self.plan, self.storability);
        let verdict = match cache.flights.join(fetch, || self.find().ok()) {
            FlightRole::Hit(entry) => return Ok(self.hit(entry)),
            FlightRole::Bypass(reason) => return Err(reason),
            FlightRole::Leader(flight) => {
                Verdict::Lead(Fill::new(cache, flight, plan, storability, why))
            }
            FlightRole::Follower(flight) => {
                Verdict::Follow(Follower::new(cache, flight, plan, storability))
            }
        };
        self.cache.counters.miss(plan.category);
        Ok(verdict)
    }

    /// Generation and credential are read before the epochs: whatever changes after is seen at the end.
    fn fetch(&self) -> Result<Fetch, CacheReason> {
        let cache = self.cache;
        let (now, lag) = (cache.clock.now(), cache.settings().quarantine);
        let generation = cache.generation.load(SeqCst);
        let credential = cache.credentials.get(self.canonical.credential);
        let dependencies = cache.epochs.begin(&self.slots, now)?;
        let home = cache.epochs.home(dependencies.slots(), now, lag)?;
        Ok(Fetch {
            key: self.key,
            canonical: self.canonical.clone(),
            dependencies,
            generation,
            credential,
            home,
        })
    }
}

/// The plan and the canonical form of a request that may be answered from store.
fn admit<'a>(request: &LookupRequest<'a>) -> Result<(CachePlan, &'a Canonical), CacheReason> {
    let call = request.call;
    if !call.effect.is_read() {
        return Err(words::NOT_A_READ);
    }
    if let Storability::Never(why) = call.storability {
        return Err(CacheReason::no_store(why));
    }
    if call.reads.is_empty() {
        return Err(words::NO_TAGS);
    }
    let plan = request.plan.ok_or(words::NOT_PLANNED)?;
    let canonical = call.canonical.as_ref().ok_or(words::NO_KEY)?;
    Ok((plan, canonical))
}
