//! A judgement: what a response of the database means. Decided by the error tables of each dialect,
//! from status, headers and body, never from the HTTP status alone.

pub use balancing::Fault;
use serde::Serialize;

/// What became of the request at the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Executed {
    /// Done, and readable where the acknowledgement says so.
    Done,
    /// Accepted; it becomes readable later.
    Queued,
    /// Nothing was executed.
    Nothing,
    /// Executed and rolled back.
    RolledBack,
    /// Unknown, or partly done.
    Unknown,
}

/// Whether, and where, the same request may be sent again. Writes are asked with more care.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryAdvice {
    No,
    /// To one other endpoint, once.
    Once,
    /// To other endpoints, as often as the limits allow.
    Elsewhere,
    /// To the writer.
    Writer,
    /// As a write, to the writer: a fence that was ours refused it before any effect.
    AsWrite,
}

/// The meaning of one response.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judgement {
    pub fault: Fault,
    pub execution: Executed,
    /// What may be done when the call is a read. (`AsWrite` is only for reads that pointsman fenced.)
    pub read_retry: RetryAdvice,
    /// What may be done when the call is a write; anything but `No` only where nothing was executed.
    pub write_retry: RetryAdvice,
    /// `Err` names why this response may not be stored.
    pub storable: Result<(), &'static str>,
    /// The database's own code or the first words of its text, from a closed set; for metrics and logs.
    pub code: &'static str,
    /// The newest bookmark in the response (Neo4j).
    pub bookmark: Option<String>,
    /// Entries of this credential must go (401, 403).
    pub revoke: bool,
    /// It says that the target of the call does not exist there.
    pub denies_target: bool,
    /// The statement may be the cause: failures of one shape alone open no breaker.
    pub needs_two_shapes: bool,
}

impl Judgement {
    /// A success that may be stored.
    pub fn success() -> Self {
        Self {
            fault: Fault::None,
            execution: Executed::Done,
            read_retry: RetryAdvice::No,
            write_retry: RetryAdvice::No,
            storable: Ok(()),
            code: "ok",
            bookmark: None,
            revoke: false,
            denies_target: false,
            needs_two_shapes: false,
        }
    }

    /// A failure; not stored, not repeated unless the caller says otherwise.
    pub fn failure(fault: Fault, execution: Executed, code: &'static str) -> Self {
        Self {
            fault,
            execution,
            read_retry: RetryAdvice::No,
            write_retry: RetryAdvice::No,
            storable: Err("failed"),
            code,
            bookmark: None,
            revoke: false,
            denies_target: false,
            needs_two_shapes: false,
        }
    }

    /// Whether the request did what was asked.
    pub fn is_success(&self) -> bool {
        self.fault == Fault::None
    }
}
