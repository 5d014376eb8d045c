use super::*;
use ExecutionStrategy::{Adaptive, GraphOnly, HybridParallel, HybridSequential, VectorOnly};
use QueryType::{
    ContextualSearch, EntityLookup, MultiHopReasoning, RelationshipExploration, SemanticSearch,
};

fn chosen(query: &Query, cpu: Option<f64>) -> (ExecutionStrategy, &'static str) {
    let load = SystemLoad {
        cpu,
        ..SystemLoad::default()
    };
    let choice = choose(query, &query.counts(), &load);
    (choice.execution, choice.branch)
}

fn with_vector(text: &str, query_type: QueryType) -> Query {
    let mut query = Query::new(text, query_type);
    query.vector = Some(vec![0.1; 384]);
    query
}

#[test]
fn a_named_strategy_is_kept() {
    for asked in ExecutionStrategy::ALL
        .into_iter()
        .filter(|e| *e != Adaptive)
    {
        let mut query = Query::new("who knows whom", EntityLookup);
        query.strategy = asked;
        assert_eq!(chosen(&query, Some(1.0)), (asked, "asked"));
    }
}

#[test]
fn the_type_decides_first() {
    let text = "related connected linked things of Ada";
    assert_eq!(
        chosen(&with_vector(text, EntityLookup), None),
        (GraphOnly, "entity_lookup")
    );
    assert_eq!(
        chosen(&with_vector(text, RelationshipExploration), None),
        (GraphOnly, "relationship_exploration")
    );
    assert_eq!(
        chosen(&with_vector(text, MultiHopReasoning), None),
        (HybridSequential, "multi_hop_reasoning")
    );
}

#[test]
fn more_than_two_relationship_words_ask_both_stores() {
    let three = with_vector("what is related, connected or linked", SemanticSearch);
    assert_eq!(
        chosen(&three, Some(0.9)),
        (HybridParallel, "relationship_words")
    );
    let two = with_vector("what is related or connected", SemanticSearch);
    assert_eq!(
        chosen(&two, Some(0.9)),
        (VectorOnly, "vector_without_entities")
    );
}

#[test]
fn a_vector_without_entities_asks_the_vector_store_only() {
    let query = with_vector("papers on graphs", ContextualSearch);
    assert_eq!(
        chosen(&query, Some(0.9)),
        (VectorOnly, "vector_without_entities")
    );
    let mention = with_vector("papers of Ada", ContextualSearch);
    assert_eq!(chosen(&mention, None), (HybridParallel, "otherwise"));
    let no_vector = Query::new("papers on graphs", ContextualSearch);
    assert_eq!(chosen(&no_vector, None), (HybridParallel, "otherwise"));
}

#[test]
fn a_busy_processor_asks_one_store_after_the_other() {
    let query = Query::new("papers of Ada", ContextualSearch);
    assert_eq!(chosen(&query, Some(0.71)), (HybridSequential, "busy_cpu"));
    assert_eq!(chosen(&query, Some(0.7)), (HybridParallel, "otherwise"));
    assert_eq!(chosen(&query, None), (HybridParallel, "otherwise"));
}
