//! A read: served from the cache, by another requester's fetch, or by its own fetch.

use super::caller::{CallEnd, CallReport, Caller};
use super::limits::CallLimits;
use super::outbound::Outbound;
use super::requester::{self, Requester};
use super::send::{CallTrace, SendEnd, SendReport, send};
use super::store;
use crate::cache::{CacheEntry, CacheReason, CacheStatus, Fill, LookupRequest, Verdict, Waited};
use crate::offload;
use crate::plan::Category;
use crate::rejection::{Rejection, RejectionReason};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// A read under way.
pub struct Read<'c> {
    caller: &'c Caller,
    outbound: &'c mut Outbound,
    deadline: Instant,
    look_up: Option<Duration>,
}

/// A fence of ours refused the read before any effect: it is a write, and is to be sent as one.
pub struct AsWrite {
    look_up: Option<Duration>,
    trace: CallTrace,
}

impl AsWrite {
    /// The report of the whole call, from that of the write.
    pub fn then(self, write: CallReport) -> CallReport {
        let trace = match write.trace {
            Some(trace) => self.trace.then(trace),
            None => self.trace,
        };
        CallReport {
            look_up: self.look_up,
            trace: Some(trace),
            became_write: true,
            ..write
        }
    }
}

impl<'c> Read<'c> {
    /// A read that was understood.
    pub fn new(caller: &'c Caller, outbound: &'c mut Outbound, deadline: Instant) -> Self {
        Self {
            caller,
            outbound,
            deadline,
            look_up: None,
        }
    }

    /// Executes the read.
    pub async fn run(
        mut self,
        requester: &mut Option<&mut dyn Requester>,
    ) -> Result<CallReport, Box<AsWrite>> {
        if !self.outbound.request.body.is_whole {
            // It streams on to one endpoint. With such a body a requester may well end its side.
            requester::detach(requester);
            return self
                .fetch(CacheReason::no_store("unread_body"), requester)
                .await;
        }
        match self.look_up() {
            Verdict::Hit(hit) => {
                let status = CacheStatus::hit(&hit);
                Ok(self.stored(hit.entry, status).await)
            }
            Verdict::Lead(fill) => self.lead(fill, requester).await,
            Verdict::Follow(follower) => {
                let left = self.deadline.saturating_duration_since(Instant::now());
                let limit = self.share_wait().min(left);
                let waited = tokio::select! {
                    biased;
                    waited = follower.wait(limit) => waited,
                    () = requester::gone(requester) => return Ok(self.abandoned()),
                };
                match waited {
                    Waited::Shared(entry) => {
                        let now = self.caller.shared.clock.now();
                        let status = CacheStatus::shared(&entry, now);
                        Ok(self.stored(entry, status).await)
                    }
                    Waited::Lead(fill) => self.lead(fill, requester).await,
                    Waited::Alone(reason) => self.pass_by(reason, requester).await,
                }
            }
            Verdict::Bypass(reason) => self.pass_by(reason, requester).await,
        }
    }

    fn look_up(&mut self) -> Verdict {
        let outbound = &*self.outbound;
        let shared = &self.caller.shared;
        let begun = shared.clock.now();
        let verdict = shared.cache.look_up(&LookupRequest {
            service: &outbound.service.cache_name,
            call: &outbound.call,
            plan: outbound
                .plan
                .cache
                .filter(|_| outbound.service.settings.cache),
        });
        self.look_up = Some(shared.clock.now().since(begun));
        verdict
    }

    /// The longest wait for another fetch: at most half of this request's own time limit, so that the other half is left to
    /// ask an endpoint.
    fn share_wait(&self) -> Duration {
        let (call, config) = (&self.outbound.call, &self.outbound.snapshot.config);
        let own = match call.time_limit {
            Some(own) if call.gives_up_in_time => own,
            _ => CallLimits::of(call, &config.upstream).read,
        };
        config.cache.share_wait.min(own / 2)
    }

    async fn stored(self, entry: Arc<CacheEntry>, status: CacheStatus) -> CallReport {
        let dialect = &self.outbound.service.dialect;
        let fresh = offload::refresh(dialect, &self.outbound.call, &entry.body).await;
        let body = fresh.unwrap_or_else(|| entry.body.clone());
        CallReport {
            cache: Some((status, Some(entry.category))),
            look_up: self.look_up,
            ..CallReport::unsent(CallEnd::Stored(entry, body))
        }
    }

