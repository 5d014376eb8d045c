//! An errand: everything that is needed to get an answer for one call, owned, so that it can run in
//! a task of its own. It asks endpoint after endpoint as the judge and the limits allow, and gives
//! the answer that the client will see.

use super::attempt::{Tried, Way};
use super::broken::Broken;
use super::exchange::Answered;
use super::peek::Peeked;
use super::upstream::{Limits, Upstream};
use crate::balance::{Exclusion, NoRoute};
use crate::cache::EndpointId;
use crate::dialect::{Call, Fault, Judgement, Placement};
use crate::endpoint::{Completion, Endpoint, Permit};
use crate::observe::{Attempt, Ticket};
use crate::plan::Plan;
use crate::rejection::{Rejection, RejectionReason};
use crate::retry::{self, AttemptEnd, RetryDecision, RetryFacts, Stage};
use crate::shared::{Share, Shared};
use crate::snapshot::{Service, Snapshot};
use pingora_core::protocols::http::ServerSession;
use pingora_http::RequestHeader;
use std::sync::Arc;
use std::time::Duration;

/// When it makes sense to come back, where nothing else tells.
pub const SOON: Duration = Duration::from_secs(1);

/// A call on its way.
#[derive(Clone)]
pub struct Errand {
    pub shared: Arc<Shared>,
    pub upstream: Arc<Upstream>,
    pub snapshot: Arc<Snapshot>,
    pub service: Arc<Service>,
    /// The client's head, without the fields of its hop.
    pub head: Arc<RequestHeader>,
    pub target: Arc<str>,
    pub body: Peeked,
    /// The body's part in the bound of all bodies.
    pub _share: Arc<Share>,
    pub call: Arc<Call>,
    pub plan: Arc<Plan>,
    /// The endpoint from which alone an answer may be stored.
    pub home: Option<EndpointId>,
    /// Whether the scores of all endpoints are wanted.
    pub explain: bool,
    /// The request's place in the list of those in flight.
    pub ticket: Ticket,
}

/// The answer that the client will see.
pub struct Fetched {
    pub answered: Answered,
    pub judgement: Judgement,
    pub endpoint: Arc<Endpoint>,
    /// Who answered, as the cache names it.
    pub cache_id: EndpointId,
    /// The cache must store nothing from it now.
    pub held: bool,
    /// How the endpoint's state is told of it.
    pub completion: Completion,
    /// Still there while the answer streams.
    pub permit: Option<Permit>,
}

/// How an errand ended.
pub enum Ended {
    Answered(Box<Fetched>),
    /// A fence of ours refused it before any effect: it is a write.
    AsWrite,
    Refused(Rejection),
    /// The client's upload broke; what the endpoint made of it is unknown.
    ClientGone,
}

/// An errand's end, and the way to it.
pub struct CallReport {
    pub ended: Ended,
    pub attempts: Vec<Attempt>,
    /// Why no further endpoint could be asked, where that ended it.
    pub nowhere: Option<NoRoute>,
    /// The time that choosing took.
    pub routing: Duration,
    /// Whether a byte of the request went to any endpoint.
    pub sent: bool,
    /// Whether an attempt before the last one may have had an effect that is not known.
    pub unsure: bool,
}

/// What is known while an errand runs.
#[derive(Default)]
struct Progress {
    attempts: Vec<Attempt>,
    nowhere: Option<NoRoute>,
    excluded: Vec<Arc<Endpoint>>,
    routing: Duration,
    sent: bool,
    unsure: bool,
    /// Only an endpoint that takes writes is asked from now on.
    to_writer: bool,
    stale: u32,
    /// The last answer that was not good enough: given if nothing better comes.
    spare: Option<Box<Fetched>>,
    broken: Option<Broken>,
    /// What the call is about was seen at an endpoint of the service.
    target_is_known: bool,
}

