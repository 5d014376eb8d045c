//! One attempt of a call at one endpoint: sends the request as the dialect rewrites it, buffers as much of the response as
//! its judgement needs, and reports the result to the endpoint's state.

use super::buffered::{BufferLimit, BufferedResponse};
use super::caller::{CallResponse, Caller};
use super::exchange::{Exchange, ExchangeEnd};
use super::exchange_error::ExchangeError;
use super::limits::CallLimits;
use super::outbound::{Outbound, OutboundMessage};
use super::requester::Requester;
use super::response_stream::ResponseStream;
use super::retry_after;
use super::sent_attempt::SentAttempt;
use crate::balance::Route;
use crate::endpoint::{Endpoint, HealthStatus};
use crate::http::Destination;
use crate::offload::{self, ReceivedResponse};
use crate::retry;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How often the health of an endpoint is checked while its response is awaited.
const LIVENESS_CHECK: Duration = Duration::from_secs(1);

/// How an attempt ended.
pub enum AttemptEnd {
    Response(Box<CallResponse>),
    Failed(ExchangeError, Arc<Endpoint>),
    RequesterGone,
    /// The request cannot be written.
    Unwritable,
}

/// An attempt at an endpoint.
pub struct Attempt<'a> {
    caller: &'a Caller,
    outbound: &'a Outbound,
    limits: CallLimits,
    deadline: Instant,
    endpoint: Arc<Endpoint>,
    address: SocketAddr,
}

impl<'a> Attempt<'a> {
    /// Sends the call once, to the endpoint of a route. What was sent stands in `place` until its end is told, so that
    /// who drops this future before can tell why.
    pub async fn make(
        caller: &'a Caller,
        outbound: &'a Outbound,
        deadline: Instant,
        route: Route,
        place: &mut Option<SentAttempt>,
        requester: &mut Option<&mut dyn Requester>,
    ) -> AttemptEnd {
        let attempt = Self {
            caller,
            outbound,
            limits: CallLimits::of(&outbound.call, &outbound.snapshot.config.upstream),
            deadline,
            endpoint: Arc::clone(&route.endpoint),
            address: route.address,
        };
        attempt.run(route, place, requester).await
    }

    async fn run(
        self,
        route: Route,
        place: &mut Option<SentAttempt>,
        requester: &mut Option<&mut dyn Requester>,
    ) -> AttemptEnd {
        let Some(message) = self.outbound.message(&self.endpoint.authority).await else {
            return AttemptEnd::Unwritable;
        };
        *place = Some(SentAttempt::new(&self.caller.shared, self.outbound, route));
        let response = tokio::select! {
            biased;
            response = self.exchange(message, requester) => response,
            error = self.lost() => Err(ExchangeEnd::Failed(error)),
        };
        match (response, place.take()) {
            (Ok(response), Some(sent)) => self.judged(response, sent).await,
            (Err(ExchangeEnd::Failed(error)), Some(sent)) => self.failed(error, sent),
            (Err(ExchangeEnd::RequesterGone), _) | (_, None) => AttemptEnd::RequesterGone,
        }
    }

    async fn exchange(
        &self,
        message: OutboundMessage,
        requester: &mut Option<&mut dyn Requester>,
    ) -> Result<BufferedResponse, ExchangeEnd> {
        let destination = Destination {
            address: self.address,
            group: self.endpoint.state.generation,
            connect_timeout: self.limits.connect,
            idle_timeout: self.limits.idle,
        };
        let opened = timeout_at(self.deadline, self.caller.connector.open(&destination)).await;
        let upstream = opened.map_err(|_| ExchangeEnd::Failed(ExchangeError::overdue()))??;
        let exchange = Exchange::begin(upstream, message, self.limits, self.deadline)?;
        BufferedResponse::read(exchange, self.buffer_limit(), requester).await
    }

    /// Ready when the probes find dead an endpoint that was not; never for a call that must not be abandoned then.
    async fn lost(&self) -> ExchangeError {
        let is_dead = || self.endpoint.health().status() == HealthStatus::Unhealthy;
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

    /// How much of the response to buffer: nothing unless the dialect judges bodies of this call, and at most the limit.
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

    async fn judged(self, mut response: BufferedResponse, mut sent: SentAttempt) -> AttemptEnd {
        let status = response.head.status.as_u16();
        sent.responded(status, response.requester_time);
        let received = ReceivedResponse {
            status,
            headers: &response.head.headers,
            body: &response.body,
            is_whole: response.is_whole,
        };
        let (dialect, call) = (&self.outbound.service.dialect, &self.outbound.call);
        let judgement = offload::judge(dialect, call, &received).await;
        sent.asked_to_wait(retry_after::asked(status, &response.head.headers));
        let stream = match response.exchange.take() {
            Some(exchange) => {
                if judgement.is_success() {
                    sent.streams();
                }
                let judge = dialect.stream_judge(call, status, &response.head.headers);
                let judged = judgement.clone();
                Some(ResponseStream::begin(exchange, sent, judged, judge, &mut response).await)
            }
            None => {
                sent.judged(&judgement);
                None
            }
        };
        AttemptEnd::Response(Box::new(CallResponse {
            no_store: self.endpoint.held(self.caller.shared.clock.now()),
            response,
            stream,
            judgement,
            endpoint: self.endpoint,
        }))
    }

    fn failed(self, error: ExchangeError, sent: SentAttempt) -> AttemptEnd {
        sent.failed(&error);
        if let Some(shortage) = error.shortage {
            let metrics = self.caller.shared.observer.metrics();
            metrics.connect_lacked(&self.outbound.service.label, shortage.label());
        }
        AttemptEnd::Failed(error, self.endpoint)
    }
}
