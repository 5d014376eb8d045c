//! The ladder of degradation: what a service gives up, step by step, while more comes than its endpoints can do, so that what
//! they can do goes to the requests themselves. It goes up and down by one rung at a time, each after a time, and the way down
//! takes longer each time that it turns out to have come too early.

use crate::{Moment, RetryCause};
use std::time::Duration;

/// How often the time that a rung is kept is doubled at most.
const MAX_RELAPSES: u32 = 4;

/// How much a service gives up; each rung gives up what those before it do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rung {
    /// Nothing.
    #[default]
    Normal,
    /// Second attempts beside slow reads, and those that only make sure of a client's error and cost an endpoint work.
    NoExtras,
    /// Retries that cost an endpoint work.
    NoRetries,
    /// Requests of low priority that would have to wait.
    Shedding,
}

impl Rung {
    /// Every rung, lowest first.
    pub const ALL: [Self; 4] = [
        Self::Normal,
        Self::NoExtras,
        Self::NoRetries,
        Self::Shedding,
    ];

    /// The word in metrics, events and explanations.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::NoExtras => "no_extras",
            Self::NoRetries => "no_retries",
            Self::Shedding => "shedding",
        }
    }

    /// The number of the rung, from 0.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The rung of a number.
    pub const fn of(number: u8) -> Self {
        match number {
            0 => Self::Normal,
            1 => Self::NoExtras,
            2 => Self::NoRetries,
            _ => Self::Shedding,
        }
    }

    /// Whether a second attempt may be made beside a slow one.
    pub fn allows_hedges(self) -> bool {
        self < Self::NoExtras
    }

    /// Whether a retry of this cause may be made that costs an endpoint work.
    pub fn allows_retry(self, cause: RetryCause) -> bool {
        match cause {
            RetryCause::Doubt => self < Self::NoExtras,
            RetryCause::Failure => self < Self::NoRetries,
        }
    }

    /// Whether a request of this priority may wait, where those below `shed_below` are shed.
    pub fn lets_wait(self, priority: u8, shed_below: u32) -> bool {
        self < Self::Shedding || u32::from(priority) >= shed_below
    }
}

/// How hard a service is pressed: how far its queue is from refusing, each part 0..=1. While requests find room, it is 0.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Pressure {
    /// Requests that wait, over those that may.
    pub queue: f64,
    /// The age of the oldest that waits, over the time that one may wait.
    pub wait: f64,
    /// The share of requests that the queue refused, times ten.
    pub refused: f64,
}

impl Pressure {
    /// Each part 0..=1.
    pub fn clipped(self) -> Self {
        let clipped = |part: f64| part.clamp(0.0, 1.0);
        Self {
            queue: clipped(self.queue),
            wait: clipped(self.wait),
            refused: clipped(self.refused),
        }
    }

    /// The largest part.
    pub fn value(&self) -> f64 {
        self.queue.max(self.wait).max(self.refused)
    }
}

/// When a ladder goes up and down.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LadderRules {
    /// A rung up when the pressure has been above this for `raise_after`.
    pub raise_above: f64,
    /// A rung down when the pressure has been no higher than this for `lower_after`.
    pub lower_below: f64,
    pub raise_after: Duration,
    pub lower_after: Duration,
}

/// Where a service stands.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Ladder {
    rung: Rung,
    /// Since when the pressure has asked for a rung up, or for one down.
    asked: Option<(Moment, bool)>,
    lowered: Option<Moment>,
    /// How often in a row a rung was left too early.
    relapses: u32,
}

impl Ladder {
    /// The present rung.
    pub fn rung(&self) -> Rung {
        self.rung
    }

    /// Looks at the pressure; the new rung, where it changed.
    pub fn look(&mut self, pressure: f64, rules: &LadderRules, now: Moment) -> Option<Rung> {
        let up = match () {
            () if pressure > rules.raise_above => true,
            () if pressure <= rules.lower_below => false,
            () => {
                self.asked = None;
                return None;
            }
        };
        let since = match self.asked {
            Some((since, before)) if before == up => since,
            _ => now,
        };
        self.asked = Some((since, up));
        let kept = rules.lower_after.saturating_mul(1 << self.relapses);
        let after = if up { rules.raise_after } else { kept };
        if now - since < after {
            return None;
        }
        let next = match up {
            true => Rung::of(self.rung.number().saturating_add(1)),
            false => Rung::of(self.rung.number().saturating_sub(1)),
        };
        if next == self.rung {
            return None;
        }
        self.step(next, up, kept, now);
        Some(next)
    }

