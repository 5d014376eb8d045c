//! Sends a call and follows it to its response: attempt after attempt, as the rules of retrying allow,
//! within one deadline. Knows nothing of a client's connection, so that reads, writes and what is
//! fetched for the cache are sent the same way.

use super::attempt::{Attempt, AttemptEnd};
use super::buffered::BufferedResponse;
use super::outbound::Outbound;
use super::progress::Progress;
use super::requester::Requester;
use crate::balance::{NoRoute, Route, RouteRequest};
use crate::dialect::{Judgement, Placement};
use crate::endpoint::{Completion, Endpoint, Permit};
use crate::endpoint_id::EndpointId;
use crate::http::Connector;
use crate::observe;
use crate::rejection::{Rejection, RejectionReason};
use crate::retry::RetryDecision;
use crate::shared::Shared;
use std::sync::Arc;
use std::time::Duration;

/// Sends calls.
#[derive(Clone)]
pub struct Caller {
    pub shared: Arc<Shared>,
    pub connector: Arc<Connector>,
}

/// The response that the client will see.
pub struct CallResponse {
    pub response: BufferedResponse,
    pub judgement: Judgement,
    pub endpoint: Arc<Endpoint>,
    /// Who responded, as the cache names it.
    pub cache_id: EndpointId,
    /// The cache must store nothing from it now.
    pub held: bool,
    /// The endpoint's place and what its state is told, while the response streams.
    pub streaming: Option<(Permit, Completion)>,
}

/// How a call ended.
pub enum CallEnd {
    Response(Box<CallResponse>),
    /// A fence of ours refused it before any effect: it is a write.
    AsWrite,
    Refused(Rejection),
    /// The requester left or its upload broke; what the endpoint made of it is unknown.
    RequesterGone,
}

/// A call's end, and the way to it.
pub struct CallReport {
    pub end: CallEnd,
    pub attempts: Vec<observe::AttemptNote>,
    /// Why no further endpoint could be asked, where that ended it.
    pub nowhere: Option<NoRoute>,
    /// The time that choosing took.
    pub routing: Duration,
    /// Whether a byte of the request went to any endpoint.
    pub sent: bool,
    /// Whether an attempt before the last one may have had an effect that is not known.
    pub unsure: bool,
}

impl CallReport {
    /// The endpoint whose response is still coming.
    pub fn streams_from(&self) -> Option<EndpointId> {
        match &self.end {
            CallEnd::Response(fetched) if fetched.response.exchange.is_some() => {
                Some(fetched.cache_id)
            }
            _ => None,
        }
    }
}

impl Caller {
    /// Sends a call. The rest of a body that was not read whole comes from `requester`; such a call is sent once.
    pub async fn call(
        &self,
        outbound: &Outbound,
        mut requester: Option<&mut dyn Requester>,
    ) -> CallReport {
        let mut progress = Progress::new(&self.shared, outbound);
        outbound.service.pool.budget().request();
        let end = loop {
            let begun = self.shared.clock.now();
            let route = self.route(outbound, &progress);
            progress.routing += self.shared.clock.now().since(begun);
            let end = match route {
                Ok(route) => {
                    let attempt = Attempt::new(self, outbound, progress.deadline, route);
                    attempt.run(&mut requester).await
                }
                Err(none) => break progress.nowhere(none),
            };
            if let Some(end) = self.after(&mut progress, end) {
                break end;
            }
        };
        progress.report(end)
    }

    /// Chooses an endpoint.
    fn route(&self, outbound: &Outbound, progress: &Progress<'_>) -> Result<Route, NoRoute> {
        let service = &outbound.service;
        let placement = match progress.to_writer && outbound.is_movable() {
            true => &Placement::Writer,
            false => &outbound.call.placement,
        };
        let request = RouteRequest {
            plan: &outbound.plan,
            placement,
            key: outbound.local_key(),
            excluded: &progress.excluded,
            home: outbound.home.and_then(|home| service.token_of(home)),
            now: self.shared.clock.now(),
            explain: outbound.explain,
        };
        let mut random = self.shared.random_source.random();
        let route = service.pool.choose(&request, &mut random)?;
        if let Some(home) = outbound.home
            && route.endpoint.id != home
            && !service.serves(home, request.now)
        {
            self.shared.cache.forget_home(home);
        }
        Ok(route)
    }

    /// The call's end, or `None` to try again.
    fn after(&self, progress: &mut Progress<'_>, end: AttemptEnd) -> Option<CallEnd> {
        match end {
            AttemptEnd::Response(response, attempt) => {
                let decision = progress.responded(&response, attempt);
                match decision {
                    RetryDecision::Stop => return Some(CallEnd::Response(response)),
                    RetryDecision::AsWrite => return Some(CallEnd::AsWrite),
                    RetryDecision::Writer => progress.to_writer = true,
                    RetryDecision::Elsewhere | RetryDecision::Reconnect => {}
                }
                progress.excluded.push(Arc::clone(&response.endpoint));
                progress.fallback = Some(response);
                None
            }
            AttemptEnd::Failed(error, endpoint, attempt) => {
                match progress.failed(&error, attempt) {
                    RetryDecision::Reconnect => progress.reconnects += 1,
                    RetryDecision::Elsewhere | RetryDecision::Writer => {
                        progress.excluded.push(endpoint);
                        progress.error = Some(error);
                    }
                    RetryDecision::Stop | RetryDecision::AsWrite => {
                        return Some(progress.given_up(&error));
                    }
                }
                None
            }
            AttemptEnd::RequesterGone => {
                progress.sent = true;
                Some(CallEnd::RequesterGone)
            }
            AttemptEnd::Unwritable => Some(CallEnd::Refused(Rejection::new(
                RejectionReason::Unsendable,
                "the request cannot be written as HTTP/1.1",
            ))),
        }
    }
}
