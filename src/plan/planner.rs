//! The planner: the steps in their order. It cannot fail, and it changes nothing about a call.

use super::cache_policy::{CacheDecision, CachePolicy};
use super::complexity::{self, Score};
use super::feasibility::ResourceLimits;
use super::{
    Complexity, ExecutionStrategy, Needs, Plan, PlanHistory, PlanKey, SystemLoad, cost, priority,
    time,
};
use crate::config;
use crate::dialect::Call;

/// Makes plans. One per snapshot of the configuration.
#[derive(Debug)]
pub struct Planner {
    enabled: bool,
    cache: CachePolicy,
    premium_prefix: String,
    limits: ResourceLimits,
}

/// What a plan depends on beside its call.
#[derive(Debug, Clone, Copy)]
pub struct PlanContext<'a> {
    /// The strategy of the service ([`ExecutionStrategy::of_store`]).
    pub execution: ExecutionStrategy,
    /// What became of the plans of the service.
    pub history: &'a PlanHistory,
    pub load: &'a SystemLoad,
    /// The load of the service's endpoints, 0..=1.
    pub database: Option<f64>,
    pub user: Option<&'a str>,
}

impl Planner {
    /// A planner as configured.
    pub fn new(planner: &config::Planner, cache: &config::Cache) -> Self {
        Self {
            enabled: planner.enabled,
            cache: CachePolicy::new(cache),
            premium_prefix: planner.premium_prefix.clone(),
            limits: ResourceLimits::new(planner),
        }
    }

    /// Plans a call.
    pub fn plan(&self, call: &Call, context: PlanContext<'_>) -> Plan {
        let plan = if self.enabled {
            self.estimate(call, context)
        } else {
            Plan::plain(call.query_type, context.execution)
        };
        let cache = self.cache_decision(call, &plan).ok();
        Plan {
            cache: cache.map(|decision| match context.load.wants_cache {
                true => decision.longer(call).plan,
                false => decision.plan,
            }),
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
    fn estimate(&self, call: &Call, context: PlanContext<'_>) -> Plan {
        let PlanContext {
            execution,
            history,
            load,
            database,
            user,
        } = context;
        let Score {
            terms,
            total,
            level,
        } = complexity::score(call.query_type, &call.features);
        let similar = history.similar(PlanKey {
            query_type: call.query_type,
            execution,
        });
        let of_type = Some(similar.mean).filter(|mean| *mean > 0.0);
        let measured = history.shape_time(call.shape).or(of_type);
        let needs = Needs::of(level, execution);
        let short_of = self.limits.short_of(&needs, load, database);
        let own_priority = self.priority(user, level);
        let priority = match short_of {
            Some(_) if self.fits_a_simple_one(context) => priority::lowered(own_priority),
            _ => own_priority,
        };
        Plan {
            query_type: call.query_type,
            execution,
            complexity: level,
            score: total,
            terms,
            cost: cost::estimate(level, execution, call.features.final_limit),
            time: time::estimate(level, measured, load.cpu),
            cache: None,
            priority,
            lowered_by: own_priority - priority,
            similar_queries_count: similar.count,
            avg_historical_performance: similar.mean,
            resource_requirements: needs,
            short_of,
        }
    }

    /// What any plan of this user's requests has at best: the highest priority, and next to no cost.
    pub fn best(&self, user: Option<&str>) -> Plan {
        let priority = match self.enabled {
            true => self.priority(user, Complexity::Simple),
            false => priority::USUAL,
        };
        Plan {
            priority,
            cost: f64::MIN_POSITIVE,
            ..Plan::unclassified()
        }
    }

    /// Where not even a simple request fits, all are alike: a lower priority would only put those of a busy second behind those
    /// that come after it.
    fn fits_a_simple_one(&self, context: PlanContext<'_>) -> bool {
        let least = Needs::of(Complexity::Simple, context.execution);
        let short_of = self.limits.short_of(&least, context.load, context.database);
        short_of.is_none()
    }

    fn priority(&self, user: Option<&str>, level: Complexity) -> u8 {
        priority::of(user, &self.premium_prefix, level)
    }
}

#[cfg(test)]
mod tests;
