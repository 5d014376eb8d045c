//! What is learned from requests that ended.

mod tail;

pub use tail::{Tail, TailTimes};
