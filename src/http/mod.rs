//! The seam of the wire: what the proxy knows of a client's and of an endpoint's connection. Above
//! it there are heads ([`RequestHeader`], [`ResponseHeader`]), parts of bodies ([`Part`]) and two
//! traits; codecs, sockets and pools are known only here. HTTP/1.1 over TCP is the first pair.
//!
//! The traits are polled, so that one task can read a request, send it on, read the response and
//! write it to the client at the same time. Sending is like a `Sink`: `poll_ready` waits for room,
//! `send_*` queues, `poll_flush` writes everything that is queued. A head and the first parts
//! that are queued before a flush leave in one write.

mod connection;
mod connector;
mod downstream;
mod upstream;

pub use connection::{ConnectionLimits, Handler, Transport, serve};
pub use connector::{Connector, Destination};
pub use downstream::{Downstream, DownstreamError, Refusal};
pub use http1::{BodyLength, Closed, Data, Part};
pub use pingora_http::{RequestHeader, ResponseHeader};
pub use upstream::{Cause, Stage, Upstream, UpstreamError};
