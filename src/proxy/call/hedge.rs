//! A first attempt, and a hedge beside it: where no response has come after the time within which nearly all reads of the
//! shape end, another endpoint is asked as well. The first good response counts, and the other attempt is cancelled at once.
//! Which calls may have one is decided in `retry.rs`; after which time, and at which endpoint, in the crate `balancing`.

use super::attempt::{Attempt, AttemptEnd};
use super::caller::Caller;
use super::outbound::Outbound;
use super::progress::Progress;
use super::requester::{self, Requester};
use super::sent_attempt::{Hang, SentAttempt};
use crate::balance::{NoHedge, Route, RouteRequest};
use crate::dialect::Placement;
use crate::endpoint::Endpoint;
use crate::observe::{HedgeCount, HedgeResult};
use balancing::{HedgeStages, RouteReason, Slowness};
use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// How long it takes until another endpoint is looked for again, for a read whose first endpoint hangs.
const AGAIN: Duration = Duration::from_millis(250);

/// What both attempts are made of.
#[derive(Clone, Copy)]
struct Race<'a> {
    caller: &'a Caller,
    outbound: &'a Outbound,
    deadline: Instant,
}

/// What is under way. An attempt that ends leaves its place empty.
#[derive(Default)]
struct UnderWay {
    first: Option<SentAttempt>,
    second: Option<SentAttempt>,
    /// Counts the second one, once it was made.
    count: Option<HedgeCount>,
    /// The second one was made because the first endpoint hangs.
    hang: Option<Hang>,
}

/// Makes an attempt, and a second one beside it where the first takes long. One that ends without a good response while the
/// other goes on is noted in `progress`.
pub async fn attempt(
    caller: &Caller,
    outbound: &Outbound,
    progress: &mut Progress<'_>,
    route: Route,
    requester: &mut Option<&mut dyn Requester>,
) -> AttemptEnd {
    let race = Race {
        caller,
        outbound,
        deadline: progress.deadline,
    };
    let mut under_way = UnderWay::default();
    let (end, result) = race.run(progress, route, requester, &mut under_way).await;
    under_way.overtaken(result);
    end
}

impl Race<'_> {
    /// The end that counts, and how the second attempt went. What is still under way then is dropped.
    async fn run(
        self,
        progress: &mut Progress<'_>,
        route: Route,
        requester: &mut Option<&mut dyn Requester>,
        under_way: &mut UnderWay,
    ) -> (AttemptEnd, HedgeResult) {
        let tried = [Arc::clone(&route.endpoint)];
        let mut nobody = None;
        let (end, second) = {
            let mut first = pin!(self.make(route, &mut under_way.first, requester));
            let route = tokio::select! {
                biased;
                end = &mut first => return (end, HedgeResult::Abandoned),
                (route, slowness) = self.due(progress.stages(), &tried) => {
                    under_way.hang = match (slowness, route.reason) {
                        (_, RouteReason::Silent) => Some(Hang::Silence),
                        (Slowness::Hanging, _) => Some(Hang::OfOneRead),
                        _ => None,
                    };
                    route
                }
            };
            let (observer, service) = (&self.caller.shared.observer, &self.outbound.service.label);
            under_way.count = Some(HedgeCount::sent(observer, service));
            let mut second = Box::pin(self.make(route, &mut under_way.second, &mut nobody));
            tokio::select! {
                biased;
                end = &mut first => (end, second),
                end = &mut second => {
                    if progress.is_final(&end) {
                        return (end, HedgeResult::Won);
                    }
                    progress.superseded(end);
                    return (first.await, HedgeResult::Failed);
                }
            }
        };
        if progress.is_final(&end) {
            let result = match end {
                AttemptEnd::RequesterGone => HedgeResult::Abandoned,
                _ => HedgeResult::Lost,
            };
            return (end, result);
        }
        progress.superseded(end);
        tokio::select! {
            biased;
            end = second => {
                let won = progress.is_final(&end);
                (end, if won { HedgeResult::Won } else { HedgeResult::Failed })
            }
            () = requester::gone(requester) => (AttemptEnd::RequesterGone, HedgeResult::Abandoned),
        }
    }

    /// Sends the call once. It stands in `place` until its end is told.
    async fn make(
        self,
        route: Route,
        place: &mut Option<SentAttempt>,
        requester: &mut Option<&mut dyn Requester>,
    ) -> AttemptEnd {
        Attempt::make(
            self.caller,
            self.outbound,
            self.deadline,
            route,
            place,
            requester,
        )
        .await
    }

    /// Waits until the first attempt is so slow that a second one is made; gives its route.
    async fn due(self, stages: Option<HedgeStages>, tried: &[Arc<Endpoint>]) -> (Route, Slowness) {
        let begun = Instant::now();
        let mut is_told = false;
        for (after, slowness) in stages.into_iter().flat_map(|stages| self.looks(stages)) {
            sleep_until(begun + after).await;
            match self.route(tried, after, slowness) {
                Ok(route) => return (route, slowness),
                Err(none) if slowness == Slowness::VerySlow && !is_told => {
                    is_told = true;
                    let metrics = self.caller.shared.observer.metrics();
                    metrics.hedge(&self.outbound.service.label, none.label());
                }
                Err(_) => {}
            }
        }
        pending().await
    }

    /// When an endpoint is looked for: at each stage, and now and then while the first one hangs. A read of what was just written
    /// is sent elsewhere only then.
    fn looks(self, stages: HedgeStages) -> impl Iterator<Item = (Duration, Slowness)> {
        let [.., (hangs, slowness)] = stages;
        let again = (1..).map(move |times| (hangs + AGAIN * times, slowness));
        let after_write = self.outbound.is_after_write();
        let may = move |(_, slowness): &_| !after_write || *slowness == Slowness::Hanging;
        stages.into_iter().chain(again).filter(may)
    }

    /// Chooses the endpoint of a second attempt and takes it from its budget.
    fn route(
        self,
        tried: &[Arc<Endpoint>],
        waited: Duration,
        slowness: Slowness,
    ) -> Result<Route, NoHedge> {
        let (shared, pool) = (&self.caller.shared, &self.outbound.service.pool);
        let now = shared.clock.now();
        let rules = self.outbound.arrival().rules();
        let request = RouteRequest {
            rules: rules.as_ref(),
            plan: &self.outbound.plan,
            shape: self.outbound.call.shape,
            facts: self.outbound.call.facts(),
            placement: &Placement::Any,
            key: "",
            excluded: tried,
            home: self.outbound.preferred(),
            affinity: None,
            ahead: 0.0,
            arrived: now,
            now,
            explain: self.outbound.explain,
            may_wait: false,
        };
        let mut random = shared.random_source.random();
        pool.choose_hedge(&request, waited, slowness, &mut random, || {
            pool.extra().second(slowness, now)
        })
    }
}

impl UnderWay {
    /// The race is over: what is still under way was overtaken, unless the requester left.
    fn overtaken(self, result: HedgeResult) {
        let Some(count) = self.count else { return };
        count.end(result);
        if result == HedgeResult::Abandoned {
            return;
        }
        if let Some(second) = self.second {
            second.outpaced();
        }
        if let Some(first) = self.first {
            match self.hang {
                Some(hang) => first.hung(hang),
                None => first.outpaced(),
            }
        }
    }
}
