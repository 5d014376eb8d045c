//! Points as Qdrant serialises them: 32-bit floats in their shortest form, absent parts left out.

use qdrant_edge::{
    FacetValue, FacetValueHit, OrderValue, Payload, PointId, Record, ScoredPoint,
    VectorStructPersisted,
};
use serde::{Serialize, Serializer};

/// A point without a score.
#[derive(Serialize)]
pub struct PlainPoint {
    id: PointId,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Payload>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vector: Option<VectorStructPersisted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_value: Option<Order>,
}

/// A point with a score.
#[derive(Serialize)]
pub struct RankedPoint {
    id: PointId,
    version: u64,
    score: f32,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Payload>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vector: Option<VectorStructPersisted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_value: Option<Order>,
}

struct Order(OrderValue);

impl Serialize for Order {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            OrderValue::Int(value) => serializer.serialize_i64(*value),
            OrderValue::Float(value) => serializer.serialize_f64(*value),
        }
    }
}

impl From<Record> for PlainPoint {
    fn from(record: Record) -> Self {
        Self {
            id: record.id,
            payload: record.payload,
            vector: record.vector.map(VectorStructPersisted::from),
            order_value: record.order_value.map(Order),
        }
    }
}

impl From<ScoredPoint> for RankedPoint {
    fn from(point: ScoredPoint) -> Self {
        Self {
            id: point.id,
            version: point.version,
            score: point.score,
            payload: point.payload,
            vector: point.vector.map(VectorStructPersisted::from),
            order_value: point.order_value.map(Order),
        }
    }
}

/// A value of a facet and how often it occurs.
#[derive(Serialize)]
pub struct Hit {
    value: serde_json::Value,
    count: usize,
}

impl From<FacetValueHit> for Hit {
    fn from(hit: FacetValueHit) -> Self {
        let value = match hit.value {
            FacetValue::Keyword(text) => text.into(),
            FacetValue::Int(number) => number.into(),
            FacetValue::Uuid(id) => qdrant_edge::external::uuid::Uuid::from_u128(id)
                .to_string()
                .into(),
            FacetValue::Bool(truth) => truth.into(),
        };
        Self {
            value,
            count: hit.count,
        }
    }
}
