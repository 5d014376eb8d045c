//! How the end of an errand reaches the client, with what is noted of it on the way.

use super::attempt;
use super::errand::{CallReport, Ended, Errand, Fetched};
use super::flow::{Flow, request};
use super::pace::Pace;
use super::respond::{self, Client, Ending, Marks, Streaming};
use super::store;
use crate::balance::{Exclusion, NoRoute};
use crate::cache::CacheStatus;
use crate::observe::{Attempt, EndpointCounts, Excluded, Name};
use crate::rejection::Rejection;
use pingora_core::protocols::http::ServerSession;
use std::time::Duration;

impl Flow<'_> {
    /// Gives the end of an errand to the client.
    pub(super) async fn deliver(
        &mut self,
        session: &mut ServerSession,
        errand: Errand,
        report: CallReport,
    ) -> Ending {
        self.note_route(report.attempts, report.nowhere, report.routing);
        match report.ended {
            Ended::Answered(fetched) => self.answer(session, &errand, *fetched).await,
            Ended::AsWrite => Box::pin(self.resend_as_write(session, errand)).await,
            Ended::Refused(rejection) => self.refuse(session, rejection).await,
            Ended::ClientGone => Ending::ClientGone,
        }
    }

    async fn answer(
        &mut self,
        session: &mut ServerSession,
        errand: &Errand,
        fetched: Fetched,
    ) -> Ending {
        if fetched.judgement.revoke {
            self.revoke(errand);
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
        let client = self.client(session);
        let Some(mut wire) = answered.rest else {
            let (head, body) = respond::edited(answered.head, answered.held, editor);
            return client.whole(head, body).await;
        };
        let status = answered.head.status.as_u16();
        let fields = &answered.head.headers;
        let mut judge = self
            .service
            .dialect
            .stream_judge(&errand.call, status, fields);
        let streaming = Streaming {
            head: answered.head,
            held: answered.held,
            share: Some(answered.share),
            wire: &mut wire,
            editor,
            judge: judge.as_deref_mut().map(|judge| judge as _),
        };
        let ending = client.streaming(streaming).await;
        self.judged_at_end = judge.map(|judge| judge.end(ending == Ending::Complete));
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

    /// Notes the way to the answer: who was asked and how it went, and who could not be asked.
    fn note_route(&mut self, attempts: Vec<Attempt>, nowhere: Option<NoRoute>, routing: Duration) {
        let strategy = self.service.pool.strategy().word();
        let upstream = attempts.iter().map(|attempt| attempt.elapsed).sum();
        self.seen.note(|seen| {
            seen.route.strategy = strategy;
            seen.times.route = Some(seen.times.route.unwrap_or_default() + routing);
            seen.times.upstream = Some(seen.times.upstream.unwrap_or_default() + upstream);
            for attempt in attempts {
                seen.route.attempt(attempt);
            }
            if let Some(none) = nowhere {
                seen.route.counts = Some(counts(&none));
                seen.route.excluded(none.excluded.iter().map(excluded));
            }
        });
    }

    /// Refuses the request in the dialect's own shape.
    pub(super) async fn refuse(
        &mut self,
        session: &mut ServerSession,
        rejection: Rejection,
    ) -> Ending {
        self.seen
            .note(|seen| seen.rejection = Some(rejection.reason));
        let client = self.client(session);
        client.refusal(&*self.service.dialect, &rejection).await
    }

    /// Notes what the cache did.
    pub(super) fn verdict(&mut self, status: CacheStatus, category: Option<crate::plan::Category>) {
        self.seen.looked_up(store::note(&status, category));
        self.cache = Some(status);
    }

    /// The client, for the answer that is written next. While the process stops, the connection ends with it.
    pub(super) fn client<'s>(&mut self, session: &'s mut ServerSession) -> Client<'s> {
        if *self.stop.borrow() {
            session.set_keepalive(None);
        }
        let now = self.proxy.shared.clock.now();
        self.seen
            .note(|seen| seen.times.first_byte = Some(now.since(seen.start)));
        Client {
            session,
            marks: self.marks(),
            pace: Pace::of_answer(&self.snapshot.config.path),
        }
    }

    fn marks(&self) -> Marks {
        Marks {
            request_id: self.id.clone(),
            cache: self.cache.as_ref().map(ToString::to_string),
            explain: self.explain.then(|| {
                self.seen
                    .seen()
                    .map(|seen| seen.headline())
                    .unwrap_or_default()
            }),
        }
    }

    /// The database refused the credential: what is stored for it goes.
    fn revoke(&self, errand: &Errand) {
        let asked = request(&errand.head, &errand.target, &errand.body);
        let canonical = errand.call.canonical.as_ref();
        let credential = canonical
            .map(|canonical| canonical.credential)
            .or_else(|| self.service.dialect.credential(&asked));
        credential
            .into_iter()
            .for_each(|credential| self.proxy.shared.cache.revoke(credential));
    }
}

fn counts(none: &NoRoute) -> EndpointCounts {
    let count = |count| u32::try_from(count).unwrap_or(u32::MAX);
    EndpointCounts {
        capable: count(none.capable),
        with_capacity: count(none.with_capacity),
        online: count(none.online),
    }
}

fn excluded((endpoint, reason): &(String, Exclusion)) -> Excluded {
    Excluded {
        endpoint: Name::from(endpoint.as_str()),
        reason: reason.label(),
    }
}
