//! The broker of a service's permits: who finds no endpoint with room waits here in a queue, and is handed a permit as soon
//! as one is free. A request that finds room while nobody waits passes without a lock.
//!
//! Why no wake-up is lost: a waiter is in the queue and counted before the endpoints are looked at for it. Whoever gives a
//! place back does so before it reads that count. Both are sequentially consistent, so either the look sees the place, or
//! the count says that somebody waits, and there is another look. Looks are made by who holds the lock: who finds it taken
//! leaves `again` set and goes, and the holder reads `again` after it has let the lock go. An endpoint that changes (it is back,
//! its name resolves, its role is known) causes a look as well. Of what time alone changes, a trial that becomes due and a
//! place more at an endpoint that starts slowly cause one at their moment, all else (a deadline, a policy that would rather
//! have waited) every [`TICK`] while anybody waits.
//!
//! Why no permit is lost: it travels in the answer. An answer that nobody takes is dropped, and with it the permit, which
//! comes back here like any other.

use super::no_route::NoRoute;
use super::pool::Pool;
use super::refusals::QueueRefusals;
use super::route::{Route, RouteRequest};
use super::waiter::{self, Answer, KeptRequest, NoPermit, WaitTerms, Waiter};
use crate::clock::{Clock, Moment};
use crate::endpoint::Room;
use crate::random::Random;
use balancing::{
    Newcomer, Offer, Passed, Places, Queue, QueueRefusal, QueueRules, QueueSummary, QueueTicket,
    Refusal, Waiting,
};
use parking_lot::Mutex;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst, fence};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::oneshot;

/// How often the endpoints are looked at without a cause, while somebody waits.
const TICK: Duration = Duration::from_millis(25);
/// The shortest time between two such looks.
const SHORTEST: Duration = Duration::from_millis(1);

/// Gives the permits of a service to those that wait.
pub struct Broker {
    clock: Clock,
    line: Mutex<Line>,
    /// How many wait: the queue's length, to be read without the lock.
    waiting: AtomicUsize,
    /// Something changed that the holder of the lock may not have seen.
    again: AtomicBool,
}

/// What the lock guards.
struct Line {
    queue: Queue<Waiter>,
    /// The pool of the present configuration.
    pool: Weak<Pool>,
    random: Random,
    refusals: QueueRefusals,
    /// Whether a task looks every [`TICK`].
    is_watched: bool,
}

impl Broker {
    /// A broker without a pool.
    pub fn new(clock: Clock, random: Random) -> Self {
        Self {
            clock,
            line: Mutex::new(Line {
                queue: Queue::default(),
                pool: Weak::new(),
                random,
                refusals: QueueRefusals::default(),
                is_watched: false,
            }),
            waiting: AtomicUsize::new(0),
            again: AtomicBool::new(false),
        }
    }

    /// How many wait.
    pub fn pending(&self) -> usize {
        self.waiting.load(SeqCst)
    }

    /// Why the queue would refuse a request of this priority or a lower one, whatever it costs and needs; `None` where it may wait.
    pub fn closed_to(&self, pool: &Arc<Pool>, priority: u8, terms: &WaitTerms) -> Option<Refusal> {
        let who = Newcomer {
            tenant: terms.tenant,
            priority,
            deadline: terms.deadline,
        };
        let now = self.clock.now();
        self.locked(|line| line.queue.closed_to(&who, &line.rules(pool, terms), now))
    }

    /// A request was refused that did not ask to wait.
    pub fn refused(&self, refusal: &Refusal) {
        self.locked(|line| line.refusals.count(refusal));
    }

    /// Refuses a request that would wait.
    pub fn refuse(&self, why: QueueRefusal) -> Refusal {
        let now = self.clock.now();
        self.locked(|line| {
            let refusal = line.queue.refuse(why, now);
            line.refusals.count(&refusal);
            refusal
        })
    }

    /// How many were refused.
    pub fn refusals(&self) -> QueueRefusals {
        self.locked(|line| line.refusals)
    }

    /// Who waits, and how many were refused.
    pub fn summary(&self) -> (QueueSummary, QueueRefusals) {
        let now = self.clock.now();
        self.locked(|line| (line.queue.summary(now), line.refusals))
    }

