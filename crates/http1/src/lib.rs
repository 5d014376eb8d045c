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
mod closed;
mod date;
mod error;
mod fields;
mod head;
mod inbox;
mod limits;
mod outbox;
mod part;
mod scan;
mod sender;
mod server;
mod target;
mod writer;

pub use client::Client;
pub use closed::Closed;
pub use error::Error;
pub use limits::Limits;
pub use part::{BodyLength, Data, Part};
pub use server::Server;
