//! One client connection: what serves its requests, and the limits that it is held to.

use super::Proxy;
use super::flow::{Flow, Origin};
use crate::http::{ConnectionLimits, Downstream, Handler, Refusal, RequestHeader, Violation};
use crate::rejection::{Rejection, RejectionReason};
use async_trait::async_trait;
use http::Method;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How long a connection that we close is read on, so that the client can read our response first; and how long it may
/// be silent then. No number of bytes is a bound: some clients send all of a body before they read, and what is dropped
/// as it comes costs less than a request. These are the times that nginx has.
const LINGER: Duration = Duration::from_secs(30);
const LINGER_SILENCE: Duration = Duration::from_secs(5);

/// A client's connection.
pub struct Connection {
    pub proxy: Arc<Proxy>,
    pub listener: Arc<str>,
    pub client: IpAddr,
    pub stop: watch::Receiver<bool>,
}

impl Connection {
    fn open<'a>(
        &'a self,
        head: &RequestHeader,
        downstream: &'a mut dyn Downstream,
    ) -> Option<Flow<'a>> {
        let snapshot = self.proxy.shared.snapshot();
        let service = snapshot.at(&self.listener)?;
        let origin = Origin {
            proxy: &self.proxy,
            client: self.client,
            stop: &self.stop,
        };
        Some(Flow::open(origin, (snapshot, service), head, downstream))
    }
}

#[async_trait]
impl Handler for Connection {
    fn limits(&self) -> ConnectionLimits {
        let config = self.proxy.shared.config();
        let path = &config.path;
        ConnectionLimits {
            first: path.client_first_byte_timeout,
            idle: path.client_keepalive,
            head: path.client_read_timeout,
            requests: path.client_requests,
            linger: LINGER,
            linger_silence: LINGER_SILENCE,
            head_bytes: path.max_header_size.bytes(),
            head_fields: path.max_header_count as usize,
        }
    }

    async fn handle(&self, request: RequestHeader, downstream: &mut dyn Downstream) {
        let _busy = self.proxy.shared.busy();
        // A listener whose service a reload took away closes its connections.
        if let Some(flow) = self.open(&request, downstream) {
            flow.run(request).await;
        }
    }

    async fn refuse(&self, refusal: Refusal, downstream: &mut dyn Downstream) {
        // What the client wanted is not known: its head could not be read.
        let Ok(head) = RequestHeader::build(Method::GET, b"/", None) else {
            return;
        };
        if let Some(flow) = self.open(&head, downstream) {
            flow.run_refusal(refusal.into()).await;
        }
    }
}

impl From<Refusal> for Rejection {
    fn from(refusal: Refusal) -> Self {
        let reason = match refusal.violation {
            Violation::Malformed => RejectionReason::BadRequest,
            Violation::OtherProtocol => RejectionReason::OtherProtocol,
            Violation::TooLarge => RejectionReason::HeadersTooLarge,
            Violation::Version => RejectionReason::VersionNotSupported,
            Violation::Tunnel => RejectionReason::MethodNotAllowed,
            Violation::Late => RejectionReason::ClientTooSlow,
        };
        Rejection::new(reason, refusal.reason)
    }
}
