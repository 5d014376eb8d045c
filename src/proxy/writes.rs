//! How a write is answered: sent at most once, its tags raised before its first byte goes out and
//! again before the client sees the end of the answer.

use super::errand::{CallReport, Ended, Errand};
use super::flow::{Flow, request};
use super::respond::Ending;
use super::store;
use crate::cache::{CacheStatus, OpenWrite};
use crate::dialect::Effect;
use pingora_core::protocols::http::ServerSession;
use std::sync::Arc;

impl Flow<'_> {
    /// A write: its tags are raised before the first byte goes out, and again before the client sees the end of the answer.
    pub(super) async fn write(
        &mut self,
        session: &mut ServerSession,
        mut errand: Errand,
    ) -> Ending {
        self.verdict(CacheStatus::bypass(crate::cache::words::NOT_A_READ), None);
        // The end of the client's side alone must not break off what the database may still commit.
        session.set_abort_on_close(false);
        // Writes that stay at one endpoint spare the cache a change of home.
        errand.home = self.proxy.shared.cache.home(&errand.call.invalidates);
        let open = (!errand.call.invalidates.is_empty()).then(|| {
            self.proxy
                .shared
                .cache
                .begin_write(&errand.call.invalidates)
        });
        let upload = (!errand.body.is_whole()).then_some(&mut *session);
        let report = errand.run(upload).await;
        self.finish_write(session, errand, report, open).await
    }

    async fn finish_write(
        &mut self,
        session: &mut ServerSession,
        errand: Errand,
        report: CallReport,
        open: Option<OpenWrite>,
    ) -> Ending {
        let outcome = store::outcome(&errand, &report);
        let after = self.service.dialect.invalidates_after(&errand.call);
        if after != errand.call.invalidates {
            // A name came to stand for something else while the write was under way.
            self.proxy.shared.cache.begin_write(&after).settle(outcome);
        }
        if errand.call.effect == Effect::Schema {
            // What the dialect knows of names and procedures may be old now.
            self.service.pool.probe_trigger().nudge();
        }
        if let Ended::Answered(fetched) = &report.ended
            && !fetched.answered.is_whole()
        {
            // The database may commit at the end of its response: the write stays open until then.
            let (call, endpoint) = (Arc::clone(&errand.call), fetched.cache_id);
            let ending = self.deliver(session, errand, report).await;
            let at_end = self.judged_at_end.take();
            let outcome = at_end.map_or(outcome, |judgement| {
                store::settled(&call, judgement.execution, endpoint)
            });
            if let (Some(open), Ending::Complete) = (open, ending) {
                open.settle(outcome);
            }
            return ending;
        }
        if let Some(open) = open {
            open.settle(outcome);
        }
        self.deliver(session, errand, report).await
    }

    /// The database refused, before any effect, what was taken for a read: it is learned as a write and sent as one.
    pub(super) async fn resend_as_write(
        &mut self,
        session: &mut ServerSession,
        mut errand: Errand,
    ) -> Ending {
        let call = self.service.dialect.refused_as_write(
            &errand.call,
            &request(&errand.head, &errand.target, &errand.body),
        );
        self.seen.understood(&call);
        errand.call = Arc::new(call);
        self.write(session, errand).await
    }
}
