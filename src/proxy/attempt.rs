//! One attempt of an errand: choose an endpoint, send the request as the dialect wants it, hold the
//! answer as far as it must be known, judge it, and tell the endpoint's state how it went.

use super::broken::Broken;
use super::errand::{Errand, Fetched};
use super::exchange::{self, Answered, Failure, Hold, Parcel};
use super::flow::request;
use super::outgoing;
use super::pace::Pace;
use crate::balance::{NoRoute, Route, RouteRequest};
use crate::dialect::{Body, Executed, Fault, Judgement, Placement, Response};
use crate::endpoint::{Completion, Endpoint, Permit};
use crate::observe::{self, Name};
use crate::plan::Complexity;
use crate::retry::Stage;
use pingora_core::protocols::http::ServerSession;
use std::sync::Arc;
use std::time::Duration;

/// Where an attempt may go.
#[derive(Clone, Copy)]
pub struct Way<'a> {
    pub placement: &'a Placement,
    pub excluded: &'a [Arc<Endpoint>],
}

/// One attempt's end.
pub enum Tried {
    Answered(Box<Fetched>, observe::Attempt),
    Broken(Broken, Arc<Endpoint>, observe::Attempt),
    ClientGone,
    /// The request cannot be written.
    Unsendable,
}

impl Errand {
    /// Tries the endpoint of a route.
    pub async fn attempt(&self, route: Route, upload: Option<&mut ServerSession>) -> Tried {
        let Some(parcel) = self.parcel(&route) else {
            return Tried::Unsendable;
        };
        let name = Name::from(Arc::clone(&route.endpoint.name));
        self.shared.observer.sent_to(self.ticket, name);
        let started = self.shared.clock.now();
        let answered = self.exchange(&route, parcel, upload).await;
        let elapsed = self.shared.clock.now().since(started);
        match answered {
            Ok(answered) => self.judged(route, answered, elapsed),
            Err(Failure::Upstream(broken)) => self.broke(route, broken, elapsed),
            Err(Failure::Client) => Tried::ClientGone,
        }
    }

    /// Chooses an endpoint.
    pub fn route(&self, way: Way<'_>) -> Result<Route, NoRoute> {
        let home = self.home.and_then(|home| self.service.token_of(home));
        let ask = RouteRequest {
            plan: &self.plan,
            placement: way.placement,
            key: self.local_key(),
            excluded: way.excluded,
            home,
            now: self.shared.clock.now(),
            explain: self.explain,
        };
        let route = self
            .service
            .pool
            .choose(&ask, &mut self.shared.random_source.random())?;
        if let Some(home) = self
            .home
            .filter(|home| self.service.cache_id(&route.endpoint) != *home)
            && !self.service.serves(home, ask.now)
        {
            self.shared.cache.forget_home(home);
        }
        Ok(route)
    }

    /// What a node-local call belongs to: its target.
    fn local_key(&self) -> &str {
        use crate::dialect::Target;
        match &self.call.target {
            Target::Service => "",
            Target::Collection(name) | Target::Database(name) => name,
        }
    }

    fn parcel(&self, route: &Route) -> Option<Parcel> {
        let after_write = self.home.is_some();
        let asked = request(&self.head, &self.target, &self.body);
        let changes = self
            .service
            .dialect
            .outgoing(&self.call, &asked, after_write);
        let authority = &route.endpoint.authority;
        outgoing::build(&self.head, &self.body, changes, authority).ok()
    }

    async fn exchange(
        &self,
        route: &Route,
        parcel: Parcel,
        upload: Option<&mut ServerSession>,
    ) -> Result<Answered, Failure> {
        let limits = self.limits();
        let wire = self
            .upstream
            .open(route.address, route.endpoint.state.generation, &limits)
            .await?;
        let hold = self.hold();
        match upload {
            None => Ok(exchange::ask(&self.upstream, wire, parcel, hold).await?),
            Some(session) => {
                let pace = Pace::of_upload(&self.snapshot.config.path);
                exchange::ask_streaming(&self.upstream, wire, parcel, session, pace, hold).await
            }
        }
    }

    /// How much of the answer is held: what the dialect can judge, as far as the limit allows.
    fn hold(&self) -> Hold {
        let holds = self.service.dialect.buffers_response(&self.call);
        Hold {
            limit: if holds {
                self.snapshot.config.path.hold_limit.bytes()
            } else {
                0
            },
            span: self.limits().read,
            share: self.shared.bodies.share(),
        }
    }

    fn judged(&self, route: Route, answered: Answered, elapsed: Duration) -> Tried {
        let judgement = self.service.dialect.judge(
            &self.call,
            &Response {
                status: answered.head.status.as_u16(),
                headers: &answered.head.headers,
                body: if answered.is_whole() {
                    Body::Whole(&answered.held)
                } else {
                    Body::Prefix(&answered.held)
                },
            },
        );
        let status = Some(answered.head.status.as_u16());
        let attempt = note(&route, status, judgement.fault, judgement.code, elapsed);
        let whole = answered.is_whole();
        let Route {
            endpoint, permit, ..
        } = route;
        let mut fetched = Fetched {
            held: endpoint.held(self.shared.clock.now()),
            completion: self.completion(&judgement, elapsed),
            answered,
            judgement,
            cache_id: self.service.cache_id(&endpoint),
            endpoint,
            permit: None,
        };
        match whole {
            true => permit.complete(&fetched.completion),
            false => fetched.permit = Some(permit),
        }
        Tried::Answered(Box::new(fetched), attempt)
    }

    fn broke(&self, route: Route, broken: Broken, elapsed: Duration) -> Tried {
        let stale = broken.is_stale();
        let fault = if stale { Fault::None } else { Fault::Endpoint };
        let attempt = note(&route, None, fault, broken.kind, elapsed);
        let Route {
            endpoint, permit, ..
        } = route;
        if !stale {
            let judgement = Judgement::failure(fault, Executed::Unknown, broken.kind);
            permit.complete(&Completion {
                timed_out: broken.timeout && broken.stage != Stage::Connect,
                ..self.completion(&judgement, elapsed)
            });
        }
        Tried::Broken(broken, endpoint, attempt)
    }

    fn completion(&self, judgement: &Judgement, elapsed: Duration) -> Completion {
        Completion {
            fault: judgement.fault,
            elapsed,
            complexity: self.complexity(),
            shape: self.call.shape,
            needs_two_shapes: judgement.needs_two_shapes,
            timed_out: false,
            now: self.shared.clock.now(),
        }
    }

    fn complexity(&self) -> Complexity {
        self.plan.complexity
    }
}

/// Ends the exchange of an answer that streamed, cut or whole.
pub fn end(permit: Permit, mut completion: Completion, cut: bool, now: crate::clock::Moment) {
    if cut {
        completion.fault = Fault::Endpoint;
    }
    completion.now = now;
    permit.complete(&completion);
}

fn note(
    route: &Route,
    status: Option<u16>,
    fault: Fault,
    code: &'static str,
    elapsed: Duration,
) -> observe::Attempt {
    observe::Attempt {
        endpoint: Name::from(Arc::clone(&route.endpoint.name)),
        reason: route.reason.label(),
        score: (route.score != 0.0).then_some(route.score),
        scores: route
            .scores
            .iter()
            .map(|scored| (Name::from(&*scored.endpoint), scored.score))
            .collect(),
        status,
        fault,
        code,
        elapsed,
    }
}
