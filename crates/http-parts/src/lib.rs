#![doc = include_str!("../README.md")]

mod closed;
mod part;

pub use closed::Closed;
pub use part::{BodyLength, Data, Part};
