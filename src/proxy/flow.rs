//! One request on its way through the steps. A flow holds what the steps hand on to each other; it
//! asks each step and carries its answer, and decides nothing itself.

use super::errand::{Errand, SOON};
use super::headers::{self, EXPLAIN};
use super::peek::{Peeked, Reader};
use super::respond::Ending;
use super::{Proxy, framing};
use crate::cache::CacheStatus;
use crate::dialect::{Body, Judgement, Request, background};
use crate::observe::{InFlight, Opening, Outcome, id};
use crate::rejection::{Rejection, RejectionReason};
use crate::snapshot::{Service, Snapshot};
use bytes::Bytes;
use http::HeaderValue;
use pingora_core::protocols::http::ServerSession;
use std::sync::Arc;
use tokio::sync::watch;

/// One request.
pub struct Flow<'a> {
    pub proxy: &'a Proxy,
    pub snapshot: Arc<Snapshot>,
    pub service: Arc<Service>,
    pub seen: InFlight,
    pub explain: bool,
    /// The request's id, as the client and the endpoint are told.
    pub(super) id: HeaderValue,
    pub(super) stop: &'a watch::Receiver<bool>,
    pub(super) cache: Option<CacheStatus>,
    /// The judgement of a response that streamed, at its end.
    pub(super) judged_at_end: Option<Judgement>,
}

/// Why a request ends before it is on its way.
pub enum Stop {
    Reject(Rejection),
    /// The HTTP layer refuses it.
    BadRequest(u16),
    ClientGone,
}

impl From<pingora_error::BError> for Stop {
    /// Why the body of a request could not be read.
    fn from(error: pingora_error::BError) -> Self {
        use pingora_error::ErrorType::{
            ConnectionClosed, ReadError, ReadTimedout, WriteError, WriteTimedout,
        };
        match error.etype {
            ReadTimedout => Stop::BadRequest(408),
            ConnectionClosed | ReadError | WriteError | WriteTimedout => Stop::ClientGone,
            _ => Stop::BadRequest(400),
        }
    }
}

impl<'a> Flow<'a> {
    /// Opens the record of a request whose head was read.
    pub fn open(
        proxy: &'a Proxy,
        snapshot: Arc<Snapshot>,
        service: Arc<Service>,
        session: &ServerSession,
        stop: &'a watch::Receiver<bool>,
    ) -> Self {
        let head = session.req_header();
        let seen = proxy.shared.observer.open(&Opening {
            service: &service.label,
            dialect: service.dialect.name(),
            listener: &service.listener,
            client: session
                .client_addr()
                .and_then(|addr| addr.as_inet())
                .map(std::net::SocketAddr::ip),
            method: &head.method,
            target: std::str::from_utf8(head.raw_path()).unwrap_or_default(),
            request_id: id::from_client(&head.headers),
            generation: snapshot.generation,
        });
        let id = request_id(&seen);
        let explain = head
            .headers
            .get(&EXPLAIN)
            .is_some_and(|value| value == "1" || value == "true");
        Self {
            proxy,
            snapshot,
            service,
            seen,
            explain,
            id,
            stop,
            cache: None,
            judged_at_end: None,
        }
    }

    /// Answers the request and closes its record.
    pub async fn run(mut self, session: &mut ServerSession) -> Ending {
        let ending = match self.prepare(session).await {
            Ok(errand) => self.serve(session, errand).await,
            Err(stop) => self.stop(session, stop).await,
        };
        let refused = self
            .seen
            .seen()
            .is_some_and(|seen| seen.rejection.is_some());
        let last = session.response_written().map(|head| head.status);
        let sent = last.filter(|status| !status.is_informational());
        let bytes = session.body_bytes_read() as u64;
        let out = session.body_bytes_sent() as u64;
        self.seen.note(|seen| {
            seen.status = sent.map(|status| status.as_u16());
            seen.bytes_in = bytes;
            seen.bytes_out = out;
        });
        self.seen.close(match ending {
            Ending::Complete if refused => Outcome::Refused,
            Ending::Complete => Outcome::Complete,
            Ending::ClientGone => Outcome::AbortedByClient,
            Ending::Cut => Outcome::AbortedByUpstream,
        });
        ending
    }

