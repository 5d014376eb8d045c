//! What is learned of one endpoint: behind a lock of its own what requests learn when they begin and end there, and what
//! choices read without one.

use super::known::Known;
use super::lately_taken::LatelyTaken;
use super::typical::Typical;
use crate::atomic::{AtomicF64, AtomicMoment};
use crate::learn::{Concurrency, InFlight, Sample, freshness};
use crate::policy::SILENCE;
use crate::{Completion, Moment, Start};
use parking_lot::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// Expected responses that did not come: an endpoint that owes so many is stalled (probability e^-8 otherwise).
const OWED: f64 = 8.0;
/// How many times as many as its peers work on, or as it surely does, an endpoint is given while its own limit is not known.
const UNKNOWN: f64 = 2.0;

/// Later than any request.
const NEVER: Moment = Moment(u64::MAX);

/// One endpoint.
#[derive(Debug)]
pub struct EndpointModel {
    own: Mutex<Own>,
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

/// What is learned of it under its lock.
#[derive(Debug, Default)]
struct Own {
    concurrency: Concurrency,
    in_flight: InFlight,
}

impl Default for EndpointModel {
    fn default() -> Self {
        Self {
            own: Mutex::default(),
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
        }
    }
}

impl EndpointModel {
    /// What is known, without requests in flight: their ends are told elsewhere.
    pub fn carried(&self) -> Self {
        let own = Own {
            concurrency: self.own.lock().concurrency.carried(),
            in_flight: InFlight::default(),
        };
        Self {
            own: Mutex::new(own),
            slowness: AtomicF64::new(self.slowness.get()),
            measured: AtomicMoment::new(self.measured.get()),
            places: AtomicF64::new(self.places.get()),
            proven: AtomicF64::new(self.proven.get()),
            limit: AtomicU32::new(self.limit.load(Ordering::Relaxed)),
            moved: AtomicMoment::new(self.moved.get()),
            was_late: AtomicBool::new(self.was_late.load(Ordering::Relaxed)),
            begun: AtomicMoment::new(self.begun.get()),
            ..Self::default()
        }
    }

    /// What outlives the process of how many it works on at once.
    pub fn figures(&self) -> Vec<f64> {
        self.own.lock().concurrency.figures()
    }

    /// Goes on from these figures, as far as they are trusted.
    pub fn recall(&self, figures: &[f64], trust: f64) {
        let mut own = self.own.lock();
        if own.concurrency.recall(figures, trust) {
            self.publish(&own.concurrency);
        }
    }

    /// What is known of it while so many requests are in flight.
    pub fn known(&self, in_flight: u32, typical: &Typical, now: Moment) -> Known {
        let (places, limit) = self.places(typical.places.get());
        let limit = match self.was_late.load(Ordering::Relaxed) {
            true => Some(1),
            false => limit,
        };
        let working = in_flight.saturating_sub(self.overtaken.load(Ordering::Relaxed));
        let is_stalled = self.is_overdue(f64::from(working).min(places), typical, now);
        let fresh = freshness(now.since(self.measured.get()));
        Known {
            slowness: 1.0 + (self.slowness.get() - 1.0) * fresh,
            places,
            working,
            limit,
            are_all_late: now.since(self.begun.get()).as_secs_f64() > self.late_after(typical),
            waited: self.waited(typical, now),
            is_stalled,
            is_silent: is_stalled && now.since(self.moved.get()) >= SILENCE,
        }
    }

    /// How many it works on at once, and how many it is given at most. Where too little is known it is taken to be like its peers.
    pub fn places(&self, typical: f64) -> (f64, Option<u32>) {
        match self.limit.load(Ordering::Relaxed) {
            0 => {
                let places = self.places.get().max(typical).max(1.0);
                let limit = (self.proven.get().max(typical) * UNKNOWN).ceil() as u32;
                (places, Some(limit).filter(|_| typical > 0.0))
            }
            limit => (self.places.get(), Some(limit)),
        }
    }

    /// How many it works on at once, where a limit is known.
    pub fn learned_places(&self) -> Option<f64> {
        let is_known = self.limit.load(Ordering::Relaxed) > 0;
        is_known.then(|| self.places.get())
    }

    /// How many requests waited for their responses lately, on average.
    pub fn lately_taken(&self, now: Moment) -> f64 {
        self.taken.get(now)
    }

    /// A time after which a response is late, seconds.
    fn late_after(&self, typical: &Typical) -> f64 {
        typical.late.get() * self.slowness.get()
    }

    /// How long its oldest request has waited, in units of the mean time.
    fn waited(&self, typical: &Typical, now: Moment) -> f64 {
        match typical.seconds.get() {
            mean if mean > 0.0 => now.since(self.oldest.get()).as_secs_f64() / mean,
            _ => 0.0,
        }
    }

    /// How long a request takes alone, seconds; 0: not known.
    fn mean(&self, typical: &Typical) -> f64 {
        typical.seconds.get() * self.slowness.get()
    }

