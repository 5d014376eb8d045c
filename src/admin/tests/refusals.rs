use super::fake::{Desk, OPERATE, READ};
use crate::admin::ROUTES;

const RELOAD: &str = "/api/config/reload";
const CONFIG: &str = "/api/config";
const OPEN: [&str; 3] = ["/livez", "/readyz", "/api/performance/health"];

async fn with_token(desk: &Desk, method: &str, path: &str, token: &str) -> u16 {
    let request = desk
        .request(method, path)
        .header("authorization", format!("Bearer {token}"));
    desk.send(request, "").await.status.as_u16()
}

#[tokio::test]
async fn with_tokens_every_route_but_health_needs_one() {
    let desk = Desk::locked();
    for route in ROUTES {
        let reply = desk.change(route.method, route.path, "").await;
        if OPEN.contains(&route.path) {
            assert!(reply.status != 401 && reply.status != 403, "{}", route.path);
        } else {
            reply.detail(401);
            assert_eq!(reply.headers["www-authenticate"], "Bearer");
        }
    }
    desk.get("/no/such").await.detail(401);
    assert!(desk.fake.changes.lock().is_empty());
}

#[tokio::test]
async fn a_wrong_token_opens_nothing() {
    let desk = Desk::locked();
    let long = "x".repeat(5000);
    let prefix = &OPERATE[..OPERATE.len() - 1];
    for token in [
        "",
        "wrong",
        prefix,
        &format!("{OPERATE}x"),
        &format!(" {OPERATE}"),
        &long,
    ] {
        assert_eq!(
            with_token(&desk, "GET", CONFIG, token).await,
            401,
            "{token}"
        );
    }
    let basic = desk
        .request("GET", CONFIG)
        .header("authorization", format!("Basic {OPERATE}"));
    desk.send(basic, "").await.detail(401);
    let bare = desk.request("GET", CONFIG).header("authorization", OPERATE);
    desk.send(bare, "").await.detail(401);
    let twice = desk
        .request("GET", CONFIG)
        .header("authorization", "Bearer x")
        .header("authorization", format!("Bearer {OPERATE}"));
    desk.send(twice, "").await.detail(401);
}

#[tokio::test]
async fn a_read_token_reads_and_an_operate_token_does_both() {
    let desk = Desk::locked();
    assert_eq!(with_token(&desk, "GET", CONFIG, READ).await, 200);
    assert_eq!(with_token(&desk, "GET", CONFIG, OPERATE).await, 200);
    assert_eq!(with_token(&desk, "POST", RELOAD, READ).await, 403);
    assert!(desk.fake.changes.lock().is_empty());
    assert_eq!(with_token(&desk, "POST", RELOAD, OPERATE).await, 200);
    assert_eq!(*desk.fake.changes.lock(), ["reload"]);
}

#[tokio::test]
async fn with_a_read_token_alone_nothing_can_be_changed() {
    let desk = Desk::with(None, Some(READ));
    assert_eq!(with_token(&desk, "GET", CONFIG, READ).await, 200);
    assert_eq!(with_token(&desk, "POST", RELOAD, READ).await, 403);
    desk.change("POST", RELOAD, "").await.detail(401);
    assert!(desk.fake.changes.lock().is_empty());
}

#[tokio::test]
async fn an_empty_token_is_no_token() {
    let desk = Desk::with(Some(""), None);
    assert_eq!(desk.get(CONFIG).await.status, 200);
    let desk = Desk {
        remote: ([10, 0, 0, 9], 1).into(),
        ..desk
    };
    assert_eq!(with_token(&desk, "GET", CONFIG, "").await, 403);
}

#[tokio::test]
async fn without_tokens_only_this_machine_is_served() {
    for remote in [
        "127.0.0.1:1",
        "127.8.8.8:1",
        "[::1]:1",
        "[::ffff:127.0.0.1]:1",
    ] {
        let desk = Desk {
            remote: remote.parse().unwrap(),
            ..Desk::open()
        };
        assert_eq!(
            desk.change("POST", RELOAD, "").await.status,
            200,
            "{remote}"
        );
    }
    for remote in ["10.0.0.9:1", "[2001:db8::1]:1", "[::ffff:10.0.0.9]:1"] {
        let desk = Desk {
            remote: remote.parse().unwrap(),
            ..Desk::open()
        };
        desk.get(CONFIG).await.detail(403);
        desk.change("POST", RELOAD, "").await.detail(403);
        assert_eq!(desk.get("/livez").await.status, 200);
    }
}

#[tokio::test]
async fn a_foreign_host_is_refused_unless_a_token_is_needed() {
    let desk = Desk::open();
    let host = async |desk: &Desk, host: &str| {
        let request = axum::http::Request::get(CONFIG).header("host", host);
        desk.send(
            request.header("authorization", format!("Bearer {READ}")),
            "",
        )
        .await
        .status
        .as_u16()
    };
    for ours in [
        "localhost",
        "LOCALHOST:9600",
        "127.0.0.1",
        "127.1.2.3:80",
        "[::1]:9600",
    ] {
        assert_eq!(host(&desk, ours).await, 200, "{ours}");
    }
    let foreign = [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "a@localhost",
        "10.0.0.1",
        "",
        "local host",
    ];
    for foreign in foreign {
        assert_eq!(host(&desk, foreign).await, 403, "{foreign}");
    }
    assert_eq!(host(&Desk::locked(), "proxy.example:9600").await, 200);
    desk.send(axum::http::Request::get(CONFIG), "")
        .await
        .detail(403);
    let absolute =
        axum::http::Request::get("http://evil.example/api/config").header("host", "localhost");
    desk.send(absolute, "").await.detail(403);
    let twice = desk.request("GET", CONFIG).header("host", "localhost");
    desk.send(twice, "").await.detail(403);
}

