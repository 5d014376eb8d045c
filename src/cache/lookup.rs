//! Looking up: from a call and its plan to a verdict. An entry is served only if the request is the
//! same byte for byte, no write came since, its time is not over and its credential was not refused.

use super::Cache;
use super::entry::Entry;
use super::epochs::SlotId;
use super::fill::Fill;
use super::flight::{Joined, Start};
use super::follow::Follower;
use super::key::Key;
use super::reason::{CacheReason, words};
use super::store::Left;
use crate::clock::Moment;
use crate::dialect::{Call, Canonical, Storability};
use crate::plan::CachePlan;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
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
    /// This request fetches, for all that ask the same.
    Lead(Fill),
    /// Another request fetches the same.
    Follow(Follower),
    /// This request goes past the cache.
    Bypass(CacheReason),
}

/// An answer from store.
pub struct Hit {
    pub entry: Arc<Entry>,
    pub age: Duration,
    /// Time left to live.
    pub ttl: Duration,
}

/// A request that may be answered from store.
struct Question<'a> {
    service: &'a str,
    canonical: &'a Canonical,
    key: Key,
    slots: Vec<SlotId>,
    plan: CachePlan,
    storability: Storability,
    now: Moment,
}

impl Cache {
    /// Looks a request up; to be called before it is sent anywhere.
    pub fn look_up(self: &Arc<Self>, ask: &LookupRequest<'_>) -> Verdict {
        let verdict = self
            .question(ask)
            .and_then(|question| self.answer(&question));
        verdict.unwrap_or_else(|reason| {
            self.stats
                .bypass(ask.plan.map(|plan| plan.category), reason);
            Verdict::Bypass(reason)
        })
    }

    fn question<'a>(&self, ask: &LookupRequest<'a>) -> Result<Question<'a>, CacheReason> {
        let (plan, canonical) = self.admit(ask)?;
        let slots = self.epochs.slots_of(&ask.call.reads);
        if slots.len() > TAGS {
            return Err(words::TOO_MANY_TAGS);
        }
        Ok(Question {
            service: ask.service,
            canonical,
            key: Key::new(ask.service, canonical),
            slots,
            plan,
            storability: ask.call.storability,
            now: self.clock.now(),
        })
    }

    fn admit<'a>(
        &self,
        ask: &LookupRequest<'a>,
    ) -> Result<(CachePlan, &'a Canonical), CacheReason> {
        let settings = self.settings();
        let call = ask.call;
        if !(settings.enabled && settings.l1.enabled) {
            return Err(words::OFF);
        }
        if !call.effect.is_read() {
            return Err(words::NOT_A_READ);
        }
        if let Storability::Never(why) = call.storability {
            return Err(CacheReason::no_store(why));
        }
        if call.reads.is_empty() {
            return Err(words::NO_TAGS);
        }
        let plan = ask.plan.ok_or(words::NOT_PLANNED)?;
        let canonical = call.canonical.as_ref().ok_or(words::NO_KEY)?;
        Ok((plan, canonical))
    }

    fn answer(self: &Arc<Self>, question: &Question<'_>) -> Result<Verdict, CacheReason> {
        match self.find(question) {
            Ok(entry) => Ok(self.hit(question, entry)),
            Err(why) => self.fly(question, why),
        }
    }

    /// The entry, if it may be served; a useless one is removed on sight.
    fn find(&self, question: &Question<'_>) -> Result<Arc<Entry>, CacheReason> {
        let entry = self.store.get(&question.key).ok_or(words::ABSENT)?;
        let Err((why, left)) = self.serve(&entry, question) else {
            return Ok(entry);
        };
        self.store.remove(&entry, left);
        Err(why)
    }

    fn serve(&self, entry: &Entry, question: &Question<'_>) -> Result<(), (CacheReason, Left)> {
        if entry.is_expired(question.now) {
            return Err((words::EXPIRED, Left::Expired));
        }
        if !self.is_alive(entry) {
            return Err((words::EPOCH, Left::Invalidated));
        }
        let same_tags = entry.depends.slots().eq(question.slots.iter().copied());
        if !(same_tags && entry.canonical == *question.canonical) {
            return Err((words::DIFFERS, Left::Invalidated));
        }
        Ok(())
    }

    /// Whether no write came since, and the credential still stands.
    pub(super) fn is_alive(&self, entry: &Entry) -> bool {
        self.epochs.current(&entry.depends) && entry.pass.is_good()
    }

    fn hit(&self, question: &Question<'_>, entry: Arc<Entry>) -> Verdict {
        let now = self.clock.now();
        entry.hits.fetch_add(1, Relaxed);
        self.stats.hit(entry.category, now.since(question.now));
        Verdict::Hit(Hit {
            age: entry.age(now),
            ttl: entry.ttl(now),
            entry,
        })
    }

    fn fly(
        self: &Arc<Self>,
        question: &Question<'_>,
        why: CacheReason,
    ) -> Result<Verdict, CacheReason> {
        let start = self.start(question)?;
        let (plan, storability) = (question.plan, question.storability);
        let verdict = match self.flights.join(start, || self.find(question).ok()) {
            Joined::Hit(entry) => return Ok(self.hit(question, entry)),
            Joined::Alone(reason) => return Err(reason),
            Joined::Lead(flight) => {
                Verdict::Lead(Fill::new(Arc::clone(self), flight, plan, storability, why))
            }
            Joined::Follow(flight) => {
                Verdict::Follow(Follower::new(Arc::clone(self), flight, plan, storability))
            }
        };
        self.stats.miss(plan.category);
        Ok(verdict)
    }

    /// Generation and pass are taken before the epochs: whatever changes after is seen at the end.
    fn start(&self, question: &Question<'_>) -> Result<Start, CacheReason> {
        let (now, lag) = (self.clock.now(), self.settings().quarantine);
        let generation = self.generation.load(SeqCst);
        let pass = self.passes.of(question.canonical.credential);
        let depends = self.epochs.begin(&question.slots, now)?;
        let home = self.epochs.home(depends.slots(), now, lag)?;
        Ok(Start {
            key: question.key,
            canonical: question.canonical.clone(),
            service: question.service.into(),
            depends,
            generation,
            pass,
            home,
        })
    }
}
