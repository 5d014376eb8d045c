//! A process that is not there, and callers of it.

use crate::admin::*;
use crate::config::{self, Secret};
use async_trait::async_trait;
use axum::body::Body;
use axum::http::request::Builder;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;

pub const OPERATE: &str = "operate-token-1";
pub const READ: &str = "read-token-1";

#[derive(Default)]
pub struct Fake {
    pub credentials: Arc<Credentials>,
    pub readiness: Mutex<Readiness>,
    pub changes: Mutex<Vec<String>>,
}

fn known(service: &str, endpoint: &str) -> Result<(), Problem> {
    match (service, endpoint) {
        ("vectors", "a/1") => Ok(()),
        _ => Err(Problem::not_found("no such instance")),
    }
}

#[async_trait]
impl Control for Fake {
    fn credentials(&self) -> Arc<Credentials> {
        Arc::clone(&self.credentials)
    }
    fn readiness(&self) -> Readiness {
        self.readiness.lock().clone()
    }
    fn health(&self) -> Health {
        [("cache", true), ("database", false)].into()
    }
    fn metrics(&self) -> String {
        "pointsman_up 1\n".into()
    }
    fn stats(&self) -> Value {
        json!({"strategy": "adaptive"})
    }
    fn balancer_stats(&self) -> Value {
        json!({"total_servers": 1})
    }
    fn instances(&self) -> Value {
        json!(["a/1"])
    }
    fn executions(&self, limit: usize) -> Value {
        json!({"limit": limit})
    }
    fn explain(&self, id: &str) -> Option<Value> {
        (id == "0123456789ab").then(|| json!({"id": id}))
    }
    fn explanations(&self, limit: usize) -> Value {
        json!({"limit": limit})
    }
    fn events(&self, after: u64) -> Value {
        json!({"after": after})
    }
    fn scores(&self, class: Option<&str>) -> Result<Value, Problem> {
        Ok(json!({"a/1": class}))
    }
    fn resources(&self, limit: usize) -> Value {
        json!({"limit": limit})
    }
    fn rules(&self) -> Value {
        json!([])
    }
    fn overload(&self) -> Value {
        json!({})
    }
    fn queue(&self) -> Value {
        json!([])
    }
    fn migrations(&self) -> Value {
        json!([])
    }
    fn arrivals(&self, limit: usize) -> Value {
        json!({"limit": limit})
    }
    fn history(&self, wanted: &HistoryFilter) -> Result<Value, Problem> {
        Ok(json!({"service": wanted.service, "limit": wanted.rows()}))
    }
    fn feedback(&self, feedback: &Feedback) -> Result<Value, Problem> {
        self.changes
            .lock()
            .push(format!("{}", feedback.actual_time));
        Ok(json!({"success": feedback.success}))
    }
    fn shadows(&self) -> Value {
        json!({})
    }
    async fn simulate(&self, service: &str) -> Result<Value, Problem> {
        Ok(json!({"service": service}))
    }
    async fn optimize(&self, wanted: Optimize) -> Result<Value, Problem> {
        Ok(json!({"applied": wanted.apply}))
    }
    fn config(&self) -> Value {
        json!({"admin": {"operate_token": "***"}})
    }
    async fn reload(&self) -> Result<ReloadReport, Problem> {
        self.changes.lock().push("reload".into());
        Ok(ReloadReport {
            generation: 2,
            changed: true,
            warnings: Vec::new(),
        })
    }
    fn strategies(&self) -> Value {
        json!({"strategy": "adaptive"})
    }
    async fn set_strategy(&self, change: StrategyChange) -> Result<(), Problem> {
        self.changes.lock().push(format!("{:?}", change.strategy));
        Ok(())
    }
    fn mode(&self) -> Value {
        json!({"mode": "normal"})
    }
    async fn set_mode(&self, change: ModeChange) -> Result<(), Problem> {
        self.changes.lock().push(format!("{:?}", change.mode));
        Ok(())
    }
    async fn add_instance(&self, instance: NewInstance) -> Result<String, Problem> {
        Ok(instance.endpoint()?.name)
    }
    async fn remove_instance(&self, service: &str, endpoint: &str) -> Result<(), Problem> {
        known(service, endpoint)
    }
    fn set_status(
        &self,
        service: &str,
        endpoint: &str,
        status: StatusChange,
    ) -> Result<(), Problem> {
        known(service, endpoint)?;
        self.changes.lock().push(format!("{status:?}"));
        Ok(())
    }
    fn push_metrics(
        &self,
        service: &str,
        endpoint: &str,
        metrics: &PushedMetrics,
    ) -> Result<(), Problem> {
        known(service, endpoint)?;
        self.changes.lock().push(format!("{:?}", metrics.cpu_usage));
        Ok(())
    }
    fn reported(&self, service: &str, endpoint: &str) -> Result<Value, Problem> {
        known(service, endpoint)?;
        Ok(json!({"instance": endpoint}))
    }
    fn cache_stats(&self) -> Value {
        json!({"hits": 1})
    }
    fn clear_cache(&self, category: Option<&str>) -> Result<u64, Problem> {
        match category {
            None | Some("vector") => Ok(7),
            Some(_) => Err(Problem::invalid("cache_type: no such category")),
        }
    }
}

/// A process and a caller on this machine.
pub struct Desk {
    pub fake: Arc<Fake>,
    pub remote: SocketAddr,
}

impl Desk {
    /// Without tokens.
    pub fn open() -> Self {
        Self::with(None, None)
    }

    /// With both tokens.
    pub fn locked() -> Self {
        Self::with(Some(OPERATE), Some(READ))
    }

    pub fn with(operate: Option<&str>, read: Option<&str>) -> Self {
        let secret = |token: &str| Secret(token.into());
        let admin = config::Admin {
            operate_token: operate.map(secret),
            read_token: read.map(secret),
            ..Default::default()
        };
        let credentials = Arc::new(Credentials::of(&admin));
        Self {
            fake: Arc::new(Fake {
                credentials,
                ..Default::default()
            }),
            remote: SocketAddr::from(([127, 0, 0, 1], 50_000)),
        }
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(self.request("GET", path), "").await
    }

    pub async fn change(&self, method: &str, path: &str, body: &str) -> Reply {
        self.send(self.request(method, path), body).await
    }

    /// A request with the `Host` of the listener.
    pub fn request(&self, method: &str, path: &str) -> Builder {
        Request::builder()
            .method(method)
            .uri(path)
            .header("host", "127.0.0.1:9600")
    }

    pub async fn send(&self, request: Builder, body: &str) -> Reply {
        let peer = Peer {
            remote: self.remote,
            local: SocketAddr::from(([127, 0, 0, 1], 9600)),
        };
        let request = request
            .extension(peer)
            .body(Body::from(body.to_owned()))
            .unwrap();
        let service = TowerToHyperService::new(router(self.fake.clone()));
        let (parts, body) = service.call(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Reply {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }
}

pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Reply {
    /// The data of a success.
    pub fn data(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        let body: Value = serde_json::from_str(&self.body).unwrap();
        assert_eq!(body["success"], true);
        body["data"].clone()
    }

    /// The detail of a failure with this status; the response has the envelope and is safe for a browser.
    pub fn detail(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.body);
        let body: Value = serde_json::from_str(&self.body).unwrap();
        assert_eq!(body["success"], false);
        assert_eq!(self.headers["x-content-type-options"], "nosniff");
        body["detail"].as_str().unwrap().to_owned()
    }
}
