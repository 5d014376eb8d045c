//! Sends probes and inquiries over HTTP/1.1. Each goes over a connection of its own, to the address
//! that traffic would take, so that a server which no longer accepts is found out. The answer is
//! bounded; the name is never resolved here.

use super::question::{ProbeClient, ProbeReply, Question, REPLY_LIMIT};
use crate::endpoint::Condition;
use async_trait::async_trait;
use bytes::Bytes;
use http::header::HOST;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use std::net::SocketAddr;
use std::time::Duration;

/// Time for one question in all.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// The HTTP client of probes.
pub struct HttpProbeClient {
    client: Client<HttpConnector, Full<Bytes>>,
    within: Duration,
}

impl Default for HttpProbeClient {
    fn default() -> Self {
        Self::new(ANSWER_WITHIN)
    }
}

impl HttpProbeClient {
    /// A client that waits so long for an answer.
    pub fn new(within: Duration) -> Self {
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .build_http();
        Self { client, within }
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<ProbeReply, String> {
        let response = self.client.request(request).await;
        let response = response.map_err(|e| cause(&e))?;
        read(response).await
    }
}

#[async_trait]
impl ProbeClient for HttpProbeClient {
    async fn ask(&self, whom: &Condition, question: Question<'_>) -> Result<ProbeReply, String> {
        let address = whom.address().ok_or("name not resolved")?;
        let request = request(whom, address, question)?;
        tokio::time::timeout(self.within, self.exchange(request))
            .await
            .map_err(|_| format!("no answer within {} s", self.within.as_secs_f64()))?
    }
}

fn request(
    whom: &Condition,
    address: SocketAddr,
    question: Question<'_>,
) -> Result<Request<Full<Bytes>>, String> {
    let mut request = Request::builder()
        .method(question.method)
        .uri(format!("http://{address}{}", question.target))
        .header(HOST, whom.identity().address.to_string());
    for (name, value) in question.headers {
        request = request.header(name, value);
    }
    request
        .body(Full::new(question.body.clone()))
        .map_err(|_| "the question is not a valid request".into())
}

async fn read(response: Response<Incoming>) -> Result<ProbeReply, String> {
    let (head, body) = response.into_parts();
    let body = Limited::new(body, REPLY_LIMIT).collect().await;
    Ok(ProbeReply {
        status: head.status.as_u16(),
        headers: head.headers,
        body: body.map_err(|e| cause(&*e))?.to_bytes(),
    })
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
