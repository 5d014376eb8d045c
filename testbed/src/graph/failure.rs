//! Failures with Neo4j's codes, made from the engine's errors.

use graphdblite::{ErrorCode, GraphError, QueryError, QueryPhase};
use serde_json::{Value, json};

/// A failed request or statement.
#[derive(Clone, Debug)]
pub struct Failure {
    /// With `Neo.` in instance.
    pub code: &'static str,
    pub message: String,
    /// Whether the response had begun: the Query API then says 202 with `errors`.
    pub while_running: bool,
}

impl Failure {
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            while_running: false,
        }
    }

    /// What `RETRUN 1` and the like get.
    pub fn syntax(message: impl Into<String>) -> Self {
        Self::new("Neo.ClientError.Statement.SyntaxError", message)
    }

    /// A write where only reads are allowed.
    pub fn read_only() -> Self {
        Self::new(
            "Neo.ClientError.Statement.AccessMode",
            "Writing in read access mode not allowed. Attempted write to neo4j",
        )
    }

    pub fn invalid_request(message: impl Into<String>) -> Self {
        Self::new("Neo.ClientError.Request.Invalid", message)
    }

    pub fn no_procedure(name: &str) -> Self {
        let message = format!(
            "There is no procedure with the name `{name}` registered for this database instance. Please \
             ensure you've spelled the procedure name correctly and that the procedure is properly deployed."
        );
        Self::new("Neo.ClientError.Procedure.ProcedureNotFound", message)
    }

    pub fn missing_parameters(names: &[String]) -> Self {
        let message = format!("Expected parameter(s): {}", names.join(", "));
        Self::new("Neo.ClientError.Statement.ParameterMissing", message)
    }

    /// The HTTP status of the Query API.
    pub fn status(&self) -> u16 {
        match self.code {
            _ if self.while_running => 202,
            "Neo.ClientError.Database.DatabaseNotFound" => 404,
            "Neo.ClientError.Security.Unauthorized" => 401,
            code if code.starts_with("Neo.DatabaseError") => 500,
            _ => 400,
        }
    }

    pub fn json(&self) -> Value {
        json!({ "code": self.code, "message": self.message })
    }
}

/// Whether the engine refused a write in a read transaction.
pub fn is_refused_write(error: &GraphError) -> bool {
    matches!(error, GraphError::Transaction { message, .. } if message.contains("inside a read transaction"))
}

impl From<GraphError> for Failure {
    fn from(error: GraphError) -> Self {
        match &error {
            GraphError::Query(query) => of_query(query),
            GraphError::HasEdges { .. } => Self::new(
                "Neo.ClientError.Schema.ConstraintValidationFailed",
                error.to_string(),
            ),
            GraphError::Storage { .. } if is_locked(&error) => Self::new(
                "Neo.TransientError.Transaction.LockAcquisitionTimeout",
                "Unable to acquire lock within the given time. The database has one writer at a time.",
            ),
            GraphError::SizeLimit { .. } => Self::new(
                "Neo.TransientError.General.MemoryPoolOutOfMemoryError",
                error.to_string(),
            ),
            GraphError::IndexAlreadyExists { .. } => Self::new(
                "Neo.ClientError.Schema.EquivalentSchemaRuleAlreadyExists",
                error.to_string(),
            ),
            GraphError::IndexNotFound { .. } => {
                Self::new("Neo.ClientError.Schema.IndexNotFound", error.to_string())
            }
            GraphError::InvalidName { .. } | GraphError::InvalidIndexDefinition { .. } => {
                Self::syntax(error.to_string())
            }
            GraphError::NodeNotFound { .. } | GraphError::EdgeNotFound { .. } => Self::new(
                "Neo.ClientError.Statement.EntityNotFound",
                error.to_string(),
            ),
            _ if is_refused_write(&error) => Self::read_only(),
            _ => Self::new("Neo.DatabaseError.General.UnknownError", error.to_string()),
        }
    }
}

fn is_locked(error: &GraphError) -> bool {
    let text = error.to_string();
    text.contains("locked") || text.contains("busy")
}

fn of_query(error: &QueryError) -> Failure {
    let while_running = error.phase() == QueryPhase::Runtime;
    let code = match (error.code(), error.kind()) {
        (ErrorCode::ProcedureNotFound, _) => "Neo.ClientError.Procedure.ProcedureNotFound",
        (ErrorCode::MissingParameter, _) => "Neo.ClientError.Statement.ParameterMissing",
        (_, "ConstraintViolation") => "Neo.ClientError.Schema.ConstraintValidationFailed",
        (_, "EntityNotFound") => "Neo.ClientError.Statement.EntityNotFound",
        (_, "TypeError") if while_running => "Neo.ClientError.Statement.TypeError",
        (_, "ArgumentError") if while_running => "Neo.ClientError.Statement.ArgumentError",
        (_, "ArithmeticError") => "Neo.ClientError.Statement.ArithmeticError",
        _ => "Neo.ClientError.Statement.SyntaxError",
    };
    let message = match error.code() {
        ErrorCode::DivisionByZero => "/ by zero".to_owned(),
        _ => error.message().to_owned(),
    };
    Failure {
        code,
        message,
        while_running,
    }
}
