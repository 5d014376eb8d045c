//! Since when endpoints are in trouble, as the prober sees it: the younger the trouble, the sooner its end is looked for.

use crate::clock::Moment;
use crate::endpoint::Condition;
use std::sync::Arc;
use std::time::Duration;

/// The share of the time in trouble after which an endpoint is probed again.
const SHARE: u32 = 4;
/// Rounds are at least so far apart.
const SHORTEST: Duration = Duration::from_secs(1);

/// Since when each endpoint of a service is in trouble.
#[derive(Debug, Default)]
pub struct Trouble(Vec<Option<Moment>>);

impl Trouble {
    /// The time until the next round: a quarter of that of the youngest trouble, and `interval` at most.
    pub fn pause(
        &mut self,
        endpoints: &[Arc<Condition>],
        interval: Duration,
        now: Moment,
    ) -> Duration {
        self.0.resize(endpoints.len(), None);
        for (since, endpoint) in self.0.iter_mut().zip(endpoints) {
            let is_in_trouble = endpoint.is_in_trouble(now);
            *since = is_in_trouble.then(|| since.unwrap_or(now));
        }
        let youngest = self.0.iter().flatten().max();
        let pause = youngest.map(|since| now.since(*since) / SHARE);
        pause.map_or(interval, |pause| pause.max(SHORTEST).min(interval))
    }
}
