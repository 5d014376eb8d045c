//! A client for tests: one request, and its response read whole.

use http::HeaderMap;
use serde_json::Value;
use std::sync::LazyLock;

/// A response, read whole.
#[derive(Debug)]
pub struct TextResponse {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl TextResponse {
    /// The body; fails the test when it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The value of a field; empty when there is none.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap_or_default())
    }

    /// What the proxy's cache did: `hit`, `miss` or `bypass`.
    pub fn cache(&self) -> &str {
        let said = self.header("x-pointsman-cache").split(';').next();
        said.unwrap_or_default()
    }

    /// What the proxy says of the request.
    pub fn explain(&self) -> &str {
        self.header("x-pointsman-explain")
    }

    /// Rows of Neo4j's Query API.
    pub fn rows(&self) -> Value {
        self.json()["data"]["values"].clone()
    }

    /// The code of Neo4j's first error; empty when there is none.
    pub fn code(&self) -> String {
        let code = &self.json()["errors"][0]["code"];
        code.as_str().unwrap_or_default().to_owned()
    }
}

static CLIENT: LazyLock<reqwest::Client> = LazyLock::new(|| {
    // Each test has a runtime of its own, which a kept connection would outlive.
    let builder = reqwest::Client::builder().pool_max_idle_per_host(0);
    builder.build().expect("a client")
});

/// Sends a request and reads the response.
pub async fn send(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: impl Into<Option<String>>,
) -> TextResponse {
    let response = try_send(method, url, headers, body).await;
    response.expect("a response")
}

/// As `send`; an error when no whole response came.
pub async fn try_send(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: impl Into<Option<String>>,
) -> reqwest::Result<TextResponse> {
    let mut request = CLIENT.request(method.parse().expect("a method"), url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if let Some(body) = body.into() {
        request = request.body(body);
    }
    let response = request.send().await?;
    Ok(TextResponse {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        text: response.text().await?,
    })
}
