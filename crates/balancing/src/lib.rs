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

mod affinity;
pub mod alarm;
pub mod ask;
pub mod atomic;
pub mod budget;
pub mod completion;
pub mod extra;
pub mod fault;
mod figure;
mod forecast;
pub mod health;
pub mod hedge;
pub mod home;
pub mod ladder;
pub mod learn;
pub mod load;
mod memory;
pub mod moment;
pub mod policies;
pub mod policy;
pub mod queue;
pub mod random;
pub mod reason;
pub mod replay;
pub mod screen;
pub mod selector;
pub mod shadow;
#[cfg(test)]
mod testing;
pub mod throttle;
pub mod time_window;
pub mod view;
mod worker_score;

pub use alarm::{Alarm, AlarmRule, Edge};
pub use ask::Ask;
pub use completion::{Completion, Start};
pub use extra::{ExtraAttempts, ExtraRules, RetryCause};
pub use fault::{Fault, TimeSample};
pub use figure::Figure;
pub use health::{Gate, HealthStatus, HealthView, ServingRules, WriteFitness};
pub use hedge::{HedgeStages, SlowAttempt, Slowness};
pub use home::Home;
pub use ladder::{Ladder, LadderRules, Pressure, Rung};
pub use load::{EndpointLoad, ScoreParts};
pub use memory::Memory;
pub use moment::Moment;
pub use policy::{LearnedWeight, Pick, Policy, Room};
pub use queue::{
    Newcomer, Offer, Overload, Passed, Places, Queue, QueueRefusal, QueueRules, QueueSummary,
    QueueTicket, Queued, Refusal, Waiting,
};
pub use random::Random;
pub use reason::{Exclusion, RouteReason};
pub use screen::{Demotion, Screen, ScreenRules, Standing};
pub use selector::{Selector, Wait};
pub use shadow::{ShadowFigures, Shadowed};
pub use time_window::TimeWindow;
pub use view::{Distance, EndpointView, PoolView};
pub use worker_score::WorkerScore;
