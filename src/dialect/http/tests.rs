use super::*;
use crate::dialect::Body;
use crate::rejection::{Rejection, RejectionReason};
use ::http::HeaderMap;

fn call(method: Method, target: &str) -> Call {
    Http::new("files").understand(&Request {
        method: &method,
        target,
        headers: &HeaderMap::new(),
        body: Body::Whole(&Bytes::new()),
    })
}

fn response(status: u16) -> Judgement {
    let response = Response {
        status,
        headers: &HeaderMap::new(),
        body: Body::Prefix(b""),
    };
    Http::new("files").judge(&call(Method::GET, "/"), &response)
}

#[test]
fn only_safe_methods_are_reads_and_nothing_is_stored() {
    for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
        let call = call(method, "/x");
        assert_eq!(call.effect, Effect::Read);
        assert_eq!(call.storability, Storability::Never("not_understood"));
        assert!(call.canonical.is_none() && call.invalidates.is_empty());
    }
    for method in [
        Method::POST,
        Method::PUT,
        Method::DELETE,
        Method::PATCH,
        Method::TRACE,
    ] {
        let call = call(method, "/x");
        assert_eq!(call.effect, Effect::Unknown);
        assert_eq!(call.invalidates, [Tag::service("http", "files")]);
    }
}

#[test]
fn only_a_server_s_failure_is_the_endpoint_s_fault() {
    assert!(response(200).is_success() && response(304).is_success());
    assert!(response(200).storable.is_err());
    assert_eq!(response(404).fault, Fault::Client);
    assert_eq!(response(429).fault, Fault::Overload);
    assert_eq!(
        (response(500).fault, response(500).read_retry),
        (Fault::Endpoint, RetryAdvice::Once)
    );
    assert_eq!(
        (response(503).read_retry, response(503).write_retry),
        (RetryAdvice::Elsewhere, RetryAdvice::No)
    );
}

#[test]
fn ids_in_a_path_do_not_make_a_new_shape() {
    let shape = |target| call(Method::GET, target).shape;
    assert_eq!(shape("/users/1?x=1"), shape("/users/22"));
    assert_ne!(shape("/users/1"), shape("/orders/1"));
}

#[test]
fn a_refusal_names_its_reason() {
    let refusal = Http::new("files").refusal(
        &Rejection::new(RejectionReason::BodiesFull, "bye \"now\""),
        None,
    );
    let body: serde_json::Value = serde_json::from_str(&refusal.body).unwrap();
    assert_eq!(body["error"]["reason"], "bodies_full");
    assert_eq!(body["error"]["detail"], "bye \"now\"");
}

#[test]
fn any_response_below_500_shows_that_it_serves() {
    let probe = Http::new("files").probes().remove(0);
    let finding = |status| {
        (probe.read)(&Response {
            status,
            headers: &HeaderMap::new(),
            body: Body::Prefix(b""),
        })
    };
    assert_eq!(probe.target, "/");
    assert_eq!(
        (finding(404), finding(499)),
        (ProbeResult::Good, ProbeResult::Good)
    );
    assert!(matches!(finding(500), ProbeResult::Bad(_)));
}

#[test]
fn what_is_expected_of_a_probe_decides_alone_where_it_is_said() {
    let http = Http {
        probe_path: "/health?full".into(),
        expected: [(200, 204), (301, 301)].into(),
        ..Http::new("files")
    };
    let probe = http.probes().remove(0);
    let is_good = |status| {
        let headers = HeaderMap::new();
        let response = Response {
            status,
            headers: &headers,
            body: Body::Prefix(b""),
        };
        (probe.read)(&response) == ProbeResult::Good
    };
    assert_eq!(probe.target, "/health?full");
    let good: Vec<u16> = (200..600).filter(|status| is_good(*status)).collect();
    assert_eq!(good, [200, 201, 202, 203, 204, 301]);
}
