//! A write: sent at most once, its tags invalidated before its first byte goes out and again before
//! the requester sees the end of the response.

use super::caller::{CallEnd, CallReport, Caller};
use super::outbound::Outbound;
use super::requester::{self, Requester};
use super::send::{SendEnd, SendReport, send};
use super::store;
use crate::cache::{Cache, CacheStatus, OpenWrite, Settled, words};
use crate::dialect::{Acknowledgement, Call, Effect, Executed, Judgement};
use crate::endpoint_id::EndpointId;
use crate::snapshot::Service;
use std::sync::Arc;
use tokio::time::Instant;

/// Executes a write, or what is taken for one.
pub async fn carry_out(
    caller: &Caller,
    outbound: &mut Outbound,
    deadline: Instant,
    requester: &mut Option<&mut dyn Requester>,
) -> CallReport {
    // Before anything that it would change is forgotten.
    if let Some(rejection) = outbound.arrival().refusal(&caller.shared) {
        return CallReport {
            cache: Some((CacheStatus::bypass(words::NOT_A_READ), None)),
            ..CallReport::unsent(CallEnd::Refused(rejection))
        };
    }
    // The end of the requester's side alone must not break off what the database may still commit.
    requester::detach(requester);
    let cache = &caller.shared.cache;
    // Writes that stay at one endpoint spare the cache a change of home.
    outbound.home = None;
    if outbound.service.settings.cache {
        let at_home = outbound.dialect().home_tags(&outbound.call);
        outbound.home = cache.home(&at_home);
    }
    let mut write = PendingWrite::begin(cache, outbound);
    let mut report = send(caller, outbound, deadline, requester).await;
    store::revoke(cache, outbound, &report);
    write.unsure = report.unsure;
    write.responded(outcome(&outbound.call, &report));
    match &mut report.end {
        // The database may commit at the end of its response, so the write stays open until then.
        SendEnd::Response(response) => match &mut response.stream {
            Some(stream) => stream.settles(write, response.endpoint.id),
            None => write.settle(),
        },
        _ => write.settle(),
    }
    CallReport {
        cache: Some((CacheStatus::bypass(words::NOT_A_READ), None)),
        trace: Some(report.trace),
        ..CallReport::unsent(match report.end {
            // A write carries no fence of ours: whatever refused it, its response is the requester's.
            SendEnd::Response(response) | SendEnd::AsWrite(response) => CallEnd::Response(response),
            SendEnd::Refused(rejection) => CallEnd::Refused(rejection),
            SendEnd::RequesterGone => CallEnd::RequesterGone,
        })
    }
}

/// A write under way. While it lives, nothing that depends on its tags is stored or shared. Dropped before
/// it was settled, its outcome is unknown.
pub struct PendingWrite {
    cache: Arc<Cache>,
    service: Arc<Service>,
    call: Arc<Call>,
    /// `None`: it invalidates nothing.
    open: Option<OpenWrite>,
    outcome: Option<Settled>,
    /// An earlier attempt was sent and its outcome is unknown: it may still take effect, whatever a later one says.
    unsure: bool,
}

impl PendingWrite {
    /// Invalidates what the call will change: before its first byte is sent.
    fn begin(cache: &Arc<Cache>, outbound: &Outbound) -> Self {
        let tags = &outbound.call.invalidates;
        Self {
            cache: Arc::clone(cache),
            service: Arc::clone(&outbound.service),
            call: Arc::clone(&outbound.call),
            open: (!tags.is_empty()).then(|| cache.begin_write(tags)),
            outcome: None,
            unsure: false,
        }
    }

    /// Records the outcome as far as it is known once a response has begun, or none will come.
    fn responded(&mut self, outcome: Settled) {
        self.outcome = Some(outcome);
        self.invalidate_after(outcome);
    }

    /// The streamed response ended; the judgement is that of its end, where it has one.
    pub fn ended(mut self, endpoint: EndpointId, judgement: Option<&Judgement>) {
        if let Some(judgement) = judgement
            && !self.unsure
        {
            self.outcome = Some(settled(&self.call, judgement.execution, endpoint));
        }
        self.settle();
    }

    fn settle(mut self) {
        if let (Some(open), Some(outcome)) = (self.open.take(), self.outcome) {
            open.settle(outcome);
        }
    }

    fn invalidate_after(&self, outcome: Settled) {
        let after = self.service.dialect.invalidates_after(&self.call);
        if after != self.call.invalidates {
            // A name was bound to another target during the write.
            self.cache.begin_write(&after).settle(outcome);
        }
        if self.call.effect == Effect::Schema {
            // The dialect's names and procedures may be out of date.
            self.service.pool.probe_trigger().fire();
        }
    }
}

impl Drop for PendingWrite {
    fn drop(&mut self) {
        if self.outcome.is_none() {
            self.invalidate_after(Settled::Unknown);
        }
    }
}

/// What became of a write.
fn outcome(call: &Call, report: &SendReport) -> Settled {
    match &report.end {
        SendEnd::Response(response) | SendEnd::AsWrite(response) if !report.unsure => {
            settled(call, response.judgement.execution, response.endpoint.id)
        }
        SendEnd::Refused(_) | SendEnd::RequesterGone if !report.sent => Settled::NoEffect,
        _ => Settled::Unknown,
    }
}

/// What became of a write to which this endpoint responded.
fn settled(call: &Call, execution: Executed, endpoint: EndpointId) -> Settled {
    match execution {
        Executed::Unknown => Settled::Unknown,
        Executed::Queued => Settled::Queued { endpoint },
        Executed::Done if call.acknowledgement == Acknowledgement::Queued => {
            Settled::Queued { endpoint }
        }
        Executed::Done => Settled::Done { endpoint },
        Executed::Nothing | Executed::RolledBack => Settled::NoEffect,
    }
}
