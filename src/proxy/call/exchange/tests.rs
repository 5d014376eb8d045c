use super::{Exchange, ExchangeEnd};
use crate::http::{BodyLength, Part, RequestHeader, ResponseHeader, Upstream, UpstreamError};
use crate::proxy::call::limits::CallLimits;
use crate::proxy::call::outbound::OutboundMessage;
use bytes::Bytes;
use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Instant;

/// An endpoint that begins a response and sends none of its body.
struct Silent;

impl Upstream for Silent {
    fn send_head(&mut self, _: &RequestHeader, _: BodyLength) -> Result<(), UpstreamError> {
        Ok(())
    }

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), UpstreamError>> {
        Poll::Ready(Ok(()))
    }

    fn send_part(&mut self, _: Part) -> Result<(), UpstreamError> {
        Ok(())
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<Result<(), UpstreamError>> {
        Poll::Ready(Ok(()))
    }

    fn poll_head(&mut self, _: &mut Context<'_>) -> Poll<Result<ResponseHeader, UpstreamError>> {
        Poll::Ready(Ok(ResponseHeader::build(200, None).unwrap()))
    }

    fn body_length(&self) -> Option<BodyLength> {
        None
    }

    fn is_delimited_by_close(&self) -> bool {
        false
    }

    fn poll_part(&mut self, _: &mut Context<'_>) -> Poll<Result<Part, UpstreamError>> {
        Poll::Pending
    }

    fn release(self: Box<Self>) {}
}

/// How an exchange fails whose response comes to no end, and after how many seconds. Read times out after 60 s.
async fn failure(deadline: u64, held_up: bool) -> (&'static str, bool, u64) {
    let message = OutboundMessage {
        head: RequestHeader::build("GET", b"/", None).unwrap(),
        length: BodyLength::None,
        body: Bytes::new(),
        trailers: None,
        is_whole: true,
    };
    let minute = Duration::from_secs(60);
    let limits = CallLimits {
        connect: minute,
        send: minute,
        read: minute,
        idle: minute,
    };
    let begun = Instant::now();
    let deadline = begun + Duration::from_secs(deadline);
    let mut exchange = Exchange::begin(Box::new(Silent), message, limits, deadline).unwrap();
    exchange.head(&mut None).await.unwrap();
    if held_up {
        exchange.hold_up();
    }
    let end = poll_fn(|cx| exchange.poll_part(cx, &mut None)).await;
    let Err(ExchangeEnd::Failed(error)) = end else {
        panic!("not failed: {end:?}");
    };
    (
        error.kind,
        error.blames_endpoint(),
        begun.elapsed().as_secs(),
    )
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_passes_after_the_client_held_the_response_up_is_no_fault_of_the_endpoint()
{
    assert_eq!(failure(30, false).await, ("total_timeout", true, 30));
    assert_eq!(failure(30, true).await, ("total_timeout", false, 30));
    assert_eq!(failure(90, true).await, ("read_timeout", true, 60));
}
