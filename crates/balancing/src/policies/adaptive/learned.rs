//! What the policy has learned: models behind a lock that requests take when they begin and end, and what they say,
//! published for choices to read without one.

use super::lately_taken::LatelyTaken;
use crate::atomic::{AtomicF64, AtomicMoment};
use crate::learn::{Bends, ByCost, Concurrency, InFlight, Sample, ServiceTimes, freshness};
use crate::policy::SILENCE;
use crate::{Ask, Completion, Fault, Memory, Moment, Start};
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

/// Expected responses that did not come: an endpoint that owes so many is stalled (probability e^-8 otherwise).
const OWED: f64 = 8.0;
/// How many times as many as its peers work on, or as it surely does, an endpoint is given while its own limit is not known.
const UNKNOWN: f64 = 2.0;
/// Residual, in standard deviations, that a failure counts as: a slow response.
const FAILURE: f64 = 2.0;

/// Later than any request.
const NEVER: Moment = Moment(u64::MAX);

/// What is learned of a pool.
#[derive(Debug)]
pub struct Learned {
    models: Mutex<Models>,
    /// Those of a pool of other endpoints go on.
    bends: Arc<Bends>,
    endpoints: Box<[Published]>,
    slope: AtomicF64,
    weight: AtomicF64,
    explained: AtomicF64,
    seconds: AtomicF64,
    /// How many requests an endpoint of a known limit works on at once, on average; 0: no limit is known.
    typical: AtomicF64,
    /// A time that next to no request takes, seconds.
    longest: AtomicF64,
    /// A time after which a response is late, seconds.
    late: AtomicF64,
    /// A time that no request takes at an endpoint that works as before, seconds.
    impossible: AtomicF64,
}

#[derive(Debug)]
struct Models {
    times: ServiceTimes,
    endpoints: Box<[Own]>,
    /// Samples until effects are published again.
    pending: usize,
}

/// What is learned of one endpoint alone.
#[derive(Debug, Default)]
struct Own {
    concurrency: Concurrency,
    in_flight: InFlight,
}

/// What choices read of an endpoint.
#[derive(Debug)]
struct Published {
    slowness: AtomicF64,
    measured: AtomicMoment,
    /// As many as it works on at once, or as were tried where no limit is known.
    places: AtomicF64,
    /// As many as it surely works on at once.
    proven: AtomicF64,
    /// 0: none is known.
    limit: AtomicU32,
    /// When a response last came, or when it was last idle.
    moved: AtomicMoment,
    /// The last response took impossibly long: it has become slow. It is given one at a time, until one is in time.
    was_late: AtomicBool,
    /// When a request last began.
    begun: AtomicMoment,
    /// When the oldest request began that waits for its response; the last moment of all: there is none.
    oldest: AtomicMoment,
    /// How many wait for their response.
    awaited: AtomicU32,
    /// How many in flight were overtaken: they count against no limit.
    overtaken: AtomicU32,
    taken: LatelyTaken,
}

/// What is known of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Known {
    /// How long it takes for a request, as a multiple of what the mean endpoint takes.
    pub slowness: f64,
    /// How many requests it works on at once.
    pub places: f64,
    /// How many of those in flight it works on, as far as is known.
    pub working: u32,
    /// How many of these it is given at most.
    pub limit: Option<u32>,
    /// Whether it was given nothing new for so long that all it has are late. Nothing but one more can tell whether the limit still
    /// holds.
    pub are_all_late: bool,
    /// How long its oldest request has waited for its response, in units of the mean time.
    pub waited: f64,
    /// Its responses are overdue.
    pub is_stalled: bool,
    /// They are, and none came for so long that it hangs rather than works on a long request.
    pub is_silent: bool,
}

impl Known {
    /// Work done here in the mean time, while all places are taken.
    pub fn speed(&self) -> f64 {
        self.places / self.slowness
    }

    /// How long a request of this much work takes here, as the last one of those that it works on, in units of the mean time:
    /// where these are more than it has places for, each of those too many has to end first.
    pub fn time(&self, work: f64, working: f64) -> f64 {
        let too_many = (working - self.places).max(0.0);
        self.slowness * work + too_many / self.speed()
    }
}

