//! One client connection: request after request, until the client leaves, is idle for too long, or
//! the process stops.

use super::respond::Ending;
use super::{Proxy, framing};
use crate::config;
use pingora_core::apps::HttpPersistentSettings;
use pingora_core::protocols::Stream;
use pingora_core::protocols::http::ServerSession;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How long a connection that we close is read on, so that the client can read our answer first.
const LINGER: Duration = Duration::from_secs(2);
/// How many bytes are read then beside the body of the request; they come one by one.
const LINGER_BYTES: usize = 64 << 10;

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
        let idle = limits.client_keepalive;
        if !next_request(&mut session, idle, &mut stop, &proxy, &listener).await {
            return;
        }
        limit(&mut session, &limits);
        let ending = match framing::refused(&session) {
            Some(status) => framing::refuse(&mut session, status).await,
            None => proxy.answer(&mut session, &listener, &stop).await,
        };
        // Dropping the connection without a clean end is what tells the client that the answer was cut.
        if ending != Ending::Complete {
            return;
        }
        match finish(session).await {
            Some(next) => session = next,
            None => return,
        }
    }
}

/// Waits for the head of a request; `false`: there is none, and the connection ends. The time limit covers idleness and the whole head, so that bytes that trickle in do not hold a seat for ever.
async fn next_request(
    session: &mut ServerSession,
    idle: Duration,
    stop: &mut watch::Receiver<bool>,
    proxy: &Proxy,
    listener: &str,
) -> bool {
    let read = tokio::select! {
        biased;
        read = tokio::time::timeout(idle, session.read_request()) => read,
        _ = stop.wait_for(|stop| *stop) => return false,
    };
    match read {
        Ok(Ok(there)) => there,
        Ok(Err(error)) => {
            framing::refuse_head(session, &error, proxy.dialect(listener).as_deref()).await;
            linger(session, false).await;
            false
        }
        Err(_) => false,
    }
}

fn limit(session: &mut ServerSession, limits: &config::Path) {
    session.set_read_timeout(Some(limits.client_read_timeout));
    session.set_write_timeout(Some(limits.client_write_timeout));
    session.set_total_drain_timeout(Some(limits.client_read_timeout));
    session.set_close_on_response_before_downstream_finish(true);
    session.set_pipelining_enabled(true);
    // Only where the client and its protocol version want the connection kept, which the HTTP layer has found out.
    if session.get_keepalive().is_some() {
        session.set_keepalive(Some(limits.client_keepalive.as_secs().max(1)));
    }
}

/// Ends a request; the session for the next one, if the connection may be used again.
async fn finish(mut session: ServerSession) -> Option<ServerSession> {
    let mut settings = HttpPersistentSettings::for_session(&session);
    if session.get_keepalive().is_none() {
        linger(&mut session, true).await;
        return None;
    }
    let (stream, prefix) = session.finish().await.ok()??.into_parts();
    let mut next = ServerSession::new_http1(stream);
    if let Some(prefix) = prefix {
        settings.set_pipelined_prefix(prefix);
    }
    settings.apply_to_session(&mut next);
    Some(next)
}

/// Closes a connection so that the client can still read the answer: a close while bytes of the client are
/// unread would reset it, and the answer would be lost with it. `framed`: the head was read, so that it is known where the body ends.
async fn linger(session: &mut ServerSession, framed: bool) {
    let rest = async {
        // What could not be written before is tried once more here.
        session.shutdown().await;
        let ServerSession::H1(session) = session else {
            return;
        };
        while framed && matches!(session.read_body_bytes().await, Ok(Some(_))) {}
        for _ in 0..LINGER_BYTES {
            if !matches!(session.idle().await, Ok(read) if read > 0) {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(LINGER, rest).await;
}

#[cfg(test)]
mod tests {
    use super::linger;
    use crate::proxy::joined::Joined;
    use pingora_core::protocols::http::ServerSession;
    use tokio::io::{AsyncWriteExt, duplex};

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_no_last_words_is_not_waited_for() {
        let (near, _far) = duplex(1);
        let mut near = Joined::stream(Box::new(near));
        near.write_all(b"x").await.unwrap();
        Joined::gather(&near, true);
        near.write_all(b"last words").await.unwrap();
        linger(&mut ServerSession::new_http1(near), false).await;
    }
}
