//! Connections to endpoints: Pingora's connector and its pool, with HTTP/1.1 on top.

use super::{
    BodyLength, Cause, Part, RequestHeader, ResponseHeader, Stage, Upstream, UpstreamError,
};
use crate::shortage::Shortage;
use http1::{Client, Error, Limits};
use pingora_core::connectors::{ConnectorOptions, TransportConnector};
use pingora_core::protocols::Stream;
use pingora_core::upstreams::peer::{HttpPeer, Peer};
use pingora_error::ErrorType;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// Where a connection goes, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Destination {
    pub address: SocketAddr,
    /// Connections of different groups are never mixed: the endpoint's generation.
    pub group: u64,
    pub connect_timeout: Duration,
    /// How long the pool keeps the connection afterwards.
    pub idle_timeout: Duration,
}

/// The connections to all endpoints.
pub struct Connector {
    transport: TransportConnector,
}

impl Connector {
    /// A connector whose pool keeps at most `idle` idle connections in all.
    pub fn new(idle: usize) -> Self {
        Self {
            transport: TransportConnector::new(Some(ConnectorOptions::new(idle))),
        }
    }

    /// Connects, or takes an idle connection.
    pub async fn open(
        self: &Arc<Self>,
        to: &Destination,
    ) -> Result<Box<dyn Upstream>, UpstreamError> {
        let peer = peer(to);
        let opened = self.transport.get_stream(&peer).await;
        let (stream, reused) = opened.map_err(|error| not_connected(&error))?;
        Ok(Box::new(Http1Exchange {
            client: Client::new(stream, Limits::default()),
            reused,
            connector: Arc::clone(self),
            key: peer.reuse_hash(),
            idle_timeout: to.idle_timeout,
        }))
    }
}

fn peer(to: &Destination) -> HttpPeer {
    let mut peer = HttpPeer::new(to.address, false, String::new());
    peer.group_key = to.group;
    peer.options.connection_timeout = Some(to.connect_timeout);
    peer.options.total_connection_timeout = Some(to.connect_timeout);
    peer.options.idle_timeout = Some(to.idle_timeout);
    peer
}

fn not_connected(error: &pingora_error::Error) -> UpstreamError {
    let cause = match (Shortage::behind(error.root_cause()), error.etype()) {
        (Some(shortage), _) => Cause::Shortage(shortage),
        (None, ErrorType::ConnectTimedout) => Cause::ConnectTimeout,
        (None, ErrorType::ConnectRefused) => Cause::Connect("connect_refused"),
        (None, ErrorType::ConnectNoRoute) => Cause::Connect("no_route"),
        _ => Cause::Connect("connect_error"),
    };
    UpstreamError {
        stage: Stage::Unprocessed,
        cause,
        stale: false,
    }
}

/// One exchange on an HTTP/1.1 connection.
struct Http1Exchange {
    client: Client<Stream>,
    reused: bool,
    connector: Arc<Connector>,
    key: u64,
    idle_timeout: Duration,
}

impl Http1Exchange {
    fn read_failed(&self, error: Error) -> UpstreamError {
        let cause = match error {
            Error::Closed => Cause::Closed,
            Error::Io(_) => Cause::Read,
            Error::Malformed(reason) | Error::OtherProtocol(reason) | Error::TooLarge(reason) => {
                Cause::Malformed(reason)
            }
            Error::Version => Cause::Malformed("unsupported HTTP version"),
            Error::Tunnel => Cause::Malformed("a tunnel"),
            Error::Unwritable(reason) => Cause::Unwritable(reason),
        };
        self.failed(cause)
    }

    fn write_failed(&self, error: Error) -> UpstreamError {
        self.failed(match error {
            Error::Unwritable(reason) => Cause::Unwritable(reason),
            _ => Cause::Write,
        })
    }

    fn failed(&self, cause: Cause) -> UpstreamError {
        let begun = self.client.is_response_begun();
        let broke = matches!(cause, Cause::Closed | Cause::Read | Cause::Write);
        UpstreamError {
            stage: if begun {
                Stage::Responding
            } else {
                Stage::Sent
            },
            cause,
            stale: self.reused && !begun && broke,
        }
    }
}

impl Upstream for Http1Exchange {
    fn send_head(&mut self, head: &RequestHeader, body: BodyLength) -> Result<(), UpstreamError> {
        let sent = self.client.send_head(head, body);
        sent.map_err(|error| self.write_failed(error))
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), UpstreamError>> {
        let ready = self.client.poll_ready(cx);
        ready.map_err(|error| self.write_failed(error))
    }

    fn send_part(&mut self, part: Part) -> Result<(), UpstreamError> {
        let sent = self.client.send_part(part);
        sent.map_err(|error| self.write_failed(error))
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), UpstreamError>> {
        let flushed = self.client.poll_flush(cx);
        flushed.map_err(|error| self.write_failed(error))
    }

    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<ResponseHeader, UpstreamError>> {
        let head = self.client.poll_head(cx);
        head.map_err(|error| self.read_failed(error))
    }

    fn body_length(&self) -> Option<BodyLength> {
        self.client.body_length()
    }

    fn is_delimited_by_close(&self) -> bool {
        self.client.is_delimited_by_close()
    }

    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Result<Part, UpstreamError>> {
        let part = self.client.poll_part(cx);
        part.map_err(|error| self.read_failed(error))
    }

    fn release(self: Box<Self>) {
        let Self {
            client,
            connector,
            key,
            idle_timeout,
            ..
        } = *self;
        if let Some(stream) = client.into_reusable() {
            let pool = &connector.transport;
            pool.release_stream(stream, key, Some(idle_timeout));
        }
    }
}

#[cfg(test)]
mod tests;