    /// Reads the request as far as it must be known, understands it and plans it.
    async fn prepare(&mut self, session: &mut ServerSession) -> Result<Errand, Stop> {
        let limits = &self.snapshot.config.path;
        let fields = &session.req_header().headers;
        if headers::size(fields) > limits.max_header_size.bytes()
            || fields.len() > limits.max_header_count as usize
        {
            return Err(Stop::Reject(Rejection::new(
                RejectionReason::HeadersTooLarge,
                "the header fields are larger than path.max_header_size allows",
            )));
        }
        let mut head = session.req_header().clone();
        let target = super::outgoing::origin_form(&mut head).ok_or(Stop::BadRequest(400))?;
        headers::strip_request(&mut head).map_err(|_| Stop::BadRequest(400))?;
        let mut reader = Reader::new(limits, self.proxy.shared.bodies.share());
        let mut body = reader.read(session, limits.peek_limit.bytes()).await?;
        let clock = &self.proxy.shared.clock;
        let begun = clock.now();
        let dialect = &self.service.dialect;
        let mut call = background::understand(dialect, &request(&head, &target, &body)).await;
        if !body.is_whole() && dialect.buffers_request(&call) {
            body = self
                .spool(session, &mut reader, body.bytes().clone())
                .await?;
            call = background::understand(dialect, &request(&head, &target, &body)).await;
        }
        let understood = clock.now();
        let user = self.snapshot.user(&head.headers);
        let plan = self.snapshot.planner.plan(
            &call,
            self.service.execution,
            &self.proxy.shared.load(),
            user,
        );
        let planned = clock.now();
        head.insert_header(headers::REQUEST_ID, self.id.clone())
            .map_err(|_| Stop::BadRequest(400))?;
        self.seen.understood(&call);
        self.seen.planned(plan.clone());
        self.seen.note(|seen| {
            seen.times.understand = Some(understood.since(begun));
            seen.times.plan = Some(planned.since(understood));
        });
        Ok(Errand {
            shared: Arc::clone(&self.proxy.shared),
            upstream: Arc::clone(&self.proxy.upstream),
            snapshot: Arc::clone(&self.snapshot),
            service: Arc::clone(&self.service),
            head: Arc::new(head),
            target: target.into(),
            body,
            _share: Arc::new(reader.into_share()),
            call: Arc::new(call),
            plan: Arc::new(plan),
            home: None,
            explain: self.explain,
            ticket: self.seen.ticket(),
        })
    }

    /// Reads the whole of a body that must not go out in part.
    async fn spool(
        &self,
        session: &mut ServerSession,
        reader: &mut Reader,
        begun: Bytes,
    ) -> Result<Peeked, Stop> {
        let limit = self.snapshot.config.path.spool_limit.bytes();
        let body = reader.more(session, begun, limit).await?;
        match body.is_whole() {
            true => Ok(body),
            false if reader.is_full() => Err(Stop::Reject(
                Rejection::new(
                    RejectionReason::BodiesFull,
                    "no room to hold the body: path.held_bodies is used up",
                )
                .retry_after(SOON),
            )),
            false => Err(Stop::Reject(Rejection::new(
                RejectionReason::BodyTooLarge,
                "the body is larger than path.spool_limit, and must be whole before it is sent: the database would run what was cut",
            ))),
        }
    }

    async fn stop(&mut self, session: &mut ServerSession, stop: Stop) -> Ending {
        match stop {
            Stop::Reject(rejection) => self.refuse(session, rejection).await,
            Stop::BadRequest(status) => framing::refuse(session, status).await,
            Stop::ClientGone => Ending::ClientGone,
        }
    }
}

/// The client's own id where it was taken over, otherwise ours.
fn request_id(seen: &InFlight) -> HeaderValue {
    let told = seen.seen().and_then(|seen| seen.request_id.as_deref());
    let told = told.and_then(|told| HeaderValue::from_str(told).ok());
    let ours = || HeaderValue::from_str(&seen.id()?.to_string()).ok();
    told.or_else(ours)
        .unwrap_or(HeaderValue::from_static("none"))
}

/// The request as the dialect reads it.
pub fn request<'a>(
    head: &'a pingora_http::RequestHeader,
    target: &'a str,
    body: &'a Peeked,
) -> Request<'a> {
    Request {
        method: &head.method,
        target,
        headers: &head.headers,
        body: match body {
            Peeked::Whole(bytes) => Body::Whole(bytes),
            Peeked::Begun(bytes) => Body::Prefix(bytes),
        },
    }
}
