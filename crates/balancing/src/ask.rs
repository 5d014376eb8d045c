//! What a request asks of its endpoint, as plain values.

use crate::Moment;

/// A request that needs an endpoint.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ask {
    /// The request without its literals, hashed: the key of what is learned.
    pub shape: u64,
    /// How complex it is, in classes from 0.
    pub class: u8,
    /// Estimated cost in units of the plan, more than 0.
    pub cost: f64,
    /// It needs an endpoint that takes writes.
    pub needs_writer: bool,
    /// It was tried before: it is not the one to find out with whether an endpoint is back.
    pub is_retry: bool,
    /// The work of the requests that wait before it, by [`Policy::work`](crate::Policy::work).
    pub ahead: f64,
    /// What it is about, hashed: a collection, a database; never 0 but for the service as a whole.
    pub target: u64,
    /// It succeeds only where its target exists.
    pub needs_target: bool,
    /// It asks for data or changes them; false of what any server answers that runs.
    pub asks_data: bool,
    /// It reads: to send it twice changes nothing.
    pub is_read: bool,
    /// It may find out whether an endpoint is back: a read of data that another endpoint can answer as well.
    pub may_be_trial: bool,
    /// It changes what is stored, or is taken for what does. What opens a transaction does not yet.
    pub is_change: bool,
    /// Hashed: requests of one key go to the same endpoint while that is not much busier than others.
    pub affinity: Option<u64>,
    /// Which of the policies of its pool chooses: 0 the pool's own, from 1 on those that rules name ([`ByRequest`](crate::policies::ByRequest)).
    pub policy: u8,
    /// When it arrived.
    pub arrived: Moment,
}

impl Ask {
    /// The first attempt of a read of data that any endpoint can take.
    pub const fn read(shape: u64, class: u8, cost: f64, arrived: Moment) -> Self {
        Self {
            shape,
            class,
            cost,
            needs_writer: false,
            is_retry: false,
            ahead: 0.0,
            target: 0,
            needs_target: false,
            asks_data: true,
            is_read: true,
            may_be_trial: true,
            is_change: false,
            affinity: None,
            policy: 0,
            arrived,
        }
    }
}
