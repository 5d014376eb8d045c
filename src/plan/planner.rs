//! The planner: the steps in their order. It cannot fail, and it changes nothing about a call.

use super::cache_policy::{CacheDecision, CachePolicy};
use super::complexity::{self, Score};
use super::{Complexity, ExecutionStrategy, MeasuredTimes, Plan, SystemLoad, cost, priority, time};
use crate::config;
use crate::dialect::Call;
use std::sync::Arc;

/// Makes plans. One per snapshot of the configuration; the measured times outlive it.
#[derive(Debug)]
pub struct Planner {
    enabled: bool,
    cache: CachePolicy,
    premium_prefix: String,
    times: Arc<MeasuredTimes>,
}

impl Planner {
    /// A planner as configured, which reads `times`.
    pub fn new(
        planner: &config::Planner,
        cache: &config::Cache,
        times: Arc<MeasuredTimes>,
    ) -> Self {
        Self {
            enabled: planner.enabled,
            cache: CachePolicy::new(cache),
            premium_prefix: planner.premium_prefix.clone(),
            times,
        }
    }

    /// Plans a call whose strategy is its service's ([`ExecutionStrategy::of_store`]).
    pub fn plan(
        &self,
        call: &Call,
        execution: ExecutionStrategy,
        load: &SystemLoad,
        user: Option<&str>,
    ) -> Plan {
        let plan = if self.enabled {
            self.estimate(call, execution, load, user)
        } else {
            Plan::plain(call.query_type, execution)
        };
        let cache = self.cache_decision(call, &plan).ok();
        Plan {
            cache: cache.map(|decision| decision.plan),
            ..plan
        }
    }

    /// How the response to a planned call is stored, and by which rule; the error says why it is not.
    pub fn cache_decision(&self, call: &Call, plan: &Plan) -> Result<CacheDecision, &'static str> {
        if self.enabled {
            self.cache.decide(call, plan.execution, plan.complexity)
        } else {
            self.cache.decide_unplanned(call)
        }
    }

    /// All that follows from the class, the features and the load.
    fn estimate(
        &self,
        call: &Call,
        execution: ExecutionStrategy,
        load: &SystemLoad,
        user: Option<&str>,
    ) -> Plan {
        let Score {
            terms,
            total,
            level,
        } = complexity::score(call.query_type, &call.features);
        let measured = self.times.mean_time(call.query_type, execution);
        Plan {
            query_type: call.query_type,
            execution,
            complexity: level,
            score: total,
            terms,
            cost: cost::estimate(level, execution, call.features.final_limit),
            time: time::estimate(level, measured, load.cpu),
            cache: None,
            priority: self.priority(user, level),
        }
    }

    fn priority(&self, user: Option<&str>, level: Complexity) -> u8 {
        priority::of(user, &self.premium_prefix, level)
    }
}

#[cfg(test)]
mod tests;