impl Learned {
    /// Of a pool of so many endpoints, of which nothing is known.
    pub fn new(endpoints: usize) -> Self {
        let published = |_| Published {
            slowness: AtomicF64::new(1.0),
            measured: AtomicMoment::default(),
            places: AtomicF64::default(),
            proven: AtomicF64::default(),
            limit: AtomicU32::new(0),
            moved: AtomicMoment::default(),
            was_late: AtomicBool::new(false),
            begun: AtomicMoment::default(),
            oldest: AtomicMoment::new(NEVER),
            awaited: AtomicU32::new(0),
            overtaken: AtomicU32::new(0),
            taken: LatelyTaken::default(),
        };
        Self {
            models: Mutex::new(Models {
                times: ServiceTimes::new(endpoints),
                endpoints: (0..endpoints).map(|_| Own::default()).collect(),
                pending: 0,
            }),
            bends: Arc::default(),
            endpoints: (0..endpoints).map(published).collect(),
            slope: AtomicF64::default(),
            weight: AtomicF64::new(1.0),
            explained: AtomicF64::default(),
            seconds: AtomicF64::default(),
            typical: AtomicF64::default(),
            longest: AtomicF64::new(f64::INFINITY),
            late: AtomicF64::new(f64::INFINITY),
            impossible: AtomicF64::new(f64::INFINITY),
        }
    }

    /// What is known of the endpoints that stay, of a pool whose endpoints were at these indices of this one or are new. The ends
    /// of requests in flight are told to the pool that they began in.
    pub fn carried(&self, from: &[Option<usize>]) -> Self {
        let models = self.models.lock();
        let own = |at: &Option<usize>| {
            let own = models.endpoints.get((*at)?)?;
            Some(own.carried())
        };
        let all = from.iter();
        let carried = Self {
            models: Mutex::new(Models {
                times: models.times.carried(from),
                endpoints: all.map(|at| own(at).unwrap_or_default()).collect(),
                pending: 0,
            }),
            bends: Arc::clone(&self.bends),
            ..Self::new(from.len())
        };
        let published = from.iter().map(|at| self.endpoints.get((*at)?));
        for (one, before) in carried.endpoints.iter().zip(published) {
            if let Some(before) = before {
                one.go_on(before);
            }
        }
        for (figure, before) in carried.figures().into_iter().zip(self.figures()) {
            figure.set(before.get());
        }
        carried
    }

    /// All of it that outlives the process.
    pub fn memory(&self) -> Memory {
        let models = self.models.lock();
        let own = models.endpoints.iter().enumerate();
        let own = own.map(|(index, own)| {
            let times = models.times.endpoint_figures(index);
            times.into_iter().chain(own.concurrency.figures()).collect()
        });
        Memory {
            pool: models.times.figures(),
            endpoints: own.collect(),
            groups: self.bends.figures(),
        }
    }

    /// Goes on from a memory, for the endpoints that were at these indices of it, as far as it is trusted (0..=1). How many an
    /// endpoint works on counts at once; how slow it was counts as measured now, and fades unless it is measured again.
    pub fn recall(&self, memory: &Memory, from: &[Option<usize>], trust: f64) {
        let mut models = self.models.lock();
        if !memory.is_sound() || !models.times.recall(&memory.pool, trust) {
            return;
        }
        for (index, at) in from.iter().enumerate() {
            let figures = at.and_then(|at| memory.endpoints.get(at));
            let Some((times, own)) = figures.and_then(|figures| figures.split_first_chunk::<4>())
            else {
                continue;
            };
            models.times.recall_endpoint(index, *times, trust);
            let known = models
                .endpoints
                .get_mut(index)
                .zip(self.endpoints.get(index));
            if let Some((known, published)) = known
                && known.concurrency.recall(own, trust)
            {
                published.take(&known.concurrency);
            }
        }
        self.bends.recall(&memory.groups, trust);
        self.publish(&models.times);
    }

