//! Translates a `points/query` body for the engine. Point ids are replaced by
//! their vectors here, and excluded from the result, as Qdrant does.

use std::sync::Arc;

use qdrant_edge::external::ordered_float::OrderedFloat;
use qdrant_edge::{
    Condition, ContextPair, ContextQuery, DiscoverQuery, Filter, Fusion, NamedQuery, PointId,
    Prefetch, QueryEnum, QueryRequest, RecommendQuery, Sample, ScoredPoint, ScoringQuery, Vector,
    VectorInternal, VectorStructInternal, WithPayloadInterface, WithVector,
};
use serde_json::json;

use super::catalog::Catalog;
use super::engine::Shard;
use super::query_body::{
    FusionKind, Input, Kind, Lookup, Pair, Pairs, PrefetchBody, Prefetches, Query, QueryBody,
    Recommend, SampleKind, Strategy,
};
use super::responses::ApiError;

/// The limit of nested prefetches.
const DEPTH: usize = 16;

/// Where a query runs: the engine, and the names for lookups.
pub struct Place<'a> {
    pub catalog: &'a Catalog,
    pub copy: usize,
    pub shard: Arc<Shard>,
}

/// Runs a query.
pub fn run(place: &Place<'_>, body: QueryBody) -> Result<Vec<ScoredPoint>, ApiError> {
    let offset = body.offset.unwrap_or(0);
    let limit = body.limit.unwrap_or(10);
    let mut named = Resolver::new(place, body.using, body.lookup_from);
    let query = body.query.map(|query| named.scoring(query)).transpose()?;
    let request = QueryRequest {
        prefetches: prefetches(place, body.prefetch, DEPTH)?,
        query,
        filter: named.without_used(body.filter)?,
        score_threshold: body.score_threshold.map(OrderedFloat),
        limit: limit.saturating_add(offset),
        offset: 0,
        params: body.params,
        with_vector: body.with_vector.unwrap_or(WithVector::Bool(false)),
        with_payload: body
            .with_payload
            .unwrap_or(WithPayloadInterface::Bool(false)),
    };
    let found = place.shard.edge.query(request)?;
    Ok(found.into_iter().skip(offset).take(limit).collect())
}

fn prefetches(
    place: &Place<'_>,
    bodies: Option<Prefetches>,
    depth: usize,
) -> Result<Vec<Prefetch>, ApiError> {
    if depth == 0 {
        return Err(ApiError::wrong_input(
            "prefetches depth 0 exceeds max depth",
        ));
    }
    let bodies = match bodies {
        None => Vec::new(),
        Some(Prefetches::One(one)) => vec![*one],
        Some(Prefetches::Many(many)) => many,
    };
    bodies
        .into_iter()
        .map(|body| prefetch(place, body, depth - 1))
        .collect()
}

fn prefetch(place: &Place<'_>, body: PrefetchBody, depth: usize) -> Result<Prefetch, ApiError> {
    let mut named = Resolver::new(place, body.using, body.lookup_from);
    let query = body.query.map(|query| named.scoring(query)).transpose()?;
    Ok(Prefetch {
        prefetches: match body.prefetch {
            None => Vec::new(),
            inner => prefetches(place, inner, depth)?,
        },
        query,
        limit: body.limit.unwrap_or(10),
        params: body.params,
        filter: named.without_used(body.filter)?,
        score_threshold: body.score_threshold.map(OrderedFloat),
    })
}

/// Replaces ids by vectors, and remembers the ids.
struct Resolver<'a> {
    place: &'a Place<'a>,
    using: Option<String>,
    lookup: Option<Lookup>,
    used: Vec<PointId>,
}

impl<'a> Resolver<'a> {
    fn new(place: &'a Place<'a>, using: Option<String>, lookup: Option<Lookup>) -> Self {
        Self {
            place,
            using,
            lookup,
            used: Vec::new(),
        }
    }

    fn scoring(&mut self, query: Query) -> Result<ScoringQuery, ApiError> {
        let kind = match query {
            Query::Nearest(input) => Kind::Nearest(input),
            Query::Other(kind) => *kind,
        };
        Ok(match kind {
            Kind::Nearest(input) => {
                let vector = self.vector(input)?;
                ScoringQuery::Vector(QueryEnum::Nearest(self.named(vector)))
            }
            Kind::Recommend(body) => ScoringQuery::Vector(self.recommend(body)?),
            Kind::Discover { target, context } => {
                let target = self.vector(target)?;
                let pairs = context.map_or(Ok(Vec::new()), |pairs| self.pairs(pairs))?;
                let query = DiscoverQuery { target, pairs };
                ScoringQuery::Vector(QueryEnum::Discover(self.named(query)))
            }
            Kind::Context(pairs) => {
                let query = ContextQuery {
                    pairs: self.pairs(pairs)?,
                };
                ScoringQuery::Vector(QueryEnum::Context(self.named(query)))
            }
            Kind::OrderBy(order) => ScoringQuery::OrderBy(order.into()),
            Kind::Fusion(FusionKind::Rrf) => ScoringQuery::Fusion(rrf(None, None)),
            Kind::Fusion(FusionKind::Dbsf) => ScoringQuery::Fusion(Fusion::Dbsf),
            Kind::Rrf { k, weights } => ScoringQuery::Fusion(rrf(k, weights)),
            Kind::Sample(SampleKind::Random) => ScoringQuery::Sample(Sample::Random),
        })
    }

