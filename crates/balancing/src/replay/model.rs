//! How long an endpoint takes, fitted from records: a base, and how much each further request in flight adds. Sizes of
//! requests are relative to what is usual of their shape, so that an endpoint that was given the long ones is not taken for slow.
//! Endpoints that differ no more than chance makes them are taken for alike: else a replay finds the luckiest one.

use super::{Recorded, after};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

/// The least that a base may be of the mean: no endpoint answers in no time.
const LEAST_BASE: f64 = 0.05;

/// Standard errors by which an endpoint is apart from the others: by chance about three in a thousand are.
const APART: f64 = 3.0;

/// The times of one endpoint: `size * (base + slope * in flight)` seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Model {
    pub base: f64,
    pub slope: f64,
    /// Share of requests at which it fails.
    pub failures: f64,
}

impl Model {
    /// Time of a request of this size that is one of so many in flight.
    pub fn seconds(&self, size: f64, in_flight: u32) -> f64 {
        size * (self.base + self.slope * f64::from(in_flight))
    }
}

/// The models of endpoints, and the size of each record.
pub struct Sized {
    pub models: Vec<Model>,
    pub sizes: Vec<f64>,
}

/// Fits the records.
pub fn sized(records: &[Recorded], endpoints: usize) -> Sized {
    let usual = usual_times(records);
    let usual = |record: &Recorded| usual.get(&record.ask.shape).copied().unwrap_or(1e-3);
    let in_flight = in_flight(records, endpoints);
    let mut fits = vec![Fit::default(); endpoints];
    for (record, n) in records.iter().zip(&in_flight) {
        if let Some(fit) = fits.get_mut(record.endpoint) {
            let ratio = record.service_time.as_secs_f64() / usual(record);
            fit.add(f64::from(*n), ratio, record.failed);
        }
    }
    let models = models(&fits);
    let sizes = records.iter().zip(&in_flight).map(|(record, n)| {
        let model = models.get(record.endpoint).filter(|_| !record.failed);
        let seconds = record.service_time.as_secs_f64();
        model.map_or(usual(record), |model| seconds / model.seconds(1.0, *n))
    });
    Sized {
        sizes: sizes.collect(),
        models,
    }
}

/// The median time of each shape; of failures only where nothing else is known.
fn usual_times(records: &[Recorded]) -> HashMap<u64, f64> {
    let mut times: HashMap<u64, (Vec<f64>, Vec<f64>)> = HashMap::new();
    for record in records {
        let (good, bad) = times.entry(record.ask.shape).or_default();
        let list = if record.failed { bad } else { good };
        list.push(record.service_time.as_secs_f64().max(1e-6));
    }
    let medians = times.into_iter().filter_map(|(shape, (good, bad))| {
        let mut list = if good.is_empty() { bad } else { good };
        list.sort_by(f64::total_cmp);
        Some((shape, *list.get(list.len() / 2)?))
    });
    medians.collect()
}

/// The requests in flight at its endpoint when each record began, itself among them.
fn in_flight(records: &[Recorded], endpoints: usize) -> Vec<u32> {
    let mut ends: Vec<BinaryHeap<_>> = vec![BinaryHeap::new(); endpoints];
    let count = |record: &Recorded| {
        let running = ends.get_mut(record.endpoint)?;
        let now = record.ask.arrived;
        while running.peek().is_some_and(|Reverse(end)| *end <= now) {
            running.pop();
        }
        running.push(Reverse(after(now, record.service_time.as_secs_f64())));
        u32::try_from(running.len()).ok()
    };
    let counts = records.iter().map(count);
    counts.map(|count| count.unwrap_or(1)).collect()
}

/// Sums of a linear least-squares fit of the time over the requests in flight.
#[derive(Debug, Clone, Default)]
struct Fit {
    count: f64,
    failed: f64,
    n: f64,
    ratio: f64,
    ratio_squared: f64,
    n_squared: f64,
    product: f64,
}

