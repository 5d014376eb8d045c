//! Where a dialect reads bodies: most at once, on the worker that received them; what may take long
//! on a thread of its own, so that the worker's other requests do not wait for it. Only a few are
//! read so at a time, which bounds the memory of all of them together.

use super::{Body, Call, Dialect, Judgement, Request, RequestEdits, Response};
use bytes::Bytes;
use http::{HeaderMap, Method};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// The longest body that is read on the worker, in bytes: some 100 us, half a millisecond at worst.
pub const MAX_INLINE: usize = 64 << 10;

/// How many long bodies are understood at the same time. Each takes some 10 MB for its values and
/// tokens, and copies of strings with escapes.
const MAX_AT_ONCE: usize = 2;

static UNDERSTANDING: Semaphore = Semaphore::const_new(MAX_AT_ONCE);
/// For steps over a body that is held anyway; apart, so that no statement holds up a response.
static SCANNING: Semaphore = Semaphore::const_new(MAX_AT_ONCE);

/// A request that outlives the call it came with.
struct OwnedRequest {
    method: Method,
    target: String,
    headers: HeaderMap,
    body: Bytes,
}

impl OwnedRequest {
    fn new(request: &Request<'_>, body: &Bytes) -> Self {
        Self {
            method: request.method.clone(),
            target: request.target.to_owned(),
            headers: request.headers.clone(),
            body: body.clone(),
        }
    }

    fn request(&self) -> Request<'_> {
        Request {
            method: &self.method,
            target: &self.target,
            headers: &self.headers,
            body: Body::Whole(&self.body),
        }
    }
}

/// Understands a request, where that holds up no other.
pub async fn understand(dialect: &Arc<dyn Dialect>, request: &Request<'_>) -> Call {
    let owned = match request.body {
        Body::Whole(body) if dialect.takes_long(request) => OwnedRequest::new(request, body),
        _ => return dialect.understand(request),
    };
    let inner = Arc::clone(dialect);
    let understood = beside(&UNDERSTANDING, move || inner.understand(&owned.request())).await;
    // Only a panic gives none: as a body that was not read, it is a write.
    understood.unwrap_or_else(|| {
        dialect.understand(&Request {
            body: Body::Prefix(&[]),
            ..*request
        })
    })
}

/// How a call goes out, found where that holds up no other; `None` if it cannot be told.
pub async fn outgoing(
    dialect: &Arc<dyn Dialect>,
    call: &Arc<Call>,
    request: &Request<'_>,
    after_write: bool,
) -> Option<RequestEdits> {
    let owned = match request.body {
        Body::Whole(body) if body.len() > MAX_INLINE && dialect.edits_body(call, after_write) => {
            OwnedRequest::new(request, body)
        }
        _ => return Some(dialect.outgoing(call, request, after_write)),
    };
    let (dialect, call) = (Arc::clone(dialect), Arc::clone(call));
    beside(&SCANNING, move || {
        dialect.outgoing(&call, &owned.request(), after_write)
    })
    .await
}

/// A response, as far as it was buffered.
pub struct ReceivedResponse<'a> {
    pub status: u16,
    pub headers: &'a HeaderMap,
    pub body: &'a Bytes,
    pub is_whole: bool,
}

impl ReceivedResponse<'_> {
    fn response(&self) -> Response<'_> {
        Response {
            status: self.status,
            headers: self.headers,
            body: match self.is_whole {
                true => Body::Whole(self.body),
                false => Body::Prefix(self.body),
            },
        }
    }
}

/// Judges a response, where that holds up no other.
pub async fn judge(
    dialect: &Arc<dyn Dialect>,
    call: &Arc<Call>,
    received: &ReceivedResponse<'_>,
) -> Judgement {
    if received.body.len() <= MAX_INLINE || !dialect.reads_response(call) {
        return dialect.judge(call, &received.response());
    }
    let (inner, owned_call) = (Arc::clone(dialect), Arc::clone(call));
    let (headers, body) = (received.headers.clone(), received.body.clone());
    let (status, is_whole) = (received.status, received.is_whole);
    let judged = beside(&SCANNING, move || {
        let received = ReceivedResponse {
            status,
            headers: &headers,
            body: &body,
            is_whole,
        };
        inner.judge(&owned_call, &received.response())
    });
    // Only a panic gives none: nothing of the response was read.
    judged.await.unwrap_or_else(|| {
        let unread = ReceivedResponse {
            body: &Bytes::new(),
            is_whole: false,
            ..*received
        };
        dialect.judge(call, &unread.response())
    })
}

/// A hit's body, brought up to date where that holds up no other; `None` when it is served as stored.
pub async fn refresh(dialect: &Arc<dyn Dialect>, call: &Arc<Call>, body: &Bytes) -> Option<Bytes> {
    if body.len() <= MAX_INLINE {
        return dialect.refresh(call, body);
    }
    let (dialect, call, body) = (Arc::clone(dialect), Arc::clone(call), body.clone());
    let fresh = beside(&SCANNING, move || dialect.refresh(&call, &body));
    fresh.await.flatten()
}

/// Runs a step on a thread of its own, when there is room for it; `None` if it panicked.
async fn beside<T: Send + 'static>(
    permits: &'static Semaphore,
    step: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    // The semaphore is never closed, so this only waits.
    let permit = permits.acquire().await;
    let done = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        step()
    });
    done.await.ok()
}

#[cfg(test)]
mod tests {
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
        let step = beside(&UNDERSTANDING, move || released.recv_timeout(LONG_ENOUGH));
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
                tokio::spawn(beside(&UNDERSTANDING, move || {
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
        let padding = " ".repeat(2 * MAX_INLINE);
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
        for rows in ["", &"1,".repeat(MAX_INLINE)] {
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
                let body =
                    format!(r#"{{{errors}"data":{{"values":[{rows}1]}},"bookmarks":["FB:x"]}}"#);
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
        for rows in ["", &"1,".repeat(MAX_INLINE)] {
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

    #[test]
    fn a_long_statement_takes_long_and_long_parameters_do_not() {
        let neo4j = Neo4j::new(Neo4jSettings::new("graph"));
        let (method, headers) = (Method::POST, HeaderMap::new());
        let takes_long = |target: &str, statement: usize, parameters: usize| {
            let (statement, parameters) = ("x".repeat(statement), "1,".repeat(parameters / 2));
            let body =
                format!(r#"{{"statement":"{statement}","parameters":{{"a":[{parameters}1]}}}}"#);
            neo4j.takes_long(&Request {
                method: &method,
                target,
                headers: &headers,
                body: Body::Whole(&body.into()),
            })
        };
        const QUERY: &str = "/db/neo4j/query/v2";
        assert!(!takes_long(QUERY, 4000, 60_000));
        assert!(takes_long(QUERY, 5000, 0));
        assert!(takes_long(QUERY, 10, 70_000));
        assert!(!takes_long("/db/neo4j/tx/commit", 4000, 0));
        assert!(takes_long("/db/neo4j/tx/commit", 10, 10_000));
    }

    #[tokio::test]
    async fn a_step_that_panics_gives_none_and_its_place_back() {
        for _ in 0..2 * MAX_AT_ONCE {
            assert_eq!(
                beside(&UNDERSTANDING, || -> u8 { panic!("a bug") }).await,
                None
            );
        }
        assert_eq!(beside(&UNDERSTANDING, || 1).await, Some(1));
    }
}
