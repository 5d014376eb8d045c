use super::*;
use crate::dialect::neo4j::{Neo4j, Neo4jSettings};
use crate::dialect::{Effect, Executed, Fence};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

const LONG_ENOUGH: Duration = Duration::from_secs(20);

#[tokio::test]
async fn other_requests_of_the_worker_go_on_meanwhile() {
    let (release, released) = channel();
    let step = offload(&UNDERSTANDING, move || released.recv_timeout(LONG_ENOUGH));
    let other = async {
        tokio::task::yield_now().await;
        release.send("another request was served")
    };
    let (step, other) = tokio::join!(step, other);
    assert_eq!(step, Some(Ok("another request was served")));
    assert_eq!(other, Ok(()));
}

#[tokio::test]
async fn no_more_than_a_few_run_at_a_time() {
    let running = Arc::new(AtomicUsize::new(0));
    let steps: Vec<_> = (0..50)
        .map(|_| {
            let running = Arc::clone(&running);
            tokio::spawn(offload(&UNDERSTANDING, move || {
                let before = running.fetch_add(1, Ordering::SeqCst);
                std::thread::yield_now();
                running.fetch_sub(1, Ordering::SeqCst);
                before
            }))
        })
        .collect();
    for step in steps {
        let before = step.await.unwrap();
        assert!(before.is_some_and(|before| before < MAX_AT_ONCE));
    }
}

#[tokio::test]
async fn a_long_body_is_understood_as_a_short_one_is() {
    let dialect: Arc<dyn Dialect> = Arc::new(Neo4j::new(Neo4jSettings::new("graph")));
    let padding = " ".repeat(2 * MAX_INLINE_BODY);
    let (method, headers) = (Method::POST, HeaderMap::new());
    for (text, effect, fence) in [
        ("RETURN 1", Effect::Read, Fence::Ours),
        ("CREATE (n)", Effect::Write, Fence::None),
    ] {
        for padding in ["", padding.as_str()] {
            let body = Bytes::from(format!(r#"{{"statement":"{text}"{padding}}}"#));
            let request = Request {
                method: &method,
                target: "/db/neo4j/query/v2",
                headers: &headers,
                body: Body::Whole(&body),
            };
            assert_eq!(dialect.takes_long(&request), !padding.is_empty());
            let call = understand(&dialect, &request).await;
            assert_eq!((call.effect, call.fence), (effect, fence));
        }
    }
}

#[tokio::test]
async fn a_long_response_is_judged_as_a_short_one_is() {
    let dialect: Arc<dyn Dialect> = Arc::new(Neo4j::new(Neo4jSettings::new("graph")));
    let (method, headers) = (Method::POST, HeaderMap::new());
    let body = Bytes::from(r#"{"statement":"CREATE (n)"}"#);
    let call = Arc::new(dialect.understand(&Request {
        method: &method,
        target: "/db/neo4j/query/v2",
        headers: &headers,
        body: Body::Whole(&body),
    }));
    for rows in ["", &"1,".repeat(MAX_INLINE_BODY)] {
        for (errors, is_whole, code, execution) in [
            ("", true, "ok", Executed::Done),
            ("", false, "unread", Executed::Unknown),
            (
                r#""errors":[{"code":"Neo.ClientError.Schema.X"}],"#,
                true,
                "ClientError.Schema",
                Executed::RolledBack,
            ),
        ] {
            let body = format!(r#"{{{errors}"data":{{"values":[{rows}1]}},"bookmarks":["FB:x"]}}"#);
            let received = ReceivedResponse {
                status: 202,
                headers: &headers,
                body: &body.into(),
                is_whole,
            };
            let judgement = judge(&dialect, &call, &received).await;
            assert_eq!((judgement.code, judgement.execution), (code, execution));
        }
    }
}

#[tokio::test]
async fn a_long_read_is_fenced_as_a_short_one_is() {
    let dialect: Arc<dyn Dialect> = Arc::new(Neo4j::new(Neo4jSettings::new("graph")));
    let (method, headers) = (Method::POST, HeaderMap::new());
    for rows in ["", &"1,".repeat(MAX_INLINE_BODY)] {
        let body = format!(
            r#"{{"statement":"UNWIND $r AS r RETURN r","parameters":{{"r":[{rows}1]}},"accessMode":null}}"#
        );
        let body = Bytes::from(body);
        let request = Request {
            method: &method,
            target: "/db/neo4j/query/v2",
            headers: &headers,
            body: Body::Whole(&body),
        };
        let call = Arc::new(understand(&dialect, &request).await);
        let edits = outgoing(&dialect, &call, &request, false).await.unwrap();
        let sent = edits.body.unwrap();
        assert!(sent.ends_with(br#","accessMode":"READ"}"#));
        assert_eq!(sent.len(), body.len() + r#""READ""#.len() - "null".len());
    }
}

#[tokio::test]
async fn a_step_that_panics_gives_none_and_its_place_back() {
    for _ in 0..2 * MAX_AT_ONCE {
        assert_eq!(
            offload(&UNDERSTANDING, || -> u8 { panic!("a bug") }).await,
            None
        );
    }
    assert_eq!(offload(&UNDERSTANDING, || 1).await, Some(1));
}
