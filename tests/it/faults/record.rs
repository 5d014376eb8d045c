//! What became of the requests of a load, and figures over windows of it. A window is a range of seconds since the load
//! began, by when requests were due.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::{Duration, Instant};

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    Good,
    /// A success that does not answer what was asked.
    Wrong,
    /// One that is older than a write which was acknowledged before it was asked for.
    Stale,
    Failed {
        status: u16,
        retry_after: bool,
    },
    /// No complete response.
    Lost,
}

/// One request.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Since the load began.
    pub due: Duration,
    /// From when it was due to the end of its response.
    pub took: Duration,
    /// What was written; `None`: a read.
    pub write: Option<u64>,
    pub outcome: Outcome,
    /// Whether it came from the cache.
    pub cached: bool,
}

impl Sample {
    pub fn is_good(&self) -> bool {
        self.outcome == Outcome::Good
    }

    /// Whether it had no answer.
    pub fn is_failed(&self) -> bool {
        matches!(self.outcome, Outcome::Failed { .. } | Outcome::Lost)
    }

    pub fn is_read(&self) -> bool {
        self.write.is_none()
    }

    /// Whether it was answered well so soon after it was due.
    fn is_good_within(&self, time: Duration) -> bool {
        self.is_good() && self.took <= time
    }

    /// Seconds since the load began.
    fn second(&self) -> f64 {
        self.due.as_secs_f64()
    }
}

/// From before a fault was injected to after it.
pub type Moment = Range<Instant>;

/// All requests of a load.
pub struct Record {
    pub began: Instant,
    samples: Vec<Sample>,
}

impl Record {
    pub fn new(began: Instant, samples: Vec<Sample>) -> Self {
        Self { began, samples }
    }

    pub fn samples(&self) -> impl Iterator<Item = &Sample> {
        self.samples.iter()
    }

    /// Those of a window that the replicas had to do with: what the cache answered says nothing of them.
    fn within(&self, window: Range<f64>) -> impl Iterator<Item = &Sample> {
        let all = self.samples.iter().filter(|one| !one.cached);
        all.filter(move |one| window.contains(&one.second()))
    }

    /// The moment of a second of the load.
    pub fn moment(&self, second: f64) -> Instant {
        self.began + Duration::from_secs_f64(second)
    }

    pub fn reads_failed(&self, window: Range<f64>) -> f64 {
        self.within(window)
            .filter(|one| one.is_read() && one.is_failed())
            .count() as f64
    }

    pub fn writes_failed(&self, window: Range<f64>) -> f64 {
        self.within(window)
            .filter(|one| !one.is_read() && one.is_failed())
            .count() as f64
    }

    /// Writes that failed and were not under way at any of these moments.
    pub fn writes_failed_apart_from(&self, moments: &[Moment]) -> f64 {
        let excused = |one: &Sample| moments.iter().any(|moment| self.is_under_way(one, moment));
        let failed = self
            .samples
            .iter()
            .filter(|one| !one.is_read() && one.is_failed());
        failed.filter(|one| !excused(one)).count() as f64
    }

    /// Whether a request began before a moment and ended after it.
    fn is_under_way(&self, one: &Sample, moment: &Moment) -> bool {
        self.began + one.due <= moment.end && self.began + one.due + one.took >= moment.start
    }

    /// Percent of the writes that had no answer.
    pub fn writes_failed_share(&self, window: Range<f64>) -> f64 {
        let all = self
            .within(window.clone())
            .filter(|one| !one.is_read())
            .count();
        100.0 * self.writes_failed(window) / f64::max(all as f64, 1.0)
    }

    /// Percent of the requests that had no answer.
    pub fn errors(&self, window: Range<f64>) -> f64 {
        self.percent(window, Sample::is_failed)
    }

    /// Percent of the requests that were not answered well so soon after they were due.
    pub fn late(&self, window: Range<f64>, time: Duration) -> f64 {
        self.percent(window, |one| !one.is_good_within(time))
    }

    /// Percent of the requests of which this holds; not told if there are none.
    fn percent(&self, window: Range<f64>, holds: impl Fn(&Sample) -> bool) -> f64 {
        let (mut some, mut all) = (0.0, 0.0);
        for one in self.within(window) {
            all += 1.0;
            some += f64::from(holds(one));
        }
        100.0 * some / all
    }

    /// Good responses that came between two moments, each so soon after it was due.
    pub fn good(&self, window: Range<Instant>, time: Duration) -> f64 {
        let all = self.samples.iter().filter(|one| !one.cached);
        let good = all.filter(|one| one.is_good_within(time));
        good.filter(|one| window.contains(&(self.began + one.due + one.took)))
            .count() as f64
    }

    /// A quantile, 0..=1, of the time of the good reads, in ms; not told if there are none.
    pub fn read_ms(&self, window: Range<f64>, quantile: f64) -> f64 {
        self.time_ms(window, quantile, |one| one.is_read() && one.is_good())
    }

    /// As `read_ms`, of writes.
    pub fn write_ms(&self, window: Range<f64>, quantile: f64) -> f64 {
        self.time_ms(window, quantile, |one| !one.is_read() && one.is_good())
    }

    /// A quantile of the time of requests that failed, in ms.
    pub fn failure_ms(&self, window: Range<f64>, quantile: f64) -> f64 {
        self.time_ms(window, quantile, Sample::is_failed)
    }

    fn time_ms(&self, window: Range<f64>, quantile: f64, counts: fn(&Sample) -> bool) -> f64 {
        let chosen = self.within(window).filter(|one| counts(one));
        let mut times: Vec<f64> = chosen.map(|one| one.took.as_secs_f64() * 1e3).collect();
        times.sort_by(f64::total_cmp);
        let place = (times.len() as f64 * quantile) as usize;
        let last = times.len().saturating_sub(1);
        times.get(place.min(last)).copied().unwrap_or(f64::NAN)
    }

    /// Seconds from `from` until the last request of the window was due that failed or took longer than this.
    pub fn disturbed(&self, window: Range<f64>, longer_than: Duration) -> f64 {
        let from = window.start;
        let disturbed = |one: &&Sample| one.is_failed() || one.took > longer_than;
        let last = self.within(window).filter(disturbed).map(Sample::second);
        last.fold(from, f64::max) - from
    }

    /// As `disturbed`, of reads alone.
    pub fn reads_disturbed(&self, window: Range<f64>, longer_than: Duration) -> f64 {
        let from = window.start;
        let disturbed =
            |one: &&Sample| one.is_read() && (one.is_failed() || one.took > longer_than);
        let last = self.within(window).filter(disturbed).map(Sample::second);
        last.fold(from, f64::max) - from
    }

    /// Percent of the failures that say when to come back; not told if there are none.
    pub fn say_when(&self, window: Range<f64>) -> f64 {
        let (mut told, mut all) = (0.0, 0.0);
        for one in self.within(window).filter(|one| one.is_failed()) {
            let retry_after = matches!(
                one.outcome,
                Outcome::Failed {
                    retry_after: true,
                    ..
                }
            );
            all += 1.0;
            told += f64::from(retry_after);
        }
        100.0 * told / all
    }

    /// How many ended in which way.
    pub fn outcomes(&self) -> BTreeMap<(&'static str, Outcome), usize> {
        let mut all = BTreeMap::new();
        for one in &self.samples {
            let kind = if one.is_read() { "read" } else { "write" };
            *all.entry((kind, one.outcome)).or_default() += 1;
        }
        all
    }
}