    /// The first ones that wait, in the order in which they are served; so many at most. Copies, so that they are looked at
    /// without the lock.
    pub fn first(&self, count: usize) -> Vec<(Waiting, KeptRequest)> {
        let now = self.clock.now();
        let shown = |(waiting, waiter): (Waiting, &Waiter)| (waiting, waiter.kept().clone());
        self.locked(|line| {
            line.queue
                .first(count, now)
                .into_iter()
                .map(shown)
                .collect()
        })
    }

    /// A reload is done: who waits is given endpoints of this pool from now on.
    pub fn follow(&self, pool: &Arc<Pool>) {
        self.locked(|line| line.pool = Arc::downgrade(pool));
        self.returned();
    }

    /// Lets a request wait for an endpoint on these terms.
    ///
    /// # Errors
    /// The queue is full, or the wait would be too long.
    pub fn wait(
        self: &Arc<Self>,
        pool: &Arc<Pool>,
        ask: &RouteRequest<'_>,
        terms: &WaitTerms,
    ) -> Result<PendingPermit, Refusal> {
        let (waiter, answer) = Waiter::new(pool, ask);
        let waiting = waiter::waiting(pool, ask, terms);
        let ticket = self.locked(|line| {
            // Those that wait for other endpoints are not before it.
            if !line.queue.awaits(waiting.need)
                && let Some(route) = line.route(pool, ask)
            {
                waiter.tell(Ok(route));
                return Ok(None);
            }
            let rules = line.rules(pool, terms);
            let queued = line.queue.push(waiting, waiter, &rules, ask.now);
            let queued = queued.inspect_err(|refusal| line.refusals.count(refusal))?;
            if let Some((gone, refusal)) = queued.displaced {
                line.refusals.count(&refusal);
                gone.tell(Err(NoPermit::Refused(refusal)));
            }
            if !std::mem::replace(&mut line.is_watched, true) {
                tokio::spawn(watch(Arc::downgrade(self)));
            }
            Ok(Some(queued.ticket))
        })?;
        self.returned();
        Ok(PendingPermit {
            broker: Arc::clone(self),
            ticket,
            answer,
        })
    }

    /// Does something under the lock, and then what others wanted done meanwhile.
    fn locked<T>(&self, change: impl FnOnce(&mut Line) -> T) -> T {
        let mut line = self.line.lock();
        let done = change(&mut line);
        self.waiting.store(line.queue.len(), SeqCst);
        drop(line);
        self.look();
        done
    }

    /// Hands out what is free, as long as there is a reason to look.
    fn look(&self) {
        fence(SeqCst);
        while self.again.load(SeqCst) {
            let Some(mut line) = self.line.try_lock() else {
                return;
            };
            self.again.store(false, SeqCst);
            fence(SeqCst);
            line.hand_out(self.clock.now());
            self.waiting.store(line.queue.len(), SeqCst);
            drop(line);
            fence(SeqCst);
        }
    }

    /// Looks once, and tells when to look next; `None` when nobody waits any more, and so nobody needs watching.
    fn tick(&self) -> Option<Duration> {
        self.again.store(true, SeqCst);
        self.locked(|_| ());
        self.locked(|line| {
            line.is_watched = !line.queue.is_empty();
            line.is_watched.then(|| line.pause(self.clock.now()))
        })
    }
}

impl Room for Broker {
    fn returned(&self) {
        fence(SeqCst);
        if self.waiting.load(SeqCst) > 0 {
            self.again.store(true, SeqCst);
            self.look();
        }
    }
}

/// Looks every [`TICK`], and when time gives an endpoint room, until nobody waits. A look that panics, as a faulty policy makes
/// it, is not the last one: those that wait would never be told that their time is over.
async fn watch(broker: Weak<Broker>) {
    let mut pause = Some(Duration::ZERO);
    while let Some(span) = pause {
        tokio::time::sleep(span).await;
        let Some(broker) = broker.upgrade() else {
            return;
        };
        pause = catch_unwind(AssertUnwindSafe(|| broker.tick())).unwrap_or(Some(TICK));
    }
}

