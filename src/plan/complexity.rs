//! Complexity: a score of seven terms, and the level that it reaches. The weights add up to 1.1 and
//! the score is not clipped.

use crate::dialect::{Features, QueryType};
use serde::Serialize;

/// How much work a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Complexity {
    Simple,
    Moderate,
    Complex,
    VeryComplex,
}

impl Complexity {
    /// Every level.
    pub const ALL: &'static [Self] = &[
        Complexity::Simple,
        Complexity::Moderate,
        Complexity::Complex,
        Complexity::VeryComplex,
    ];

    /// The name in metrics, logs and explanations.
    pub const fn label(self) -> &'static str {
        match self {
            Complexity::Simple => "simple",
            Complexity::Moderate => "moderate",
            Complexity::Complex => "complex",
            Complexity::VeryComplex => "very_complex",
        }
    }

    /// The level as a class, from 0.
    pub const fn class(self) -> u8 {
        self as u8
    }

    /// The level of a class.
    pub const fn of_class(class: u8) -> Self {
        match class {
            0 => Complexity::Simple,
            1 => Complexity::Moderate,
            2 => Complexity::Complex,
            _ => Complexity::VeryComplex,
        }
    }

    /// The level of a score.
    fn of(total: f64) -> Self {
        BOUNDS
            .iter()
            .find(|(bound, _)| total + ROUNDING < *bound)
            .map_or(Complexity::VeryComplex, |(_, level)| *level)
    }
}

/// A term of the score by name, in the order of the formula.
pub type Terms = [(&'static str, f64); 7];

/// The score, its terms and its level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Score {
    pub terms: Terms,
    /// The sum of the terms, 0..=1.1.
    pub total: f64,
    pub level: Complexity,
}

/// A level holds below its bound; the last one has none.
const BOUNDS: [(f64, Complexity); 3] = [
    (0.3, Complexity::Simple),
    (0.6, Complexity::Moderate),
    (0.8, Complexity::Complex),
];

/// Sums of tenths miss their decimal value by a few units in the last place. A score that misses
/// its bound by no more than this has reached it, in whatever order the terms were added.
const ROUNDING: f64 = 1e-9;

/// The terms of a request that was not scored.
pub(super) const UNSCORED: Terms = [
    ("words", 0.0),
    ("type", 0.0),
    ("filters", 0.0),
    ("depth", 0.0),
    ("entity_types", 0.0),
    ("relationship_types", 0.0),
    ("results", 0.0),
];

/// How much the type of a query contributes, 0..=1.
const fn type_factor(query_type: QueryType) -> f64 {
    match query_type {
        QueryType::SemanticSearch => 0.3,
        QueryType::EntityLookup => 0.2,
        QueryType::RelationshipExploration => 0.6,
        QueryType::ContextualSearch => 0.7,
        QueryType::MultiHopReasoning => 1.0,
        _ => 0.5,
    }
}

/// The score of a request.
pub(super) fn score(query_type: QueryType, features: &Features) -> Score {
    let limits = f64::from(features.vector_limit) + f64::from(features.graph_limit);
    let terms = [
        ("words", share(features.word_count.into(), 20.0) * 0.2),
        ("type", type_factor(query_type) * 0.3),
        ("filters", if features.has_filters { 0.1 } else { 0.0 }),
        ("depth", share(features.max_depth.into(), 5.0) * 0.2),
        (
            "entity_types",
            share(features.entity_types.into(), 10.0) * 0.1,
        ),
        (
            "relationship_types",
            share(features.relationship_types.into(), 10.0) * 0.1,
        ),
        ("results", share(limits, 100.0) * 0.1),
    ];
    let total = terms.iter().map(|(_, value)| value).sum();
    Score {
        terms,
        total,
        level: Complexity::of(total),
    }
}

/// `value` as a share of what counts as full, at most 1.
fn share(value: f64, full: f64) -> f64 {
    (value / full).min(1.0)
}

#[cfg(test)]
mod tests;
