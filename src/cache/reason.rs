//! Why a response did not come from the cache, or was not stored. A closed set of words: they stand in
//! the header, in metrics and in explanations, and never hold text of a client.

use serde::{Serialize, Serializer};
use std::fmt;

/// A word, and sometimes a second one that narrows it: `no_store:random`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CacheReason {
    /// The word that metrics count.
    pub word: &'static str,
    /// What narrows it.
    pub detail: Option<&'static str>,
}

impl CacheReason {
    /// A single word.
    pub const fn word(word: &'static str) -> Self {
        Self { word, detail: None }
    }

    /// The dialect forbids storing, and says why.
    pub const fn no_store(detail: &'static str) -> Self {
        Self {
            word: "no_store",
            detail: Some(detail),
        }
    }
}

impl fmt::Display for CacheReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word)?;
        self.detail.map_or(Ok(()), |detail| write!(f, ":{detail}"))
    }
}

impl Serialize for CacheReason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The words.
pub mod words {
    use super::CacheReason;

    /// The cache, or its store, is switched off.
    pub const OFF: CacheReason = CacheReason::word("off");
    /// The plan does not cache this class of request.
    pub const NOT_PLANNED: CacheReason = CacheReason::word("not_planned");
    /// The request is not a read.
    pub const NOT_A_READ: CacheReason = CacheReason::word("not_a_read");
    /// The request has no canonical form.
    pub const NO_KEY: CacheReason = CacheReason::word("no_key");
    /// The request names nothing that its response depends on.
    pub const NO_TAGS: CacheReason = CacheReason::word("no_tags");
    /// The request depends on more things than an entry may.
    pub const TOO_MANY_TAGS: CacheReason = CacheReason::word("too_many_tags");
    /// A write on what the response depends on is under way.
    pub const OPEN_WRITE: CacheReason = CacheReason::word("open_write");
    /// A write's outcome, or the time of its effect, is not known yet.
    pub const QUARANTINE: CacheReason = CacheReason::word("quarantine");
    /// The tags were last written through different endpoints, a short time ago.
    pub const HOMES_DIFFER: CacheReason = CacheReason::word("homes_differ");
    /// Another request of the same key is under way that is not the same request.
    pub const KEY_CLASH: CacheReason = CacheReason::word("key_clash");
    /// As many fetches as the table holds.
    pub const FLIGHTS_FULL: CacheReason = CacheReason::word("flights_full");
    /// As many followers as one fetch may have.
    pub const FOLLOWERS_FULL: CacheReason = CacheReason::word("followers_full");
    /// A write came between the start of the fetch and its end.
    pub const EPOCH: CacheReason = CacheReason::word("epoch");
    /// The cache was cleared in between.
    pub const CLEARED: CacheReason = CacheReason::word("cleared");
    /// The credential was refused by the database in between.
    pub const REVOKED: CacheReason = CacheReason::word("revoked");
    /// The response came from an endpoint that may lag behind the last write.
    pub const NOT_HOME: CacheReason = CacheReason::word("not_home");
    /// The endpoint was slow, ejected or away a short time ago.
    pub const REJOIN_HOLD: CacheReason = CacheReason::word("rejoin_hold");
    /// Larger than one entry may be.
    pub const TOO_LARGE: CacheReason = CacheReason::word("too_large");
    /// No time left to live.
    pub const NO_TIME: CacheReason = CacheReason::word("no_time");
    /// The fetch brought no response.
    pub const NO_RESPONSE: CacheReason = CacheReason::word("no_response");
    /// Waited as long as a follower may.
    pub const WAITED: CacheReason = CacheReason::word("waited");
    /// Nothing was stored under this key.
    pub const ABSENT: CacheReason = CacheReason::word("absent");
    /// What was stored had expired.
    pub const EXPIRED: CacheReason = CacheReason::word("expired");
    /// What was stored belongs to another request, or to other tags.
    pub const DIFFERS: CacheReason = CacheReason::word("differs");
    /// Stored for later requests.
    pub const STORED: CacheReason = CacheReason::word("stored");
    /// Taken from another client's fetch.
    pub const COALESCED: CacheReason = CacheReason::word("coalesced");
}
