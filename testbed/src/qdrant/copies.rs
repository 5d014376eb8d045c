//! The copies of the data and the order of their writes. Every write is queued for every copy, in one
//! order; one thread applies the queue of a copy. Copy 0 is shared by the listeners; a listener that
//! lags has a copy of its own. The jobs of a queue are never reordered: an urgent one makes the
//! earlier ones run at once too.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};
use qdrant_edge::{OperationError, OperationResult, UpdateOperation};

use super::engine::{Collection, Shard};

type Done = OperationResult<()>;

/// All copies of a cluster.
pub struct Copies(Mutex<Vec<DataCopy>>);

struct DataCopy {
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
    /// When the running job was due, and whether it is urgent.
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

/// The results that a write waits for, one per copy.
pub struct Pending(Vec<Receiver<Done>>);

impl Pending {
    /// Waits until the write is applied; returns the first error.
    pub fn wait(self) -> Done {
        for done in self.0 {
            let stopped = || OperationError::service_error_light("the engine stopped");
            done.recv().map_err(|_| stopped())??;
        }
        Ok(())
    }
}

impl Copies {
    pub fn new() -> Self {
        Self(Mutex::new(vec![DataCopy {
            queue: Queue::start(),
            lag: Duration::ZERO,
        }]))
    }

    pub fn len(&self) -> usize {
        self.0.lock().len()
    }

    /// Queues a write that arrived at a listener of copy `origin`. With `later` it is applied in
    /// the background after that time; without, `Pending::wait` waits for every copy that does
    /// not lag and for `origin`.
    pub fn write(
        &self,
        collection: &Collection,
        operation: &UpdateOperation,
        origin: usize,
        later: Option<Duration>,
    ) -> OperationResult<Pending> {
        let copies = self.0.lock();
        let mut pending = Vec::new();
        for (number, copy) in copies.iter().enumerate() {
            let at_once = number == origin || copy.lag.is_zero();
            let urgent = at_once && later.is_none();
            let wait = later.unwrap_or_default() + if at_once { Duration::ZERO } else { copy.lag };
            let work = (collection.shard(number)?, operation.clone());
            let done = copy.queue.push(Some(work), wait, urgent);
            if urgent {
                pending.push(done);
            }
        }
        Ok(Pending(pending))
    }

    /// Waits until a copy has applied every write that is due, so that its reads are never further behind
    /// than the configured delay or lag, however busy it is.
    pub fn catch_up(&self, copy: usize) {
        let copy = |copies: &Vec<DataCopy>| copies.get(copy).map(|copy| copy.queue.clone());
        let queue = copy(&self.0.lock());
        if let Some(queue) = queue {
            queue.catch_up();
        }
    }

    /// Applies all that is queued, in all copies, and waits for it.
    pub fn settle(&self) -> Done {
        settle(&self.0.lock())
    }

    pub fn set_lag(&self, copy: usize, lag: Duration) {
        if let Some(copy) = self.0.lock().get_mut(copy) {
            copy.lag = lag;
        }
    }

    /// Adds a copy and returns its number. `fill` creates its engines while no write can run.
    pub fn add(&self, fill: impl FnOnce() -> Done) -> OperationResult<usize> {
        let mut copies: MutexGuard<'_, Vec<DataCopy>> = self.0.lock();
        settle(&copies)?;
        fill()?;
        copies.push(DataCopy {
            queue: Queue::start(),
            lag: Duration::ZERO,
        });
        Ok(copies.len() - 1)
    }
}

impl Drop for Copies {
    fn drop(&mut self) {
        for copy in self.0.lock().iter() {
            copy.queue.state.lock().closed = true;
            copy.queue.changed.notify_all();
        }
    }
}

fn settle(copies: &[DataCopy]) -> Done {
    let all = copies
        .iter()
        .map(|copy| copy.queue.push(None, Duration::ZERO, true));
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

    /// Waits for the jobs that are due now, except urgent ones: their clients wait for them.
    fn catch_up(&self) {
        let mut state = self.state.lock();
        let goal = state.done + state.owed(Instant::now());
        while state.done < goal && !state.closed {
            self.changed.wait(&mut state);
        }
    }

    /// The next job, once it is due or a later one is urgent; `None` when the queue is closed.
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
    /// How many jobs must finish until none is left that is due and not urgent.
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