#[tokio::test]
async fn a_change_from_a_page_of_another_origin_is_refused() {
    let desk = Desk::open();
    let from = async |name: &str, value: &str| {
        let request = desk.request("POST", RELOAD).header(name, value);
        desk.send(request, "").await.status.as_u16()
    };
    for foreign in [
        "https://evil.example",
        "null",
        "http://127.0.0.1:3000",
        "http://127.0.0.1",
        "",
        "file://127.0.0.1:9600",
        "http://127.0.0.1:9600/x",
    ] {
        assert_eq!(from("origin", foreign).await, 403, "{foreign}");
    }
    for site in ["cross-site", "same-site"] {
        assert_eq!(from("sec-fetch-site", site).await, 403, "{site}");
    }
    assert!(desk.fake.changes.lock().is_empty());
    assert_eq!(from("origin", "http://127.0.0.1:9600").await, 200);
    assert_eq!(from("sec-fetch-site", "same-origin").await, 200);
}

#[tokio::test]
async fn unknown_routes_and_methods_are_refused_in_the_envelope() {
    let desk = Desk::open();
    for path in ["/nothing", "/api/coordination/explain/a/b", "/livez/", "//"] {
        desk.get(path).await.detail(404);
    }
    for (method, path) in [
        ("POST", "/livez"),
        ("DELETE", CONFIG),
        ("GET", RELOAD),
        ("OPTIONS", RELOAD),
        ("BREW", "/"),
    ] {
        let reply = desk.change(method, path, "").await;
        reply.detail(405);
        assert!(reply.headers.contains_key("allow"), "{method} {path}");
    }
}

#[tokio::test]
async fn a_long_body_is_refused_on_every_route_that_takes_one() {
    let desk = Desk::open();
    let long = format!(r#"{{"status":"active"{}}}"#, " ".repeat(65 << 10));
    for route in ROUTES.iter().filter(|route| route.method != "GET") {
        let path = route
            .path
            .replace("{service}", "vectors")
            .replace("{id}", "a%2F1");
        desk.change(route.method, &path, &long).await.detail(413);
    }
    assert!(desk.fake.changes.lock().is_empty());
}

#[tokio::test]
async fn input_of_another_form_is_told_what_was_expected() {
    let desk = Desk::open();
    let status = "/api/coordination/instances/vectors/a%2F1/status";
    for body in [
        "",
        "{",
        "[]",
        r#"{"status":"down"}"#,
        r#"{"state":"active"}"#,
    ] {
        let detail = desk.change("PUT", status, body).await.detail(400);
        assert!(
            detail.contains(r#"expected {"status": "maintenance"}, {"status": "draining"} or {"status": "active"}"#),
            "{detail}"
        );
    }
    let metrics = "/api/coordination/instances/vectors/a%2F1/metrics";
    let detail = desk
        .change("PUT", metrics, r#"{"cpu":1}"#)
        .await
        .detail(400);
    assert!(detail.contains("cpu_usage"), "{detail}");
    let detail = desk
        .get("/api/coordination/events?limit=3")
        .await
        .detail(400);
    assert_eq!(
        detail,
        "the query: expected nothing, or after=<number of an event>"
    );
}

#[tokio::test]
async fn feedback_out_of_its_range_is_refused_and_names_the_figure() {
    let desk = Desk::open();
    let path = "/api/coordination/feedback";
    let send = async |figures: &str| {
        let own = r#""service":"s","query_type":"write","complexity":"simple""#;
        desk.change("POST", path, &format!("{{{own},{figures}}}"))
            .await
    };
    for (figures, named) in [
        (r#""actual_time":0"#, "actual_time"),
        (r#""actual_time":-1"#, "actual_time"),
        (r#""actual_time":86401"#, "actual_time"),
        (r#""actual_time":1,"estimated_time":0"#, "estimated_time"),
        (r#""actual_time":1,"estimated_cost":1e10"#, "estimated_cost"),
        (r#""actual_time":1,"actual_cost":-2"#, "actual_cost"),
        (r#""actual_time":1e999"#, "expected"),
        (r#""actual_time":1,"cost":2"#, "expected"),
        (r#""success":true"#, "expected"),
    ] {
        let detail = send(figures).await.detail(400);
        assert!(detail.contains(named), "{figures}: {detail}");
    }
    assert!(desk.fake.changes.lock().is_empty());
    assert_eq!(send(r#""actual_time":0.8"#).await.data()["success"], true);
}

#[tokio::test]
async fn a_request_without_the_ends_of_its_connection_is_refused() {
    use hyper::service::Service;
    let request = axum::http::Request::get("/")
        .header("host", "localhost")
        .body(axum::body::Body::empty())
        .unwrap();
    let service =
        hyper_util::service::TowerToHyperService::new(crate::admin::router(Desk::open().fake));
    assert_eq!(service.call(request).await.unwrap().status(), 403);
}

#[tokio::test]
async fn no_response_and_no_debug_output_holds_a_token() {
    let desk = Desk::locked();
    assert_eq!(
        format!("{:?}", desk.fake.credentials),
        "Credentials { operate: true, read: true }"
    );
    for route in ROUTES {
        let path = route.path.replace("{id}", OPERATE);
        let request = desk
            .request(route.method, &path)
            .header("authorization", format!("Bearer {READ}"));
        let reply = desk
            .send(request, &format!(r#"{{"status":"{READ}"}}"#))
            .await;
        assert!(!reply.body.contains(READ), "{path}: {}", reply.body);
    }
}
