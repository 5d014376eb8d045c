//! Sending requests and comparing shapes.

use serde_json::Value;
use testbed::client::{TextResponse, send};

pub async fn json(method: &str, url: &str, body: Value) -> TextResponse {
    let headers = [
        ("content-type", "application/json"),
        ("accept", "application/json"),
    ];
    send(method, url, &headers, body.to_string()).await
}

pub async fn get(url: &str) -> TextResponse {
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