    /// What is known of the pool as a whole.
    fn figures(&self) -> [&AtomicF64; 8] {
        let (slope, weight) = (&self.slope, &self.weight);
        let (explained, seconds) = (&self.explained, &self.seconds);
        [
            slope,
            weight,
            explained,
            seconds,
            &self.typical,
            &self.longest,
            &self.late,
            &self.impossible,
        ]
    }

    /// What is known of the endpoint at this index, which has so many requests in flight.
    pub fn endpoint(&self, index: usize, in_flight: u32, now: Moment) -> Known {
        let Some(one) = self.endpoints.get(index) else {
            return Known {
                slowness: 1.0,
                places: 1.0,
                working: in_flight,
                limit: None,
                are_all_late: false,
                waited: 0.0,
                is_stalled: false,
                is_silent: false,
            };
        };
        let (slowness, typical) = (one.slowness.get(), self.typical.get());
        let (places, limit) = match one.limit.load(Ordering::Relaxed) {
            // An endpoint of which too little is known is taken to be like its peers.
            0 => {
                let places = one.places.get().max(typical).max(1.0);
                let limit = (one.proven.get().max(typical) * UNKNOWN).ceil() as u32;
                (places, Some(limit).filter(|_| typical > 0.0))
            }
            limit => (one.places.get(), Some(limit)),
        };
        let limit = match one.was_late.load(Ordering::Relaxed) {
            true => Some(1),
            false => limit,
        };
        let working = in_flight.saturating_sub(one.overtaken.load(Ordering::Relaxed));
        let is_stalled = self.is_overdue(one, f64::from(working).min(places), now);
        Known {
            slowness: 1.0 + (slowness - 1.0) * freshness(now.since(one.measured.get())),
            places,
            working,
            limit,
            are_all_late: self.are_all_late(one, now),
            waited: self.waited(one, now),
            is_stalled,
            is_silent: is_stalled && now.since(one.moved.get()) >= SILENCE,
        }
    }

    /// How long its oldest request has waited, in units of the mean time.
    fn waited(&self, one: &Published, now: Moment) -> f64 {
        match self.seconds.get() {
            mean if mean > 0.0 => now.since(one.oldest.get()).as_secs_f64() / mean,
            _ => 0.0,
        }
    }

    /// Whether it was given nothing new for so long that all it has are late.
    fn are_all_late(&self, one: &Published, now: Moment) -> bool {
        now.since(one.begun.get()).as_secs_f64() > self.late_at(one)
    }

    /// A time after which a response of this endpoint is late, seconds.
    fn late_at(&self, one: &Published) -> f64 {
        self.late.get() * one.slowness.get()
    }

    /// Whether an endpoint that works on so many requests has not responded for too long, or to its oldest request.
    fn is_overdue(&self, one: &Published, busy: f64, now: Moment) -> bool {
        let age = now.since(one.oldest.get()).as_secs_f64();
        self.owed(one, busy, now) > OWED || age > self.longest.get() * one.slowness.get()
    }

    /// How many responses were to be expected since the last one.
    fn owed(&self, one: &Published, busy: f64, now: Moment) -> f64 {
        let idle = now.since(one.moved.get()).as_secs_f64();
        let busy = busy.min(f64::from(one.awaited.load(Ordering::Relaxed)));
        match self.seconds.get() * one.slowness.get() {
            expected if expected > 0.0 => busy * idle / expected,
            _ => 0.0,
        }
    }

    /// How many requests waited for their responses there lately, on average.
    pub fn lately_taken(&self, index: usize, now: Moment) -> Option<f64> {
        Some(self.endpoints.get(index)?.taken.get(now))
    }

    /// How long a request is expected to take, as a multiple of the mean one.
    pub fn work(&self, ask: &Ask) -> f64 {
        self.by_cost().factor(ask.cost, self.bends.of(ask))
    }