    /// The requester left before the cache had an answer.
    fn abandoned(self) -> CallReport {
        CallReport {
            look_up: self.look_up,
            ..CallReport::unsent(CallEnd::RequesterGone)
        }
    }

    /// Nothing is stored that answers it, and no endpoint is asked.
    fn refused(self, rejection: Rejection, status: CacheStatus) -> CallReport {
        CallReport {
            cache: Some((status, None)),
            look_up: self.look_up,
            ..CallReport::unsent(CallEnd::Refused(rejection))
        }
    }

    /// Fetches for all requesters of the same key. The fetch is its own task, so a requester that leaves or is slow does not
    /// cancel or stall it for the others. It is cancelled when all have left.
    async fn lead(
        self,
        fill: Fill,
        requester: &mut Option<&mut dyn Requester>,
    ) -> Result<CallReport, Box<AsWrite>> {
        if let Some(rejection) = self.outbound.arrival().refusal(&self.caller.shared) {
            let status = CacheStatus::miss(fill.why());
            fill.abandon();
            return Ok(self.refused(rejection, status));
        }
        self.outbound.home = fill.home();
        let (caller, outbound) = (self.caller.clone(), self.outbound.clone());
        let deadline = self.deadline;
        let _interest = fill.interest();
        let fetch = tokio::spawn(async move {
            let mut alone = None;
            let report = tokio::select! {
                biased;
                report = send(&caller, &outbound, deadline, &mut alone) => report,
                () = fill.unwanted() => return None,
            };
            let status = store::settle(&outbound, &report, fill);
            store::revoke(&caller.shared.cache, &outbound, &report);
            Some((report, status))
        });
        let fetched = tokio::select! {
            biased;
            fetched = fetch => fetched,
            () = requester::gone(requester) => return Ok(self.abandoned()),
        };
        match fetched {
            Ok(Some((report, status))) => {
                let category = self.outbound.plan.cache.map(|plan| plan.category);
                self.fetched(report, status, category)
            }
            Ok(None) | Err(_) => {
                let detail = "the fetch ended unexpectedly";
                let rejection = Rejection::new(RejectionReason::UpstreamBroken, detail);
                Ok(CallReport {
                    look_up: self.look_up,
                    ..CallReport::unsent(CallEnd::Refused(rejection))
                })
            }
        }
    }

    /// Fetches for this requester alone what the cache has no answer for; because of a write from where that was acknowledged.
    async fn pass_by(
        self,
        reason: CacheReason,
        requester: &mut Option<&mut dyn Requester>,
    ) -> Result<CallReport, Box<AsWrite>> {
        if reason.is_of_a_write() {
            let cache = &self.caller.shared.cache;
            self.outbound.home = cache.newest_home(&self.outbound.call.reads);
        }
        self.fetch(reason, requester).await
    }

    /// Fetches for this requester alone; it ends when the requester leaves.
    async fn fetch(
        self,
        reason: CacheReason,
        requester: &mut Option<&mut dyn Requester>,
    ) -> Result<CallReport, Box<AsWrite>> {
        let outbound = &*self.outbound;
        if let Some(rejection) = outbound.arrival().refusal(&self.caller.shared) {
            return Ok(self.refused(rejection, CacheStatus::bypass(reason)));
        }
        let report = send(self.caller, outbound, self.deadline, requester).await;
        store::revoke(&self.caller.shared.cache, outbound, &report);
        self.fetched(report, CacheStatus::bypass(reason), None)
    }

    /// The report of a fetched read. A read that the database refused as a write is learned as one.
    fn fetched(
        self,
        report: SendReport,
        status: CacheStatus,
        category: Option<Category>,
    ) -> Result<CallReport, Box<AsWrite>> {
        let (look_up, trace) = (self.look_up, report.trace);
        let end = match report.end {
            SendEnd::Response(response) => CallEnd::Response(response),
            SendEnd::Refused(rejection) => CallEnd::Refused(rejection),
            SendEnd::RequesterGone => CallEnd::RequesterGone,
            SendEnd::AsWrite(_) => {
                self.outbound.become_write(&self.caller.shared.observer);
                return Err(Box::new(AsWrite { look_up, trace }));
            }
        };
        Ok(CallReport {
            end,
            cache: Some((status, category)),
            look_up,
            trace: Some(trace),
            became_write: false,
        })
    }
}
