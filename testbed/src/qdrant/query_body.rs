//! Bodies of `points/query`, as Qdrant's REST description has them.

use qdrant_edge::{
    Filter, OrderByInterface, PointId, SearchParams, SparseVector, WithPayloadInterface, WithVector,
};
use serde::Deserialize;

#[derive(Clone, Deserialize)]
pub struct QueryBody {
    pub prefetch: Option<Prefetches>,
    pub query: Option<Query>,
    pub using: Option<String>,
    pub filter: Option<Filter>,
    pub params: Option<SearchParams>,
    pub score_threshold: Option<f32>,
    pub limit: Option<usize>,
    pub offset: Option<usize>,
    #[serde(alias = "with_vectors")]
    pub with_vector: Option<WithVector>,
    pub with_payload: Option<WithPayloadInterface>,
    pub lookup_from: Option<Lookup>,
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
pub enum Prefetches {
    Many(Vec<PrefetchBody>),
    One(Box<PrefetchBody>),
}

#[derive(Clone, Deserialize)]
pub struct PrefetchBody {
    pub prefetch: Option<Prefetches>,
    pub query: Option<Query>,
    pub using: Option<String>,
    pub filter: Option<Filter>,
    pub params: Option<SearchParams>,
    pub score_threshold: Option<f32>,
    pub limit: Option<usize>,
    pub lookup_from: Option<Lookup>,
}

/// Where the vectors of point ids are looked up: another collection.
#[derive(Clone, Deserialize)]
pub struct Lookup {
    pub collection: String,
    pub vector: Option<String>,
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
pub enum Query {
    Nearest(Input),
    Other(Box<Kind>),
}

/// A vector, or the id of a point that has it.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
pub enum Input {
    Dense(Vec<f32>),
    Multi(Vec<Vec<f32>>),
    Id(PointId),
    Sparse(SparseVector),
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Nearest(Input),
    Recommend(Recommend),
    Discover {
        target: Input,
        context: Option<Pairs>,
    },
    Context(Pairs),
    OrderBy(OrderByInterface),
    Fusion(FusionKind),
    Rrf {
        k: Option<usize>,
        weights: Option<Vec<f32>>,
    },
    Sample(SampleKind),
}

#[derive(Clone, Deserialize)]
pub struct Recommend {
    #[serde(default)]
    pub positive: Vec<Input>,
    #[serde(default)]
    pub negative: Vec<Input>,
    pub strategy: Option<Strategy>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    AverageVector,
    BestScore,
    SumScores,
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
pub enum Pairs {
    Many(Vec<Pair>),
    One(Pair),
}

#[derive(Clone, Deserialize)]
pub struct Pair {
    pub positive: Input,
    pub negative: Input,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FusionKind {
    Rrf,
    Dbsf,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SampleKind {
    Random,
}

impl QueryBody {
    /// A query with nothing else asked for.
    pub fn of(query: Query) -> Self {
        Self {
            prefetch: None,
            query: Some(query),
            using: None,
            filter: None,
            params: None,
            score_threshold: None,
            limit: None,
            offset: None,
            with_vector: None,
            with_payload: None,
            lookup_from: None,
        }
    }
}
