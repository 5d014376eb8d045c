//! What is learned from requests that ended.

mod concurrency;
mod levels;
mod service_times;
mod tail;

pub use concurrency::{Concurrency, Estimate, Sample};
pub use service_times::{ByCost, ServiceTimes, freshness};
pub use tail::{Tail, TailTimes};
