//! What a choice sees: the endpoints of a pool as plain values at one moment. Each value is read once, so
//! all steps of a choice agree, whatever other requests change at the same time; and a view can be made of
//! literals, by a test or a simulator.

use crate::health::TargetStanding;
use crate::policy::FAR_SLOWER;
use crate::{
    Demotion, EndpointLoad, HealthStatus, HealthView, Home, Moment, Standing, WriteFitness,
};

/// How far an endpoint is from where its requests should stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Distance {
    /// Of the preferred region and zone, or none is preferred.
    #[default]
    Near,
    OtherZone,
    OtherRegion,
}

/// One endpoint, as it stands for one request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EndpointView {
    /// How willingly it is given the request; the screen writes it.
    pub standing: Standing,
    /// Tells it from all others, the same in every instance.
    pub id: u64,
    /// Whether it was tried for this request.
    pub is_tried: bool,
    /// It acknowledged the last write of what the request asks for.
    pub home: Option<Home>,
    /// Whether a rule says that it never takes the request.
    pub is_avoided: bool,
    /// Whether a rule says that it takes the request before others.
    pub is_preferred: bool,
    /// Whether it carries the tags that the request or the strategy asks for.
    pub is_capable: bool,
    /// Tags that it carries and the request does not ask for.
    pub unused_tags: u32,
    /// Whether there is an address to go to.
    pub is_resolved: bool,
    /// Share of traffic relative to the others; 0 takes none while others have one.
    pub weight: f64,
    pub write_fitness: WriteFitness,
    /// How it fares.
    pub health: HealthView,
    pub distance: Distance,
    /// The region that it is in, hashed; 0: none is said.
    pub region: u64,
    pub load: EndpointLoad,
    /// The mean of its last hundred response times, seconds.
    pub window_mean: Option<f64>,
    /// The mean of its last response times for requests as complex as this one, seconds.
    pub recent_mean: Option<f64>,
    /// When it was last given a request as complex as this one.
    pub last_chosen: Option<Moment>,
    /// When a response of it was last there, or began to stream.
    pub last_response: Option<Moment>,
}

impl EndpointView {
    /// A healthy, idle endpoint of weight 1 of which nothing else is known.
    pub const IDLE: Self = Self {
        standing: Standing::PREFERRED,
        id: 0,
        is_tried: false,
        home: None,
        is_avoided: false,
        is_preferred: false,
        is_capable: true,
        unused_tags: 0,
        is_resolved: true,
        weight: 1.0,
        write_fitness: WriteFitness::Unknown,
        health: HealthView::GOOD,
        distance: Distance::Near,
        region: 0,
        load: EndpointLoad {
            in_flight: 0,
            max_connections: 100,
            cost: 0.0,
            capacity: None,
            connections: None,
            cpu: None,
            memory: None,
            queue: None,
            mean_time: None,
            error_rate: None,
        },
        window_mean: None,
        recent_mean: None,
        last_chosen: None,
        last_response: None,
    };

    /// Requests that it may have in flight now: fewer than its limit while it is back only lately.
    pub fn room(&self) -> u32 {
        let share = f64::from(self.load.max_connections) * self.health.start_share;
        share.ceil() as u32
    }

    /// Whether it has as many requests in flight as it may have now, or a request of this cost is beyond its capacity.
    pub fn is_full(&self, cost: f64) -> bool {
        self.load.in_flight >= self.room() || self.load.exceeds_capacity(cost)
    }

    /// Whether it lacks room only because it is back lately.
    pub fn is_starting(&self) -> bool {
        (self.room()..self.load.max_connections).contains(&self.load.in_flight)
    }

    /// The worst that speaks against it, of what does not take it out.
    pub fn demotion(&self) -> Demotion {
        let health = &self.health;
        match self.distance {
            _ if health.status != HealthStatus::Healthy => Demotion::Degraded,
            _ if health.is_overloaded || self.load.has_deep_queue() => Demotion::Overloaded,
            _ if health.is_failing || health.target == TargetStanding::Denied => Demotion::Failing,
            Distance::OtherRegion => Demotion::OtherRegion,
            Distance::OtherZone => Demotion::OtherZone,
            Distance::Near => Demotion::None,
        }
    }

    /// The share of successes in the last minute; 1 when nothing is known.
    pub fn success_rate(&self) -> f64 {
        1.0 - self.load.error_rate.unwrap_or(0.0)
    }

    /// The best mean time of the pool over its own, 0..=1; 1 when nothing is known.
    pub fn speed(&self, best: Option<f64>) -> f64 {
        let known = best.zip(self.load.mean_time);
        known.map_or(1.0, |(best, own)| (best / own.max(1e-9)).min(1.0))
    }

    /// Its share relative to the others. A weight of zero counts as one here: it only comes to this when all are zero.
    pub fn share(&self) -> f64 {
        if self.weight > 0.0 { self.weight } else { 1.0 }
    }

    /// Whether it has fewer requests in flight than this for each unit of its share, rounded up.
    pub fn is_below(&self, per_share: f64) -> bool {
        f64::from(self.load.in_flight) < (per_share * self.share()).ceil()
    }

    /// Estimated costs in flight per capacity; per weight where there is no capacity.
    pub fn cost_per_capacity(&self) -> f64 {
        self.load.cost / self.load.capacity.unwrap_or(self.share())
    }

