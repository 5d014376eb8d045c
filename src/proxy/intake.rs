//! Reads a request as far as needed to understand and plan it.

use super::body_reader::BodyReader;
use super::call::{CallOrigin, Outbound, OutboundRequest, RequestBody, SOON};
use super::flow::{Flow, Stop};
use super::headers;
use crate::config;
use crate::http::RequestHeader;
use crate::plan::Plan;
use crate::rejection::{Rejection, RejectionReason};
use bytes::Bytes;
use http::{HeaderValue, Method};
use std::sync::Arc;

/// The reading of one request.
pub struct Intake<'f, 'a> {
    flow: &'f mut Flow<'a>,
    reader: BodyReader,
}

impl<'f, 'a> Intake<'f, 'a> {
    /// The reading of a request of which only the head was read.
    pub fn new(flow: &'f mut Flow<'a>) -> Self {
        let shared = &flow.origin.proxy.shared;
        let reader = BodyReader::new(shared.bodies.share(flow.origin.client));
        Self { flow, reader }
    }

    /// Reads the request of this head, which was prepared.
    pub async fn read(
        mut self,
        head: Arc<RequestHeader>,
        target: Arc<str>,
    ) -> Result<Outbound, Stop> {
        let length = self.flow.client.body_length();
        let limit = self.flow.snapshot.config.path.peek_limit.bytes();
        let body = self.reader.read(&mut self.flow.client, limit).await?;
        let shared = Arc::clone(&self.flow.origin.proxy.shared);
        let dialect = Arc::clone(&self.flow.service.dialect);
        let begun = shared.clock.now();
        let mut request = OutboundRequest {
            head,
            target,
            body,
            body_length: length,
        };
        let mut call = request.understand(&dialect).await;
        if !request.body.is_whole && dialect.buffers_request(&call) {
            request.body = self.whole(request.body.bytes).await?;
            call = request.understand(&dialect).await;
        }
        let understood = shared.clock.now();
        let flow = self.flow;
        flow.record.understood(&call);
        let origin = CallOrigin {
            snapshot: Arc::clone(&flow.snapshot),
            service: Arc::clone(&flow.service),
            share: self.reader.into_share(),
            explain: flow.explain,
            ticket: flow.record.ticket(),
        };
        let outbound = Outbound::of(origin, request, call, &shared.load());
        let planned = shared.clock.now();
        flow.record.planned(Plan::clone(&outbound.plan));
        flow.record.note(|record| {
            record.times.understand = Some(understood.since(begun));
            record.times.plan = Some(planned.since(understood));
        });
        Ok(outbound)
    }

    /// Reads the whole of a body that must not go out in part.
    async fn whole(&mut self, begun: Bytes) -> Result<RequestBody, Stop> {
        let limit = self.flow.snapshot.config.path.spool_limit.bytes();
        let body = self
            .reader
            .more(&mut self.flow.client, begun, limit)
            .await?;
        match body.is_whole {
            true => Ok(body),
            false if self.reader.is_full() => Err(Stop::Refused(
                Rejection::new(
                    RejectionReason::BodiesFull,
                    "no room to hold the body: path.held_bodies, or this client's share of it, is used up",
                )
                .retry_after(SOON),
            )),
            false => Err(Stop::Refused(Rejection::new(
                RejectionReason::BodyTooLarge,
                "the body is larger than path.spool_limit, and must be whole before it is sent: the database would run what was cut",
            ))),
        }
    }
}

/// Prepares a head to be forwarded: removes the hop-by-hop fields and adds the id. Returns the target.
pub fn prepare(
    head: &mut RequestHeader,
    limits: &config::Path,
    id: HeaderValue,
) -> Result<Arc<str>, Stop> {
    check(head, limits)?;
    let target = std::str::from_utf8(head.raw_path());
    let target = target.map_err(|_| bad("a target that is no text"))?.into();
    headers::strip_request(head).map_err(|error| bad(error.0))?;
    head.insert_header(headers::REQUEST_ID, id)
        .map_err(|_| bad("an id that cannot be passed on"))?;
    Ok(target)
}

/// Refuses what no dialect has to understand.
fn check(head: &RequestHeader, limits: &config::Path) -> Result<(), Stop> {
    let fields = &head.headers;
    if headers::size(fields) > limits.max_header_size.bytes()
        || fields.len() > limits.max_header_count as usize
    {
        return Err(Stop::Refused(Rejection::new(
            RejectionReason::HeadersTooLarge,
            "the header fields are larger than path.max_header_size allows",
        )));
    }
    // A server may echo the request, and with it credentials that a script must not read.
    if head.method == Method::TRACE && headers::carry_credential(fields) {
        return Err(Stop::Refused(Rejection::new(
            RejectionReason::MethodNotAllowed,
            "TRACE with a credential is not passed on",
        )));
    }
    Ok(())
}

fn bad(detail: &'static str) -> Stop {
    Stop::Refused(Rejection::new(RejectionReason::BadRequest, detail))
}
