//! Who may wait: the bound of the queue and the predicted wait.

use super::flow::{Flow, FlowKey};
use super::overload::Overload;
use super::{Queue, QueueRules, QueueTicket, Waiting};
use crate::Moment;
use std::collections::BTreeMap;
use std::time::Duration;

/// The shortest time after which trying again makes sense.
const SOON: Duration = Duration::from_secs(1);
/// The longest; what is predicted beyond it is a guess.
const LATE: Duration = Duration::from_secs(60);

/// Why a request was not let wait for an endpoint, or waits no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueRefusal {
    /// As many wait as may.
    QueueFull,
    /// By the rate at which the queue drains, it would wait for longer than it may.
    TooLongAWait,
    /// It has waited for as long as it may.
    WaitedTooLong,
    /// The queue is full, and of all tenants its own waits for most.
    TenantShareUsed,
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
    if waiting.deadline <= now || would_be_late(queue, &waiting, rules, now) {
        return Err(refusal(queue, QueueRefusal::TooLongAWait, now));
    }
    let displaced = match queue.len < rules.max_pending {
        true => None,
        false => Some(displace(queue, &waiting, now)?),
    };
    if queue.is_empty() {
        queue.drain.began(now);
        queue.congestion.began(rules.overload, now);
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
    let flow = queue.flows.entry(ticket.flow).or_default();
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

fn would_be_late<W>(queue: &Queue<W>, waiting: &Waiting, rules: &QueueRules, now: Moment) -> bool {
    let wait = match rules.overload {
        Overload::PredictedWait => queue.drain.time_for(ahead_of(queue, waiting), now),
        Overload::ControlledDelay => None,
    };
    wait.is_some_and(|wait| wait > waiting.deadline - now)
}

/// The cost of what is served before a request: all of higher priority, and of each tenant of its own as much as of
/// its own tenant.
fn ahead_of<W>(queue: &Queue<W>, waiting: &Waiting) -> f64 {
    let backlogs = backlogs(queue, waiting.priority);
    let own = backlogs.get(&waiting.tenant).copied().unwrap_or_default();
    let others = backlogs
        .iter()
        .filter(|(tenant, _)| **tenant != waiting.tenant);
    let fair = others.map(|(_, backlog)| backlog.min(own + waiting.cost));
    let flows = queue.flows.iter();
    let higher = flows.filter(|(key, _)| key.priority > waiting.priority);
    higher.map(|(_, flow)| flow.cost()).sum::<f64>() + own + fair.sum::<f64>()
}

/// The cost of what waits of each tenant of a priority.
fn backlogs<W>(queue: &Queue<W>, priority: u8) -> BTreeMap<u64, f64> {
    let mut backlogs = BTreeMap::new();
    for (key, flow) in queue
        .flows
        .iter()
        .filter(|(key, _)| key.priority == priority)
    {
        *backlogs.entry(key.tenant).or_default() += flow.cost();
    }
    backlogs
}

/// The queue is full: makes room for a request by taking out the last one of the tenant that waits for most, in the
/// lowest priority; that may be the request itself.
fn displace<W>(
    queue: &mut Queue<W>,
    waiting: &Waiting,
    now: Moment,
) -> Result<(W, Refusal), Refusal> {
    let full = refusal(queue, QueueRefusal::QueueFull, now);
    let lowest = queue
        .flows
        .keys()
        .next()
        .map_or(u8::MAX, |key| key.priority);
    if waiting.priority < lowest {
        return Err(full);
    }
    let backlogs = backlogs(queue, lowest);
    let most = backlogs
        .iter()
        .max_by(|one, other| one.1.total_cmp(other.1));
    let (tenant, most) = most.map(|(tenant, cost)| (*tenant, *cost)).ok_or(full)?;
    let own = backlogs.get(&waiting.tenant).copied().unwrap_or_default();
    let share_used = Refusal {
        why: QueueRefusal::TenantShareUsed,
        ..full
    };
    let is_lowest = waiting.priority == lowest;
    if is_lowest && own + waiting.cost >= most {
        let has_others = own > 0.0 && backlogs.len() > 1;
        return Err(if has_others { share_used } else { full });
    }
    let last = last_of(queue, lowest, tenant).ok_or(full)?;
    let gone = queue.cancel(last, now).ok_or(full)?;
    Ok((gone, if is_lowest { share_used } else { full }))
}

fn last_of<W>(queue: &Queue<W>, priority: u8, tenant: u64) -> Option<QueueTicket> {
    let flows = queue.flows.iter();
    let own = flows.filter(|(key, _)| key.priority == priority && key.tenant == tenant);
    let last = |(key, flow): (&FlowKey, &Flow<W>)| flow.last(*key);
    own.filter_map(last)
        .max_by_key(|last| (last.deadline, last.number))
}