    /// Requests in flight per unit of weight.
    pub fn in_flight_per_weight(&self) -> f64 {
        f64::from(self.load.in_flight) / self.share()
    }
}

/// The endpoints of a pool of which one is to be chosen, at one moment.
#[derive(Debug, Clone, Copy)]
pub struct PoolView<'a> {
    all: &'a [EndpointView],
    among: Standing,
    part: Part,
    /// The moment of the choice.
    pub now: Moment,
    /// Seconds that count as 1.0 in scores.
    pub slowest: f64,
}

/// Which of those that stand so are meant.
#[derive(Debug, Clone, Copy)]
enum Part {
    All,
    /// The one at an index of the pool.
    One(usize),
    /// Those that a rule prefers, with fewer requests in flight than this for each unit of their share, rounded up.
    Preferred(f64),
}

impl<'a> PoolView<'a> {
    /// Those of the pool that stand so.
    pub fn new(all: &'a [EndpointView], among: Standing, now: Moment, slowest: f64) -> Self {
        Self {
            all,
            among,
            part: Part::All,
            now,
            slowest,
        }
    }

    /// Those of the pool that stand otherwise.
    pub fn among(&self, among: Standing) -> Self {
        Self { among, ..*self }
    }

    /// Of those, the one at this index of the pool.
    pub fn only(&self, index: usize) -> Self {
        Self {
            part: Part::One(index),
            ..*self
        }
    }

    /// Of those, the ones that a rule prefers and that are not much busier: with fewer requests in flight than `load_factor`
    /// times their share of them.
    pub fn preferred(&self, load_factor: f64) -> Self {
        Self {
            part: Part::Preferred(load_factor * self.in_flight_per_share()),
            ..*self
        }
    }

    /// The requests in flight, one more among them, for each unit of the shares of all.
    pub fn in_flight_per_share(&self) -> f64 {
        let (mut held, mut shares) = (1.0, 0.0);
        for (_, one) in self.iter() {
            held += f64::from(one.load.in_flight);
            shares += one.share();
        }
        held / shares
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// The endpoint at this index of the pool, when it is one of them.
    pub fn get(&self, index: usize) -> Option<&'a EndpointView> {
        let one = self.all.get(index);
        one.filter(|one| one.standing == self.among && self.part.has(index, one))
    }

    /// All endpoints of the pool, however they stand.
    pub fn all(&self) -> &'a [EndpointView] {
        self.all
    }

    /// All of them with their index in the pool, in the order of the pool.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &'a EndpointView)> + use<'a> {
        let (among, part) = (self.among, self.part);
        let (first, end) = match part {
            Part::One(only) => (only, only + 1),
            Part::All | Part::Preferred(_) => (0, self.all.len()),
        };
        let some = self.all.get(first..end).unwrap_or_default();
        let some = (first..).zip(some);
        some.filter(move |(index, one)| one.standing == among && part.has(*index, one))
    }

    /// The mean of their mean response times, seconds; 0 when no time is known.
    pub fn mean_time(&self) -> f64 {
        mean_time(self.iter().map(|(_, endpoint)| endpoint))
    }

    /// The shortest of their mean response times, seconds; `None` when no time is known.
    pub fn best_time(&self) -> Option<f64> {
        let times = self.iter().filter_map(|(_, one)| one.load.mean_time);
        times.min_by(f64::total_cmp)
    }

    /// Whether the mean response time of one of them is many times that of the fastest one.
    pub fn is_far_slower(&self, index: usize) -> bool {
        let own = self.get(index).and_then(|one| one.load.mean_time);
        let known = own.zip(self.best_time());
        known.is_some_and(|(own, best)| own > FAR_SLOWER * best)
    }

    /// The lowest score; `None` when there are no endpoints.
    pub fn lowest(&self, score: impl Fn(&EndpointView) -> f64) -> Option<f64> {
        let scores = self.iter().map(|(_, endpoint)| score(endpoint));
        scores.min_by(f64::total_cmp)
    }

    /// The one with the fewest requests in flight for its weight.
    pub fn least_busy(&self) -> Option<usize> {
        let busy = self
            .iter()
            .map(|(index, one)| (index, one.in_flight_per_weight()));
        let least = busy.min_by(|one, other| one.1.total_cmp(&other.1));
        least.map(|(index, _)| index)
    }

    /// The one whose last failure is the longest ago.
    pub fn least_recently_failed(&self) -> Option<usize> {
        let failed = self.iter();
        let (index, _) = failed.min_by_key(|(_, endpoint)| endpoint.health.last_failure)?;
        Some(index)
    }
}

impl Part {
    fn has(self, index: usize, one: &EndpointView) -> bool {
        match self {
            Self::All => true,
            Self::One(only) => only == index,
            Self::Preferred(per_share) => one.is_preferred && one.is_below(per_share),
        }
    }
}

/// The mean of the mean response times of endpoints, seconds; 0 when no time is known.
pub fn mean_time<'a>(endpoints: impl IntoIterator<Item = &'a EndpointView>) -> f64 {
    let times = endpoints.into_iter().filter_map(|one| one.load.mean_time);
    let (sum, count) = times.fold((0.0, 0u32), |(sum, n), time| (sum + time, n + 1));
    sum / f64::from(count.max(1))
}
