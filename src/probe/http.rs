//! Sends probes and metadata queries over HTTP/1.1. Each has a connection of its own, to the address
//! that traffic would take, so that a server which no longer accepts is found out. What is read of
//! a response is bounded; the name is never resolved here.

use super::question::{ProbeClient, ProbeError, ProbeReply, Question};
use crate::endpoint::Condition;
use crate::shortage::Shortage;
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http::header::HOST;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use std::net::SocketAddr;
use std::time::Duration;

/// The HTTP client of probes.
pub struct HttpProbeClient {
    client: Client<HttpConnector, Full<Bytes>>,
    within: Duration,
}

impl HttpProbeClient {
    /// A client that waits so long for each response.
    pub fn new(within: Duration) -> Self {
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .build_http();
        Self { client, within }
    }

    async fn exchange(
        &self,
        request: Request<Full<Bytes>>,
        limit: usize,
    ) -> Result<ProbeReply, ProbeError> {
        let response = self.client.request(request).await;
        read(response.map_err(|error| failure(&error))?, limit).await
    }
}

#[async_trait]
impl ProbeClient for HttpProbeClient {
    async fn ask(
        &self,
        whom: &Condition,
        question: Question<'_>,
    ) -> Result<ProbeReply, ProbeError> {
        let unresolved = || ProbeError::NoResponse("name not resolved".into());
        let address = whom.server().address().ok_or_else(unresolved)?;
        let request = request(whom, address, question)?;
        tokio::time::timeout(self.within, self.exchange(request, question.limit))
            .await
            .map_err(|_| too_late(self.within))?
    }
}

fn request(
    whom: &Condition,
    address: SocketAddr,
    question: Question<'_>,
) -> Result<Request<Full<Bytes>>, ProbeError> {
    let mut request = Request::builder()
        .method(question.method)
        .uri(format!("http://{address}{}", question.target))
        .header(HOST, whom.identity().address.to_string());
    for (name, value) in question.headers {
        request = request.header(name, value);
    }
    request
        .body(Full::new(question.body.clone()))
        .map_err(|_| ProbeError::NoResponse("the question is not a valid request".into()))
}

/// Reads up to `limit` bytes of the body; the connection, which is used once, is closed with the rest unread.
async fn read(response: Response<Incoming>, limit: usize) -> Result<ProbeReply, ProbeError> {
    let (head, mut incoming) = response.into_parts();
    let mut body = BytesMut::new();
    while body.len() <= limit {
        let Some(frame) = incoming.frame().await else {
            break;
        };
        if let Ok(data) = frame.map_err(|error| failure(&error))?.into_data() {
            body.extend_from_slice(&data);
        }
    }
    let is_truncated = body.len() > limit;
    body.truncate(limit);
    Ok(ProbeReply {
        status: head.status.as_u16(),
        headers: head.headers,
        body: body.freeze(),
        is_truncated,
    })
}

/// The failure of a question that had no response in this time.
pub(super) fn too_late(limit: Duration) -> ProbeError {
    ProbeError::NoResponse(format!("no response within {} s", limit.as_secs_f64()))
}

fn failure(error: &(dyn std::error::Error + 'static)) -> ProbeError {
    match Shortage::behind(error) {
        Some(_) => ProbeError::OurShortage(cause(error)),
        None => ProbeError::NoResponse(cause(error)),
    }
}

/// The innermost reason of an error: "connection refused" rather than "client error".
fn cause(error: &(dyn std::error::Error + 'static)) -> String {
    std::iter::successors(Some(error), |e| e.source())
        .last()
        .unwrap_or(error)
        .to_string()
}

#[cfg(test)]
mod tests;
