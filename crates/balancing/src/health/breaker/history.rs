//! What a breaker remembers: the failures that count while it is closed, and the pauses while it is open.

use super::Failure;
use crate::Moment;
use crate::health::BreakerSettings;
use std::time::Duration;

/// The shortest pause, and that of an outage.
const SHORTEST: Duration = Duration::from_secs(1);
/// An endpoint that opens again within this time of its return is flapping: its shortest pause doubles each time.
const FLAPPING: Duration = Duration::from_secs(60);
/// Doublings of the shortest pause at most.
const MOST_FLAPS: u32 = 9;
/// Pauses that grew are longer by up to this share, so that endpoints are not all tried at once.
const JITTER: f64 = 0.1;

/// Failures and pauses.
#[derive(Debug, Default)]
pub struct History {
    hard: u32,
    soft: u32,
    shape: Option<u64>,
    two_shapes: bool,
    /// The last pause while peers served; zero before the first.
    pause: Duration,
    /// No good sign makes a trial due before.
    pub earliest: Moment,
    flaps: u32,
    closed: Option<Moment>,
    /// A good probe made the trial due.
    pub by_probe: bool,
    /// A trial failed that a good probe had made due.
    pub probes_mislead: bool,
    /// A probe failed since it opened, or it opened because nothing was responded to.
    pub was_silent: bool,
}

impl History {
    /// A success while the breaker is closed.
    pub fn forget_failures(&mut self) {
        (self.hard, self.soft) = (0, 0);
        (self.shape, self.two_shapes) = (None, false);
    }

    /// A failure while the breaker is closed.
    pub fn count(&mut self, failure: &Failure) {
        if !failure.needs_two_shapes || failure.probe_failing {
            self.hard = self.hard.saturating_add(1);
            return;
        }
        self.soft = self.soft.saturating_add(1);
        self.two_shapes |= *self.shape.get_or_insert(failure.shape) != failure.shape;
    }

    /// Failures that speak against the endpoint; those of a single shape speak once.
    pub fn evidence(&self) -> u32 {
        let soft = if self.two_shapes {
            self.soft
        } else {
            self.soft.min(1)
        };
        self.hard.saturating_add(soft)
    }

    /// Whether a failure speaks against the endpoint, rather than against the one shape that has failed so far.
    pub fn is_endpoints(&self) -> bool {
        self.hard > 0 || self.two_shapes
    }

    /// The breaker closes: only that it flaps is kept.
    pub fn close(&mut self, now: Moment) {
        *self = Self {
            flaps: self.flaps,
            closed: Some(now),
            ..Self::default()
        };
    }

    /// The breaker opens; gives for how long.
    pub fn open(&mut self, failure: &Failure, settings: &BreakerSettings, now: Moment) -> Duration {
        let is_flapping = self.closed.is_some_and(|at| now.since(at) < FLAPPING);
        self.flaps = match is_flapping {
            true => (self.flaps + 1).min(MOST_FLAPS),
            false => 0,
        };
        if !failure.is_common {
            self.pause = settings.open_for;
        }
        let pause = self.begin_pause(self.pause, failure, settings, now);
        self.was_silent = failure.is_silence;
        pause
    }

    /// The trial failed; gives for how long the breaker is open again, and whether that is longer than it ever was since it
    /// opened.
    pub fn reopen(
        &mut self,
        failure: &Failure,
        settings: &BreakerSettings,
        now: Moment,
    ) -> (Duration, bool) {
        let before = self.pause;
        if !failure.is_common {
            self.probes_mislead |= self.by_probe;
            self.pause = match before {
                Duration::ZERO => settings.open_for,
                pause => pause
                    .saturating_mul(2)
                    .min(settings.open_at_most.max(settings.open_for)),
            };
        }
        let wanted = self.pause.mul_f64(1.0 + JITTER * failure.spread);
        let pause = self.begin_pause(wanted, failure, settings, now);
        (pause, self.pause > before)
    }

    /// As long as is wanted; in an outage the shortest pause.
    fn begin_pause(
        &mut self,
        wanted: Duration,
        failure: &Failure,
        settings: &BreakerSettings,
        now: Moment,
    ) -> Duration {
        let shortest = SHORTEST
            .saturating_mul(1 << self.flaps)
            .min(settings.open_for);
        self.earliest = match failure.is_common && self.flaps == 0 {
            true => now,
            false => now + shortest,
        };
        (self.by_probe, self.was_silent) = (false, false);
        match failure.is_common {
            true => shortest,
            false => wanted,
        }
    }
}
