//! The explanation of one request, as one line of JSON.

use crate::dialect::canonical::Builder;
use crate::dialect::{
    Acknowledgement, Call, Effect, Features, Fence, Placement, QueryType, Storability, Tag, Target,
};
use crate::plan::{CacheDecision, Category, Complexity, ExecutionStrategy, Plan, Terms};
use serde::{Serialize, Serializer};
use std::time::Duration;

/// What would be made of a request. Times in seconds, cost in units.
#[derive(Serialize)]
pub(super) struct Explanation {
    operation: &'static str,
    effect: Effect,
    target: Target,
    tags: Tags,
    #[serde(rename = "type")]
    query_type: QueryType,
    features: Features,
    complexity: Level,
    cost: f64,
    time: f64,
    execution: ExecutionStrategy,
    priority: u8,
    cache: CacheExplanation,
    placement: Placement,
    fence: Fence,
    acknowledgement: Acknowledgement,
    /// 16 hexadecimal digits.
    shape: String,
    reason: &'static str,
}

#[derive(Serialize)]
struct Tags {
    reads: Vec<Tag>,
    invalidates: Vec<Tag>,
}

#[derive(Serialize)]
struct Level {
    level: Complexity,
    #[serde(serialize_with = "readable")]
    score: f64,
    #[serde(serialize_with = "by_name")]
    terms: Terms,
}

#[derive(Serialize)]
struct CacheExplanation {
    /// `store`, `short` or `never`.
    policy: &'static str,
    category: Option<Category>,
    ttl: Option<f64>,
    /// The rule that set the time, or why nothing is stored.
    reason: &'static str,
    /// A credential came with the request: its entries live no longer than this, since a hit skips authentication.
    #[serde(skip_serializing_if = "Option::is_none")]
    at_most: Option<f64>,
}

/// A line that could not be explained.
#[derive(Serialize)]
pub(super) struct ExplainFailure {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    pub error: String,
}

impl Explanation {
    pub(super) fn new(
        call: Call,
        plan: Plan,
        decision: Result<CacheDecision, &'static str>,
        credential_ttl: Duration,
    ) -> Self {
        let cache = CacheExplanation::new(&call, decision, credential_ttl);
        Self {
            operation: call.operation,
            effect: call.effect,
            target: call.target,
            tags: Tags {
                reads: call.reads,
                invalidates: call.invalidates,
            },
            query_type: plan.query_type,
            features: call.features,
            complexity: Level {
                level: plan.complexity,
                score: plan.score,
                terms: plan.terms,
            },
            cost: plan.cost,
            time: plan.time.as_secs_f64(),
            execution: plan.execution,
            priority: plan.priority,
            cache,
            placement: call.placement,
            fence: call.fence,
            acknowledgement: call.acknowledgement,
            shape: format!("{:016x}", call.shape),
            reason: call.reason,
        }
    }
}

impl CacheExplanation {
    fn new(
        call: &Call,
        decision: Result<CacheDecision, &'static str>,
        credential_ttl: Duration,
    ) -> Self {
        match decision {
            Ok(CacheDecision { plan, rule }) => Self {
                policy: if call.storability == Storability::Short {
                    "short"
                } else {
                    "store"
                },
                category: Some(plan.category),
                ttl: Some(plan.ttl.as_secs_f64()),
                reason: rule,
                at_most: has_credential(call).then(|| credential_ttl.min(plan.ttl).as_secs_f64()),
            },
            Err(reason) => Self {
                policy: "never",
                category: None,
                ttl: None,
                reason,
                at_most: None,
            },
        }
    }
}

/// Whether the request carried a credential: its digest is another one than that of no credential.
fn has_credential(call: &Call) -> bool {
    let anonymous = Builder::new("").credentials();
    call.canonical
        .as_ref()
        .is_some_and(|canonical| canonical.credential != anonymous)
}

fn by_name<S: Serializer>(terms: &Terms, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(terms.map(|(name, value)| (name, rounded(value))))
}

fn readable<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(rounded(*value))
}

/// To a millionth: sums of tenths are no long tails to a reader.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}
