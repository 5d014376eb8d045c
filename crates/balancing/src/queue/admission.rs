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

impl<W> Queue<W> {
    /// Lets a request wait, unless there is no room or its deadline would be over first.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn push(
        &mut self,
        waiting: Waiting,
        owner: W,
        rules: &QueueRules,
        now: Moment,
    ) -> Result<Queued<W>, Refusal> {
        if waiting.deadline <= now || self.would_be_late(&waiting, rules, now) {
            return Err(self.refusal(QueueRefusal::TooLongAWait, now));
        }
        let displaced = match self.len < rules.max_pending {
            true => None,
            false => Some(self.displace(&waiting, now)?),
        };
        if self.is_empty() {
            self.drain.began(now);
            self.congestion.began(rules.overload, now);
        }
        self.number += 1;
        let ticket = QueueTicket {
            flow: FlowKey {
                priority: waiting.priority,
                tenant: waiting.tenant,
                need: waiting.need,
            },
            deadline: waiting.deadline,
            number: self.number,
        };
        let flow = self.flows.entry(ticket.flow).or_default();
        flow.push(ticket, waiting, owner);
        self.len += 1;
        Ok(Queued { ticket, displaced })
    }

    /// A refusal, with the time after which those that wait now will have been served.
    pub(super) fn refusal(&self, why: QueueRefusal, now: Moment) -> Refusal {
        let wait = self.predicted_wait(now).unwrap_or(SOON);
        Refusal {
            why,
            retry_after: wait.clamp(SOON, LATE),
        }
    }

    fn would_be_late(&self, waiting: &Waiting, rules: &QueueRules, now: Moment) -> bool {
        let wait = match rules.overload {
            Overload::PredictedWait => self.drain.time_for(self.ahead_of(waiting), now),
            Overload::ControlledDelay => None,
        };
        wait.is_some_and(|wait| wait > waiting.deadline - now)
    }

    /// The cost of what is served before a request: all of higher priority, and of each tenant of its own as much as of
    /// its own tenant.
    fn ahead_of(&self, waiting: &Waiting) -> f64 {
        let backlogs = self.backlogs(waiting.priority);
        let own = backlogs.get(&waiting.tenant).copied().unwrap_or_default();
        let others = backlogs
            .iter()
            .filter(|(tenant, _)| **tenant != waiting.tenant);
        let fair = others.map(|(_, backlog)| backlog.min(own + waiting.cost));
        let flows = self.flows.iter();
        let higher = flows.filter(|(key, _)| key.priority > waiting.priority);
        higher.map(|(_, flow)| flow.cost()).sum::<f64>() + own + fair.sum::<f64>()
    }

    /// The cost of what waits of each tenant of a priority.
    fn backlogs(&self, priority: u8) -> BTreeMap<u64, f64> {
        let mut backlogs = BTreeMap::new();
        for (key, flow) in self
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
    fn displace(&mut self, waiting: &Waiting, now: Moment) -> Result<(W, Refusal), Refusal> {
        let full = self.refusal(QueueRefusal::QueueFull, now);
        let lowest = self.flows.keys().next().map_or(u8::MAX, |key| key.priority);
        if waiting.priority < lowest {
            return Err(full);
        }
        let backlogs = self.backlogs(lowest);
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
        let last = self.last_of(lowest, tenant).ok_or(full)?;
        let gone = self.cancel(last, now).ok_or(full)?;
        Ok((gone, if is_lowest { share_used } else { full }))
    }

    fn last_of(&self, priority: u8, tenant: u64) -> Option<QueueTicket> {
        let flows = self.flows.iter();
        let own = flows.filter(|(key, _)| key.priority == priority && key.tenant == tenant);
        let last = |(key, flow): (&FlowKey, &Flow<W>)| flow.last(*key);
        own.filter_map(last)
            .max_by_key(|last| (last.deadline, last.number))
    }
}
