//! The table of error codes: whose fault, what became of the statement, what may be asked again.
//! A row with a star stands for all codes that begin so; the first row that fits wins, and the last
//! three are the defaults by class.

use crate::dialect::{Executed, Fault, RetryAdvice};

/// One row.
#[derive(Debug, Clone, Copy)]
pub struct ErrorRow {
    /// The code without `Neo.`, perhaps with a star at its end.
    pub code: &'static str,
    pub fault: Fault,
    pub execution: Executed,
    pub read: RetryAdvice,
    pub write: RetryAdvice,
}

const fn row(
    code: &'static str,
    fault: Fault,
    execution: Executed,
    read: RetryAdvice,
    write: RetryAdvice,
) -> ErrorRow {
    ErrorRow {
        code,
        fault,
        execution,
        read,
        write,
    }
}

use Executed::{Nothing, RolledBack, Unknown};
use Fault::{Access, Client, Database, Endpoint, Lag, Overload, Role};
use RetryAdvice::{AsWrite, Elsewhere, No, Once, Writer};

#[rustfmt::skip]
const ROWS: &[ErrorRow] = &[
    row("ClientError.Statement.AccessMode",                  Client,   Nothing,    AsWrite,   No),
    row("ClientError.Fabric.AccessMode",                     Client,   Nothing,    AsWrite,   No),
    row("ClientError.Statement.ExternalResourceFailed",      Client,   RolledBack, No,        No),
    row("ClientError.Statement.RemoteExecutionClientError",  Client,   RolledBack, No,        No),
    row("ClientError.Statement.SyntaxError",                 Client,   RolledBack, No,        No),
    row("ClientError.Statement.*",                           Client,   RolledBack, No,        No),
    row("ClientError.Procedure.ProcedureNotFound",           Client,   Nothing,    Once,      No),
    row("ClientError.Procedure.*",                           Client,   RolledBack, No,        No),
    row("ClientError.Schema.*",                              Client,   RolledBack, No,        No),
    row("ClientError.Cluster.NotALeader",                    Role,     Nothing,    Elsewhere, Writer),
    row("ClientError.Cluster.Routing",                       Role,     Nothing,    Elsewhere, Writer),
    row("ClientError.Routing.RoutingFailed",                 Role,     Nothing,    Elsewhere, Writer),
    row("ClientError.General.ForbiddenOnReadOnlyDatabase",   Role,     Nothing,    Elsewhere, Writer),
    row("ClientError.General.WriteOnReadOnlyAccessDatabase", Role,     Nothing,    Elsewhere, Writer),
    row("ClientError.Routing.DbmsInPanic",                   Endpoint, Nothing,    Elsewhere, Elsewhere),
    row("ClientError.Database.DatabaseNotFound",             Client,   Nothing,    Once,      No),
    row("ClientError.Security.AuthenticationRateLimit",      Access,   Nothing,    No,        No),
    row("ClientError.Security.*",                            Access,   Nothing,    No,        No),
    row("ClientError.Transaction.TransactionNotFound",       Client,   RolledBack, No,        No),
    row("ClientError.Transaction.TransactionAccessedConcurrently", Client, Nothing, No,       No),
    row("ClientError.Transaction.InvalidBookmark",           Client,   Nothing,    No,        No),
    row("ClientError.Transaction.InvalidBookmarkMixture",    Client,   Nothing,    No,        No),
    row("ClientError.Transaction.*",                         Client,   RolledBack, No,        No),
    row("ClientError.General.TransactionOutOfMemoryError",   Client,   RolledBack, No,        No),
    row("ClientError.General.*",                             Client,   Nothing,    No,        No),
    row("ClientError.Request.*",                             Client,   Nothing,    No,        No),
    row("ClientError.ChangeDataCapture.*",                   Client,   Nothing,    No,        No),
    row("TransientError.General.MemoryPoolOutOfMemoryError", Client,   RolledBack, No,        No),
    row("TransientError.General.TransactionMemoryLimit",     Client,   RolledBack, No,        No),
    row("TransientError.Transaction.MaximumTransactionLimitReached", Overload, Nothing, Elsewhere, Elsewhere),
    row("TransientError.Request.NoThreadsAvailable",         Overload, Nothing,    Elsewhere, Elsewhere),
    row("TransientError.Request.ResourceExhaustion",         Overload, Nothing,    Elsewhere, Elsewhere),
    row("TransientError.General.DatabaseUnavailable",        Database, RolledBack, Elsewhere, No),
    row("TransientError.Transaction.BookmarkTimeout",        Lag,      Nothing,    Writer,    No),
    row("TransientError.Transaction.LeaderSwitch",           Role,     RolledBack, Elsewhere, No),
    row("TransientError.Transaction.LeaseExpired",           Role,     RolledBack, Elsewhere, No),
    row("TransientError.Transaction.DeadlockDetected",       Client,   RolledBack, Once,      No),
    row("TransientError.Transaction.LockAcquisitionTimeout", Client,   RolledBack, Once,      No),
    row("TransientError.Transaction.Outdated",               Client,   RolledBack, Once,      No),
    row("TransientError.Transaction.ConstraintsChanged",     Client,   RolledBack, Once,      No),
    row("TransientError.Transaction.Interrupted",            Client,   RolledBack, Once,      No),
    row("TransientError.Transaction.QueryExecutionFailedOnTransaction", Client, RolledBack, Once, No),
    row("TransientError.Statement.ExecutionTimeout",         Client,   RolledBack, Once,      No),
    row("TransientError.Cluster.ReplicationFailure",         Role,     Unknown,    Elsewhere, No),
    row("TransientError.Security.AuthProvider*",             Endpoint, Nothing,    Elsewhere, No),
    row("TransientError.Security.ModifiedConcurrently",      Endpoint, Nothing,    Elsewhere, No),
    row("TransientError.General.OutOfMemoryError",           Endpoint, Unknown,    Elsewhere, No),
    row("TransientError.General.StackOverFlowError",         Endpoint, Unknown,    Elsewhere, No),
    row("DatabaseError.Transaction.TransactionStartFailed",  Endpoint, Nothing,    Elsewhere, No),
    row("DatabaseError.Transaction.*",                       Endpoint, Unknown,    Elsewhere, No),
    // Of the statement rather than of the server: an unknown index, a constraint that the data break, a negative length.
    row("DatabaseError.Schema.*",                            Client,   RolledBack, No,        No),
    row("DatabaseError.Statement.*",                         Client,   Unknown,    Once,      No),
    // All that the Query API says of any error of this class.
    row("DatabaseError.General.UnknownError",                Client,   Unknown,    Once,      No),
    row("ClientError.*",                                     Client,   Unknown,    No,        No),
    row("TransientError.*",                                  Overload, Unknown,    Once,      No),
    row("DatabaseError.*",                                   Endpoint, Unknown,    Once,      No),
];

/// What a code of no class means.
const OTHER: ErrorRow = row("other", Client, Unknown, No, No);

/// The row of a code, with or without `Neo.`.
pub fn row_of(code: &str) -> ErrorRow {
    let code = code.strip_prefix("Neo.").unwrap_or(code);
    ROWS.iter()
        .find(|row| match row.code.strip_suffix('*') {
            Some(beginning) => code.starts_with(beginning),
            None => code == row.code,
        })
        .copied()
        .unwrap_or(OTHER)
}
