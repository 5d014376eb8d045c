//! What a client is told of a request that went wrong, and what is sent again.