    fn step(&mut self, next: Rung, up: bool, kept: Duration, now: Moment) {
        self.asked = None;
        self.rung = next;
        if !up {
            self.lowered = Some(now);
        } else if let Some(lowered) = self.lowered.take() {
            let is_relapse = now - lowered < kept.saturating_mul(2);
            self.relapses = match is_relapse {
                true => (self.relapses + 1).min(MAX_RELAPSES),
                false => 0,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: LadderRules = LadderRules {
        raise_above: 0.8,
        lower_below: 0.5,
        raise_after: Duration::from_secs(3),
        lower_after: Duration::from_secs(10),
    };

    /// One look in each second; the changes with their seconds.
    fn changes(pressures: impl IntoIterator<Item = f64>) -> Vec<(u64, Rung)> {
        let mut ladder = Ladder::default();
        let change = |(second, pressure)| {
            let now = Moment::default() + Duration::from_secs(second);
            Some((second, ladder.look(pressure, &RULES, now)?))
        };
        (0..).zip(pressures).filter_map(change).collect()
    }

    fn seconds(pressure: f64, count: usize) -> impl Iterator<Item = f64> {
        std::iter::repeat_n(pressure, count)
    }

    #[test]
    fn a_pressure_that_lasts_leads_up_rung_by_rung_and_down_again() {
        let found = changes(seconds(1.0, 60).chain(seconds(0.0, 120)));
        let expected = [
            (3, Rung::NoExtras),
            (7, Rung::NoRetries),
            (11, Rung::Shedding),
            (70, Rung::NoRetries),
            (81, Rung::NoExtras),
            (92, Rung::Normal),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn without_pressure_and_with_one_that_comes_and_goes_nothing_is_given_up() {
        assert!(changes(seconds(0.0, 1000)).is_empty());
        let wavering = (0..1000).map(|second| if second % 4 == 3 { 0.1 } else { 1.0 });
        assert!(changes(wavering).is_empty());
        assert!(changes(seconds(f64::NAN, 100)).is_empty());
    }

    #[test]
    fn between_the_thresholds_a_rung_is_kept() {
        let found = changes(seconds(1.0, 5).chain(seconds(0.6, 1000)));
        assert_eq!(found, [(3, Rung::NoExtras)]);
    }

    /// The pressure falls whenever something is given up, and is back without it.
    #[test]
    fn a_rung_that_helps_is_kept_for_longer_each_time_that_it_was_left_too_early() {
        let mut ladder = Ladder::default();
        let mut changes = Vec::new();
        for second in 0..1000 {
            let pressure = if ladder.rung() == Rung::Normal {
                1.0
            } else {
                0.0
            };
            let now = Moment::default() + Duration::from_secs(second);
            changes.extend(
                ladder
                    .look(pressure, &RULES, now)
                    .map(|rung| (second, rung)),
            );
        }
        let ups = changes.iter().filter(|(_, rung)| *rung == Rung::NoExtras);
        let ups: Vec<u64> = ups.map(|(second, _)| *second).collect();
        let between: Vec<u64> = ups.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert_eq!(between, [15, 25, 45, 85, 165, 165, 165, 165, 165]);
    }

    #[test]
    fn each_rung_gives_up_what_those_before_it_do() {
        let gives_up = |rung: Rung| {
            [
                !rung.allows_hedges(),
                !rung.allows_retry(RetryCause::Doubt),
                !rung.allows_retry(RetryCause::Failure),
                !rung.lets_wait(3, 5),
                !rung.lets_wait(5, 5),
            ]
        };
        let expected = [
            [false, false, false, false, false],
            [true, true, false, false, false],
            [true, true, true, false, false],
            [true, true, true, true, false],
        ];
        assert_eq!(Rung::ALL.map(gives_up), expected);
        assert_eq!(Rung::ALL.map(|rung| Rung::of(rung.number())), Rung::ALL);
    }
}
