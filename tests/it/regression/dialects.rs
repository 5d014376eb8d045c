//! What requests and responses mean to a database.