impl Line {
    /// The rules of the present configuration, by which no more wait than these terms allow.
    fn rules(&self, pool: &Arc<Pool>, terms: &WaitTerms) -> QueueRules {
        let present = self.pool.upgrade();
        let rules = *present.as_ref().unwrap_or(pool).queue_rules();
        QueueRules {
            max_pending: rules.max_pending.min(terms.at_most),
            ..rules
        }
    }

    /// A place for a request that needs not wait.
    fn route(&mut self, pool: &Arc<Pool>, ask: &RouteRequest<'_>) -> Option<Route> {
        let present = self.pool.upgrade();
        let pool = present.as_ref().unwrap_or(pool);
        let ask = RouteRequest {
            may_wait: true,
            ..*ask
        };
        pool.choose(&ask, &mut self.random).ok()
    }

    fn hand_out(&mut self, now: Moment) {
        let present = self.pool.upgrade();
        self.refuse_expired(present.as_ref(), now);
        let mut look = Look {
            present: present.as_ref(),
            random: &mut self.random,
            now,
        };
        self.queue.hand_out(&mut look, now);
    }

    /// How long until the next look.
    fn pause(&self, now: Moment) -> Duration {
        let first = self.queue.next(&Passed::default(), now);
        let asked = first.and_then(|first| self.queue.get(first));
        let present = self.pool.upgrade();
        let pool = present.as_ref().or(asked.map(Waiter::pool));
        let change = pool.and_then(|pool| pool.next_change(now));
        change.map_or(TICK, |change| change.clamp(SHORTEST, TICK))
    }

    fn refuse_expired(&mut self, pool: Option<&Arc<Pool>>, now: Moment) {
        let any = || {
            self.queue
                .next(&Passed::default(), now)
                .and_then(|first| self.queue.get(first))
        };
        let Some(rules) = pool
            .or_else(|| any().map(Waiter::pool))
            .map(|pool| *pool.queue_rules())
        else {
            return;
        };
        while let Some((waiter, refusal)) = self.queue.expired(&rules, now) {
            self.refusals.count(&refusal);
            waiter.tell(Err(NoPermit::Refused(refusal)));
        }
    }
}

/// One look at the endpoints.
struct Look<'a> {
    present: Option<&'a Arc<Pool>>,
    random: &'a mut Random,
    now: Moment,
}

impl Places<Waiter> for Look<'_> {
    type Answer = Answer;

    fn offer(&mut self, waiter: &Waiter, ahead: f64) -> Offer<Answer> {
        if waiter.is_gone() {
            return Offer::Gone;
        }
        let pool = self.present.unwrap_or_else(|| waiter.pool());
        match pool.choose(&waiter.kept().ask(ahead, self.now), self.random) {
            Ok(route) => Offer::Placed(Ok(route)),
            Err(none) => match none.would_wait {
                Some(work) => Offer::WouldWait { work },
                None if none.is_own => Offer::WouldWait { work: 0.0 },
                None if none.is_full => Offer::NoRoom,
                None => Offer::Hopeless(Err(NoPermit::NoRoute(none))),
            },
        }
    }

    fn answer(&mut self, waiter: Waiter, answer: Answer) {
        waiter.tell(answer);
    }
}

/// The wait of one request. Dropped, it waits no more; a permit that was handed to it at that moment is given back.
pub struct PendingPermit {
    broker: Arc<Broker>,
    /// `None`: it was answered.
    ticket: Option<QueueTicket>,
    answer: oneshot::Receiver<Answer>,
}

impl PendingPermit {
    /// Waits for the permit, or for the reason why there is none.
    pub async fn answer(mut self) -> Answer {
        let answer = (&mut self.answer).await;
        self.ticket = None;
        // Whoever is taken out of the queue is told why.
        answer.unwrap_or_else(|_| Err(NoPermit::NoRoute(NoRoute::full())))
    }
}

impl Drop for PendingPermit {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            let now = self.broker.clock.now();
            self.broker.locked(|line| {
                if line.queue.cancel(ticket, now).is_some() {
                    line.refusals.leave();
                }
            });
        }
    }
}

#[cfg(test)]
mod tests;
