//! How a read is answered: from the cache, by another client's fetch, or by a fetch of its own.

use super::errand::Errand;
use super::flow::Flow;
use super::respond::Ending;
use super::store;
use crate::cache::{CacheEntry, CacheStatus, Fill, Hit, LookupRequest, Verdict, Waited};
use crate::dialect::Call;
use crate::rejection::{Rejection, RejectionReason};
use pingora_core::protocols::http::ServerSession;

impl Flow<'_> {
    /// Answers a request that was understood.
    pub(super) async fn serve(&mut self, session: &mut ServerSession, errand: Errand) -> Ending {
        if !errand.call.effect.is_read() {
            return self.write(session, errand).await;
        }
        if !errand.body.is_whole() {
            return self.fetch_streaming(session, errand).await;
        }
        let clock = &self.proxy.shared.clock;
        let begun = clock.now();
        let verdict = self.proxy.shared.cache.look_up(&LookupRequest {
            service: &self.service.cache_name,
            call: &errand.call,
            plan: errand.plan.cache.filter(|_| self.service.settings.cache),
        });
        let looked = clock.now().since(begun);
        self.seen.note(|seen| seen.times.cache = Some(looked));
        match verdict {
            Verdict::Hit(hit) => self.hit(session, &errand.call, &hit).await,
            Verdict::Lead(fill) => self.lead(session, errand, fill).await,
            Verdict::Follow(follower) => {
                let limit = self.snapshot.config.cache.share_wait;
                match while_client_waits(session, follower.wait(limit)).await {
                    Some(Waited::Shared(entry)) => self.shared(session, &errand.call, &entry).await,
                    Some(Waited::Lead(fill)) => self.lead(session, errand, fill).await,
                    Some(Waited::Alone(reason)) => {
                        self.fetch(session, errand, CacheStatus::bypass(reason))
                            .await
                    }
                    None => Ending::ClientGone,
                }
            }
            Verdict::Bypass(reason) => {
                self.fetch(session, errand, CacheStatus::bypass(reason))
                    .await
            }
        }
    }

    async fn hit(&mut self, session: &mut ServerSession, call: &Call, hit: &Hit) -> Ending {
        self.verdict(CacheStatus::hit(hit), Some(hit.entry.category));
        self.stored(session, call, &hit.entry).await
    }

    async fn shared(
        &mut self,
        session: &mut ServerSession,
        call: &Call,
        entry: &CacheEntry,
    ) -> Ending {
        self.verdict(
            CacheStatus::shared(entry, self.proxy.shared.clock.now()),
            Some(entry.category),
        );
        self.stored(session, call, entry).await
    }

    async fn stored(
        &mut self,
        session: &mut ServerSession,
        call: &Call,
        entry: &CacheEntry,
    ) -> Ending {
        let fresh = self.service.dialect.refresh(call, &entry.body);
        let body = fresh.unwrap_or_else(|| entry.body.clone());
        let client = self.client(session);
        client.stored(entry.status, &entry.headers, body).await
    }

    /// Fetches for all that ask the same. The fetch is a task of its own: a client that reads slowly or leaves neither stalls nor ends it for the others.
    async fn lead(
        &mut self,
        session: &mut ServerSession,
        mut errand: Errand,
        fill: Fill,
    ) -> Ending {
        errand.home = fill.home();
        let again = errand.clone();
        let fetch = tokio::spawn(async move {
            let report = errand.run(None).await;
            let kept = store::settle(&errand, &report, fill);
            (report, kept)
        });
        match while_client_waits(session, fetch).await {
            Some(Ok((report, kept))) => {
                self.verdict(kept, again.plan.cache.map(|plan| plan.category));
                self.deliver(session, again, report).await
            }
            Some(Err(_)) => {
                self.refuse(
                    session,
                    Rejection::new(
                        RejectionReason::UpstreamBroken,
                        "the fetch ended unexpectedly",
                    ),
                )
                .await
            }
            None => Ending::ClientGone,
        }
    }

    /// Fetches for this client alone; it ends when the client leaves.
    async fn fetch(
        &mut self,
        session: &mut ServerSession,
        errand: Errand,
        status: CacheStatus,
    ) -> Ending {
        self.verdict(status, None);
        match while_client_waits(session, errand.run(None)).await {
            Some(report) => self.deliver(session, errand, report).await,
            None => Ending::ClientGone,
        }
    }

    /// A read whose body is too long to be held: it streams on to one endpoint.
    async fn fetch_streaming(&mut self, session: &mut ServerSession, errand: Errand) -> Ending {
        self.verdict(
            CacheStatus::bypass(crate::cache::CacheReason::no_store("unread_body")),
            None,
        );
        // With such a body a client may well end its side.
        session.set_abort_on_close(false);
        let report = errand.run(Some(session)).await;
        self.deliver(session, errand, report).await
    }
}

/// Waits for something, unless the client leaves first. Only for requests whose body was read whole.
async fn while_client_waits<T>(
    session: &mut ServerSession,
    something: impl Future<Output = T>,
) -> Option<T> {
    tokio::select! {
        biased;
        done = something => Some(done),
        _ = session.read_body_or_idle(true) => None,
    }
}