/// Nothing was sent anywhere: each endpoint that was tried and what became of it, and why the others were not.
fn unreachable(progress: &Progress, nowhere: Option<&NoRoute>) -> Rejection {
    let tried = progress.attempts.iter();
    let tried = tried.map(|attempt| (&*attempt.endpoint, attempt.code));
    let others = nowhere.iter().flat_map(|none| &none.excluded);
    let others = others
        .filter(|(_, why)| *why != Exclusion::Tried)
        .map(|(name, why)| (name.as_str(), why.label()));
    let mut text = String::from("no endpoint could be reached, and nothing was sent");
    for (number, (name, why)) in tried.chain(others).enumerate() {
        let comma = if number == 0 { ": " } else { ", " };
        text.extend([comma, name, " ", why]);
    }
    let again = nowhere.and_then(|none| none.retry_after);
    Rejection::new(RejectionReason::NoEndpoint, text).retry_after(again.unwrap_or(SOON))
}

impl Errand {
    /// Runs the errand. `upload` is where the rest of a body comes from that was not read whole; such a request goes out once.
    pub async fn run(&self, mut upload: Option<&mut ServerSession>) -> CallReport {
        let mut progress = Progress::default();
        self.service.pool.budget().request();
        let ended = loop {
            let begun = self.shared.clock.now();
            let route = self.route(self.way(&progress));
            progress.routing += self.shared.clock.now().since(begun);
            let tried = match route {
                Ok(route) => self.attempt(route, upload.as_deref_mut()).await,
                Err(none) => break self.nowhere(none, &mut progress),
            };
            if let Some(ended) = self.weigh(tried, &mut progress, upload.is_some()) {
                break ended;
            }
        };
        CallReport {
            ended,
            attempts: progress.attempts,
            nowhere: progress.nowhere,
            routing: progress.routing,
            sent: progress.sent,
            unsure: progress.unsure,
        }
    }

    /// Where the next attempt may go.
    fn way<'a>(&'a self, progress: &'a Progress) -> Way<'a> {
        let movable = progress.to_writer && self.call.placement == Placement::Any;
        Way {
            placement: if movable {
                &Placement::Writer
            } else {
                &self.call.placement
            },
            excluded: &progress.excluded,
        }
    }

    /// The end, or `None` to ask again.
    fn weigh(&self, tried: Tried, progress: &mut Progress, upload: bool) -> Option<Ended> {
        match tried {
            Tried::Answered(fetched, attempt) => {
                progress.sent = true;
                progress.attempts.push(attempt);
                self.weigh_answer(fetched, progress, upload)
            }
            Tried::Broken(broken, endpoint, attempt) => {
                progress.sent |= broken.stage != Stage::Connect;
                progress.attempts.push(attempt);
                self.weigh_broken(broken, endpoint, progress, upload)
            }
            Tried::ClientGone => {
                progress.sent = true;
                Some(Ended::ClientGone)
            }
            Tried::Unsendable => Some(Ended::Refused(Rejection::new(
                RejectionReason::Unsendable,
                "the request cannot be written as HTTP/1.1",
            ))),
        }
    }

    fn weigh_answer(
        &self,
        fetched: Box<Fetched>,
        progress: &mut Progress,
        upload: bool,
    ) -> Option<Ended> {
        let end = AttemptEnd::Response {
            judgement: &fetched.judgement,
            held: fetched.answered.is_whole(),
        };
        self.remember(&fetched.judgement, progress);
        match self.decide(progress, upload, end) {
            RetryDecision::Stop => return Some(Ended::Answered(fetched)),
            RetryDecision::AsWrite => return Some(Ended::AsWrite),
            RetryDecision::Writer => progress.to_writer = true,
            RetryDecision::Elsewhere | RetryDecision::Reconnect => {}
        }
        progress.excluded.push(Arc::clone(&fetched.endpoint));
        progress.spare = Some(fetched);
        None
    }

