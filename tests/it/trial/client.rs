//! The client of a worker: it sends a request, reads the complete response and notes what the cache did.

use std::time::Duration;

use serde_json::Value;

/// A complete response.
#[derive(Debug)]
pub struct JsonResponse {
    pub status: u16,
    /// The header `x-pointsman-cache`.
    pub cache: String,
    pub body: Value,
}

impl JsonResponse {
    /// Whether the response came from the cache or from another client's request.
    pub fn is_hit(&self) -> bool {
        self.cache.starts_with("hit")
    }

    /// Whether the response was that of another client's request in flight.
    pub fn is_shared(&self) -> bool {
        self.cache.starts_with("hit; reason=")
    }

    /// Whether the response is a success.
    pub fn is_good(&self) -> bool {
        (200..300).contains(&self.status)
            && self.body["errors"].as_array().is_none_or(Vec::is_empty)
    }
}

/// Why there is no complete response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestError {
    /// The client cancelled it, as the trial intended.
    Cancelled,
    /// The response began and did not end.
    Truncated(String),
    /// No part of a response arrived.
    NoResponse(String),
}

/// A request of a trial.
#[derive(Clone, Debug)]
pub struct HttpRequest {
    pub method: &'static str,
    pub url: String,
    /// `null`: no body.
    pub body: Value,
    /// Fields on top of those that every request has.
    pub fields: Vec<(&'static str, String)>,
}

impl HttpRequest {
    /// A request with a JSON body.
    pub fn new(method: &'static str, url: String, body: Value) -> Self {
        Self {
            method,
            url,
            body,
            fields: Vec::new(),
        }
    }
}

/// A client with its own connections.
#[derive(Clone, Default)]
pub struct Client(reqwest::Client);

impl Client {
    /// Sends a request and reads the complete response; cancels it after `timeout`.
    pub async fn send(
        &self,
        request: &HttpRequest,
        timeout: Option<Duration>,
    ) -> Result<JsonResponse, RequestError> {
        match timeout {
            None => self.exchange(request).await,
            Some(timeout) => tokio::time::timeout(timeout, self.exchange(request))
                .await
                .unwrap_or(Err(RequestError::Cancelled)),
        }
    }

    async fn exchange(&self, request: &HttpRequest) -> Result<JsonResponse, RequestError> {
        let method = request.method.parse().expect("a method");
        let mut outgoing = self
            .0
            .request(method, &request.url)
            .header("accept", "application/json");
        for (name, value) in &request.fields {
            outgoing = outgoing.header(*name, value);
        }
        if !request.body.is_null() {
            outgoing = outgoing
                .header("content-type", "application/json")
                .body(request.body.to_string());
        }
        let none = |error: reqwest::Error| RequestError::NoResponse(format!("{error:?}"));
        let response = outgoing.send().await.map_err(none)?;
        let status = response.status().as_u16();
        let cache = response.headers().get("x-pointsman-cache");
        let cache = cache.and_then(|value| value.to_str().ok()).unwrap_or("");
        let cache = cache.to_owned();
        let cut = |error: reqwest::Error| RequestError::Truncated(format!("{error:?}"));
        let bytes = response.bytes().await.map_err(cut)?;
        let text = || Value::String(String::from_utf8_lossy(&bytes).into_owned());
        let body = serde_json::from_slice(&bytes).unwrap_or_else(|_| text());
        Ok(JsonResponse {
            status,
            cache,
            body,
        })
    }
}
