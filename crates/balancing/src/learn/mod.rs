//! What is learned from requests that ended.

mod bends;
mod by_shape;
mod concurrency;
mod effect;
mod epoch;
mod in_flight;
mod levels;
mod service_times;
mod tail;

pub use bends::Bends;
pub use by_shape::ByShape;
pub use concurrency::{Concurrency, Estimate};
pub use effect::freshness;
pub use epoch::Sample;
pub use in_flight::InFlight;
pub use service_times::{ByCost, ServiceTimes};
pub use tail::{Tail, TailTimes};
