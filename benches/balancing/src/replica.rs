//! How a server works off its requests. All requests in service go on at one rate, so one number says how much work each
//! of them has received since the beginning; a change of speed changes the rate and nothing else.

use crate::scenario::Group;
use crate::timeline::{Failure, State};
use balancing::health::ProbeOutcome;
use balancing::{Fault, Moment};
use std::cmp::Ordering;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

/// How requests share the workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discipline {
    /// First come, first served: each worker has one request, the others wait.
    Fcfs,
    /// Processor sharing: each of n requests gets an equal part of the workers, one worker at most.
    Sharing,
}

/// A simulated server.
#[derive(Debug)]
pub struct Replica {
    discipline: Discipline,
    workers: u32,
    base_speed: f64,
    share_of_speed: f64,
    pub is_present: bool,
    /// How it answers new requests, when it fails.
    pub failure: Option<Failure>,
    /// Work that a request would have received that was in service all the time, seconds.
    received: f64,
    updated: Moment,
    in_service: BinaryHeap<InService>,
    waiting: VecDeque<(usize, f64)>,
    /// Up to where each worker is taken, on the scale of `received`. For first come, first served.
    taken: Vec<f64>,
    /// Counts up with each change of the next end.
    pub generation: u32,
}

/// A request in service, by what will have been received when it is done. The earliest is the greatest.
#[derive(Debug, PartialEq)]
struct InService {
    done: f64,
    request: usize,
}

impl Eq for InService {}

impl PartialOrd for InService {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for InService {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_end = other.done.total_cmp(&self.done);
        by_end.then_with(|| other.request.cmp(&self.request))
    }
}

impl Replica {
    /// An idle one.
    pub fn new(group: Group, discipline: Discipline) -> Self {
        let bounded = discipline == Discipline::Fcfs && group.workers < u32::MAX;
        let workers = if bounded { group.workers } else { 0 };
        Self {
            discipline,
            workers: group.workers,
            base_speed: group.speed,
            share_of_speed: 1.0,
            is_present: true,
            failure: None,
            received: 0.0,
            updated: Moment(0),
            in_service: BinaryHeap::new(),
            waiting: VecDeque::new(),
            taken: vec![0.0; workers as usize],
            generation: 0,
        }
    }

    /// What a probe finds, which asks for data with a credential of its own.
    pub fn probe(&self) -> ProbeOutcome {
        match self.failure {
            _ if !self.is_present => ProbeOutcome::Silent,
            Some(Failure {
                fault: Fault::Endpoint,
                ..
            }) => ProbeOutcome::Bad,
            _ => ProbeOutcome::Good,
        }
    }

    /// How fast a worker is now.
    pub fn speed(&self) -> f64 {
        self.base_speed * self.share_of_speed
    }

    /// Its workers.
    pub fn workers(&self) -> u32 {
        self.workers
    }

    /// Requests that no worker has taken yet.
    pub fn queued(&self) -> usize {
        self.waiting.len()
    }

    /// Whether a worker has nothing to do.
    pub fn has_idle_worker(&self) -> bool {
        self.in_service.len() < self.workers as usize
    }

    /// Gives it a request. True when its next end changes.
    pub fn give(&mut self, request: usize, size: f64, now: Moment) -> bool {
        self.advance(now);
        self.take_worker(size);
        if self.discipline == Discipline::Fcfs && !self.has_idle_worker() {
            self.waiting.push_back((request, size));
            return false;
        }
        self.serve(request, size);
        let is_first = self
            .in_service
            .peek()
            .is_some_and(|first| first.request == request);
        let changed = is_first || self.discipline == Discipline::Sharing;
        self.generation += u32::from(changed);
        changed
    }

    /// Takes out the request whose end it is now.
    pub fn end(&mut self, now: Moment) -> Option<usize> {
        self.advance(now);
        let ended = self.in_service.pop()?;
        self.received = self.received.max(ended.done);
        self.serve_waiting();
        self.generation += 1;
        Some(ended.request)
    }

    /// Gives those that wait to idle workers.
    fn serve_waiting(&mut self) {
        while self.has_idle_worker()
            && let Some((request, size)) = self.waiting.pop_front()
        {
            self.serve(request, size);
        }
    }

