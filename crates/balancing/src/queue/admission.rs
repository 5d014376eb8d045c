//! Who may wait: the bound of the queue and the predicted wait.

use super::flow::{Flow, FlowKey};
use super::overload::Overload;
use super::{Queue, QueueRules, QueueTicket, Waiting};
use crate::Moment;
use std::cmp::Ordering;
use std::time::Duration;

/// The shortest time after which trying again makes sense.
const SOON: Duration = Duration::from_secs(1);
/// The longest; what is predicted beyond it is a guess.
const LATE: Duration = Duration::from_secs(60);

/// Clients give up after some seconds (Qdrant's after 5). A queue that is as long as they wait serves each as it leaves, and so
/// nobody: who is foretold a longer wait than this is told so at once, however long it may wait.
const IN_VAIN: Duration = Duration::from_secs(2);

/// Why a request was not let wait for an endpoint, or waits no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueRefusal {
    /// As many wait as may.
    QueueFull,
    /// By the rate at which the queue drains, it would wait for longer than it may.
    WaitTooLong,
    /// It has waited for as long as it may.
    QueueTimeout,
    /// The queue is full, and of all tenants its own waits for most.
    TenantShare,
    /// Requests of its priority do not wait at the moment: the service is pressed too hard.
    Shed,
}

/// What is known of a request before it is understood.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Newcomer {
    pub tenant: u64,
    /// The highest that it may have.
    pub priority: u8,
    /// The latest moment until which it may wait.
    pub deadline: Moment,
}

impl From<&Waiting> for Newcomer {
    fn from(waiting: &Waiting) -> Self {
        Self {
            tenant: waiting.tenant,
            priority: waiting.priority,
            deadline: waiting.deadline,
        }
    }
}

/// A request that is not served.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Refusal {
    pub why: QueueRefusal,
    /// When it makes sense to try again: when those that wait now will have been served.
    pub retry_after: Duration,
}

/// A request that waits.
#[derive(Debug, PartialEq)]
pub struct Queued<W> {
    pub ticket: QueueTicket,
    /// Who had to go for it, and why.
    pub displaced: Option<(W, Refusal)>,
}

/// As [`Queue::push`].
pub fn push<W>(
    queue: &mut Queue<W>,
    waiting: Waiting,
    owner: W,
    rules: &QueueRules,
    now: Moment,
) -> Result<Queued<W>, Refusal> {
    queue.overload = rules.overload;
    let newcomer = Newcomer::from(&waiting);
    if waiting.deadline <= now
        || would_be_late(queue, &newcomer, waiting.virtual_cost(), rules, now)
    {
        return Err(refusal(queue, QueueRefusal::WaitTooLong, now));
    }
    let displaced = match queue.len < rules.max_pending {
        true => None,
        false => Some(displace(queue, &waiting, now)?),
    };
    if queue.is_empty() {
        queue.drain.began(now);
    }
    queue.number += 1;
    let ticket = QueueTicket {
        flow: FlowKey {
            priority: waiting.priority,
            tenant: waiting.tenant,
            need: waiting.need,
        },
        deadline: waiting.deadline,
        number: queue.number,
    };
    let flow = queue
        .flows
        .entry(ticket.flow)
        .or_insert_with(|| Flow::new(now));
    queue.backlog.add(&waiting);
    flow.push(ticket, waiting, owner);
    queue.len += 1;
    Ok(Queued { ticket, displaced })
}

/// A refusal, with the time after which those that wait now will have been served.
pub(super) fn refusal<W>(queue: &Queue<W>, why: QueueRefusal, now: Moment) -> Refusal {
    let wait = queue.predicted_wait(now).unwrap_or(SOON);
    Refusal {
        why,
        retry_after: wait.clamp(SOON, LATE),
    }
}

fn would_be_late<W>(
    queue: &Queue<W>,
    who: &Newcomer,
    virtual_cost: f64,
    rules: &QueueRules,
    now: Moment,
) -> bool {
    if rules.overload == Overload::ControlledDelay {
        return false;
    }
    let backlog = &queue.backlog;
    let higher = backlog.above(who.priority);
    let own = backlog.virtual_of(who.priority, who.tenant);
    let lead = queue.turns.lead(who.priority, who.tenant);
    // Of each other tenant of its priority as much goes before it as of its own, with itself and with what its own was given
    // before the others.
    let ahead = higher + backlog.shares(who.priority, lead + own + virtual_cost);
    let wait = queue.drain.time_for(ahead, now);
    wait.is_some_and(|wait| wait > (who.deadline - now).min(IN_VAIN))
}

/// As [`Queue::closed_to`].
pub fn closed_to<W>(
    queue: &Queue<W>,
    who: &Newcomer,
    rules: &QueueRules,
    now: Moment,
) -> Option<QueueRefusal> {
    if would_be_late(queue, who, 0.0, rules, now) {
        return Some(QueueRefusal::WaitTooLong);
    }
    match queue.len < rules.max_pending {
        true => None,
        false => last_in_full(queue, who, 0.0),
    }
}

/// Why a request is itself the one to go from a full queue; `None` where another one goes.
fn last_in_full<W>(queue: &Queue<W>, who: &Newcomer, virtual_cost: f64) -> Option<QueueRefusal> {
    let backlog = &queue.backlog;
    let (lowest, most) = match backlog.lowest() {
        Some(lowest) => (lowest, backlog.most(lowest).map_or(0.0, |(_, most)| most)),
        None => return Some(QueueRefusal::QueueFull),
    };
    let own = backlog.virtual_of(lowest, who.tenant);
    let has_others = own > 0.0 && backlog.tenants(lowest) > 1;
    match who.priority.cmp(&lowest) {
        Ordering::Less => Some(QueueRefusal::QueueFull),
        Ordering::Equal if own + virtual_cost < most => None,
        Ordering::Equal if has_others => Some(QueueRefusal::TenantShare),
        Ordering::Equal => Some(QueueRefusal::QueueFull),
        Ordering::Greater => None,
    }
}

/// The queue is full: makes room for a request by taking out the last one of the tenant that waits for most, in the
/// lowest priority; that may be the request itself.
fn displace<W>(
    queue: &mut Queue<W>,
    waiting: &Waiting,
    now: Moment,
) -> Result<(W, Refusal), Refusal> {
    if let Some(why) = last_in_full(queue, &Newcomer::from(waiting), waiting.virtual_cost()) {
        return Err(refusal(queue, why, now));
    }
    let full = refusal(queue, QueueRefusal::QueueFull, now);
    let lowest = queue.backlog.lowest().ok_or(full)?;
    let (tenant, _) = queue.backlog.most(lowest).ok_or(full)?;
    let last = last_of(queue, lowest, tenant).ok_or(full)?;
    let gone = queue.cancel(last, now).ok_or(full)?;
    let why = match waiting.priority == lowest {
        true => QueueRefusal::TenantShare,
        false => QueueRefusal::QueueFull,
    };
    Ok((gone, Refusal { why, ..full }))
}

fn last_of<W>(queue: &Queue<W>, priority: u8, tenant: u64) -> Option<QueueTicket> {
    let flows = queue.flows.iter();
    let own = flows.filter(|(key, _)| key.priority == priority && key.tenant == tenant);
    let last = |(key, flow): (&FlowKey, &Flow<W>)| flow.last(*key);
    own.filter_map(last)
        .max_by_key(|last| (last.deadline, last.number))
}
