//! One request on its way through the steps. A flow holds what the steps hand on to each other; it
//! asks each step and carries its answer, and decides nothing itself.

use super::attempt;
use super::errand::{Ended, Errand, Fetched, Report};
use super::headers::{self, EXPLAIN};
use super::peek::{self, Peeked};
use super::respond::{self, Ending, Marks, Streaming};
use super::{Proxy, store};
use crate::cache::{Ask, CacheStatus, Entry, Fill, Hit, OpenWrite, Verdict, Waited};
use crate::dialect::{Body, Call, Effect, Request};
use crate::observe::{InFlight, Opening, Outcome, id};
use crate::rejection::{Reason, Rejection};
use crate::snapshot::{Service, Snapshot};
use pingora_core::protocols::http::ServerSession;
use std::sync::Arc;

/// One request.
pub struct Flow<'a> {
    pub proxy: &'a Proxy,
    pub snapshot: Arc<Snapshot>,
    pub service: Arc<Service>,
    pub seen: InFlight,
    pub explain: bool,
    cache: Option<CacheStatus>,
}

/// Why a request ends before it is on its way.
pub enum Stop {
    Reject(Rejection),
    /// The HTTP layer refuses it.
    BadRequest(u16),
    ClientGone,
}

impl<'a> Flow<'a> {
    /// Opens the record of a request whose head was read.
    pub fn open(
        proxy: &'a Proxy,
        snapshot: Arc<Snapshot>,
        service: Arc<Service>,
        session: &ServerSession,
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
            cache: None,
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
        let sent = session.response_written().map(|head| head.status.as_u16());
        let bytes = session.body_bytes_read() as u64;
        let out = session.body_bytes_sent() as u64;
        self.seen.note(|seen| {
            seen.status = sent;
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
                Reason::HeadersTooLarge,
                "the header fields are larger than path.max_header_size allows",
            )));
        }
        let mut head = session.req_header().clone();
        let target = super::outgoing::origin_form(&mut head).ok_or(Stop::BadRequest(400))?;
        headers::strip_request(&mut head).map_err(|_| Stop::BadRequest(400))?;
        let mut body = self.peek(session, limits.peek_limit.bytes()).await?;
        let clock = &self.proxy.shared.clock;
        let begun = clock.now();
        let mut call = self
            .service
            .dialect
            .understand(&request(&head, &target, &body));
        if !body.is_whole() && self.service.dialect.spools(&call) {
            let begun = body.bytes().clone();
            body = peek::more(session, begun, limits.spool_limit.bytes())
                .await
                .map_err(|_| Stop::ClientGone)?;
            call = self
                .service
                .dialect
                .understand(&request(&head, &target, &body));
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
        head.insert_header(headers::REQUEST_ID, self.request_id())
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
            call: Arc::new(call),
            plan: Arc::new(plan),
            home: None,
            explain: self.explain,
        })
    }

    async fn peek(&self, session: &mut ServerSession, limit: usize) -> Result<Peeked, Stop> {
        peek::read(session, limit)
            .await
            .map_err(|error| match error.etype {
                pingora_error::ErrorType::ReadTimedout => Stop::BadRequest(408),
                pingora_error::ErrorType::ConnectionClosed
                | pingora_error::ErrorType::ReadError => Stop::ClientGone,
                _ => Stop::BadRequest(400),
            })
    }

    fn request_id(&self) -> String {
        let seen = self.seen.seen();
        seen.map(|seen| {
            seen.request_id
                .clone()
                .unwrap_or_else(|| seen.id.to_string())
        })
        .unwrap_or_default()
    }

    async fn stop(&mut self, session: &mut ServerSession, stop: Stop) -> Ending {
        match stop {
            Stop::Reject(rejection) => self.refuse(session, rejection).await,
            Stop::BadRequest(status) => {
                session.set_keepalive(None);
                let _ = session.respond_error(status).await;
                Ending::ClientGone
            }
            Stop::ClientGone => Ending::ClientGone,
        }
    }

    async fn serve(&mut self, session: &mut ServerSession, errand: Errand) -> Ending {
        if !errand.call.effect.is_read() {
            return self.write(session, errand).await;
        }
        if !errand.body.is_whole() {
            return self.fetch_streaming(session, errand).await;
        }
        let verdict = self.proxy.shared.cache.look_up(&Ask {
            service: &self.service.cache_name,
            call: &errand.call,
            plan: errand.plan.cache.filter(|_| self.service.settings.cache),
        });
        match verdict {
            Verdict::Hit(hit) => self.hit(session, &errand.call, &hit).await,
            Verdict::Lead(fill) => self.lead(session, errand, fill).await,
            Verdict::Follow(follower) => {
                let limit = self.snapshot.config.cache.share_wait;
                match while_client_waits(session, follower.wait(limit)).await {
                    Some(Waited::Shared(entry)) => self.shared(session, &errand.call, &entry).await,
                    Some(Waited::Lead(fill)) => self.lead(session, errand, fill).await,
                    Some(Waited::Alone(reason)) => {
                        self.fetch(session, errand, CacheStatus::bypass(reason))
                            .await
                    }
                    None => Ending::ClientGone,
                }
            }
            Verdict::Bypass(reason) => {
                self.fetch(session, errand, CacheStatus::bypass(reason))
                    .await
            }
        }
    }

    async fn hit(&mut self, session: &mut ServerSession, call: &Call, hit: &Hit) -> Ending {
        self.verdict(CacheStatus::hit(hit), Some(hit.entry.category));
        self.stored(session, call, &hit.entry).await
    }

    async fn shared(&mut self, session: &mut ServerSession, call: &Call, entry: &Entry) -> Ending {
        self.verdict(
            CacheStatus::shared(entry, self.proxy.shared.clock.now()),
            Some(entry.category),
        );
        self.stored(session, call, entry).await
    }

    async fn stored(&mut self, session: &mut ServerSession, call: &Call, entry: &Entry) -> Ending {
        let fresh = self.service.dialect.refresh(call, &entry.body);
        let body = fresh.unwrap_or_else(|| entry.body.clone());
        let marks = self.marks();
        respond::stored(session, entry.status, &entry.headers, body, &marks).await
    }

    /// Fetches for all that ask the same. The fetch is a task of its own: a client that reads slowly or leaves neither stalls nor ends it for the others.
    async fn lead(
        &mut self,
        session: &mut ServerSession,
        mut errand: Errand,
        fill: Fill,
    ) -> Ending {
        errand.home = fill.home();
        let again = errand.clone();
        let fetch = tokio::spawn(async move {
            let report = errand.run(None).await;
            let kept = store::settle(&errand, &report, fill);
            (report, kept)
        });
        match while_client_waits(session, fetch).await {
            Some(Ok((report, kept))) => {
                self.verdict(kept, again.plan.cache.map(|plan| plan.category));
                self.deliver(session, again, report).await
            }
            Some(Err(_)) => {
                self.refuse(
                    session,
                    Rejection::new(Reason::UpstreamBroken, "the fetch ended unexpectedly"),
                )
                .await
            }
            None => Ending::ClientGone,
        }
    }

    /// Fetches for this client alone; it ends when the client leaves.
    async fn fetch(
        &mut self,
        session: &mut ServerSession,
        errand: Errand,
        status: CacheStatus,
    ) -> Ending {
        self.verdict(status, None);
        match while_client_waits(session, errand.run(None)).await {
            Some(report) => self.deliver(session, errand, report).await,
            None => Ending::ClientGone,
        }
    }

    /// A read whose body is too long to be held: it streams on to one endpoint.
    async fn fetch_streaming(&mut self, session: &mut ServerSession, errand: Errand) -> Ending {
        self.verdict(
            CacheStatus::bypass(crate::cache::Reason::no_store("unread_body")),
            None,
        );
        let report = errand.run(Some(session)).await;
        self.deliver(session, errand, report).await
    }

    /// A write: its tags are raised before the first byte goes out, and again before the client sees the end of the answer.
    async fn write(&mut self, session: &mut ServerSession, mut errand: Errand) -> Ending {
        self.verdict(CacheStatus::bypass(crate::cache::words::NOT_A_READ), None);
        // Writes that stay at one endpoint spare the cache a change of home.
        errand.home = self.proxy.shared.cache.home(&errand.call.raises);
        let open = (!errand.call.raises.is_empty())
            .then(|| self.proxy.shared.cache.begin_write(&errand.call.raises));
        let upload = (!errand.body.is_whole()).then_some(&mut *session);
        let report = errand.run(upload).await;
        self.finish_write(session, errand, report, open).await
    }

    async fn finish_write(
        &mut self,
        session: &mut ServerSession,
        errand: Errand,
        report: Report,
        open: Option<OpenWrite>,
    ) -> Ending {
        let outcome = store::outcome(&errand, &report);
        let after = self.service.dialect.raises_after(&errand.call);
        if after != errand.call.raises {
            // A name came to stand for something else while the write was under way.
            self.proxy.shared.cache.begin_write(&after).settle(outcome);
        }
        if errand.call.effect == Effect::Schema {
            // What the dialect knows of names and procedures may be old now.
            self.service.pool.pulse().nudge();
        }
        let streaming =
            matches!(&report.ended, Ended::Answered(fetched) if !fetched.answered.is_whole());
        if streaming {
            // The database may commit at the end of its answer: the write stays open until then.
            let ending = self.deliver(session, errand, report).await;
            if let (Some(open), Ending::Complete) = (open, ending) {
                open.settle(outcome);
            }
            return ending;
        }
        if let Some(open) = open {
            open.settle(outcome);
        }
        self.deliver(session, errand, report).await
    }

    /// Gives the end of an errand to the client.
    async fn deliver(
        &mut self,
        session: &mut ServerSession,
        errand: Errand,
        report: Report,
    ) -> Ending {
        let attempts = report.attempts;
        self.seen.note(|seen| {
            attempts
                .into_iter()
                .for_each(|attempt| seen.route.attempt(attempt))
        });
        match report.ended {
            Ended::Answered(fetched) => self.answer(session, &errand, *fetched).await,
            Ended::AsWrite => Box::pin(self.resend_as_write(session, errand)).await,
            Ended::Refused(rejection) => self.refuse(session, rejection).await,
            Ended::ClientGone => Ending::ClientGone,
        }
    }

    /// The database refused, before any effect, what was taken for a read: it is learned as a write and sent as one.
    async fn resend_as_write(&mut self, session: &mut ServerSession, mut errand: Errand) -> Ending {
        let call = self.service.dialect.refused(
            &errand.call,
            &request(&errand.head, &errand.target, &errand.body),
        );
        self.seen.understood(&call);
        errand.call = Arc::new(call);
        self.write(session, errand).await
    }

    async fn answer(
        &mut self,
        session: &mut ServerSession,
        errand: &Errand,
        fetched: Fetched,
    ) -> Ending {
        if let Some(canonical) = errand
            .call
            .canonical
            .as_ref()
            .filter(|_| fetched.judgement.revoke)
        {
            self.proxy.shared.cache.revoke(canonical.credential);
        }
        let editor = self
            .service
            .dialect
            .editor(&errand.call, &fetched.endpoint.token);
        let Fetched {
            answered,
            permit,
            completion,
            ..
        } = fetched;
        let marks = self.marks();
        let Some(mut wire) = answered.rest else {
            let (head, body) = respond::edited(answered.head, answered.held, editor);
            return respond::whole(session, head, body, &marks).await;
        };
        let streaming = Streaming {
            head: answered.head,
            held: answered.held,
            wire: &mut wire,
            editor,
        };
        let ending = respond::streaming(session, streaming, &marks).await;
        if ending == Ending::Complete {
            self.proxy.upstream.release(wire).await;
        }
        if let Some(permit) = permit.filter(|_| ending != Ending::ClientGone) {
            attempt::end(
                permit,
                completion,
                ending == Ending::Cut,
                self.proxy.shared.clock.now(),
            );
        }
        ending
    }

    async fn refuse(&mut self, session: &mut ServerSession, rejection: Rejection) -> Ending {
        self.seen
            .note(|seen| seen.rejection = Some(rejection.reason));
        let marks = self.marks();
        respond::refusal(session, &*self.service.dialect, &rejection, &marks).await
    }

    fn verdict(&mut self, status: CacheStatus, category: Option<crate::plan::Category>) {
        self.seen.looked_up(store::note(&status, category));
        self.cache = Some(status);
    }

    fn marks(&self) -> Marks {
        Marks {
            request_id: self.request_id(),
            cache: self.cache.as_ref().map(ToString::to_string),
            explain: self.explain.then(|| {
                self.seen
                    .seen()
                    .map(|seen| seen.headline())
                    .unwrap_or_default()
            }),
        }
    }
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

/// Waits for something, unless the client leaves first. Only for requests whose body was read whole.
async fn while_client_waits<T>(
    session: &mut ServerSession,
    something: impl Future<Output = T>,
) -> Option<T> {
    tokio::select! {
        biased;
        done = something => Some(done),
        _ = session.read_body_or_idle(true) => None,
    }
}
