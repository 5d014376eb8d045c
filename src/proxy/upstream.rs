//! One exchange with one endpoint, over Pingora's client connector and its pool. Knows bytes and
//! time limits; what an answer means, and whether to ask again, is decided elsewhere.

use super::broken::Broken;
use super::exchange::Parcel;
use super::joined::Joined;
use crate::retry::Stage;
use bytes::Bytes;
use pingora_core::connectors::{ConnectorOptions, TransportConnector};
use pingora_core::protocols::http::client::HttpSession;
use pingora_core::protocols::http::v1::client as h1;
use pingora_core::upstreams::peer::{HttpPeer, Peer};
use pingora_error::Error;
use pingora_http::ResponseHeader;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::Instant;

/// Time limits of an exchange.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub connect: Duration,
    pub send: Duration,
    /// Until the answer begins, and for each part of it.
    pub read: Duration,
    /// For all of it, from the connection to the end of the answer.
    pub total: Duration,
    pub idle: Duration,
}

/// The pool of connections to all endpoints.
pub struct Upstream {
    connector: TransportConnector,
}

impl Upstream {
    /// A pool that keeps at most `idle` idle connections in all.
    pub fn new(idle: usize) -> Self {
        Self {
            connector: TransportConnector::new(Some(ConnectorOptions::new(idle))),
        }
    }

    /// Connects, or takes an idle connection. `group` parts connections that must not be mixed (an endpoint's generation).
    pub async fn open(
        &self,
        address: SocketAddr,
        group: u64,
        limits: &Limits,
    ) -> Result<Wire, Broken> {
        let deadline = Instant::now() + limits.total;
        let peer = peer(address, group, limits);
        let opened = self.connector.get_stream(&peer).await;
        let (stream, reused) =
            opened.map_err(|error| Broken::from_error(&error, Stage::Connect, false))?;
        let stream = match reused {
            true => stream,
            false => Joined::stream(stream),
        };
        let session = h1::HttpSession::new_with_options(stream, &peer);
        let mut session = Box::new(HttpSession::H1(session));
        // The wait for a head has a limit of its own, which does not start anew with each byte.
        session.set_read_timeout(None);
        session.set_write_timeout(Some(limits.send));
        Ok(Wire {
            session,
            peer,
            reused,
            stage: Stage::Sent,
            sent_whole: false,
            read: limits.read,
            deadline,
            idle: limits.idle,
        })
    }

    /// Gives a connection back whose answer was read to its end; it is kept if both sides agree. One on which the
    /// request did not end is closed: the endpoint would take the next request for the rest of this one.
    pub async fn release(&self, wire: Wire) {
        if !wire.sent_whole {
            return;
        }
        let Wire {
            session,
            peer,
            idle,
            ..
        } = wire;
        let HttpSession::H1(mut session) = *session else {
            return;
        };
        session.respect_keepalive();
        if let Some(stream) = session.reuse().await {
            self.connector
                .release_stream(stream, peer.reuse_hash(), Some(idle));
        }
    }
}

fn peer(address: SocketAddr, group: u64, limits: &Limits) -> HttpPeer {
    let mut peer = HttpPeer::new(address, false, String::new());
    peer.group_key = group;
    peer.options.connection_timeout = Some(limits.connect);
    peer.options.total_connection_timeout = Some(limits.connect);
    peer.options.read_timeout = Some(limits.read);
    peer.options.write_timeout = Some(limits.send);
    peer.options.idle_timeout = Some(limits.idle);
    peer
}

/// A connection during one exchange.
pub struct Wire {
    session: Box<HttpSession>,
    peer: HttpPeer,
    reused: bool,
    stage: Stage,
    /// The request was sent to its end.
    sent_whole: bool,
    read: Duration,
    deadline: Instant,
    idle: Duration,
}

/// Informational answers that are passed over before one request is given up.
const INFORMATIONAL: usize = 32;
/// How long an answer is waited for after the request could not be sent to its end.
const LAST_WORD: Duration = Duration::from_millis(250);

impl Wire {
    /// Sends the head of a request, with what there is of its body.
    pub async fn send_begin(&mut self, parcel: Parcel) -> Result<(), Broken> {
        self.gather(!parcel.body.is_empty());
        let sent = self.session.write_request_header(parcel.head).await;
        self.gather(false);
        sent.map_err(|error| self.broken(&error))?;
        match parcel.body.is_empty() {
            true => Ok(()),
            false => self.send_body(parcel.body).await,
        }
    }