    /// How long a request that begins now is expected to take; `None` before anything was learned.
    pub fn expected_time(&self, start: &Start) -> Option<Duration> {
        let seconds = Some(self.seconds.get()).filter(|seconds| *seconds > 0.0)?;
        let known = self.endpoint(start.endpoint, start.in_flight, start.now);
        let time = known.time(self.work(&start.ask), f64::from(known.working));
        Duration::try_from_secs_f64(seconds * time).ok()
    }

    /// How the cost of a request shows in its time.
    pub fn by_cost(&self) -> ByCost {
        ByCost {
            slope: self.slope.get(),
            weight: self.weight.get(),
            explained: self.explained.get(),
        }
    }

    /// A request begins.
    pub fn start(&self, start: &Start) {
        let Some(one) = self.endpoints.get(start.endpoint) else {
            return;
        };
        if let Some(own) = self.models.lock().endpoints.get_mut(start.endpoint) {
            if own.in_flight.awaited() == 0 {
                one.moved.set(start.now);
            }
            one.begun.set(start.now);
            own.concurrency.start(one.working(start), start.now);
            own.in_flight.start(start);
            one.show(&own.in_flight, start.now);
        }
    }

    /// The response to a request is there, or begins to stream.
    pub fn responded(&self, start: &Start, now: Moment) {
        let Some(one) = self.endpoints.get(start.endpoint) else {
            return;
        };
        if let Some(own) = self.models.lock().endpoints.get_mut(start.endpoint) {
            one.moved.set(now);
            own.in_flight.respond(start);
            one.show(&own.in_flight, now);
        }
    }

    /// A request ended.
    pub fn finish(&self, completion: &Completion) {
        let (start, now) = (&completion.start, completion.now);
        let Some(one) = self.endpoints.get(start.endpoint) else {
            return;
        };
        let places = self.endpoint(start.endpoint, 0, now).places;
        let mean = self.seconds.get() * one.slowness.get();
        let mut models = self.models.lock();
        let sample = completion.fault.map(|fault| {
            if !completion.outpaced {
                one.moved.set(now);
            }
            // What is long by its cost or its kind tells nothing of the endpoint.
            let impossible = self.impossible.get() * self.work(&start.ask).max(1.0);
            one.was_late.store(
                takes(completion) > impossible * one.slowness.get(),
                Ordering::Relaxed,
            );
            models.sample(completion, one.working(start), places, &self.bends, fault)
        });
        if let Some(own) = models.endpoints.get_mut(start.endpoint) {
            let has_waited = start.now.since(start.ask.arrived) * 10 > completion.service_time;
            let evidence = sample.filter(|_| !has_waited);
            own.finish(start, sample.is_some(), evidence, mean, now, one);
            let late = self.late_at(one);
            if sample.is_some() && takes(completion) <= late {
                own.overtake(start.now, now.before(late), now);
            }
            one.show(&own.in_flight, now);
        }
        if sample.is_some() && models.is_due() {
            self.publish(&models.times);
        }
    }

    fn publish(&self, times: &ServiceTimes) {
        for (index, one) in self.endpoints.iter().enumerate() {
            let (effect, measured) = times.effect(index);
            one.slowness.set(effect.exp());
            one.measured.set(measured);
        }
        let limited = || {
            let all = self.endpoints.iter();
            all.filter(|one| one.limit.load(Ordering::Relaxed) > 0)
        };
        let places: f64 = limited().map(|one| one.places.get()).sum();
        self.typical.set(places / limited().count().max(1) as f64);
        let by_cost = times.by_cost();
        self.slope.set(by_cost.slope);
        self.weight.set(by_cost.weight);
        self.explained.set(by_cost.explained);
        self.seconds.set(times.seconds());
        self.longest.set(times.longest());
        self.late.set(times.late());
        self.impossible.set(times.impossible());
    }
}

impl Published {
    /// These are in flight.
    fn show(&self, in_flight: &InFlight, now: Moment) {
        self.taken.set(in_flight.awaited(), now);
        self.oldest.set(in_flight.oldest_awaited().unwrap_or(NEVER));
        self.awaited
            .store(count(in_flight.awaited()), Ordering::Relaxed);
        self.overtaken
            .store(count(in_flight.overtaken()), Ordering::Relaxed);
    }

