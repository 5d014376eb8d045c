//! What is learned from requests that ended.

mod concurrency;
mod levels;
mod oldest;
mod service_times;
mod tail;

pub use concurrency::{Concurrency, Estimate, Sample};
pub use oldest::Oldest;
pub use service_times::{ByCost, ServiceTimes, freshness};
pub use tail::{Tail, TailTimes};
