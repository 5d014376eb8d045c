use super::*;
use proptest::prelude::*;

fn features(words: u32, filters: bool, depth: u32, types: (u32, u32), results: u32) -> Features {
    Features {
        word_count: words,
        has_filters: filters,
        max_depth: depth,
        entity_types: types.0,
        relationship_types: types.1,
        vector_limit: results,
        ..Features::default()
    }
}

fn assert_score(query_type: QueryType, features: Features, total: f64, level: Complexity) {
    let score = score(query_type, &features);
    assert!(
        (score.total - total).abs() < 1e-12,
        "{} for {features:?}",
        score.total
    );
    assert_eq!(score.level, level, "{} for {features:?}", score.total);
}

#[test]
fn each_type_has_its_factor() {
    let table = [
        (QueryType::SemanticSearch, 0.09),
        (QueryType::EntityLookup, 0.06),
        (QueryType::RelationshipExploration, 0.18),
        (QueryType::ContextualSearch, 0.21),
        (QueryType::MultiHopReasoning, 0.3),
        (QueryType::Statistics, 0.15),
        (QueryType::Write, 0.15),
        (QueryType::Unknown, 0.15),
    ];
    for (query_type, total) in table {
        let score = score(query_type, &Features::default());
        assert!((score.total - total).abs() < 1e-12, "{query_type:?}");
    }
}

#[test]
fn scores_at_the_bound_of_simple() {
    use QueryType::{ContextualSearch, MultiHopReasoning, SemanticSearch};
    assert_score(
        MultiHopReasoning,
        features(0, false, 0, (0, 0), 0),
        0.3,
        Complexity::Moderate,
    );
    assert_score(
        SemanticSearch,
        features(10, true, 0, (0, 0), 10),
        0.3,
        Complexity::Moderate,
    );
    assert_score(
        SemanticSearch,
        features(10, true, 0, (0, 0), 9),
        0.299,
        Complexity::Simple,
    );
    assert_score(
        ContextualSearch,
        features(9, false, 0, (0, 0), 0),
        0.3,
        Complexity::Moderate,
    );
    assert_score(
        ContextualSearch,
        features(8, false, 0, (0, 0), 9),
        0.299,
        Complexity::Simple,
    );
}

#[test]
fn scores_at_the_bound_of_moderate() {
    use QueryType::MultiHopReasoning;
    assert_score(
        MultiHopReasoning,
        features(20, true, 0, (0, 0), 0),
        0.6,
        Complexity::Complex,
    );
    assert_score(
        MultiHopReasoning,
        features(20, false, 2, (1, 0), 10),
        0.6,
        Complexity::Complex,
    );
    assert_score(
        MultiHopReasoning,
        features(20, false, 2, (1, 0), 9),
        0.599,
        Complexity::Moderate,
    );
    assert_score(
        MultiHopReasoning,
        features(19, false, 2, (1, 1), 10),
        0.6,
        Complexity::Complex,
    );
}

#[test]
fn scores_at_the_bound_of_complex() {
    use QueryType::MultiHopReasoning;
    assert_score(
        MultiHopReasoning,
        features(20, true, 5, (0, 0), 0),
        0.8,
        Complexity::VeryComplex,
    );
    assert_score(
        MultiHopReasoning,
        features(20, false, 5, (3, 3), 40),
        0.8,
        Complexity::VeryComplex,
    );
    assert_score(
        MultiHopReasoning,
        features(20, false, 5, (3, 3), 39),
        0.799,
        Complexity::Complex,
    );
}

#[test]
fn every_term_is_capped_and_the_score_is_not() {
    let most = features(u32::MAX, true, u32::MAX, (u32::MAX, u32::MAX), u32::MAX);
    let most = Features {
        graph_limit: u32::MAX,
        ..most
    };
    assert_score(
        QueryType::MultiHopReasoning,
        most,
        1.1,
        Complexity::VeryComplex,
    );
}

#[test]
fn both_limits_share_one_term() {
    let both = Features {
        vector_limit: 30,
        graph_limit: 20,
        ..Features::default()
    };
    let terms = score(QueryType::SemanticSearch, &both).terms;
    assert_eq!(terms.last(), Some(&("results", 0.05)));
}

#[test]
fn one_word_of_semantic_search_is_simple() {
    let features = Features {
        graph_limit: 10,
        ..features(1, false, 2, (0, 0), 10)
    };
    assert_score(QueryType::SemanticSearch, features, 0.2, Complexity::Simple);
}

#[test]
fn a_long_multi_hop_request_is_complex() {
    assert_score(
        QueryType::MultiHopReasoning,
        features(22, false, 5, (3, 3), 0),
        0.76,
        Complexity::Complex,
    );
    assert_score(
        QueryType::MultiHopReasoning,
        features(22, false, 5, (3, 3), 50),
        0.81,
        Complexity::VeryComplex,
    );
}

proptest! {
    #[test]
    fn the_terms_sum_to_the_score(words: u32, filters: bool, depth: u32, types: (u32, u32), results: u32) {
        let features = features(words, filters, depth, types, results);
        let score = score(QueryType::ContextualSearch, &features);
        let sum: f64 = score.terms.iter().map(|(_, value)| value).sum();
        prop_assert_eq!(sum, score.total);
        prop_assert!((0.0..=1.1 + 1e-9).contains(&score.total));
        prop_assert!(score.terms.iter().zip(UNSCORED).all(|(term, name)| term.0 == name.0));
    }
}
