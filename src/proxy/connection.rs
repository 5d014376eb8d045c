//! One client connection: request after request, until the client leaves, is idle for too long, or
//! the process stops.

use super::Proxy;
use crate::config;
use pingora_core::apps::HttpPersistentSettings;
use pingora_core::protocols::Stream;
use pingora_core::protocols::http::ServerSession;
use pingora_error::ErrorType;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Serves a connection to its end.
pub async fn serve(
    stream: Stream,
    listener: Arc<str>,
    proxy: Arc<Proxy>,
    mut stop: watch::Receiver<bool>,
) {
    let mut session = ServerSession::new_http1(stream);
    session.set_keepalive_reuses_remaining(Some(proxy.limits().client_requests));
    loop {
        let limits = proxy.limits();
        let Some(mut ready) = next_request(session, limits.client_keepalive, &mut stop).await
        else {
            return;
        };
        limit(&mut ready, &limits, *stop.borrow());
        match proxy.answer(ready, &listener).await {
            Some(reused) => session = reused,
            None => return,
        }
    }
}

/// Waits for the head of a request. The time limit covers idleness and the whole head, so that bytes that trickle in do not hold a seat for ever.
async fn next_request(
    mut session: ServerSession,
    idle: Duration,
    stop: &mut watch::Receiver<bool>,
) -> Option<ServerSession> {
    let read = tokio::select! {
        biased;
        read = tokio::time::timeout(idle, session.read_request()) => read.ok()?,
        _ = stop.wait_for(|stop| *stop) => return None,
    };
    match read {
        Ok(true) => Some(session),
        Ok(false) => None,
        Err(error) => {
            if matches!(error.etype, ErrorType::InvalidHTTPHeader) {
                let _ = session.respond_error(400).await;
            }
            session.shutdown().await;
            None
        }
    }
}

fn limit(session: &mut ServerSession, limits: &config::Path, stopping: bool) {
    session.set_read_timeout(Some(limits.client_read_timeout));
    session.set_write_timeout(Some(limits.client_write_timeout));
    session.set_total_drain_timeout(Some(limits.client_read_timeout));
    session.set_close_on_response_before_downstream_finish(true);
    session.set_pipelining_enabled(true);
    if stopping {
        session.set_keepalive(None);
    } else {
        session.set_keepalive(Some(limits.client_keepalive.as_secs().max(1)));
    }
}

/// Ends a request; the session for the next one, if the connection may be used again.
pub async fn finish(session: ServerSession) -> Option<ServerSession> {
    let settings = HttpPersistentSettings::for_session(&session);
    let (stream, prefix) = session.finish().await.ok()??.into_parts();
    let mut next = ServerSession::new_http1(stream);
    let mut settings = settings;
    if let Some(prefix) = prefix {
        settings.set_pipelined_prefix(prefix);
    }
    settings.apply_to_session(&mut next);
    Some(next)
}
