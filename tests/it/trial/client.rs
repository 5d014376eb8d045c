//! One client's way of asking: it sends, reads the whole answer, and says how the cache took part.

use std::time::Duration;

use serde_json::Value;

/// An answer that arrived whole.
#[derive(Debug)]
pub struct Got {
    pub status: u16,
    /// The header `x-pointsman-cache`.
    pub cache: String,
    pub body: Value,
}

impl Got {
    /// Whether the answer came from store, or was fetched for another client.
    pub fn is_hit(&self) -> bool {
        self.cache.starts_with("hit")
    }

    /// Whether the answer was fetched for another client at the same time.
    pub fn is_shared(&self) -> bool {
        self.cache.starts_with("hit; reason=")
    }

    /// Whether the answer is a success.
    pub fn is_good(&self) -> bool {
        (200..300).contains(&self.status)
            && self.body["errors"].as_array().is_none_or(Vec::is_empty)
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lost {
    /// This client went away, as the trial wanted.
    Left,
    /// The answer began and did not end.
    Cut(String),
    /// There was no answer at all.
    None(String),
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Call {
    pub method: &'static str,
    pub url: String,
    /// `null`: no body.
    pub body: Value,
}

impl Call {
    /// A call with a JSON body.
    pub fn new(method: &'static str, url: String, body: Value) -> Self {
        Self { method, url, body }
    }
}

/// A client with its own connections.
#[derive(Clone, Default)]
pub struct Client(reqwest::Client);

impl Client {
    /// Asks and reads the whole answer; goes away after `patience` when there is one.
    pub async fn ask(&self, call: &Call, patience: Option<Duration>) -> Result<Got, Lost> {
        match patience {
            None => self.whole(call).await,
            Some(patience) => tokio::time::timeout(patience, self.whole(call))
                .await
                .unwrap_or(Err(Lost::Left)),
        }
    }

    async fn whole(&self, call: &Call) -> Result<Got, Lost> {
        let method = call.method.parse().expect("a method");
        let mut request = self
            .0
            .request(method, &call.url)
            .header("accept", "application/json");
        if !call.body.is_null() {
            request = request
                .header("content-type", "application/json")
                .body(call.body.to_string());
        }
        let none = |error: reqwest::Error| Lost::None(format!("{error:?}"));
        let answer = request.send().await.map_err(none)?;
        let status = answer.status().as_u16();
        let cache = answer.headers().get("x-pointsman-cache");
        let cache = cache.and_then(|value| value.to_str().ok()).unwrap_or("");
        let cache = cache.to_owned();
        let cut = |error: reqwest::Error| Lost::Cut(format!("{error:?}"));
        let bytes = answer.bytes().await.map_err(cut)?;
        let text = || Value::String(String::from_utf8_lossy(&bytes).into_owned());
        let body = serde_json::from_slice(&bytes).unwrap_or_else(|_| text());
        Ok(Got {
            status,
            cache,
            body,
        })
    }
}
