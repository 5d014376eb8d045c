//! pointsman: a sidecar reverse proxy and load balancer for the two databases of a graph-RAG stack,
//! Neo4j over HTTP and Qdrant. Each request is understood, planned, answered from an inline cache
//! that writes invalidate, or sent to the best replica, watched, and explained.
//!
//! The modules follow the way of a request; `docs/architecture.md` draws it.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

pub mod admin;
pub mod balance;
pub mod cache;
pub mod cli;
pub mod clock;
pub mod config;
pub mod dialect;
pub mod endpoint;
pub mod endpoint_id;
pub mod http;
pub mod listen;
pub mod observe;
pub mod offload;
pub mod plan;
pub mod probe;
pub mod proxy;
pub mod random;
pub mod rejection;
pub mod request_id;
pub mod retry;
pub mod runtime;
pub mod shared;
pub mod shortage;
pub mod snapshot;
