//! The order of writes. Every write goes into the queue of every lane, in one order; a lane is
//! an engine that one thread writes to. Lane 0 is shared by the listeners, another lane belongs to a
//! listener that lags. Jobs of a queue are never reordered: one that cannot wait makes the earlier
//! ones run too.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};
use qdrant_edge::{OperationError, OperationResult, UpdateOperation};

use super::engine::{Collection, Shard};

type Done = OperationResult<()>;

/// All lanes of a cluster.
pub struct Lanes(Mutex<Vec<Lane>>);

struct Lane {
    queue: Arc<Queue>,
    /// How much later than its acknowledgement another listener's write is applied here.
    lag: Duration,
}

#[derive(Default)]
struct Queue {
    state: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    /// When the job that runs was due, and whether it is urgent.
    running: Option<(Instant, bool)>,
    urgent: usize,
    /// Jobs that were done.
    done: u64,
    closed: bool,
}

struct Job {
    work: Option<(Arc<Shard>, UpdateOperation)>,
    due: Instant,
    urgent: bool,
    done: Sender<Done>,
}

/// Answers of the lanes that a write waits for.
pub struct Pending(Vec<Receiver<Done>>);

impl Pending {
    /// Waits until the write is applied, and gives the first error.
    pub fn wait(self) -> Done {
        for done in self.0 {
            let gone = || OperationError::service_error_light("the engine stopped");
            done.recv().map_err(|_| gone())??;
        }
        Ok(())
    }
}

impl Lanes {
    pub fn new() -> Self {
        Self(Mutex::new(vec![Lane {
            queue: Queue::start(),
            lag: Duration::ZERO,
        }]))
    }

    pub fn len(&self) -> usize {
        self.0.lock().len()
    }

    /// Queues a write that came through a listener of lane `origin`. With `later` it is applied in
    /// the background after that time; without, `Pending::wait` waits for every lane that does
    /// not lag and for `origin`.
    pub fn write(
        &self,
        collection: &Collection,
        operation: &UpdateOperation,
        origin: usize,
        later: Option<Duration>,
    ) -> OperationResult<Pending> {
        let lanes = self.0.lock();
        let mut pending = Vec::new();
        for (number, lane) in lanes.iter().enumerate() {
            let at_once = number == origin || lane.lag.is_zero();
            let urgent = at_once && later.is_none();
            let wait = later.unwrap_or_default() + if at_once { Duration::ZERO } else { lane.lag };
            let work = (collection.shard(number)?, operation.clone());
            let done = lane.queue.push(Some(work), wait, urgent);
            if urgent {
                pending.push(done);
            }
        }
        Ok(Pending(pending))
    }

    /// Waits until a lane has applied what it owes by now: however busy it is, a delay or a lag is the
    /// most that its reads are behind.
    pub fn catch_up(&self, lane: usize) {
        let lane = |lanes: &Vec<Lane>| lanes.get(lane).map(|lane| lane.queue.clone());
        let queue = lane(&self.0.lock());
        if let Some(queue) = queue {
            queue.catch_up();
        }
    }

    /// Applies all that is queued, in all lanes, and waits for it.
    pub fn settle(&self) -> Done {
        settle(&self.0.lock())
    }

    pub fn set_lag(&self, lane: usize, lag: Duration) {
        if let Some(lane) = self.0.lock().get_mut(lane) {
            lane.lag = lag;
        }
    }

    /// Adds a lane and gives its number. `copy` makes its engines while no write can run.
    pub fn add(&self, copy: impl FnOnce() -> Done) -> OperationResult<usize> {
        let mut lanes: MutexGuard<'_, Vec<Lane>> = self.0.lock();
        settle(&lanes)?;
        copy()?;
        lanes.push(Lane {
            queue: Queue::start(),
            lag: Duration::ZERO,
        });
        Ok(lanes.len() - 1)
    }
}

impl Drop for Lanes {
    fn drop(&mut self) {
        for lane in self.0.lock().iter() {
            lane.queue.state.lock().closed = true;
            lane.queue.changed.notify_all();
        }
    }
}

fn settle(lanes: &[Lane]) -> Done {
    let all = lanes
        .iter()
        .map(|lane| lane.queue.push(None, Duration::ZERO, true));
    Pending(all.collect()).wait()
}

impl Queue {
    fn start() -> Arc<Self> {
        let queue = Arc::new(Self::default());
        let worker = queue.clone();
        std::thread::spawn(move || {
            while let Some(job) = worker.next() {
                job.run();
                worker.is_done();
            }
        });
        queue
    }

    fn push(
        &self,
        work: Option<(Arc<Shard>, UpdateOperation)>,
        wait: Duration,
        urgent: bool,
    ) -> Receiver<Done> {
        let (done, receiver) = channel();
        let mut state = self.state.lock();
        state.urgent += usize::from(urgent);
        state.jobs.push_back(Job {
            work,
            due: Instant::now() + wait,
            urgent,
            done,
        });
        self.changed.notify_all();
        receiver
    }

    fn is_done(&self) {
        let mut state = self.state.lock();
        state.running = None;
        state.done += 1;
        self.changed.notify_all();
    }

    /// Waits for the jobs that are due now. Nobody was told that an urgent one is applied before it is.
    fn catch_up(&self) {
        let mut state = self.state.lock();
        let goal = state.done + state.owed(Instant::now());
        while state.done < goal && !state.closed {
            self.changed.wait(&mut state);
        }
    }

    /// The first job, when it is due or a later one is urgent. None when the queue is closed.
    fn next(&self) -> Option<Job> {
        let mut state = self.state.lock();
        loop {
            if state.closed {
                return None;
            }
            let due = state.jobs.front().map(|job| job.due);
            match due {
                None => self.changed.wait(&mut state),
                Some(due) if state.urgent > 0 || due <= Instant::now() => {
                    let job = state.jobs.pop_front()?;
                    state.urgent -= usize::from(job.urgent);
                    state.running = Some((job.due, job.urgent));
                    return Some(job);
                }
                Some(due) => {
                    self.changed.wait_until(&mut state, due);
                }
            }
        }
    }
}

impl Waiting {
    /// How many jobs from here on are to be done until none is left that is due and not urgent.
    fn owed(&self, now: Instant) -> u64 {
        let running = u64::from(self.running.is_some());
        let due = |job: &Job| !job.urgent && job.due <= now;
        match self.jobs.iter().rposition(due) {
            Some(place) => place as u64 + 1 + running,
            None => u64::from(
                self.running
                    .is_some_and(|(due, urgent)| !urgent && due <= now),
            ),
        }
    }
}

impl Job {
    fn run(self) {
        let work = self.work;
        let apply = move || work.map_or(Ok(()), |(shard, operation)| shard.edge.update(operation));
        let result = catch_unwind(AssertUnwindSafe(apply));
        let broken = || OperationError::service_error_light("the engine panicked");
        let _ = self.done.send(result.unwrap_or_else(|_| Err(broken())));
    }
}
