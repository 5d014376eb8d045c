//! The header `x-pointsman-cache`: what the cache did with a request, and why.

use super::entry::CacheEntry;
use super::fill::FillOutcome;
use super::lookup::Hit;
use super::reason::{CacheReason, words};
use crate::clock::Moment;
use std::fmt;
use std::time::Duration;

/// Where a response comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookupResult {
    /// The store, or another requester's fetch.
    Hit,
    /// A fetch whose response may be stored.
    Miss,
    /// An endpoint, past the cache.
    Bypass,
}

impl LookupResult {
    fn word(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Bypass => "bypass",
        }
    }
}

/// What the cache did: `hit; age=12; ttl=48`, `miss; reason=stored; ttl=60`, `bypass; reason=quarantine`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheStatus {
    pub result: LookupResult,
    pub reason: Option<CacheReason>,
    /// Time since the response was fetched; printed in whole seconds.
    pub age: Option<Duration>,
    /// Time left to live; printed in whole seconds.
    pub ttl: Option<Duration>,
}

impl CacheStatus {
    /// Answered from store.
    pub fn hit(hit: &Hit) -> Self {
        Self {
            result: LookupResult::Hit,
            reason: None,
            age: Some(hit.age),
            ttl: Some(hit.ttl),
        }
    }

    /// Answered by another client's fetch.
    pub fn shared(entry: &CacheEntry, now: Moment) -> Self {
        Self {
            result: LookupResult::Hit,
            reason: Some(words::COALESCED),
            age: Some(entry.age(now)),
            ttl: Some(entry.ttl(now)),
        }
    }

    /// Fetched; the reason is why there was no hit, before it is known whether the response is stored.
    pub fn miss(why: CacheReason) -> Self {
        Self {
            result: LookupResult::Miss,
            reason: Some(why),
            age: None,
            ttl: None,
        }
    }

    /// Fetched, and stored or not.
    pub fn filled(outcome: FillOutcome) -> Self {
        match outcome {
            FillOutcome::Stored { ttl } => Self {
                ttl: Some(ttl),
                ..Self::miss(words::STORED)
            },
            FillOutcome::NotStored(reason) => Self::miss(reason),
        }
    }

    /// The request bypassed the cache.
    pub fn bypass(reason: CacheReason) -> Self {
        Self {
            result: LookupResult::Bypass,
            ..Self::miss(reason)
        }
    }
}

impl fmt::Display for CacheStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.result.word())?;
        if let Some(reason) = self.reason {
            write!(f, "; reason={reason}")?;
        }
        for (name, span) in [("age", self.age), ("ttl", self.ttl)] {
            if let Some(span) = span {
                write!(f, "; {name}={}", span.as_secs())?;
            }
        }
        Ok(())
    }
}
