//! The seam of the wire: what the proxy knows of a client's and of an endpoint's connection. Above
//! it there are heads ([`RequestHeader`], [`ResponseHeader`]), parts of bodies ([`Part`]) and two
//! traits; codecs, sockets and pools are known only here. HTTP/1.1 over TCP is the first pair.
//!
//! The traits are polled, so that one task can read a request, send it on, read the response and
//! write it to the client at the same time. Sending is like a `Sink`: `poll_ready` waits for room,
//! `send_*` queues, `poll_flush` writes everything that is queued. A head and the parts that are
//! queued before a flush leave in one write: queue the head and what there is of the body, then flush.
//!
//! # A client's connection
//! [`Listener`] accepts one and [`Accepted::serve`] runs it: that waits for requests within [`ConnectionLimits`], gives each to a
//! [`Handler`], and ends the connection: cleanly with a bounded linger after a whole response, cut
//! after one that is not whole. A handler
//! - reads the body with [`Downstream::poll_part`]; if [`Downstream::expects_continue`], it sends
//!   `100` first, or a final response instead;
//! - sends one final head, parts, [`Part::End`], and flushes. A response that was not flushed to its
//!   end when the handler returns is cut: that is how a cut upstream is passed on;
//! - calls [`Downstream::close_after_response`] before the head while the process stops;
//! - watches [`Downstream::poll_closed`] wherever it waits for something else;
//! - puts its own limits of time around each wait for the client.
//!
//! ```ignore
//! struct Client { proxy: Arc<Proxy>, address: SocketAddr, stop: watch::Receiver<bool> }
//!
//! #[async_trait]
//! impl Handler for Client {
//!     fn limits(&self) -> ConnectionLimits { self.proxy.connection_limits() }
//!     async fn handle(&self, request: RequestHeader, downstream: &mut dyn Downstream) {
//!         downstream.send_head(&head, BodyLength::Known(body.len() as u64))?;
//!         if let Some(data) = Data::new(body) {
//!             downstream.send_part(Part::Data(data))?;
//!         }
//!         downstream.send_part(Part::End)?;
//!         poll_fn(|cx| downstream.poll_flush(cx)).await
//!     }
//!     async fn refuse(&self, refusal: Refusal, downstream: &mut dyn Downstream) { /* the same */ }
//! }
//! let accepted = listener.accept().await?;
//! tokio::spawn(async move { accepted.serve(Arc::new(client), SEND_BUFFER, &mut stop).await });
//! ```
//!
//! An idle connection holds its socket and the task of [`Accepted::serve`], no buffer; the future of a request
//! lives on the heap and only while it runs. What the spawned task keeps beside it (an address, a
//! permit, some `Arc`s) is all that can be added.
//!
//! # An exchange with an endpoint
//! [`Connector::open`] gives an [`Upstream`]. Both directions run at once when each side is polled,
//! and flushed when its source has nothing more for now:
//!
//! ```ignore
//! fn poll_upload(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Failure>> {
//!     while !self.sent {
//!         ready!(self.upstream.poll_ready(cx))?;
//!         match self.downstream.poll_part(cx)? {
//!             Poll::Ready(part) => {
//!                 self.sent = part == Part::End;
//!                 self.upstream.send_part(part)?;
//!             }
//!             Poll::Pending => {
//!                 ready!(self.upstream.poll_flush(cx))?;
//!                 return Poll::Pending;
//!             }
//!         }
//!     }
//!     self.upstream.poll_flush(cx).map_err(Failure::from)
//! }
//! ```
//!
//! After a write error the response can still be read: an endpoint that refuses a body closes its
//! side. [`Upstream::poll_head`] gives informational heads too; pass them on with
//! [`Downstream::send_informational`] and poll again. Read until [`Part::End`], then
//! [`Upstream::release`]; an exchange that is dropped closes its connection.

mod connection;
mod connector;
mod downstream;
mod listener;
mod upstream;

pub use connection::{ConnectionLimits, Handler};
pub use connector::{Connector, Destination};
pub use downstream::{Downstream, DownstreamError, Refusal, Violation};
pub use http_parts::{BodyLength, Closed, Data, Part};
/// The most that one read of a connection takes, and so the largest buffer that a part of a body keeps alive: bytes.
pub use http1::MAX_READ;
pub use listener::{Accepted, Listener};
pub use pingora_http::{RequestHeader, ResponseHeader};
pub use upstream::{Cause, Stage, Upstream, UpstreamError};
