//! Bodies of writes and the engine's operations for them.

use qdrant_edge::{
    DeletePayloadOp, Filter, JsonPath, Payload, PayloadOps, PointId, PointIdsList,
    PointInsertOperations, PointOperations, PointStructPersisted, PointVectorsPersisted,
    SetPayloadOp, UpdateOperation, UpdateVectorsOp, VectorOperations,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::responses::ApiError;

/// What a write body becomes: one operation of the engine.
type Operation = Result<UpdateOperation, ApiError>;

#[derive(Deserialize)]
pub struct Upsert {
    points: Option<Vec<PointStructPersisted>>,
    batch: Option<Value>,
}

impl Upsert {
    pub fn operation(self) -> Operation {
        let insert = match (self.points, self.batch) {
            (Some(points), None) => PointInsertOperations::PointsList(points),
            (None, Some(batch)) => serde_json::from_value(json!({ "batch": batch }))
                .map_err(|error| ApiError::bad_json(&error))?,
            _ => return Err(no_variant("PointInsertOperations")),
        };
        Ok(UpdateOperation::PointOperation(
            PointOperations::UpsertPoints(insert),
        ))
    }
}

/// Points by ids or by a filter.
#[derive(Deserialize)]
pub struct Selection {
    points: Option<Vec<PointId>>,
    filter: Option<Filter>,
}

impl Selection {
    pub fn delete(self) -> Operation {
        let operation = match (self.points, self.filter) {
            (Some(ids), _) if ids.is_empty() => return Err(empty_ids()),
            (Some(ids), _) => PointOperations::DeletePoints { ids },
            (None, Some(filter)) => PointOperations::DeletePointsByFilter(filter),
            (None, None) => return Err(no_variant("PointsSelector")),
        };
        Ok(UpdateOperation::PointOperation(operation))
    }

    pub fn clear_payload(self) -> Operation {
        let operation = match (self.points, self.filter) {
            (Some(points), _) => PayloadOps::ClearPayload { points },
            (None, Some(filter)) => PayloadOps::ClearPayloadByFilter(filter),
            (None, None) => return Err(no_variant("PointsSelector")),
        };
        Ok(UpdateOperation::PayloadOperation(operation))
    }
}

#[derive(Deserialize)]
pub struct SetPayload {
    payload: Payload,
    points: Option<Vec<PointId>>,
    filter: Option<Filter>,
    key: Option<JsonPath>,
}

impl SetPayload {
    pub fn set(self) -> Operation {
        self.checked()
            .map(|set| UpdateOperation::PayloadOperation(PayloadOps::SetPayload(set)))
    }

    pub fn overwrite(self) -> Operation {
        self.checked()
            .map(|set| UpdateOperation::PayloadOperation(PayloadOps::OverwritePayload(set)))
    }

    fn checked(self) -> Result<SetPayloadOp, ApiError> {
        needs_selection(&self.points, &self.filter)?;
        let Self {
            payload,
            points,
            filter,
            key,
        } = self;
        Ok(SetPayloadOp {
            payload,
            points,
            filter,
            key,
        })
    }
}

#[derive(Deserialize)]
pub struct DeletePayload {
    keys: Vec<JsonPath>,
    points: Option<Vec<PointId>>,
    filter: Option<Filter>,
}

impl DeletePayload {
    pub fn operation(self) -> Operation {
        needs_selection(&self.points, &self.filter)?;
        let Self {
            keys,
            points,
            filter,
        } = self;
        let delete = PayloadOps::DeletePayload(DeletePayloadOp {
            keys,
            points,
            filter,
        });
        Ok(UpdateOperation::PayloadOperation(delete))
    }
}

#[derive(Deserialize)]
pub struct UpdateVectors {
    points: Vec<PointVectorsPersisted>,
}

impl UpdateVectors {
    pub fn operation(self) -> Operation {
        let update = UpdateVectorsOp {
            points: self.points,
            update_filter: None,
        };
        Ok(UpdateOperation::VectorOperation(
            VectorOperations::UpdateVectors(update),
        ))
    }
}

#[derive(Deserialize)]
pub struct DeleteVectors {
    points: Option<Vec<PointId>>,
    filter: Option<Filter>,
    vector: Vec<String>,
}

impl DeleteVectors {
    pub fn operation(self) -> Operation {
        needs_selection(&self.points, &self.filter)?;
        let operation = match (self.points, self.filter) {
            (Some(points), _) => {
                VectorOperations::DeleteVectors(PointIdsList::from(points), self.vector)
            }
            (None, filter) => {
                VectorOperations::DeleteVectorsByFilter(filter.unwrap_or_default(), self.vector)
            }
        };
        Ok(UpdateOperation::VectorOperation(operation))
    }
}

/// The body of `points/batch`.
#[derive(Deserialize)]
pub struct Batch {
    pub operations: Vec<Member>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Member {
    Upsert(Upsert),
    Delete(Selection),
    SetPayload(SetPayload),
    OverwritePayload(SetPayload),
    DeletePayload(DeletePayload),
    ClearPayload(Selection),
    UpdateVectors(UpdateVectors),
    DeleteVectors(DeleteVectors),
}

impl Member {
    pub fn operation(self) -> Operation {
        match self {
            Self::Upsert(body) => body.operation(),
            Self::Delete(body) => body.delete(),
            Self::SetPayload(body) => body.set(),
            Self::OverwritePayload(body) => body.overwrite(),
            Self::DeletePayload(body) => body.operation(),
            Self::ClearPayload(body) => body.clear_payload(),
            Self::UpdateVectors(body) => body.operation(),
            Self::DeleteVectors(body) => body.operation(),
        }
    }
}

fn needs_selection(points: &Option<Vec<PointId>>, filter: &Option<Filter>) -> Result<(), ApiError> {
    match (points, filter) {
        (None, None) => Err(ApiError {
            status: http::StatusCode::BAD_REQUEST,
            text: "Format error in JSON body: Either list of point ids or filter must be provided"
                .into(),
        }),
        _ => Ok(()),
    }
}

fn no_variant(of: &str) -> ApiError {
    ApiError {
        status: http::StatusCode::BAD_REQUEST,
        text: format!(
            "Format error in JSON body: data did not match any variant of untagged enum {of}"
        ),
    }
}

fn empty_ids() -> ApiError {
    ApiError {
        status: http::StatusCode::BAD_REQUEST,
        text: "Validation error in JSON body: [points: value length is invalid]".into(),
    }
}
