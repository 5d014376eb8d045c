//! Sending requests and comparing shapes.

use serde_json::Value;

/// A status, headers and body.
pub struct Got {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Got {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }
}

pub async fn send(method: &str, url: &str, headers: &[(&str, &str)], body: Option<String>) -> Got {
    try_send(method, url, headers, body)
        .await
        .expect("a response")
}

pub async fn try_send(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: Option<String>,
) -> reqwest::Result<Got> {
    let mut request = reqwest::Client::new().request(method.parse().unwrap(), url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if let Some(body) = body {
        request = request.body(body);
    }
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Ok(Got {
        status,
        headers,
        text: response.text().await?,
    })
}

pub async fn json(method: &str, url: &str, body: Value) -> Got {
    let headers = [
        ("content-type", "application/json"),
        ("accept", "application/json"),
    ];
    send(method, url, &headers, Some(body.to_string())).await
}

pub async fn get(url: &str) -> Got {
    send("GET", url, &[("accept", "application/json")], None).await
}

/// The same keys and kinds of values; the first members stand for all of a list.
pub fn same_shape(ours: &Value, theirs: &Value, path: &str) -> Result<(), String> {
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => {
            let (mut a, mut b): (Vec<_>, Vec<_>) = (ours.keys().collect(), theirs.keys().collect());
            a.sort();
            b.sort();
            if a != b {
                return Err(format!("{path}: keys {a:?}, recorded {b:?}"));
            }
            ours.iter().try_for_each(|(key, value)| {
                same_shape(value, &theirs[key], &format!("{path}.{key}"))
            })
        }
        (Value::Array(ours), Value::Array(theirs)) => match (ours.first(), theirs.first()) {
            (Some(a), Some(b)) => same_shape(a, b, &format!("{path}[0]")),
            (None, None) => Ok(()),
            _ => Err(format!(
                "{path}: {} members, recorded {}",
                ours.len(),
                theirs.len()
            )),
        },
        (Value::Number(_), Value::Number(_))
        | (Value::String(_), Value::String(_))
        | (Value::Bool(_), Value::Bool(_))
        | (Value::Null, Value::Null) => Ok(()),
        _ => Err(format!("{path}: {ours}, recorded {theirs}")),
    }
}

/// Lines of a recording.
pub fn recorded(text: &str) -> Vec<Value> {
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}