    fn recommend(&mut self, body: Recommend) -> Result<QueryEnum, ApiError> {
        let positives = self.vectors(body.positive)?;
        let negatives = self.vectors(body.negative)?;
        match body.strategy.unwrap_or(Strategy::AverageVector) {
            Strategy::AverageVector => {
                let vector = average_query(&positives, &negatives)?;
                Ok(QueryEnum::Nearest(
                    self.named(VectorInternal::Dense(vector)),
                ))
            }
            Strategy::BestScore => {
                let query = RecommendQuery::new(positives, negatives);
                Ok(QueryEnum::RecommendBestScore(self.named(query)))
            }
            Strategy::SumScores => {
                let query = RecommendQuery::new(positives, negatives);
                Ok(QueryEnum::RecommendSumScores(self.named(query)))
            }
        }
    }

    fn named<T>(&self, query: T) -> NamedQuery<T> {
        NamedQuery {
            query,
            using: self.using.clone(),
        }
    }

    fn pairs(&mut self, pairs: Pairs) -> Result<Vec<ContextPair<VectorInternal>>, ApiError> {
        let pairs = match pairs {
            Pairs::One(pair) => vec![pair],
            Pairs::Many(pairs) => pairs,
        };
        let mut resolve = |pair: Pair| {
            Ok(ContextPair {
                positive: self.vector(pair.positive)?,
                negative: self.vector(pair.negative)?,
            })
        };
        pairs.into_iter().map(&mut resolve).collect()
    }

    fn vectors(&mut self, inputs: Vec<Input>) -> Result<Vec<VectorInternal>, ApiError> {
        inputs.into_iter().map(|input| self.vector(input)).collect()
    }

    fn vector(&mut self, input: Input) -> Result<VectorInternal, ApiError> {
        match input {
            Input::Dense(values) => Ok(VectorInternal::Dense(values)),
            Input::Multi(rows) => Ok(Vector::new_multi(rows)?.0),
            Input::Sparse(vector) => Ok(VectorInternal::Sparse(vector)),
            Input::Id(id) => self.stored(id),
        }
    }

    fn stored(&mut self, id: PointId) -> Result<VectorInternal, ApiError> {
        let shard = match &self.lookup {
            None => self.place.shard.clone(),
            Some(lookup) => self
                .place
                .catalog
                .find(&lookup.collection)?
                .shard(self.place.copy)?,
        };
        let found = shard
            .edge
            .retrieve(&[id], Some(false.into()), Some(WithVector::Bool(true)))?;
        let missing = || ApiError::not_found(format!("No point with id {id} found"));
        let record = found.into_iter().next().ok_or_else(missing)?;
        let name = self
            .lookup
            .as_ref()
            .and_then(|lookup| lookup.vector.clone());
        let name = name.or_else(|| self.using.clone()).unwrap_or_default();
        if self.lookup.is_none() {
            self.used.push(id);
        }
        take(record.vector, &name)
            .ok_or_else(|| ApiError::wrong_input(format!("Not existing vector name error: {name}")))
    }

    fn without_used(&self, filter: Option<Filter>) -> Result<Option<Filter>, ApiError> {
        if self.used.is_empty() {
            return Ok(filter);
        }
        let condition: Condition =
            serde_json::from_value(json!({ "has_id": self.used })).map_err(ApiError::internal)?;
        let mut filter = filter.unwrap_or_default();
        filter.must_not.get_or_insert_default().push(condition);
        Ok(Some(filter))
    }
}

fn take(vectors: Option<VectorStructInternal>, name: &str) -> Option<VectorInternal> {
    match vectors? {
        VectorStructInternal::Single(vector) => {
            name.is_empty().then_some(VectorInternal::Dense(vector))
        }
        VectorStructInternal::MultiDense(rows) => {
            name.is_empty().then_some(VectorInternal::MultiDense(rows))
        }
        VectorStructInternal::Named(mut named) => named.remove(name),
    }
}

fn rrf(k: Option<usize>, weights: Option<Vec<f32>>) -> Fusion {
    let weights = weights.map(|weights| weights.into_iter().map(OrderedFloat).collect());
    Fusion::Rrf {
        k: k.unwrap_or(2),
        weights,
    }
}

/// Qdrant's average strategy: the mean of the positives, pushed away from the mean of the negatives.
fn average_query(
    positives: &[VectorInternal],
    negatives: &[VectorInternal],
) -> Result<Vec<f32>, ApiError> {
    let positive = mean(positives)?
        .ok_or_else(|| ApiError::wrong_input("At least one positive vector ID required"))?;
    let Some(negative) = mean(negatives)? else {
        return Ok(positive);
    };
    Ok(positive
        .iter()
        .zip(&negative)
        .map(|(plus, minus)| plus + plus - minus)
        .collect())
}

fn mean(vectors: &[VectorInternal]) -> Result<Option<Vec<f32>>, ApiError> {
    let Some((first, rest)) = vectors.split_first() else {
        return Ok(None);
    };
    let mut sum = dense(first)?.to_vec();
    for vector in rest {
        let vector = dense(vector)?;
        sum.iter_mut()
            .zip(vector)
            .for_each(|(sum, value)| *sum += value);
    }
    let count = vectors.len() as f32;
    Ok(Some(sum.into_iter().map(|value| value / count).collect()))
}

fn dense(vector: &VectorInternal) -> Result<&[f32], ApiError> {
    match vector {
        VectorInternal::Dense(values) => Ok(values),
        _ => Err(ApiError::wrong_input("Only dense vectors can be averaged")),
    }
}
