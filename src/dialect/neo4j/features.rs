//! Type and counts of a request for the planner, summed over its statements.

use crate::dialect::{Effect, Features, QueryType};
use cypher_reader::QueryReport;
use std::borrow::Cow;

/// The counts of a request.
pub fn features(statements: &[Cow<'_, str>], reports: &[&QueryReport]) -> Features {
    let text = |count: fn(&str) -> usize| statements.iter().map(|text| count(text)).sum();
    let each = reports.iter().map(|report| &report.features);
    let limit = each.clone().map(|features| features.limit).max();
    Features {
        text_length: small(text(|text| text.chars().count())),
        word_count: small(text(|text| text.split_whitespace().count())),
        has_filters: each.clone().any(|features| features.filters),
        entity_types: each.clone().map(|features| features.labels).sum(),
        relationship_types: each.clone().map(|features| features.types).sum(),
        max_depth: each.map(|features| features.depth).max().unwrap_or(0),
        graph_limit: limit.unwrap_or(0),
        final_limit: limit.unwrap_or(0),
        members: small(statements.len()),
        ..Features::default()
    }
}

fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// The class of a request.
pub fn query_type(effect: Effect, reports: &[&QueryReport]) -> QueryType {
    match effect {
        Effect::Read => read_type(reports),
        Effect::Write => QueryType::Write,
        Effect::Schema | Effect::Admin => QueryType::SchemaAdmin,
        Effect::Session => QueryType::Transaction,
        Effect::Unknown => QueryType::Unknown,
    }
}

fn read_type(reports: &[&QueryReport]) -> QueryType {
    let each = reports.iter().map(|report| &report.features);
    let hops: u32 = each.clone().map(|features| features.hops).sum();
    let nodes: u32 = each.clone().map(|features| features.nodes).sum();
    let many = each.clone().any(|features| features.many_hops);
    match (hops, nodes) {
        _ if many => QueryType::MultiHopReasoning,
        (2.., _) => QueryType::MultiHopReasoning,
        (1, _) => QueryType::RelationshipExploration,
        (0, 1..) => QueryType::EntityLookup,
        _ if reports.iter().any(|report| report.show) => QueryType::Statistics,
        _ => QueryType::Unknown,
    }
}
