//! What became of the requests of a load, and figures over windows of it. A window is a range of seconds since the load
//! began, by when requests were due.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::{Duration, Instant};

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    Good,
    /// A success that does not answer what was asked, or that is older than an acknowledged write.
    Wrong,
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
}

impl Sample {
    pub fn is_good(&self) -> bool {
        self.outcome == Outcome::Good
    }

    pub fn is_read(&self) -> bool {
        self.write.is_none()
    }

    /// Seconds since the load began.
    fn second(&self) -> f64 {
        self.due.as_secs_f64()
    }
}

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

    fn within(&self, window: Range<f64>) -> impl Iterator<Item = &Sample> {
        self.samples
            .iter()
            .filter(move |one| window.contains(&one.second()))
    }

    /// The moment of a second of the load.
    pub fn moment(&self, second: f64) -> Instant {
        self.began + Duration::from_secs_f64(second)
    }

    pub fn reads_failed(&self, window: Range<f64>) -> f64 {
        self.within(window)
            .filter(|one| one.is_read() && !one.is_good())
            .count() as f64
    }

    pub fn writes_failed(&self, window: Range<f64>) -> f64 {
        self.within(window)
            .filter(|one| !one.is_read() && !one.is_good())
            .count() as f64
    }

    /// Percent of the writes that did not end well.
    pub fn writes_failed_share(&self, window: Range<f64>) -> f64 {
        let all = self
            .within(window.clone())
            .filter(|one| !one.is_read())
            .count();
        100.0 * self.writes_failed(window) / f64::max(all as f64, 1.0)
    }

    /// Percent of the requests that did not end well.
    pub fn errors(&self, window: Range<f64>) -> f64 {
        let (mut bad, mut all) = (0.0, 0.0);
        for one in self.within(window) {
            all += 1.0;
            bad += f64::from(!one.is_good());
        }
        100.0 * bad / f64::max(all, 1.0)
    }

    /// Good responses a second.
    pub fn goodput(&self, window: Range<f64>) -> f64 {
        let span = window.end - window.start;
        self.within(window).filter(|one| one.is_good()).count() as f64 / span
    }

    pub fn wrong(&self) -> f64 {
        let wrong = |one: &&Sample| one.outcome == Outcome::Wrong;
        self.samples.iter().filter(wrong).count() as f64
    }

    /// A quantile, 0..=1, of the time of the good reads, in ms.
    pub fn read_ms(&self, window: Range<f64>, quantile: f64) -> f64 {
        self.time_ms(window, quantile, |one| one.is_read() && one.is_good())
    }

    /// A quantile of the time of requests that failed, in ms.
    pub fn failure_ms(&self, window: Range<f64>, quantile: f64) -> f64 {
        self.time_ms(window, quantile, |one| !one.is_good())
    }

    fn time_ms(&self, window: Range<f64>, quantile: f64, counts: fn(&Sample) -> bool) -> f64 {
        let chosen = self.within(window).filter(|one| counts(one));
        let mut times: Vec<f64> = chosen.map(|one| one.took.as_secs_f64() * 1e3).collect();
        times.sort_by(f64::total_cmp);
        let place = (times.len() as f64 * quantile) as usize;
        let last = times.len().saturating_sub(1);
        times.get(place.min(last)).copied().unwrap_or(0.0)
    }

    /// Seconds from `from` until the last request of the window was due that failed or took longer than this.
    pub fn disturbed(&self, window: Range<f64>, longer_than: Duration) -> f64 {
        let from = window.start;
        let disturbed = |one: &&Sample| !one.is_good() || one.took > longer_than;
        let last = self.within(window).filter(disturbed).map(Sample::second);
        last.fold(from, f64::max) - from
    }

    /// As `disturbed`, of reads alone.
    pub fn reads_disturbed(&self, window: Range<f64>, longer_than: Duration) -> f64 {
        let from = window.start;
        let disturbed = |one: &&Sample| one.is_read() && (!one.is_good() || one.took > longer_than);
        let last = self.within(window).filter(disturbed).map(Sample::second);
        last.fold(from, f64::max) - from
    }

    /// Percent of the failures that say when to come back.
    pub fn say_when(&self, window: Range<f64>) -> f64 {
        let (mut told, mut all) = (0.0, 0.0);
        for one in self.within(window).filter(|one| !one.is_good()) {
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
        match all > 0.0 {
            true => 100.0 * told / all,
            false => 100.0,
        }
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