    fn weigh_broken(
        &self,
        broken: Broken,
        endpoint: Arc<Endpoint>,
        progress: &mut Progress,
        upload: bool,
    ) -> Option<Ended> {
        progress.unsure |= broken.stage != Stage::Connect;
        let end = AttemptEnd::Failure {
            stage: broken.stage,
            timed_out: broken.timeout,
            stale: broken.is_stale(),
        };
        match self.decide(progress, upload, end) {
            RetryDecision::Reconnect => {
                progress.stale += 1;
                None
            }
            RetryDecision::Elsewhere | RetryDecision::Writer => {
                progress.excluded.push(endpoint);
                progress.broken = Some(broken);
                None
            }
            RetryDecision::Stop | RetryDecision::AsWrite => Some(match progress.spare.take() {
                Some(spare) => Ended::Answered(spare),
                None => self.broken(&broken, progress, None),
            }),
        }
    }

    fn decide(&self, progress: &Progress, upload: bool, end: AttemptEnd<'_>) -> RetryDecision {
        let balance = &self.snapshot.config.balance;
        let facts = RetryFacts {
            effect: self.call.effect,
            idempotent: self.service.is_idempotent(self.call.operation),
            placement: &self.call.placement,
            fence: self.call.fence,
            replayable: !upload,
            target_is_known: progress.target_is_known,
            has_fallback: progress.spare.is_some(),
            attempts: progress.attempts.len() as u32 - progress.stale,
            max_attempts: balance.max_retries,
            reconnects: progress.stale,
            overdue: false,
            retry_timeouts: balance.retry_timeouts,
        };
        let budget = || self.service.pool.budget().retry(self.shared.clock.now());
        retry::decide(&facts, end, budget)
    }

    /// What the call is about is there, or was not found by two endpoints.
    fn remember(&self, judgement: &Judgement, progress: &mut Progress) {
        let known = &self.shared.known_targets;
        if judgement.is_success() {
            known.succeeded(&self.service.name, &self.call);
        } else if judgement.fault == Fault::Client {
            progress.target_is_known = known.contains(&self.service.name, &self.call);
            if progress.spare.is_some() {
                known.forget(&self.service.name, &self.call);
            }
        }
    }

    /// No endpoint is left: the last answer if there was one, otherwise a refusal that says why.
    fn nowhere(&self, none: NoRoute, progress: &mut Progress) -> Ended {
        if let Some(spare) = progress.spare.take() {
            return Ended::Answered(spare);
        }
        let ended = match &progress.broken {
            Some(broken) => self.broken(broken, progress, Some(&none)),
            None => Ended::Refused(none.rejection()),
        };
        progress.nowhere = Some(none);
        ended
    }

    fn broken(&self, broken: &Broken, progress: &Progress, nowhere: Option<&NoRoute>) -> Ended {
        if !progress.sent {
            return Ended::Refused(unreachable(progress, nowhere));
        }
        let (reason, state) = match (self.call.effect.is_read(), broken.timeout) {
            (true, true) => (RejectionReason::UpstreamTimeout, "no whole response came"),
            (true, false) => (RejectionReason::UpstreamBroken, "no whole response came"),
            (false, _) => (
                RejectionReason::OutcomeUnknown,
                "it was sent, and its outcome is unknown: it may have been done. It is not sent again; \
                 look before you send it again",
            ),
        };
        Ended::Refused(Rejection::new(
            reason,
            format!("{} ({}): {state}", self.service.name, broken.kind),
        ))
    }

    /// Time limits of this call's exchanges.
    pub fn limits(&self) -> Limits {
        let upstream = &self.snapshot.config.upstream;
        Limits {
            connect: upstream.connect_timeout,
            send: upstream.send_timeout,
            read: if self.call.effect.is_read() {
                upstream.read_timeout
            } else {
                upstream.write_timeout
            },
            total: upstream.total_timeout,
            idle: upstream.idle_timeout,
        }
    }
}
