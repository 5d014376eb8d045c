//! A query of the retrieval endpoint (PL-01): asked in words, answered from either store or both.
//! And its plan, which names what was asked, what was chosen, and what had to be cut.

use super::features::{self, TextCounts};
use super::{ExecutionStrategy, Id, Plan};
use crate::dialect::{Features, QueryType};
use serde::Serialize;

/// Hops that are followed when the query does not say.
const DEFAULT_DEPTH: u32 = 2;

/// Results of each store, and in all, when the query does not say.
const DEFAULT_LIMIT: u32 = 10;

/// A query. Built with [`Query::new`] and the fields that it sets.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Query {
    pub text: String,
    pub query_type: QueryType,
    /// `Adaptive` leaves the choice to the planner.
    pub strategy: ExecutionStrategy,
    #[serde(skip)]
    pub vector: Option<Vec<f32>>,
    /// Conditions on the vector search, as the vector store reads them.
    #[serde(skip)]
    pub filters: Option<String>,
    pub entity_types: Vec<String>,
    pub relationship_types: Vec<String>,
    pub max_depth: u32,
    pub vector_limit: u32,
    pub graph_limit: u32,
    pub final_limit: u32,
    pub user: Option<String>,
}

impl Query {
    /// A query with defaults: adaptive, two hops, ten results, no vector, no filters.
    pub fn new(text: impl Into<String>, query_type: QueryType) -> Self {
        Self {
            text: text.into(),
            query_type,
            strategy: ExecutionStrategy::Adaptive,
            vector: None,
            filters: None,
            entity_types: Vec::new(),
            relationship_types: Vec::new(),
            max_depth: DEFAULT_DEPTH,
            vector_limit: DEFAULT_LIMIT,
            graph_limit: DEFAULT_LIMIT,
            final_limit: DEFAULT_LIMIT,
            user: None,
        }
    }

    /// The counts of its text (PL-12).
    pub fn counts(&self) -> TextCounts {
        features::counts(&self.text)
    }

    /// The features that the formulas work with (PL-11).
    pub fn features(&self, counts: &TextCounts) -> Features {
        Features {
            text_length: counts.length,
            word_count: counts.words,
            has_vector: self.vector.is_some(),
            has_filters: self.filters.is_some(),
            entity_types: features::small(self.entity_types.len()),
            relationship_types: features::small(self.relationship_types.len()),
            max_depth: self.max_depth,
            vector_limit: self.vector_limit,
            graph_limit: self.graph_limit,
            final_limit: self.final_limit,
            members: 1,
        }
    }
}

/// The plan of a query (PL-04).
#[derive(Debug, Clone, Serialize)]
pub struct QueryPlan {
    pub id: Id,
    /// As it will be run: limits are lower than asked when `reduced` says so.
    pub query: Query,
    /// The line of PL-17 that chose the strategy.
    pub branch: &'static str,
    pub plan: Plan,
    /// The strategy that did not fit the load, when another took its place (PL-25).
    pub instead_of: Option<ExecutionStrategy>,
    /// No strategy fitted the load, so that limits were cut (PL-26).
    pub reduced: bool,
}

impl QueryPlan {
    /// A plan as it was made, not adjusted to the load yet.
    pub(super) fn new(id: Id, query: Query, branch: &'static str, plan: Plan) -> Self {
        Self {
            id,
            query,
            branch,
            plan,
            instead_of: None,
            reduced: false,
        }
    }
}