    /// Holds the head back until the body is there, or no longer.
    fn gather(&self, on: bool) {
        if let HttpSession::H1(session) = &*self.session {
            Joined::gather(session.stream(), on);
        }
    }

    /// Sends a part of the body.
    pub async fn send_body(&mut self, part: Bytes) -> Result<(), Broken> {
        let sent = self.session.write_request_body(part, false).await;
        sent.map_err(|error| self.broken(&error))
    }

    /// When all of the exchange must be over.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The exchange took longer than it may.
    pub fn overdue(&self) -> Broken {
        Broken {
            timeout: true,
            ..self.fault("total_timeout")
        }
    }

    /// Closes the body of the request.
    pub async fn finish(&mut self) -> Result<(), Broken> {
        let sent = self.session.finish_request_body().await;
        sent.map_err(|error| self.broken(&error))?;
        self.sent_whole = true;
        Ok(())
    }

    /// The head of the answer once the request was sent, or could not be. An endpoint that refuses a body early
    /// closes its side while we still send: its answer is then what counts, not our failure.
    pub async fn answer_after(
        &mut self,
        sent: Result<(), Broken>,
    ) -> Result<ResponseHeader, Broken> {
        let limit = match &sent {
            Ok(()) => self.read.min(self.deadline - Instant::now()),
            Err(_) => LAST_WORD,
        };
        match (tokio::time::timeout(limit, self.head()).await, sent) {
            (Ok(Ok(head)), _) => Ok(head),
            (_, Err(broken)) => Err(broken),
            (Ok(broken), Ok(())) => broken,
            (Err(_), Ok(())) => Err(Broken {
                timeout: true,
                ..self.fault("read_timeout")
            }),
        }
    }

    /// Waits, without limit, for the head of the answer; informational answers are passed over. May be cancelled and called again.
    pub async fn head(&mut self) -> Result<ResponseHeader, Broken> {
        for _ in 0..INFORMATIONAL {
            let read = self.session.read_response_header().await;
            read.map_err(|error| self.broken(&error))?;
            match self.session.response_header() {
                Some(head) if head.status == http::StatusCode::SWITCHING_PROTOCOLS => {
                    return Err(self.fault("upgraded"));
                }
                Some(head) if head.status.is_informational() => {}
                Some(head) if !plainly_coded(head) => return Err(self.fault("bad_answer")),
                Some(head) => {
                    let head = head.clone();
                    self.stage = Stage::Responding;
                    self.session.set_read_timeout(Some(self.read));
                    return Ok(head);
                }
                None => return Err(self.fault("no_head")),
            }
        }
        Err(self.fault("no_final_answer"))
    }

    /// The next part of the answer's body; `None` at its end. A body that is cut short is an error.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Broken> {
        let read = tokio::time::timeout_at(self.deadline, self.session.read_response_body());
        match read.await {
            Ok(read) => read.map_err(|error| self.broken(&error)),
            Err(_) => Err(self.overdue()),
        }
    }

    /// Whether the answer was read to its end.
    pub fn done(&mut self) -> bool {
        self.session.response_done()
    }

    /// Whether the end of the answer is told by closing the connection: no length, not chunked, and a body by its status.
    pub fn delimited_by_close(&mut self) -> bool {
        let framed = self.session.response_header().is_some_and(|head| {
            head.headers.contains_key(http::header::CONTENT_LENGTH)
                || head.headers.contains_key(http::header::TRANSFER_ENCODING)
        });
        !framed && !self.done()
    }

    fn broken(&self, error: &Error) -> Broken {
        Broken::from_error(error, self.stage, self.reused)
    }

    fn fault(&self, kind: &'static str) -> Broken {
        Broken {
            stage: self.stage,
            timeout: false,
            reused: self.reused,
            kind,
        }
    }
}

/// Whether the body of an answer has no transfer coding but chunks: the field ends here, so no other may be left in the body.
fn plainly_coded(head: &ResponseHeader) -> bool {
    let codings = head.headers.get_all(http::header::TRANSFER_ENCODING);
    let mut codings = codings.iter();
    codings
        .next()
        .is_none_or(|coding| coding.as_bytes().eq_ignore_ascii_case(b"chunked"))
        && codings.next().is_none()
}
