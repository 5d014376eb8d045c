//! How a write is responded to: sent at most once, its tags invalidated before its first byte goes out
//! and again before the client sees the end of the response.

use super::call::{Outbound, store};
use super::client::OnLeave;
use super::flow::Flow;
use super::respond::Ending;
use crate::cache::{CacheStatus, OpenWrite, Settled, words};
use crate::dialect::Effect;
use std::sync::Arc;

/// A write, or what is taken for one.
pub struct Write<'f, 'a> {
    flow: &'f mut Flow<'a>,
    outbound: Outbound,
}

impl<'f, 'a> Write<'f, 'a> {
    /// A write that was understood.
    pub fn new(flow: &'f mut Flow<'a>, outbound: Outbound) -> Self {
        Self { flow, outbound }
    }

    /// The database refused, before any effect, what was taken for a read: it is learned as a write and sent as one.
    pub fn of_refused_read(flow: &'f mut Flow<'a>, mut outbound: Outbound) -> Self {
        let dialect = &flow.service.dialect;
        let call = dialect.refused_as_write(&outbound.call, &outbound.request());
        flow.record.understood(&call);
        outbound.call = Arc::new(call);
        Self { flow, outbound }
    }

    /// Responds to it.
    pub async fn run(mut self) -> Ending {
        let proxy = self.flow.origin.proxy;
        let cache = &proxy.shared.cache;
        self.flow
            .verdict(CacheStatus::bypass(words::NOT_A_READ), None);
        // The end of the client's side alone must not break off what the database may still commit.
        self.flow.client.on_leave = OnLeave::GoOn;
        // Writes that stay at one endpoint spare the cache a change of home.
        if self.flow.service.settings.cache {
            let at_home = self.flow.service.dialect.home_tags(&self.outbound.call);
            self.outbound.home = cache.home(&at_home);
        }
        let tags = &self.outbound.call.invalidates;
        let open = (!tags.is_empty()).then(|| cache.begin_write(tags));
        let client = &mut self.flow.client;
        let report = proxy.caller.call(&self.outbound, Some(client)).await;
        let outcome = store::outcome(&self.outbound, &report);
        self.invalidate_after(outcome);
        let Some(endpoint) = report.streams_from() else {
            settle(open, outcome);
            return self.flow.deliver(self.outbound, report).await;
        };
        // The database may commit at the end of its response: the write stays open until then.
        let call = Arc::clone(&self.outbound.call);
        let ending = self.flow.deliver(self.outbound, report).await;
        let at_end = self.flow.judged_at_end.take();
        let outcome = at_end.map_or(outcome, |judgement| {
            store::settled(&call, judgement.execution, endpoint)
        });
        if ending == Ending::Complete {
            settle(open, outcome);
        }
        ending
    }

    fn invalidate_after(&self, outcome: Settled) {
        let flow = &self.flow;
        let call = &self.outbound.call;
        let after = flow.service.dialect.invalidates_after(call);
        if after != call.invalidates {
            // A name came to stand for something else while the write was under way.
            let cache = &flow.origin.proxy.shared.cache;
            cache.begin_write(&after).settle(outcome);
        }
        if call.effect == Effect::Schema {
            // What the dialect knows of names and procedures may be old now.
            flow.service.pool.probe_trigger().fire();
        }
    }
}

fn settle(open: Option<OpenWrite>, outcome: Settled) {
    if let Some(open) = open {
        open.settle(outcome);
    }
}
