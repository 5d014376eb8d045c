#![doc = include_str!("../README.md")]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

mod body;
mod chunked;
mod client;
mod date;
mod error;
mod fields;
mod head;
mod inbox;
mod limits;
mod outbox;
mod request_heads;
mod scan;
mod sender;
mod server;
mod target;
mod writer;

pub use client::Client;
pub use error::Error;
pub use http_parts::{BodyLength, Closed, Data, Part};
pub use inbox::MAX_READ;
pub use limits::Limits;
pub use server::Server;
