//! The parts of a body that is read piece by piece, and the pieces in which one is written.

use crate::http::Data;
use bytes::{Bytes, BytesMut};

/// Bytes that are written at a time.
const PIECE: usize = 64 << 10;

/// The next piece of some bytes, small enough that its reader's progress shows; `None` when there are none left.
pub fn next_piece(bytes: &mut Bytes) -> Option<Data> {
    Data::new(bytes.split_to(bytes.len().min(PIECE)))
}

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
