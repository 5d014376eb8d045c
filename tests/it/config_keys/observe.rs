//! What the observations share: origins, requests, and readings of the admin API.

use crate::support::{Origin, Proxy, Response, Step, eventually};
use serde_json::Value;
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// What was observed, as text.
pub type Observed = Pin<Box<dyn Future<Output = String> + Send>>;

pub const JSON: &str = "content-type: application/json\r\n";
pub const OK: &str = r#"{"result":{"id":7},"status":"ok","time":0.1}"#;
pub const POINT: &str = "/collections/a/points/7";
pub const POINTS: &str = "/collections/a/points?wait=true";
pub const UPSERT: &[u8] = br#"{"points":[{"id":1,"vector":[1,0],"payload":{"n":1}}]}"#;
pub const COMMIT: &str = "/db/neo4j/tx/commit";
pub const QUERY: &str = "/db/neo4j/query/v2";

/// Functions from a key with a value to what was observed. Observations are coarse enough that chance
/// does not decide what they say.
macro_rules! observations {
    ($($(#[$about:meta])* $name:ident($given:ident) $body:block)*) => {
        $($(#[$about])* pub fn $name($given: Given) -> Observed {
            Box::pin(async move { said($body) })
        })*
    };
}
pub(super) use observations;

pub fn said(what: impl Debug) -> String {
    format!("{what:?}")
}

/// An origin that holds its first two responses, each until its signal.
pub async fn holding_two() -> (Origin, [Arc<Notify>; 2]) {
    let releases = [(); 2].map(|()| Arc::new(Notify::new()));
    let signals = releases.clone();
    let origin = Origin::start(move |seen| {
        let wait = vec![Step::Wait(Arc::clone(&signals[seen.number]))];
        wait.into_iter().chain(Step::json(200, OK)).collect()
    });
    (origin.await, releases)
}

pub async fn good() -> Origin {
    Origin::start(|_| Step::json(200, OK)).await
}

pub async fn resetting() -> Origin {
    Origin::start(|_| vec![Step::Reset]).await
}

/// Responds, but resets the connection of requests for this target.
pub async fn good_but_for(target: &'static str) -> Origin {
    Origin::start(move |request| match request.target() == target {
        true => vec![Step::Reset],
        false => Step::json(200, OK),
    })
    .await
}

/// Responds after a while.
pub async fn slow() -> Origin {
    Origin::start(|_| {
        let pause = vec![Step::Sleep(Duration::from_millis(300))];
        pause.into_iter().chain(Step::json(200, OK)).collect()
    })
    .await
}

pub async fn get(proxy: &Proxy, target: &str) -> Response {
    proxy.request("GET", target, "", b"").await
}

/// The endpoints of the service, as the admin API shows them.
pub async fn instances(proxy: &Proxy) -> Vec<Value> {
    let all = proxy.data("/api/coordination/instances").await;
    all["db"].as_array().cloned().unwrap_or_default()
}

/// The events so far.
pub async fn events(proxy: &Proxy) -> Vec<Value> {
    let all = proxy.data("/api/coordination/events").await;
    all.as_array().cloned().unwrap_or_default()
}

/// The id of the request whose record is looked at.
pub const ID: &str = "x-request-id: observed\r\n";
const RECORD: &str = "/api/coordination/explain/observed";

/// Whether the request with [`ID`] has ended.
pub async fn is_recorded(proxy: &Proxy) -> bool {
    proxy.admin(RECORD, "").await.status == 200
}

/// The record of the request with [`ID`], once it has ended.
pub async fn recorded(proxy: &Proxy) -> Value {
    eventually("the record", || is_recorded(proxy)).await;
    proxy.data(RECORD).await
}

/// Sends a request and returns its record.
pub async fn record(proxy: &Proxy, target: &str, fields: &str, body: &str) -> Value {
    let fields = format!("{JSON}{fields}{ID}");
    let method = if body.is_empty() { "GET" } else { "POST" };
    proxy
        .request(method, target, &fields, body.as_bytes())
        .await;
    recorded(proxy).await
}
