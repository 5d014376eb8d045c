//! The home of what a proxy's requests are about, as the cache keeps it in the path: the replica that acknowledged the last
//! write.

use balancing::{Completion, Fault, Home, Moment};
use std::time::Duration;

/// How long others may lag behind it, as by default.
const LAG: Duration = Duration::from_secs(10);

/// Which replica acknowledged the last write, and when.
#[derive(Debug, Clone, Copy)]
pub struct LastWrite {
    replica: usize,
    acknowledged_at: Moment,
}

impl LastWrite {
    /// The last write after a request, if that was one and succeeded.
    pub fn after(completion: &Completion) -> Option<Self> {
        let is_write = !completion.start.ask.is_read;
        (is_write && completion.fault == Some(Fault::None)).then_some(Self {
            replica: completion.start.endpoint,
            acknowledged_at: completion.now,
        })
    }

    /// How a replica stands to the others, if it is the home.
    pub fn home(self, replica: usize, now: Moment) -> Option<Home> {
        (self.replica == replica).then_some(self.stands(now))
    }

    /// How the home stands to the other replicas.
    pub fn stands(self, now: Moment) -> Home {
        match now < self.acknowledged_at + LAG {
            true => Home::Ahead,
            false => Home::Level,
        }
    }
}
