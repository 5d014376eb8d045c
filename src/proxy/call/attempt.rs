//! One attempt of a call at one endpoint: the request is sent as the dialect wants it, the response is
//! buffered as far as it must be known and judged, and the endpoint's state is told how it went.

use super::buffered::{BufferLimit, BufferedResponse};
use super::caller::{CallResponse, Caller};
use super::exchange::{Exchange, ExchangeEnd};
use super::exchange_error::ExchangeError;
use super::limits::CallLimits;
use super::outbound::{Outbound, OutboundMessage};
use super::requester::Requester;
use crate::balance::Route;
use crate::dialect::{Executed, Fault, Judgement};
use crate::endpoint::{Completion, Endpoint, HealthStatus};
use crate::http::Destination;
use crate::observe::{self, Name};
use crate::offload::{self, ReceivedResponse};
use crate::retry;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How often an endpoint that is waited for is looked after.
const LIVENESS_CHECK: Duration = Duration::from_secs(1);

/// How an attempt ended.
pub enum AttemptEnd {
    Response(Box<CallResponse>, observe::AttemptNote),
    Failed(ExchangeError, Arc<Endpoint>, observe::AttemptNote),
    RequesterGone,
    /// The request cannot be written.
    Unwritable,
}

/// An attempt at the endpoint of a route.
pub struct Attempt<'a> {
    caller: &'a Caller,
    outbound: &'a Outbound,
    limits: CallLimits,
    deadline: Instant,
    route: Route,
}

impl<'a> Attempt<'a> {
    /// An attempt that is still to be made.
    pub fn new(
        caller: &'a Caller,
        outbound: &'a Outbound,
        deadline: Instant,
        route: Route,
    ) -> Self {
        Self {
            caller,
            outbound,
            limits: CallLimits::of(&outbound.call, &outbound.snapshot.config.upstream),
            deadline,
            route,
        }
    }

    /// Makes the attempt.
    pub async fn run(self, requester: &mut Option<&mut dyn Requester>) -> AttemptEnd {
        let shared = &self.caller.shared;
        let Some(message) = self.outbound.message(&self.route.endpoint.authority).await else {
            return AttemptEnd::Unwritable;
        };
        let name = Name::from(Arc::clone(&self.route.endpoint.name));
        shared.observer.sent_to(self.outbound.ticket, name);
        let started = shared.clock.now();
        let response = tokio::select! {
            biased;
            response = self.exchange(message, requester) => response,
            error = self.lost() => Err(ExchangeEnd::Failed(error)),
        };
        let elapsed = shared.clock.now().since(started);
        match response {
            Ok(response) => self.judged(response, elapsed).await,
            Err(ExchangeEnd::Failed(error)) => self.failed(error, elapsed),
            Err(ExchangeEnd::RequesterGone) => AttemptEnd::RequesterGone,
        }
    }

    async fn exchange(
        &self,
        message: OutboundMessage,
        requester: &mut Option<&mut dyn Requester>,
    ) -> Result<BufferedResponse, ExchangeEnd> {
        let destination = Destination {
            address: self.route.address,
            group: self.route.endpoint.state.generation,
            connect_timeout: self.limits.connect,
            idle_timeout: self.limits.idle,
        };
        let opened = timeout_at(self.deadline, self.caller.connector.open(&destination)).await;
        let upstream = opened.map_err(|_| ExchangeEnd::Failed(ExchangeError::overdue()))??;
        let exchange = Exchange::begin(upstream, message, self.limits, self.deadline)?;
        BufferedResponse::read(exchange, self.buffer_limit(), requester).await
    }

    /// Waits until the probes say that the endpoint is dead, if that ends the call there.
    async fn lost(&self) -> ExchangeError {
        let is_dead = || self.route.endpoint.health().status() == HealthStatus::Unhealthy;
        if !retry::abandons_dead_endpoint(self.outbound.call.effect) || is_dead() {
            return std::future::pending().await;
        }
        loop {
            tokio::time::sleep(LIVENESS_CHECK).await;
            if is_dead() {
                return ExchangeError::of_dead_endpoint();
            }
        }
    }

    /// How much of the response is buffered: what the dialect can judge, as far as the limit allows.
    fn buffer_limit(&self) -> BufferLimit {
        let buffers = self
            .outbound
            .dialect()
            .buffers_response(&self.outbound.call);
        BufferLimit {
            bytes: match buffers {
                true => self.outbound.path().hold_limit.bytes(),
                false => 0,
            },
            time: self.limits.read,
            share: self.outbound.share.sibling(),
        }
    }

    async fn judged(self, response: BufferedResponse, elapsed: Duration) -> AttemptEnd {
        let received = ReceivedResponse {
            status: response.head.status.as_u16(),
            headers: &response.head.headers,
            body: &response.body,
            is_whole: response.is_whole,
        };
        let dialect = &self.outbound.service.dialect;
        let judgement = offload::judge(dialect, &self.outbound.call, &received).await;
        let status = Some(response.head.status.as_u16());
        let attempt = self.note(status, judgement.fault, judgement.code, elapsed);
        let completion = self.completion(&judgement, elapsed);
        let endpoint = self.route.endpoint;
        let permit = self.route.permit;
        let streaming = match response.exchange {
            Some(_) => Some((permit, completion)),
            None => {
                permit.complete(&completion);
                None
            }
        };
        let response = CallResponse {
            no_store: endpoint.held(self.caller.shared.clock.now()),
            response,
            judgement,
            endpoint,
            streaming,
            write: None,
        };
        AttemptEnd::Response(Box::new(response), attempt)
    }

    fn failed(self, error: ExchangeError, elapsed: Duration) -> AttemptEnd {
        let fault = match error.blames_endpoint() {
            true => Fault::Endpoint,
            false => Fault::None,
        };
        let attempt = self.note(None, fault, error.kind, elapsed);
        let judgement = Judgement::failure(fault, Executed::Unknown, error.kind);
        let completion = self.completion(&judgement, elapsed);
        let completion = Completion {
            timed_out: error.failure.timed_out && error.failure.may_be_processed(),
            ..completion
        };
        if error.blames_endpoint() {
            self.route.permit.complete(&completion);
        }
        if let Some(shortage) = error.shortage {
            let metrics = self.caller.shared.observer.metrics();
            metrics.connect_lacked(&self.outbound.service.label, shortage.word());
        }
        AttemptEnd::Failed(error, self.route.endpoint, attempt)
    }

    fn completion(&self, judgement: &Judgement, elapsed: Duration) -> Completion {
        Completion {
            fault: judgement.fault,
            elapsed,
            complexity: self.outbound.plan.complexity,
            shape: self.outbound.call.shape,
            needs_two_shapes: judgement.needs_two_shapes,
            timed_out: false,
            now: self.caller.shared.clock.now(),
        }
    }

    fn note(
        &self,
        status: Option<u16>,
        fault: Fault,
        code: &'static str,
        elapsed: Duration,
    ) -> observe::AttemptNote {
        let route = &self.route;
        let scores = route.scores.iter();
        observe::AttemptNote {
            endpoint: Name::from(Arc::clone(&route.endpoint.name)),
            reason: route.reason.label(),
            score: (route.score != 0.0).then_some(route.score),
            scores: scores
                .map(|scored| (Name::from(&*scored.endpoint), scored.score))
                .collect(),
            status,
            fault,
            code,
            elapsed,
        }
    }
}
