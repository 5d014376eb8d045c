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
            detail: Some(detail),
            ..words::NO_STORE
        }
    }

    /// A write a moment ago is why the cache is passed by, or why another request's response is not shared.
    pub fn is_of_a_write(self) -> bool {
        let [open, after] = [words::OPEN_WRITE, words::EPOCH];
        [
            open,
            after,
            words::QUARANTINE,
            words::HOMES_DIFFER,
            words::NOT_HOME,
        ]
        .contains(&self)
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

/// Declares the words, and the list of them with their meanings: `NAME = "word", "advice";`.
macro_rules! words {
    ($($(#[doc = $meaning:literal])+ $name:ident = $word:literal, $advice:literal;)+) => {
        /// The words.
        pub mod words {
            use super::CacheReason;
            use glossary::Term;

            $($(#[doc = $meaning])+ pub const $name: CacheReason = CacheReason::word($word);)+

            /// Every word with its meaning.
            pub const GLOSSARY: &[Term] = &[$(Term {
                word: $word,
                meaning: concat!($($meaning),+),
                advice: $advice,
            },)+];
        }
    };
}

words! {
    /// A hit: answered from store.
    FRESH = "fresh", "";
    /// A hit: taken from the fetch of another client.
    COALESCED = "coalesced", "";
    /// A miss whose response was stored for later requests.
    STORED = "stored", "";
    /// The cache, or its store, is switched off.
    OFF = "off", "Set `cache.enabled` and `cache.l1.enabled`, if it shall be on.";
    /// The plan does not cache this class of request.
    NOT_PLANNED = "not_planned", "The explanation of the request shows its plan; `cache` of the service or `cache.enabled` may be off.";
    /// The request is not a read.
    NOT_A_READ = "not_a_read", "";
    /// The request has no canonical form.
    NO_KEY = "no_key", "";
    /// The request names nothing that its response depends on.
    NO_TAGS = "no_tags", "";
    /// The request depends on more things than an entry may.
    TOO_MANY_TAGS = "too_many_tags", "Ask for fewer things at once, where responses shall be stored.";
    /// A write on what the response depends on is under way.
    OPEN_WRITE = "open_write", "";
    /// A write's outcome, or the time of its effect, is not known yet.
    QUARANTINE = "quarantine", "With Qdrant, write with `wait=true`; `cache.quarantine` is how long it lasts.";
    /// The tags were last written through different endpoints, a short time ago.
    HOMES_DIFFER = "homes_differ", "Passes by itself.";
    /// Another request of the same key is under way that is not the same request.
    KEY_CLASH = "key_clash", "";
    /// As many fetches as the table holds.
    FLIGHTS_FULL = "flights_full", "Rare: thousands of different requests are being fetched at once.";
    /// As many followers as one fetch may have.
    FOLLOWERS_FULL = "followers_full", "Rare: thousands of clients wait for one response.";
    /// What was stored is older than a write, or a write came between the start of the fetch and its end.
    EPOCH = "epoch", "Where it is most of all: what is asked for is written as often as it is read.";
    /// The cache was cleared in between.
    CLEARED = "cleared", "";
    /// The credential was refused by the database in between.
    REVOKED = "revoked", "Look for a client with a wrong or withdrawn credential.";
    /// The response came from an endpoint that may lag behind the last write.
    NOT_HOME = "not_home", "Passes by itself when the endpoint that took the last write serves.";
    /// The endpoint was slow, ejected or away a short time ago.
    REJOIN_HOLD = "rejoin_hold", "Where it stays: look at the events of the endpoint; `cache.rejoin_hold` is how long it lasts.";
    /// Larger than one entry may be.
    TOO_LARGE = "too_large", "Raise `cache.max_entry`, if such responses shall be stored.";
    /// No time left to live.
    NO_TIME = "no_time", "";
    /// The fetch brought no response.
    NO_RESPONSE = "no_response", "Look at the attempts of the request that fetched.";
    /// Waited as long as a follower may.
    WAITED = "waited", "`cache.share_wait` is how long a request waits.";
    /// Nothing was stored under this key.
    ABSENT = "absent", "";
    /// What was stored had expired.
    EXPIRED = "expired", "";
    /// What was stored belongs to another request, or to other tags.
    DIFFERS = "differs", "";
    /// The response may not be stored, by its request or by what it says. The second word says why.
    NO_STORE = "no_store", "See below.";
    /// One of the reasons past the number that is told apart.
    OTHER = "other", "";
}