impl Fit {
    fn add(&mut self, n: f64, ratio: f64, failed: bool) {
        if failed {
            self.failed += 1.0;
            return;
        }
        self.count += 1.0;
        self.n += n;
        self.ratio += ratio;
        self.ratio_squared += ratio * ratio;
        self.n_squared += n * n;
        self.product += n * ratio;
    }

    /// The sums of both.
    fn with(&self, other: &Self) -> Self {
        Self {
            count: self.count + other.count,
            failed: self.failed + other.failed,
            n: self.n + other.n,
            ratio: self.ratio + other.ratio,
            ratio_squared: self.ratio_squared + other.ratio_squared,
            n_squared: self.n_squared + other.n_squared,
            product: self.product + other.product,
        }
    }

    /// Whether its times are apart from those of the others beyond chance; `whole`: the sums of all.
    fn is_apart(&self, whole: &Self) -> bool {
        let others = whole.count - self.count;
        if self.count < 1.0 || others < 1.0 {
            return false;
        }
        let mean = whole.ratio / whole.count;
        let variance = whole.ratio_squared / whole.count - mean * mean;
        let apart = self.ratio / self.count - (whole.ratio - self.ratio) / others;
        apart.abs() > error(variance, self.count, others)
    }

    /// Whether its share of failures is apart from that of the others beyond chance.
    fn fails_apart(&self, whole: &Self) -> bool {
        let own = self.count + self.failed;
        let others = whole.count + whole.failed - own;
        if own < 1.0 || others < 1.0 {
            return false;
        }
        let share = whole.failed / (own + others);
        let apart = self.failed / own - (whole.failed - self.failed) / others;
        apart.abs() > error(share * (1.0 - share), own, others)
    }

    /// Share of failures; `None` without requests.
    fn failures(&self) -> Option<f64> {
        let all = self.count + self.failed;
        (all > 0.0).then(|| self.failed / all)
    }

    /// More requests in flight never make an endpoint faster. `None` without a success.
    fn model(&self) -> Option<Model> {
        if self.count < 1.0 {
            return None;
        }
        let (n, ratio) = (self.n / self.count, self.ratio / self.count);
        let spread = self.n_squared / self.count - n * n;
        let slope = match spread > 1e-9 {
            true => (self.product / self.count - n * ratio) / spread,
            false => 0.0,
        };
        // A steeper line would give an idle endpoint no time at all.
        let slope = slope.clamp(0.0, ratio * (1.0 - LEAST_BASE) / n.max(1.0));
        Some(Model {
            base: ratio - slope * n,
            slope,
            failures: self.failures()?,
        })
    }
}

/// The model of each; what is not known of one is as of the others on average.
fn models(fits: &[Fit]) -> Vec<Model> {
    let known: Vec<Model> = fits.iter().filter_map(Fit::model).collect();
    let count = known.len().max(1) as f64;
    let mean = |of: fn(&Model) -> f64| known.iter().map(of).sum::<f64>() / count;
    let average = Model {
        base: if known.is_empty() {
            1.0
        } else {
            mean(|one| one.base)
        },
        slope: mean(|one| one.slope),
        failures: mean(|one| one.failures),
    };
    let whole = fits.iter().fold(Fit::default(), |sum, fit| sum.with(fit));
    let model = |fit: &Fit| {
        let times = if fit.is_apart(&whole) { fit } else { &whole };
        let failing = if fit.fails_apart(&whole) { fit } else { &whole };
        Model {
            failures: failing.failures().unwrap_or(average.failures),
            ..times.model().unwrap_or(average)
        }
    };
    fits.iter().map(model).collect()
}

/// What two means of so many values each may be apart by chance.
fn error(variance: f64, own: f64, others: f64) -> f64 {
    APART * (variance.max(0.0) * (1.0 / own + 1.0 / others)).sqrt()
}
