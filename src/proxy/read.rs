//! How a read is responded to: from the cache, by another client's fetch, or by a fetch of its own.

use super::call::{CallReport, Outbound, store};
use super::client::OnLeave;
use super::flow::Flow;
use super::respond::{Ending, WholeResponse};
use crate::cache::{
    CacheEntry, CacheReason, CacheStatus, Fill, Hit, LookupRequest, Verdict, Waited,
};
use crate::dialect::background;
use crate::rejection::{Rejection, RejectionReason};
use http::StatusCode;

/// A read.
pub struct Read<'f, 'a> {
    flow: &'f mut Flow<'a>,
    outbound: Outbound,
}

impl<'f, 'a> Read<'f, 'a> {
    /// A read that was understood.
    pub fn new(flow: &'f mut Flow<'a>, outbound: Outbound) -> Self {
        Self { flow, outbound }
    }

    /// Responds to it.
    pub async fn run(mut self) -> Ending {
        if !self.outbound.body.is_whole {
            return self.fetch_streaming().await;
        }
        match self.look_up() {
            Verdict::Hit(hit) => self.hit(&hit).await,
            Verdict::Lead(fill) => self.lead(fill).await,
            Verdict::Follow(follower) => {
                let limit = self.flow.snapshot.config.cache.share_wait;
                let waited = tokio::select! {
                    biased;
                    waited = follower.wait(limit) => waited,
                    () = self.flow.client.left() => return Ending::ClientGone,
                };
                match waited {
                    Waited::Shared(entry) => self.shared(&entry).await,
                    Waited::Lead(fill) => self.lead(fill).await,
                    Waited::Alone(reason) => self.fetch(reason).await,
                }
            }
            Verdict::Bypass(reason) => self.fetch(reason).await,
        }
    }

    fn look_up(&mut self) -> Verdict {
        let (flow, outbound) = (&mut *self.flow, &self.outbound);
        let shared = &flow.origin.proxy.shared;
        let begun = shared.clock.now();
        let verdict = shared.cache.look_up(&LookupRequest {
            service: &flow.service.cache_name,
            call: &outbound.call,
            plan: outbound.plan.cache.filter(|_| flow.service.settings.cache),
        });
        let took = shared.clock.now().since(begun);
        flow.record.note(|record| record.times.cache = Some(took));
        verdict
    }

    async fn hit(self, hit: &Hit) -> Ending {
        let status = CacheStatus::hit(hit);
        self.flow.verdict(status, Some(hit.entry.category));
        self.stored(&hit.entry).await
    }

    async fn shared(self, entry: &CacheEntry) -> Ending {
        let now = self.flow.origin.proxy.shared.clock.now();
        let status = CacheStatus::shared(entry, now);
        self.flow.verdict(status, Some(entry.category));
        self.stored(entry).await
    }

    async fn stored(self, entry: &CacheEntry) -> Ending {
        let dialect = &self.flow.service.dialect;
        let fresh = background::refresh(dialect, &self.outbound.call, &entry.body).await;
        let body = fresh.unwrap_or_else(|| entry.body.clone());
        let status = StatusCode::from_u16(entry.status).unwrap_or(StatusCode::OK);
        match WholeResponse::new(status, &entry.headers, body) {
            Some(response) => self.flow.write(response).await,
            None => Ending::ClientGone,
        }
    }

    /// Fetches for all that ask the same. The fetch is a task of its own: a client that reads slowly or leaves neither stalls nor ends it for the others.
    async fn lead(mut self, fill: Fill) -> Ending {
        self.outbound.home = fill.home();
        let (caller, outbound) = (self.flow.origin.proxy.caller.clone(), self.outbound.clone());
        let fetch = tokio::spawn(async move {
            let report = caller.call(&outbound, None).await;
            let status = store::settle(&outbound, &report, fill);
            (report, status)
        });
        let fetched = tokio::select! {
            biased;
            fetched = fetch => fetched,
            () = self.flow.client.left() => return Ending::ClientGone,
        };
        match fetched {
            Ok((report, status)) => {
                let category = self.outbound.plan.cache.map(|plan| plan.category);
                self.flow.verdict(status, category);
                self.deliver(report).await
            }
            Err(_) => {
                let detail = "the fetch ended unexpectedly";
                let rejection = Rejection::new(RejectionReason::UpstreamBroken, detail);
                self.flow.refuse(rejection).await
            }
        }
    }

    /// Fetches for this client alone; it ends when the client leaves.
    async fn fetch(self, reason: CacheReason) -> Ending {
        self.flow.verdict(CacheStatus::bypass(reason), None);
        self.call().await
    }

    /// A read whose body is too long to be held: it streams on to one endpoint.
    async fn fetch_streaming(self) -> Ending {
        // With such a body a client may well end its side.
        self.flow.client.on_leave = OnLeave::GoOn;
        self.fetch(CacheReason::no_store("unread_body")).await
    }

    async fn call(self) -> Ending {
        let caller = &self.flow.origin.proxy.caller;
        let report = caller
            .call(&self.outbound, Some(&mut self.flow.client))
            .await;
        self.deliver(report).await
    }

    async fn deliver(self, report: CallReport) -> Ending {
        self.flow.deliver(self.outbound, report).await
    }
}
