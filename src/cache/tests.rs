//! Tests of the cache: each names a promise.

mod bounds;
mod homes;
mod keys;
mod model;
mod race;
mod sharing;
mod time;
mod writes;

use super::*;
use crate::clock::Clock;
use crate::dialect::canonical::Builder;
use crate::dialect::{Call, Effect, Storability, Tag};
use crate::plan::{CachePlan, Category};
use bytes::Bytes;
use http::HeaderMap;
use std::time::Duration;

pub const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// A cache on a clock that stands still.
pub struct Bench {
    pub cache: Arc<Cache>,
    pub clock: Clock,
    pub plan: CachePlan,
    pub service: &'static str,
}

pub fn bench() -> Bench {
    bench_with(|_| ())
}

pub fn bench_with(change: impl FnOnce(&mut config::Cache)) -> Bench {
    let mut settings = config::Cache::default();
    change(&mut settings);
    let clock = Clock::manual();
    Bench {
        cache: Cache::new(&settings, clock.clone()),
        clock,
        plan: CachePlan {
            category: Category::Query,
            ttl: secs(100),
        },
        service: "graph",
    }
}

pub fn tag(name: &str) -> Tag {
    Tag::service("neo4j", "graph").below(&[name])
}

/// A read of `what` that depends on `tags`.
pub fn read(what: &str, tags: &[&str]) -> Call {
    Call {
        operation: "cypher.read",
        effect: Effect::Read,
        reads: tags.iter().map(|name| tag(name)).collect(),
        storability: Storability::Yes,
        canonical: Some(Builder::new("cypher.read").body(what.as_bytes().into())),
        ..Call::unknown("test")
    }
}

/// A read of `what` with a credential.
pub fn read_as(who: &str, what: &str, tags: &[&str]) -> Call {
    let builder = Builder::new("cypher.read").credential("authorization", who.as_bytes());
    Call {
        canonical: Some(builder.body(what.as_bytes().into())),
        ..read(what, tags)
    }
}

pub fn credential(call: &Call) -> u64 {
    call.canonical.as_ref().unwrap().credential
}

pub fn response(body: &str) -> FetchedResponse {
    response_of("a", body)
}

pub fn response_of(endpoint: &str, body: &str) -> FetchedResponse {
    FetchedResponse {
        status: 200,
        headers: HeaderMap::new(),
        body: Bytes::copy_from_slice(body.as_bytes()),
        endpoint: EndpointId::of("s", endpoint),
        no_store: false,
        storable: Ok(()),
        expires: None,
    }
}

impl Bench {
    /// Looks up; a bypass is the end of the request.
    pub fn ask(&self, call: &Call) -> Verdict {
        let verdict = self.cache.look_up(&LookupRequest {
            service: self.service,
            call,
            plan: Some(self.plan),
        });
        if let Verdict::Bypass(reason) = verdict {
            self.cache.bypassed(Some(self.plan.category), Some(reason));
        }
        verdict
    }

    pub fn lead(&self, call: &Call) -> Fill {
        match self.ask(call) {
            Verdict::Lead(fill) => fill,
            other => panic!("not a lead: {}", name(&other)),
        }
    }

    pub fn follow(&self, call: &Call) -> Follower {
        match self.ask(call) {
            Verdict::Follow(follower) => follower,
            other => panic!("not a follower: {}", name(&other)),
        }
    }

    /// The body of a hit.
    pub fn hit(&self, call: &Call) -> Option<String> {
        match self.ask(call) {
            Verdict::Hit(hit) => Some(text(&hit.entry)),
            _ => None,
        }
    }

    pub fn bypass(&self, call: &Call) -> String {
        match self.ask(call) {
            Verdict::Bypass(reason) => reason.to_string(),
            other => panic!("no bypass: {}", name(&other)),
        }
    }

    /// Fetches and stores.
    pub fn store(&self, call: &Call, body: &str) -> FillOutcome {
        self.lead(call).finish(response(body))
    }

    pub fn write(&self, names: &[&str]) -> OpenWrite {
        let tags: Vec<Tag> = names.iter().map(|name| tag(name)).collect();
        self.cache.begin_write(&tags)
    }

    pub fn wrote(&self, names: &[&str], endpoint: &str) {
        self.write(names).settle(done(endpoint));
    }
}

pub fn done(endpoint: &str) -> Settled {
    Settled::Done {
        endpoint: EndpointId::of("s", endpoint),
    }
}

pub fn queued(endpoint: &str) -> Settled {
    Settled::Queued {
        endpoint: EndpointId::of("s", endpoint),
    }
}

pub fn text(entry: &CacheEntry) -> String {
    String::from_utf8(entry.body.to_vec()).unwrap()
}

pub fn name(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Hit(hit) => format!("hit {:?}", hit.entry),
        Verdict::Lead(fill) => format!("lead {}", fill.why()),
        Verdict::Follow(_) => "follow".into(),
        Verdict::Bypass(reason) => format!("bypass {reason}"),
    }
}

pub fn refused(kept: FillOutcome) -> String {
    match kept {
        FillOutcome::NotStored(reason) => reason.to_string(),
        FillOutcome::Stored { ttl } => format!("stored {ttl:?}"),
    }
}
