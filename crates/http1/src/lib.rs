//! HTTP/1.1 messages (RFC 9110, RFC 9112) over any byte stream.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

mod closed;
mod error;
mod part;

pub use closed::Closed;
pub use error::Error;
pub use part::{BodyLength, Data, Part};
