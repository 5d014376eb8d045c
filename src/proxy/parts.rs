//! The parts of a body that is read piece by piece.

use bytes::{Bytes, BytesMut};

/// The parts so far; a single part is not copied.
#[derive(Default)]
pub struct BodyParts {
    first: Bytes,
    more: BytesMut,
}

impl From<Bytes> for BodyParts {
    fn from(first: Bytes) -> Self {
        Self {
            first,
            more: BytesMut::new(),
        }
    }
}

impl BodyParts {
    /// Bytes in all.
    pub fn len(&self) -> usize {
        self.first.len() + self.more.len()
    }

    /// Adds a part.
    pub fn push(&mut self, part: Bytes) {
        if self.first.is_empty() {
            self.first = part;
        } else {
            self.more.extend_from_slice(&part);
        }
    }

    /// All parts as one.
    pub fn join(self) -> Bytes {
        if self.more.is_empty() {
            return self.first;
        }
        let mut whole = BytesMut::with_capacity(self.len());
        whole.extend_from_slice(&self.first);
        whole.extend_from_slice(&self.more);
        whole.freeze()
    }
}
