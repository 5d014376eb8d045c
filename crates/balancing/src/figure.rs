//! Figures of endpoints by name, of which a configuration can make a strategy of its own. Lower is better in all of them.

use crate::view::EndpointView;
use crate::{PoolView, WorkerScore};

/// Declares the figures: `Variant = "word", |endpoint, best| value;`. The doc comment is what people read of it.
macro_rules! figures {
    ($($(#[doc = $about:literal])+ $variant:ident = $word:literal, $value:expr;)+) => {
        /// A figure of an endpoint.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Figure {
            $($(#[doc = $about])+ $variant,)+
        }

        impl Figure {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Each name with what it is.
            pub const WORDS: &'static [(&'static str, &'static str)] =
                &[$(($word, concat!($($about),+))),+];

            /// Its name in the configuration.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// Its value at an endpoint whose pool's best mean time is `best`; `None` when it is unknown.
            pub fn of(self, endpoint: &EndpointView, best: Option<f64>) -> Option<f64> {
                let value: fn(&EndpointView, Option<f64>) -> Option<f64> = match self {
                    $(Self::$variant => $value,)+
                };
                value(endpoint, best)
            }
        }
    };
}

figures! {
    /// Requests in flight per weight.
    InFlight = "in_flight", |one, _| Some(one.in_flight_per_weight());
    /// Estimated costs in flight per capacity, or per weight where there is none.
    Cost = "cost", |one, _| Some(one.cost_per_capacity());
    /// Connections as a share of the limit, 0..=1.
    Connections = "connections", |one, _| Some(one.load.fill());
    /// CPU in use as an agent reported it, 0..=1.
    Cpu = "cpu", |one, _| one.load.cpu;
    /// Memory in use as an agent reported it, 0..=1.
    Memory = "memory", |one, _| one.load.memory;
    /// The server's own queue as an agent reported it, requests.
    Queue = "queue", |one, _| one.load.queue;
    /// The moving mean of the response times, seconds.
    Time = "time", |one, _| one.load.mean_time;
    /// The mean of the last ten response times for requests as complex, seconds.
    RecentTime = "recent_time", |one, _| one.recent_mean;
    /// Share of errors in the last minute, 0..=1.
    Errors = "errors", |one, _| one.load.error_rate;
    /// Load score A, 0..=1.
    Load = "load", |one, _| Some(one.load.score());
    /// Load score B, 0..=100.
    LoadB = "load_b", |one, _| Some(one.load.score_b());
    /// What the worker score lacks of 1.
    Worker = "worker", |one, best| Some(1.0 - WorkerScore::of(one, best).score);
    /// Tags of the endpoint that the request does not ask for.
    UnusedTags = "unused_tags", |one, _| Some(f64::from(one.unused_tags));
}

impl Figure {
    /// The mean of what is known of a pool: what counts for an endpoint of which it is unknown.
    pub fn mean(self, pool: &PoolView<'_>, best: Option<f64>) -> f64 {
        let known = pool.iter().filter_map(|(_, one)| self.of(one, best));
        let (sum, count) = known.fold((0.0, 0u32), |(sum, n), value| (sum + value, n + 1));
        sum / f64::from(count.max(1))
    }
}
