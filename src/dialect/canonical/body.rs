//! The canonical body of a request while it is written: a short one is kept as it is and compared
//! byte for byte; of a long one only a keyed digest of 256 bits is, so that no key copies a long body.

use super::DIGEST_KEY;
use crate::dialect::MAX_INLINE_BODY;
use bytes::Bytes;
use json_reader::{Json, canonical};

/// The longest body that is kept, in bytes.
const MAX_KEPT: usize = MAX_INLINE_BODY;

/// A canonical body.
#[derive(Default)]
pub struct CanonicalBody {
    /// The whole text, or its end that is not hashed yet.
    text: Vec<u8>,
    /// Of what came before, once the text is longer than is kept.
    hasher: Option<blake3::Hasher>,
}

impl CanonicalBody {
    /// Adds the next bytes.
    pub fn write(&mut self, bytes: &[u8]) {
        if self.text.len() + bytes.len() <= MAX_KEPT {
            return self.text.extend_from_slice(bytes);
        }
        let keyed = || blake3::Hasher::new_keyed(&DIGEST_KEY);
        let hasher = self.hasher.get_or_insert_with(keyed);
        hasher.update(&self.text);
        self.text.clear();
        if bytes.len() > MAX_KEPT {
            hasher.update(bytes);
        } else {
            self.text.extend_from_slice(bytes);
        }
    }

    /// The digest of a long text, or the text.
    pub(super) fn finish(self) -> (Option<blake3::Hash>, Bytes) {
        match self.hasher {
            Some(mut hasher) => (Some(hasher.update(&self.text).finalize()), Bytes::new()),
            None => (None, self.text.into()),
        }
    }
}

impl From<&[u8]> for CanonicalBody {
    fn from(bytes: &[u8]) -> Self {
        let mut body = Self::default();
        body.write(bytes);
        body
    }
}

/// The canonical body of a JSON document, without the top-level members named in `skip`.
pub fn canonical_json(value: &Json<'_>, skip: &[&str]) -> CanonicalBody {
    let mut body = CanonicalBody::default();
    canonical(value, skip, &mut |piece| body.write(piece));
    body
}

#[cfg(test)]
mod tests {
    use super::{CanonicalBody, MAX_KEPT};
    use crate::dialect::canonical::{Builder, Canonical};
    use proptest::prelude::*;

    fn form(body: CanonicalBody) -> Canonical {
        Builder::new("points.query").body(body)
    }

    #[test]
    fn a_short_body_is_kept_and_a_long_one_is_not() {
        let short = vec![b'a'; MAX_KEPT];
        assert_eq!(form(short[..].into()).body, short);
        let long = form(vec![b'a'; 16 << 20][..].into());
        assert!(long.head.len() + long.body.len() < 256);
    }

    #[test]
    fn a_digest_is_never_taken_for_a_body() {
        let long = form(vec![b'a'; MAX_KEPT + 1][..].into());
        assert_ne!(form((&b""[..]).into()), long);
        assert_ne!(form(long.head[..].into()), long);
    }

    proptest! {
        #[test]
        fn long_bodies_are_equal_only_if_each_byte_is(
            length in MAX_KEPT - 2..3 * MAX_KEPT,
            at in any::<prop::sample::Index>(),
            pieces in prop::collection::vec(1..2 * MAX_KEPT, 1..8),
        ) {
            let text: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
            let mut written = CanonicalBody::default();
            let mut rest = &text[..];
            for piece in pieces {
                let (now, later) = rest.split_at(piece.min(rest.len()));
                written.write(now);
                rest = later;
            }
            written.write(rest);
            prop_assert_eq!(form(written), form(text[..].into()));
            let mut other = text.clone();
            other[at.index(length)] ^= 1;
            prop_assert_ne!(form(other[..].into()), form(text[..].into()));
            prop_assert_ne!(form(text[..length - 1].into()), form(text[..].into()));
        }
    }
}
