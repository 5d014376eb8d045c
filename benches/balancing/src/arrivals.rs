//! The requests that arrive. They follow from the seed and their index alone, so all policies are given the same ones.

use crate::draw::{Stream, exponential, normal};
use crate::scenario::{Rate, Scenario, Sender};
use crate::settings::Settings;
use balancing::{Ask, Moment, Random};
use std::time::Duration;

/// A request as it arrives.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    /// Seconds that one worker of speed 1 needs.
    pub size: f64,
    /// What the proxy knows of it.
    pub ask: Ask,
    /// Who sends it, of the scenario's senders, as which tenant, and with which priority.
    pub sender: usize,
    pub tenant: u64,
    pub priority: u8,
    /// The proxy it comes to.
    pub proxy: usize,
    /// Its client, and which of its attempts it is; where clients give up.
    pub client: usize,
    pub attempt: u32,
}

/// Draws requests, one after the other.
#[derive(Debug)]
pub struct Arrivals {
    scenario: Scenario,
    cost_error: f64,
    between: f64,
    random: Random,
    now: Moment,
    left: usize,
}

impl Arrivals {
    /// The requests of a scenario for a seed.
    pub fn new(scenario: &Scenario, settings: &Settings, seed: u64) -> Self {
        let (between, left) = match scenario.rate {
            Rate::AtOnce(count) => (0.0, count),
            Rate::PerSecond(_) | Rate::Load(_) | Rate::Steps(_) => {
                (1.0 / scenario.per_second(), usize::MAX)
            }
        };
        Self {
            scenario: *scenario,
            cost_error: settings.cost_error,
            between,
            random: Stream::Arrivals.of(seed),
            now: Moment(0),
            left,
        }
    }
}

impl Iterator for Arrivals {
    type Item = Arrival;

    fn next(&mut self) -> Option<Arrival> {
        self.left = self.left.checked_sub(1)?;
        if let Rate::Steps(_) = self.scenario.rate {
            let now = (self.now - Moment(0)).as_secs_f64();
            self.between = 1.0 / self.scenario.per_second_at(now);
        }
        let random = &mut self.random;
        self.now = self.now + Duration::from_secs_f64(exponential(self.between, random));
        let (size, part) = self.scenario.size.draw(random);
        let error = normal(random);
        let cost = match self.cost_error.is_finite() {
            true => size * (self.cost_error * error).exp(),
            false => 1.0,
        };
        let proxy = random.bits();
        let (
            sender,
            Sender {
                tenant, priority, ..
            },
        ) = self.scenario.sender(random);
        // Nothing is drawn where nothing is written, so that other scenarios have the requests that they had.
        let writes = self.scenario.writes;
        let is_write = writes > 0.0 && random.fraction() < writes;
        Some(Arrival {
            size: size / 1000.0,
            sender,
            tenant,
            priority,
            ask: Ask {
                is_read: !is_write,
                may_be_trial: !is_write,
                is_change: is_write,
                ..Ask::read(
                    part as u64,
                    class(cost),
                    cost.max(f64::MIN_POSITIVE),
                    self.now,
                )
            },
            proxy: (proxy % self.scenario.proxies as u64) as usize,
            client: 0,
            attempt: 0,
        })
    }
}

/// A class of complexity by the estimated milliseconds.
fn class(cost: f64) -> u8 {
    [10.0, 100.0, 1000.0]
        .iter()
        .map(|bound| u8::from(cost >= *bound))
        .sum()
}