    /// Whether it works on so many requests and has not responded for too long, or to its oldest request.
    fn is_overdue(&self, busy: f64, typical: &Typical, now: Moment) -> bool {
        let age = now.since(self.oldest.get()).as_secs_f64();
        self.owed(busy, self.mean(typical), now) > OWED
            || age > typical.longest.get() * self.slowness.get()
    }

    /// How many responses were to be expected since the last one, where one takes so many seconds.
    fn owed(&self, busy: f64, expected: f64, now: Moment) -> f64 {
        let idle = now.since(self.moved.get()).as_secs_f64();
        let busy = busy.min(f64::from(self.awaited.load(Ordering::Relaxed)));
        match expected > 0.0 {
            true => busy * idle / expected,
            false => 0.0,
        }
    }

    /// It takes so many times what the mean endpoint takes, measured then.
    pub fn is_slow_by(&self, slowness: f64, measured: Moment) {
        self.slowness.set(slowness);
        self.measured.set(measured);
    }

    /// How many it worked on when a request began, with that one, as far as is known.
    pub fn working(&self, start: &Start) -> u32 {
        let overtaken = self.overtaken.load(Ordering::Relaxed);
        start.in_flight.saturating_sub(overtaken).max(1)
    }

    /// A request begins.
    pub fn start(&self, start: &Start) {
        let own = &mut *self.own.lock();
        if own.in_flight.awaited() == 0 {
            self.moved.set(start.now);
        }
        self.begun.set(start.now);
        own.concurrency.start(self.working(start), start.now);
        own.in_flight.start(start);
        self.show(&own.in_flight, start.now);
    }

    /// The response to a request is there, or begins to stream.
    pub fn responded(&self, start: &Start, now: Moment) {
        let own = &mut *self.own.lock();
        self.moved.set(now);
        own.in_flight.respond(start);
        self.show(&own.in_flight, now);
    }

    /// A response has ended, where `impossible` is a time that none of its kind takes at a mean endpoint.
    pub fn ended(&self, completion: &Completion, impossible: f64) {
        if !completion.outpaced {
            self.moved.set(completion.now);
        }
        let seconds = completion.service_time.as_secs_f64();
        let is_late = seconds > impossible * self.slowness.get();
        self.was_late.store(is_late, Ordering::Relaxed);
    }

    /// A request is no longer in flight; `sample`: how long its response took, if it had one.
    pub fn finish(&self, completion: &Completion, sample: Option<Sample>, typical: &Typical) {
        let (start, now) = (&completion.start, completion.now);
        let seconds = completion.service_time.as_secs_f64();
        let late = self.late_after(typical);
        let own = &mut *self.own.lock();
        if !own.in_flight.finish(start) {
            match sample {
                None => own.concurrency.leave(1, now),
                Some(sample) => self.learn(own, completion, sample, self.mean(typical)),
            }
        }
        if sample.is_some() && seconds <= late {
            own.overtake(start.now, now.before(late), now);
        }
        self.show(&own.in_flight, now);
    }

    /// A response came.
    fn learn(&self, own: &mut Own, completion: &Completion, sample: Sample, mean: f64) {
        let (start, now) = (&completion.start, completion.now);
        let has_waited = start.now.since(start.ask.arrived) * 10 > completion.service_time;
        let sample = Sample {
            has_waited,
            ..sample
        };
        if own.concurrency.respond(sample, start.now, mean, now) {
            self.publish(&own.concurrency);
        }
    }

    /// How many it works on at once, as that is known now.
    fn publish(&self, known: &Concurrency) {
        let estimate = known.estimate();
        self.places.set(match estimate.limit {
            Some(_) => estimate.likely,
            None => estimate.tried,
        });
        self.proven.set(estimate.proven);
        let limit = estimate.limit.unwrap_or(0);
        self.limit.store(limit, Ordering::Relaxed);
    }

    /// These are in flight.
    fn show(&self, in_flight: &InFlight, now: Moment) {
        self.taken.set(in_flight.awaited(), now);
        self.oldest.set(in_flight.oldest_awaited().unwrap_or(NEVER));
        self.awaited
            .store(count(in_flight.awaited()), Ordering::Relaxed);
        self.overtaken
            .store(count(in_flight.overtaken()), Ordering::Relaxed);
    }
}

impl Own {
    /// The response to a request that began at `by` was in time: those from before it, and from before `late`, were overtaken.
    fn overtake(&mut self, by: Moment, late: Moment, now: Moment) {
        let before = self.in_flight.overtaken();
        self.in_flight.overtake(by, late);
        let overtaken = self.in_flight.overtaken() - before;
        if overtaken > 0 {
            self.concurrency.leave(count(overtaken), now);
        }
    }
}

fn count(requests: usize) -> u32 {
    u32::try_from(requests).unwrap_or(u32::MAX)
}