    /// Changes its state. The next end may change with it.
    pub fn turn(&mut self, to: State, now: Moment) {
        self.advance(now);
        match to {
            State::Speed(share) => self.share_of_speed = share,
            State::Failing(failure) => self.failure = failure,
            State::Present(is_present) => self.is_present = is_present,
            State::Workers(workers) => {
                self.workers = workers;
                self.taken.resize(workers as usize, self.received);
                self.serve_waiting();
            }
        }
        self.generation += 1;
    }

    /// When the next request ends, as things are.
    pub fn next_end(&self) -> Option<Moment> {
        let first = self.in_service.peek()?;
        let rate = self.rate();
        let left = (first.done - self.received).max(0.0) / rate;
        let nanos = (left * 1e9).ceil();
        (rate > 0.0).then(|| self.updated + Duration::from_nanos(nanos as u64))
    }

    /// Seconds until a request of this size would be done if it were given now and nothing else came after it.
    pub fn time_to_complete(&self, size: f64, now: Moment) -> f64 {
        let received = self.received_at(now);
        let work = match (self.discipline, self.workers) {
            (_, u32::MAX) => size,
            (Discipline::Fcfs, _) => {
                let first = self.taken.iter().copied().fold(f64::INFINITY, f64::min);
                (first - received).max(0.0) + size
            }
            (Discipline::Sharing, workers) => {
                let left = |one: &InService| (one.done - received).clamp(0.0, size);
                let others: f64 = self.in_service.iter().map(left).sum();
                ((others + size) / f64::from(workers)).max(size)
            }
        };
        work / self.speed()
    }

    fn take_worker(&mut self, size: f64) {
        let first = self.taken.iter_mut().min_by(|a, b| a.total_cmp(b));
        if let Some(worker) = first {
            *worker = worker.max(self.received) + size;
        }
    }

    fn serve(&mut self, request: usize, size: f64) {
        let done = self.received + size;
        self.in_service.push(InService { done, request });
    }

    fn advance(&mut self, now: Moment) {
        self.received = self.received_at(now);
        self.updated = now;
    }

    fn received_at(&self, now: Moment) -> f64 {
        self.received + self.rate() * (now - self.updated).as_secs_f64()
    }

    /// Work that each request in service receives per second.
    fn rate(&self) -> f64 {
        let count = self.in_service.len().max(1) as f64;
        match self.discipline {
            Discipline::Fcfs => self.speed(),
            Discipline::Sharing => self.speed() * (f64::from(self.workers) / count).min(1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replica(discipline: Discipline, workers: u32) -> Replica {
        let group = Group {
            count: 1,
            workers,
            speed: 2.0,
        };
        Replica::new(group, discipline)
    }

    fn at(seconds: f64) -> Moment {
        Moment((seconds * 1e9) as u64)
    }

    /// The seconds at which requests end that were given at the beginning.
    fn ends(replica: &mut Replica) -> Vec<f64> {
        let mut ends = Vec::new();
        while let Some(end) = replica.next_end() {
            replica.end(end);
            ends.push((end.0 as f64 / 1e6).round() / 1e3);
        }
        ends
    }

    #[test]
    fn workers_take_requests_in_order() {
        let mut replica = replica(Discipline::Fcfs, 2);
        for (request, size) in [2.0, 4.0, 2.0].into_iter().enumerate() {
            replica.give(request, size, at(0.0));
        }
        assert!((replica.time_to_complete(2.0, at(0.0)) - 3.0).abs() < 1e-9);
        assert_eq!(ends(&mut replica), [1.0, 2.0, 2.0]);
    }

    #[test]
    fn a_change_of_speed_affects_requests_in_service() {
        let mut replica = replica(Discipline::Fcfs, 1);
        replica.give(0, 2.0, at(0.0));
        replica.turn(State::Speed(0.0), at(0.5));
        assert_eq!(replica.next_end(), None);
        replica.turn(State::Speed(0.5), at(1.5));
        assert_eq!(ends(&mut replica), [2.5]);
    }

    #[test]
    fn sharing_gives_each_request_an_equal_part() {
        let mut replica = replica(Discipline::Sharing, 1);
        replica.give(0, 2.0, at(0.0));
        replica.give(1, 4.0, at(0.0));
        assert!((replica.time_to_complete(2.0, at(0.0)) - 3.0).abs() < 1e-9);
        assert_eq!(ends(&mut replica), [2.0, 3.0]);
    }

    #[test]
    fn a_request_takes_one_worker_at_most() {
        let mut replica = replica(Discipline::Sharing, 4);
        replica.give(0, 2.0, at(0.0));
        assert_eq!(ends(&mut replica), [1.0]);
    }
}
