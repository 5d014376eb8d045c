//! One family of metrics with a fixed number of labels and a limit of series. A handle is found by
//! the hash of its label values without a lock and without allocation; past the limit all further
//! values share one series, whose labels are all `other`, so that a client
//! cannot fill the memory with names that it makes up.

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use prometheus::{GaugeVec, HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry};
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::Arc;

/// Series that a family may have before the rest is counted as `other`.
pub const MAX_SERIES: usize = 2000;

/// The label value of all series past the limit.
pub const OTHER: &str = "other";

/// Whether there is such a service and, if one is named, such an endpoint of it.
pub type IsPresent<'a> = dyn Fn(&str, Option<&str>) -> bool + 'a;

/// What the kinds of families have in common.
pub trait Vector: Sized + Send + Sync {
    /// The handle of one series.
    type One: Clone;
    /// The word in the reference.
    const KIND: &'static str;
    /// Makes and registers the family.
    fn register(
        registry: &Registry,
        opts: Opts,
        labels: &[&str],
        buckets: &[f64],
    ) -> Result<Self, prometheus::Error>;
    /// The series of these label values.
    fn one(&self, values: &[&str]) -> Result<Self::One, prometheus::Error>;
    /// Drops one series.
    fn remove(&self, values: &[&str]);
    /// Drops every series.
    fn clear(&self);
}

macro_rules! vector {
    ($type:ty, $one:ty, $kind:literal, $make:expr) => {
        impl Vector for $type {
            type One = $one;
            const KIND: &'static str = $kind;

            fn register(
                registry: &Registry,
                opts: Opts,
                labels: &[&str],
                buckets: &[f64],
            ) -> Result<Self, prometheus::Error> {
                let make: fn(Opts, &[&str], &[f64]) -> Result<Self, prometheus::Error> = $make;
                let family = make(opts, labels, buckets)?;
                registry.register(Box::new(family.clone()))?;
                Ok(family)
            }

            fn one(&self, values: &[&str]) -> Result<$one, prometheus::Error> {
                self.get_metric_with_label_values(values)
            }

            fn remove(&self, values: &[&str]) {
                // An error says that there is no such series, which is what is wanted.
                let _ = self.remove_label_values(values);
            }

            fn clear(&self) {
                self.reset();
            }
        }
    };
}

vector!(
    IntCounterVec,
    prometheus::IntCounter,
    "counter",
    |opts, labels, _| { IntCounterVec::new(opts, labels) }
);
vector!(GaugeVec, prometheus::Gauge, "gauge", |opts, labels, _| {
    GaugeVec::new(opts, labels)
});
vector!(
    HistogramVec,
    prometheus::Histogram,
    "histogram",
    |opts, labels, buckets| {
        HistogramVec::new(HistogramOpts::from(opts).buckets(buckets.to_vec()), labels)
    }
);

/// A counter with `N` labels.
pub type Counters<const N: usize> = Series<IntCounterVec, N>;
/// A gauge with `N` labels.
pub type Gauges<const N: usize> = Series<GaugeVec, N>;
/// A histogram with `N` labels.
pub type Histograms<const N: usize> = Series<HistogramVec, N>;

/// A family with `N` labels.
pub struct Series<V: Vector, const N: usize> {
    vector: V,
    hasher: RandomState,
    known: ArcSwap<HashMap<u64, Known<V::One, N>>>,
    /// Held while a series is added.
    adding: Mutex<()>,
}

/// One series with the values of its labels.
#[derive(Clone)]
struct Known<H, const N: usize> {
    handle: H,
    values: Arc<[Box<str>; N]>,
}

impl<V: Vector, const N: usize> Series<V, N> {
    /// The word of its kind in the reference.
    pub const KIND: &'static str = V::KIND;

    /// Registers the family.
    pub fn register(
        registry: &Registry,
        opts: Opts,
        labels: [&str; N],
        buckets: &[f64],
    ) -> Result<Self, prometheus::Error> {
        Ok(Self {
            vector: V::register(registry, opts, &labels, buckets)?,
            hasher: RandomState::new(),
            known: ArcSwap::default(),
            adding: Mutex::new(()),
        })
    }

    /// Uses the series of these label values, in the order of the table.
    pub fn with(&self, values: [&str; N], act: impl FnOnce(&V::One)) {
        let key = self.key(&values);
        match self.known.load().get(&key) {
            Some(one) => act(&one.handle),
            None => {
                if let Some(one) = self.add(key, values) {
                    act(&one);
                }
            }
        }
    }

    /// Drops every series, before a scrape fills the family again.
    pub fn clear(&self) {
        let _adding = self.adding.lock();
        self.known.store(Arc::default());
        self.vector.clear();
    }

    /// Drops the series of services and endpoints that are gone, by the names of the family's labels.
    pub fn retain(&self, labels: [&str; N], is_present: &IsPresent<'_>) {
        let at = |label| labels.iter().position(|one| *one == label);
        let Some(service) = at("service") else { return };
        let endpoint = at("endpoint");
        let stays = |values: &[Box<str>; N]| {
            let value = |at: usize| values.get(at).map(|value| &**value);
            let endpoint = endpoint.and_then(value);
            value(service).is_none_or(|service| is_present(service, endpoint))
        };
        let _adding = self.adding.lock();
        let known = self.known.load();
        if known.values().all(|one| stays(&one.values)) {
            return;
        }
        let mut kept = HashMap::clone(&known);
        kept.retain(|_, one| {
            let stays = stays(&one.values);
            if !stays {
                self.vector
                    .remove(&one.values.each_ref().map(|value| &**value));
            }
            stays
        });
        self.known.store(Arc::new(kept));
    }

    fn add(&self, key: u64, values: [&str; N]) -> Option<V::One> {
        let _adding = self.adding.lock();
        let known = self.known.load();
        if let Some(one) = known.get(&key) {
            return Some(one.handle.clone());
        }
        if known.len() >= MAX_SERIES {
            return self.vector.one(&[OTHER; N]).ok();
        }
        let handle = self.vector.one(&values).ok()?;
        let one = Known {
            handle: handle.clone(),
            values: Arc::new(values.map(Into::into)),
        };
        let mut more = HashMap::clone(&known);
        more.insert(key, one);
        self.known.store(Arc::new(more));
        Some(handle)
    }

    fn key(&self, values: &[&str]) -> u64 {
        self.hasher.hash_one(values)
    }
}

impl<const N: usize> Counters<N> {
    /// Sets a counter that is kept elsewhere, at a scrape.
    pub fn replace(&self, values: [&str; N], total: u64) {
        self.with(values, |one| {
            one.reset();
            one.inc_by(total);
        });
    }
}