    /// How many it worked on when a request began, with that one, as far as is known.
    fn working(&self, start: &Start) -> u32 {
        let overtaken = self.overtaken.load(Ordering::Relaxed);
        start.in_flight.saturating_sub(overtaken).max(1)
    }

    /// How many it works on at once, as that is known now.
    fn take(&self, known: &Concurrency) {
        let estimate = known.estimate();
        self.places.set(match estimate.limit {
            Some(_) => estimate.likely,
            None => estimate.tried,
        });
        self.proven.set(estimate.proven);
        let limit = estimate.limit.unwrap_or(0);
        self.limit.store(limit, Ordering::Relaxed);
    }

    /// As `before`, without requests in flight.
    fn go_on(&self, before: &Self) {
        self.slowness.set(before.slowness.get());
        self.measured.set(before.measured.get());
        self.places.set(before.places.get());
        let limit = before.limit.load(Ordering::Relaxed);
        self.limit.store(limit, Ordering::Relaxed);
        self.moved.set(before.moved.get());
        self.begun.set(before.begun.get());
        self.proven.set(before.proven.get());
        let was_late = before.was_late.load(Ordering::Relaxed);
        self.was_late.store(was_late, Ordering::Relaxed);
    }
}

impl Own {
    /// What is known, without requests in flight.
    fn carried(&self) -> Self {
        Self {
            concurrency: self.concurrency.carried(),
            in_flight: InFlight::default(),
        }
    }

    /// The response to a request that began at `by` was in time: those from before it, and from before `late`, were overtaken.
    fn overtake(&mut self, by: Moment, late: Moment, now: Moment) {
        let before = self.in_flight.overtaken();
        self.in_flight.overtake(by, late);
        let overtaken = self.in_flight.overtaken() - before;
        if overtaken > 0 {
            self.concurrency.leave(count(overtaken), now);
        }
    }

    /// A request that began so has ended. `evidence`: how long it took, of one that was sent at once; those that waited for
    /// this endpoint are not like the others.
    fn finish(
        &mut self,
        start: &Start,
        is_response: bool,
        evidence: Option<Sample>,
        mean: f64,
        now: Moment,
        published: &Published,
    ) {
        if self.in_flight.finish(start) {
            return;
        }
        if !is_response {
            return self.concurrency.leave(1, now);
        }
        if self.concurrency.respond(evidence, start.now, mean, now) {
            published.take(&self.concurrency);
        }
    }
}

impl Models {
    /// The sample of a response; where it waited for nothing at the endpoint, its time is learned.
    fn sample(
        &mut self,
        completion: &Completion,
        working: u32,
        places: f64,
        bends: &Bends,
        fault: Fault,
    ) -> Sample {
        let (index, ask) = (completion.start.endpoint, completion.start.ask);
        let seconds = takes(completion);
        let bend = bends.of(&ask);
        let residual = self.times.residual(index, ask.cost, seconds) - bend;
        let slow = FAILURE * self.times.variance().sqrt();
        let is_success = matches!(fault, Fault::None | Fault::Client);
        if is_success && f64::from(working) <= places {
            let above = self
                .times
                .observe(index, ask.cost, seconds, bend, completion.now);
            bends.learn(&ask, above);
        }
        Sample {
            in_flight: working,
            residual: match is_success {
                true => residual,
                false => residual.max(slow),
            },
            variance: self.times.variance(),
        }
    }

    /// Whether what is known of the endpoints is to be published: once for as many responses as there are endpoints.
    fn is_due(&mut self) -> bool {
        self.pending = match self.pending {
            0 => self.endpoints.len(),
            pending => pending,
        } - 1;
        let is_due = self.pending == 0;
        if is_due {
            self.times.shrink();
        }
        is_due
    }
}

fn takes(completion: &Completion) -> f64 {
    completion.service_time.as_secs_f64()
}

fn count(requests: usize) -> u32 {
    u32::try_from(requests).unwrap_or(u32::MAX)
}
