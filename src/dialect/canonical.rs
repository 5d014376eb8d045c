//! The canonical form of a request: everything that decides its response, without ambiguity. The
//! cache hashes it into a key and compares it on a hit. Credentials enter as keyed digests only,
//! so that a dump of the cache shows none, and so do long bodies, so that none is copied.

mod body;

pub use body::{CanonicalBody, canonical_json};

use bytes::Bytes;
use http::HeaderMap;
use http::header::HeaderName;
use rand::Rng;
use rand::rngs::StdRng;
use std::fmt;
use std::sync::LazyLock;

/// A random key of this process: its digests mean nothing outside it, and nobody can make two bodies meet.
static DIGEST_KEY: LazyLock<[u8; 32]> = LazyLock::new(|| {
    let mut key = [0; 32];
    rand::make_rng::<StdRng>().fill_bytes(&mut key);
    key
});

/// A finished canonical request.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Canonical {
    /// Length-prefixed parts: operation, decoded target, parameters, headers, the digest of a long
    /// body, credentials.
    pub head: Bytes,
    /// The canonical body; empty where the head has its digest.
    pub body: Bytes,
    /// A digest of the credentials alone, to drop all entries of a credential.
    pub credential: u64,
}

impl fmt::Debug for Canonical {
    /// Lengths only: bodies hold parameters.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Canonical({} + {} bytes)",
            self.head.len(),
            self.body.len()
        )
    }
}

/// Builds a [`Canonical`]. Every part is length-prefixed, so that no two requests run together.
pub struct Builder {
    head: Vec<u8>,
    /// Length-prefixed names and values; only their digest leaves the builder.
    credentials: Vec<u8>,
}

impl Builder {
    /// Starts with the name of the operation.
    pub fn new(operation: &str) -> Self {
        let builder = Self {
            head: Vec::with_capacity(192),
            credentials: Vec::new(),
        };
        builder.part(operation.as_bytes())
    }

    /// Adds one part.
    pub fn part(mut self, bytes: &[u8]) -> Self {
        put(&mut self.head, bytes);
        self
    }

    /// Adds all values of a header, in order, or their absence.
    pub fn header(mut self, headers: &HeaderMap, name: &HeaderName) -> Self {
        self = self.part(name.as_str().as_bytes());
        for value in headers.get_all(name) {
            self = self.part(value.as_bytes());
        }
        self.part(b"")
    }

    /// Adds a credential; its value enters the digest only.
    pub fn credential(mut self, name: &str, value: &[u8]) -> Self {
        put(&mut self.credentials, name.as_bytes());
        put(&mut self.credentials, value);
        self
    }

    /// Closes the canonical request with its body.
    pub fn body(self, body: CanonicalBody) -> Canonical {
        let (digest, text) = body.finish();
        let digest = digest.as_ref().map_or(&[][..], |digest| digest.as_bytes());
        self.part(digest).finish(text)
    }

    /// A digest of the credentials alone.
    pub fn credentials(self) -> u64 {
        self.finish(Bytes::new()).credential
    }

    fn finish(mut self, body: Bytes) -> Canonical {
        let digest = blake3::keyed_hash(&DIGEST_KEY, &self.credentials);
        self.head.extend_from_slice(digest.as_bytes());
        let credential = digest
            .as_bytes()
            .iter()
            .take(8)
            .fold(0, |hash, byte| hash << 8 | u64::from(*byte));
        Canonical {
            head: self.head.into(),
            body,
            credential,
        }
    }
}

/// Adds a part behind its length.
fn put(parts: &mut Vec<u8>, part: &[u8]) {
    parts.extend_from_slice(&(part.len() as u64).to_le_bytes());
    parts.extend_from_slice(part);
}
