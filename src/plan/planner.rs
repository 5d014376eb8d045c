//! The planner: the steps in their order (PL-09). It cannot fail: where an estimate cannot be made,
//! the request gets the plain plan (PL-27) and the failure is counted.

use super::adjust::adjust;
use super::cache_policy::{CachePolicy, Keeping, Kept};
use super::complexity::{self, Score};
use super::feasibility::Limits;
use super::{
    Complexity, ExecutionStrategy, History, Id, Needs, Plan, Query, QueryPlan, SystemLoad,
};
use super::{batch, cost, execution, fallbacks, needs, priority, time};
use crate::config;
use crate::dialect::{Call, Effect, Features, QueryType};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Above this share of the processor, nothing runs side by side (PL-21).
const CROWDED_CPU: f64 = 0.8;

/// Makes plans. One per snapshot of the configuration; the history outlives it.
#[derive(Debug)]
pub struct Planner {
    enabled: bool,
    limits: Limits,
    cache: CachePolicy,
    premium_prefix: String,
    history: Arc<History>,
    failures: AtomicU64,
}

/// A request in the form that all steps share.
struct Subject<'a> {
    query_type: QueryType,
    execution: ExecutionStrategy,
    features: &'a Features,
    user: Option<&'a str>,
}

impl Planner {
    /// A planner as configured, which reads what `history` has learned.
    pub fn new(planner: &config::Planner, cache: &config::Cache, history: Arc<History>) -> Self {
        history.set_limit(planner.history);
        Self {
            enabled: planner.enabled,
            limits: Limits::new(planner),
            cache: CachePolicy::new(cache),
            premium_prefix: planner.premium_prefix.clone(),
            history,
            failures: AtomicU64::new(0),
        }
    }

    /// Plans a transparent call. Its strategy is its service's ([`ExecutionStrategy::of_dialect`]) and is
    /// never changed: the plan has no fallbacks, and `feasible` only says whether it fits the load.
    pub fn plan(
        &self,
        call: &Call,
        execution: ExecutionStrategy,
        load: &SystemLoad,
        user: Option<&str>,
    ) -> Plan {
        let subject = Subject {
            query_type: call.query_type,
            execution,
            features: &call.features,
            user,
        };
        let estimate = self.estimate(&subject, load);
        let failed = self.enabled && estimate.is_none();
        let plan = estimate.unwrap_or_else(|| plain(call.query_type, execution));
        let keeping = self.keeping(call, &plan).ok().filter(|_| !failed);
        Plan {
            cache: keeping.map(|keeping| keeping.plan),
            batching: is_search(call) && batch::is_small_search(&plan),
            ..plan
        }
    }

    /// Plans a query of the retrieval endpoint: chooses its strategy, and adjusts the plan to the load.
    pub fn plan_query(&self, id: Id, query: Query, load: &SystemLoad) -> QueryPlan {
        let counts = query.counts();
        let choice = execution::choose(&query, &counts, load);
        let features = query.features(&counts);
        let planned = match self.estimate_query(&query, &features, choice.execution, load) {
            Some(plan) => QueryPlan::new(id, query, choice.branch, plan),
            None => {
                let plan = plain(query.query_type, ExecutionStrategy::HybridParallel);
                QueryPlan::new(id, query, "plain", plan)
            }
        };
        adjust(planned, &self.limits, load)
    }

    /// Plans a batch of queries and puts it in the order in which its members should run.
    pub fn plan_batch(&self, queries: Vec<(Id, Query)>, load: &SystemLoad) -> Vec<QueryPlan> {
        let mut batch: Vec<QueryPlan> = queries
            .into_iter()
            .map(|(id, query)| self.plan_query(id, query, load))
            .collect();
        batch::apply_rules(&mut batch);
        batch::order(&mut batch);
        batch
    }

    /// How the answer to a planned call is kept, and by which rule; the error names why it is not.
    pub fn keeping(&self, call: &Call, plan: &Plan) -> Result<Keeping, &'static str> {
        if self.enabled {
            self.cache.of_call(call, &kept(plan, call.features.members))
        } else {
            self.cache.plain(call)
        }
    }

    /// Requests that got the plain plan because no estimate could be made.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// What was learned so far.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The plan of a query as if nothing else ran. `None`: the plain plan, by configuration or by failure.
    fn estimate_query(
        &self,
        query: &Query,
        features: &Features,
        execution: ExecutionStrategy,
        load: &SystemLoad,
    ) -> Option<Plan> {
        let subject = Subject {
            query_type: query.query_type,
            execution,
            features,
            user: query.user.as_deref(),
        };
        let plan = self.estimate(&subject, load)?;
        let cache = self.cache.of(&kept(&plan, features.members));
        Some(Plan {
            batching: batch::is_small_search(&plan),
            fallbacks: fallbacks::of(execution, query.query_type, features.has_vector),
            cache: self.cache.is_on().then_some(cache.plan),
            ..plan
        })
    }

    /// All that follows from the class, the features and the load. `None`: the plain plan, because
    /// the planner is off or, counted as a failure, because an estimate is no number.
    fn estimate(&self, subject: &Subject<'_>, load: &SystemLoad) -> Option<Plan> {
        if !self.enabled {
            return None;
        }
        let plan = self.estimated(subject, load);
        if plan.is_none() {
            self.failures.fetch_add(1, Ordering::Relaxed);
        }
        plan
    }

    fn estimated(&self, subject: &Subject<'_>, load: &SystemLoad) -> Option<Plan> {
        let Score {
            terms,
            total,
            level,
        } = complexity::score(subject.query_type, subject.features);
        let measured = self
            .history
            .mean_time(subject.query_type, subject.execution);
        let needs = needs::of(level, subject.execution);
        Some(Plan {
            query_type: subject.query_type,
            execution: subject.execution,
            complexity: level,
            score: total,
            terms,
            cost: cost::estimate(level, subject.execution, subject.features.final_limit),
            time: time::estimate(level, measured, load)?,
            needs,
            cache: None,
            batching: false,
            parallel: !load.cpu_above(CROWDED_CPU),
            priority: priority::of(subject.user, &self.premium_prefix, level),
            fallbacks: Vec::new(),
            feasible: self.limits.allow(&needs, subject.execution, load),
        })
    }
}

/// Whether a call is a search that a batch call could carry.
fn is_search(call: &Call) -> bool {
    call.effect == Effect::Read
        && matches!(
            call.query_type,
            QueryType::SemanticSearch | QueryType::ContextualSearch
        )
}

fn kept(plan: &Plan, members: u32) -> Kept {
    Kept {
        query_type: plan.query_type,
        execution: plan.execution,
        complexity: plan.complexity,
        members,
    }
}

/// The plan of a request of no class, for questions about endpoints beside any request.
pub fn unclassified() -> Plan {
    plain(QueryType::Unknown, ExecutionStrategy::Adaptive)
}

/// The plan of a request that is not planned (PL-27): moderate, cost 1, one second, not kept.
fn plain(query_type: QueryType, execution: ExecutionStrategy) -> Plan {
    Plan {
        query_type,
        execution,
        complexity: Complexity::Moderate,
        score: 0.0,
        terms: complexity::UNSCORED,
        cost: 1.0,
        time: Duration::from_secs(1),
        needs: Needs::default(),
        cache: None,
        batching: false,
        parallel: true,
        priority: 5,
        fallbacks: Vec::new(),
        feasible: true,
    }
}

#[cfg(test)]
mod tests;
