//! A part of a message's body. The same type is read and written, so that what arrives can go on.

use bytes::Bytes;
use http::HeaderMap;

/// Bytes of a body: at least one. An empty part cannot be mistaken for the end of a body, because there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Data(Bytes);

impl Data {
    /// `None`: there are no bytes.
    pub fn new(bytes: impl Into<Bytes>) -> Option<Self> {
        let bytes = bytes.into();
        (!bytes.is_empty()).then_some(Self(bytes))
    }

    /// The bytes.
    pub fn into_bytes(self) -> Bytes {
        self.0
    }
}

impl std::ops::Deref for Data {
    type Target = Bytes;

    fn deref(&self) -> &Bytes {
        &self.0
    }
}

impl From<Data> for Bytes {
    fn from(data: Data) -> Self {
        data.0
    }
}

/// A part of a body, in the order `Data`*, `Trailers`?, `End`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    Data(Data),
    /// Fields after the data; only the end follows them.
    Trailers(HeaderMap),
    /// The body is whole.
    End,
}

impl Part {
    /// Bytes of data; 0 for trailers and the end.
    pub fn data_len(&self) -> usize {
        match self {
            Part::Data(data) => data.len(),
            Part::Trailers(_) | Part::End => 0,
        }
    }
}

/// How long a body is, as far as it is known before it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyLength {
    /// There is none, and the head says nothing of it: a GET, a response to HEAD, a 204.
    None,
    /// In bytes; may be 0.
    Known(u64),
    /// The end of the body tells.
    Unknown,
}
