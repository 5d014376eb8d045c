//! Calls without a requester, as a background task makes them.

use super::{CallEnd, CallOrigin, CallReport, Caller, Outbound, OutboundRequest, RequestBody};
use crate::cache::LookupResult;
use crate::config;
use crate::endpoint::{Permit, PermitLimits};
use crate::http::{BodyLength, Connector, Part, RequestHeader};
use crate::observe::Ticket;
use crate::plan::Plan;
use crate::rejection::RejectionReason;
use crate::runtime::Server;
use balancing::Rung;
use bytes::Bytes;
use http::{Request, Response};
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;
use testbed::faults::{CannedResponse, Requests, When};
use testbed::graph::{Graph, Options};
use testbed::server::{Application, Listener};
use tokio::time::Instant;

/// Responds to all as Qdrant does: to `GET /aliases` that there are none.
struct Endpoint;

impl Application for Endpoint {
    fn respond(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let result = match request.uri().path() {
            "/aliases" => r#"{"aliases":[]}"#,
            _ => r#"{"id":7,"status":"completed"}"#,
        };
        let body = format!(r#"{{"status":"ok","time":0.0,"result":{result}}}"#);
        let response = Response::builder().header("content-type", "application/json");
        response.body(body.into()).unwrap()
    }

    fn is_write(&self, request: &Request<Bytes>) -> bool {
        request.method() == "PUT"
    }
}

const READ: (&str, &str, &str) = ("GET", "/collections/a/points/7", "");
const WRITE: (&str, &str, &str) = ("PUT", "/collections/a/points?wait=true", r#"{"points":[]}"#);

/// A process over one endpoint, which is held as long as the process.
struct Process<E> {
    endpoint: E,
    server: Server,
    caller: Caller,
    /// Of all its calls.
    ticket: Ticket,
}

impl Process<Listener> {
    async fn over_qdrant() -> Self {
        let endpoint = Listener::bind(0, Arc::new(Endpoint)).unwrap();
        let url = endpoint.url();
        Self::start(endpoint, "qdrant", &url).await
    }
}

impl<E> Process<E> {
    /// A process that buffers little of a response.
    async fn start(endpoint: E, dialect: &str, url: &str) -> Self {
        Self::start_with(endpoint, dialect, url, "").await
    }

    /// The same, with more sections.
    async fn start_with(endpoint: E, dialect: &str, url: &str, more: &str) -> Self {
        let text = format!(
            "services: {{db: {{dialect: {dialect}, listen: 127.0.0.1:0, endpoints: [{url}]}}}}\nadmin: {{listen: 127.0.0.1:0}}\npath: {{hold_limit: 1KiB}}\n{more}",
        );
        let loaded = config::read(&text, "f.yaml", &BTreeMap::new(), &[]).unwrap();
        let server = Server::start(loaded, None).await.unwrap();
        let caller = Caller {
            shared: Arc::clone(server.shared()),
            connector: Arc::new(Connector::new(1)),
        };
        Self {
            endpoint,
            server,
            caller,
            ticket: Ticket::default(),
        }
    }

    async fn call(&self, request: (&str, &str, &'static str), limit: Duration) -> CallReport {
        let mut outbound = self.outbound(request).await;
        let deadline = Instant::now() + limit;
        self.caller.call(&mut outbound, deadline, None).await
    }

    async fn outbound(&self, request: (&str, &str, &'static str)) -> Outbound {
        let (method, target, body) = request;
        let shared = self.server.shared();
        let snapshot = shared.snapshot();
        let service = snapshot.service("db").unwrap();
        let mut head = RequestHeader::build(method, target.as_bytes(), None).unwrap();
        head.insert_header("content-type", "application/json")
            .unwrap();
        let request = OutboundRequest {
            head: Arc::new(head),
            target: target.into(),
            body: RequestBody {
                bytes: Bytes::from_static(body.as_bytes()),
                trailers: None,
                is_whole: true,
            },
            body_length: match body.len() {
                0 => BodyLength::None,
                length => BodyLength::Known(length as u64),
            },
        };
        let call = request.understand(&service.dialect).await;
        let origin = CallOrigin {
            snapshot,
            service,
            share: shared.bodies.share("a test"),
            explain: false,
            ticket: self.ticket.clone(),
        };
        Outbound::of(origin, request, call, &shared.load())
    }

    /// Reads until the response is stored: the endpoint is asked for its metadata first.
    async fn store(&self, read: (&str, &str, &'static str)) {
        let stored = async {
            while !matches!(self.call(read, LONG).await.end, CallEnd::Stored(..)) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(LONG, stored).await.unwrap();
    }
}

/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_write_without_a_requester_invalidates_what_a_read_without_one_stored() {
    let process = Process::over_qdrant().await;
    process.store(READ).await;
    let report = process.call(WRITE, LONG).await;
    let CallEnd::Response(written) = report.end else {
        panic!("no response to the write");
    };
    assert_eq!(written.response.head.status, 200);
    let report = process.call(READ, LONG).await;
    assert!(matches!(report.end, CallEnd::Response(_)));
    process.store(READ).await;
}

#[tokio::test]
async fn its_deadline_ends_a_call_without_a_requester_to_a_silent_endpoint() {
    let process = Process::over_qdrant().await;
    process.endpoint.faults().hang(Some(Requests::All));
    let cases = [
        (READ, RejectionReason::UpstreamTimeout),
        (WRITE, RejectionReason::OutcomeUnknown),
    ];
    for (number, (request, reason)) in cases.into_iter().enumerate() {
        let call = process.call(request, Duration::from_millis(50));
        let report = tokio::time::timeout(LONG, call).await.unwrap();
        let CallEnd::Refused(rejection) = report.end else {
            panic!("not refused");
        };
        assert_eq!(rejection.reason, reason);
        assert_eq!(process.ticket.attempts().len(), number + 1);
    }
}

/// A rule that is always in force keeps the service on the rung.
const SHEDS: &str = "balance: {monitor: {interval: 1ms, lasting: 1ms, rules: [{name: always, figure: memory_usage, above: 0, action: shed_low_priority}]}}\n";

#[tokio::test]
async fn a_call_whose_priority_is_only_lower_as_it_does_not_fit_waits_where_others_of_this_priority_are_shed()
 {
    let endpoint = Listener::bind(0, Arc::new(Endpoint)).unwrap();
    let url = endpoint.url();
    let process = Process::start_with(endpoint, "qdrant", &url, SHEDS).await;
    let service = process.server.shared().snapshot().service("db").unwrap();
    let pool = &service.pool;
    let sheds = async {
        while pool.rung() < Rung::Shedding {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONG, sheds).await.unwrap();
    let only = &pool.endpoints()[0];
    let taken = || Permit::claim(only, 1.0, PermitLimits::NONE).unwrap();
    let taken: Vec<Permit> = (0..only.max_connections).map(|_| taken()).collect();
    let outbound = async |lowered_by| {
        let mut outbound = process.outbound(READ).await;
        outbound.plan = Arc::new(Plan {
            priority: 3,
            lowered_by,
            ..(*outbound.plan).clone()
        });
        outbound
    };
    let deadline = Instant::now() + LONG;

    let mut own = outbound(0).await;
    let report = process.caller.call(&mut own, deadline, None).await;
    let CallEnd::Refused(rejection) = report.end else {
        panic!("not refused");
    };
    assert_eq!(rejection.reason, RejectionReason::Shed);

    let mut lowered = outbound(2).await;
    let ends = async {
        while pool.broker().pending() == 0 {
            tokio::task::yield_now().await;
        }
        drop(taken);
    };
    let call = process.caller.call(&mut lowered, deadline, None);
    let both = async { tokio::join!(call, ends) };
    let (report, ()) = tokio::time::timeout(LONG, both).await.unwrap();
    assert!(matches!(report.end, CallEnd::Response(_)));
}

const GRAPH: &str = "/db/neo4j/query/v2";
const GRAPH_READ: (&str, &str, &str) = ("POST", GRAPH, r#"{"statement":"MATCH (n:A) RETURN n.x"}"#);
const GRAPH_WRITE: (&str, &str, &str) = ("POST", GRAPH, r#"{"statement":"CREATE (n:A) RETURN n"}"#);

#[tokio::test]
async fn a_streamed_response_settles_its_write_for_whoever_polls_it_to_its_end() {
    let graph = Graph::start(Options::default()).unwrap();
    let url = graph.url(0);
    let process = Process::start(graph, "neo4j", &url).await;
    process.store(GRAPH_READ).await;
    let row = "a".repeat(1 << 20);
    let response = format!(r#"{{"data":{{"fields":["n"],"values":[["{row}"]]}},"bookmarks":[]}}"#);
    let response = CannedResponse::json(202, response);
    let faults = process.endpoint.faults(0);
    faults.respond_only(response, When::Always, Requests::Writes);

    let CallEnd::Response(written) = process.call(GRAPH_WRITE, LONG).await.end else {
        panic!("no response to the write");
    };
    assert!(!written.response.body.is_empty());
    let mut stream = written.stream.unwrap();
    while poll_fn(|cx| stream.poll_part(cx, &mut None)).await.unwrap() != Part::End {}
    stream.release();

    let report = process.call(GRAPH_READ, LONG).await;
    let (status, _) = report.cache.unwrap();
    assert_eq!(status.result, LookupResult::Miss, "no quarantine: {status}");
}
