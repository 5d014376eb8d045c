//! Whose fault a failure is. Dialects decide it from what a response says; balancing learns from it.

use serde::Serialize;

/// Whose fault a failure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// None: a success.
    None,
    /// The client or its statement.
    Client,
    /// The credential was refused: the client's doing, unless one endpoint alone refuses it.
    Access,
    /// The endpoint that answered: counts against its breaker.
    Endpoint,
    /// The endpoint has too much to do: a load signal, not a failure.
    Overload,
    /// The endpoint has another role than was thought: roles are probed now.
    Role,
    /// One database or collection, wherever it is asked.
    Database,
    /// Another node of the database's own cluster.
    Peer,
    /// The endpoint lags behind a bookmark.
    Lag,
}

impl Fault {
    /// Every class of failures.
    pub const FAILURES: [Fault; 8] = [
        Fault::Client,
        Fault::Access,
        Fault::Endpoint,
        Fault::Overload,
        Fault::Role,
        Fault::Database,
        Fault::Peer,
        Fault::Lag,
    ];

    /// The name in metrics and logs.
    pub const fn label(self) -> &'static str {
        match self {
            Fault::None => "none",
            Fault::Client => "client",
            Fault::Access => "access",
            Fault::Endpoint => "endpoint",
            Fault::Overload => "overload",
            Fault::Role => "role",
            Fault::Database => "database",
            Fault::Peer => "peer",
            Fault::Lag => "lag",
        }
    }

    /// Whether it is a sign that the servers are weak, which a client's mistake is not.
    pub const fn is_weakness(self) -> bool {
        matches!(self, Fault::Endpoint | Fault::Overload | Fault::Peer)
    }

    /// Whether the request failed where it was sent: it did neither succeed nor is the client or its statement, or the
    /// endpoint's role, to blame. However fast it failed, it was no fast success.
    pub fn has_failed(self) -> bool {
        self.sample() == TimeSample::Slow
    }

    /// What a request with this fault says of the endpoint's speed.
    pub const fn sample(self) -> TimeSample {
        match self {
            Fault::None => TimeSample::Measured,
            Fault::Client | Fault::Role => TimeSample::Nothing,
            _ => TimeSample::Slow,
        }
    }
}

/// What the end of a request says of the endpoint's speed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeSample {
    /// Its time is a sample.
    Measured,
    /// It failed: counts as slower than any success, however fast the failure came.
    Slow,
    Nothing,
}
