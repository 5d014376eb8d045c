//! One attempt: a request goes to one endpoint, and its answer comes back as far as it must be known
//! before anything is written to the client.

use super::broken::Broken;
use super::pace::{Pace, TooSlow};
use super::parts::Parts;
use super::upstream::{Upstream, Wire};
use crate::shared::Share;
use bytes::Bytes;
use pingora_core::protocols::http::ServerSession;
use pingora_http::{RequestHeader, ResponseHeader};
use std::time::Duration;

/// A request, ready to be sent.
pub struct Parcel {
    pub head: Box<RequestHeader>,
    pub body: Bytes,
}

/// How much of an answer is held before it is judged.
pub struct Hold {
    /// Bytes; 0 holds nothing.
    pub limit: usize,
    /// How long it may take to come.
    pub span: Duration,
    /// The part of it in the bound of all bodies.
    pub share: Share,
}

/// An answer: held whole, or begun.
pub struct Answered {
    pub head: ResponseHeader,
    pub held: Bytes,
    /// The connection, while there is more to come.
    pub rest: Option<Wire>,
    /// The end of the body was told by closing the connection: a cut cannot be told from an end.
    pub delimited_by_close: bool,
    /// The part of what is held in the bound of all bodies, until it is written.
    pub share: Share,
}

impl Answered {
    /// Whether all of it is held.
    pub fn is_whole(&self) -> bool {
        self.rest.is_none()
    }
}

/// Why a streamed upload failed.
pub enum Failure {
    Upstream(Broken),
    /// The client's connection broke while its body was read.
    Client,
}

impl From<Broken> for Failure {
    fn from(broken: Broken) -> Self {
        Failure::Upstream(broken)
    }
}

/// Sends a whole request and reads its answer.
pub async fn ask(
    upstream: &Upstream,
    mut wire: Wire,
    parcel: Parcel,
    hold: Hold,
) -> Result<Answered, Broken> {
    let sent = send(&mut wire, parcel).await;
    let head = wire.answer_after(sent).await?;
    receive(upstream, wire, head, hold).await
}

async fn send(wire: &mut Wire, parcel: Parcel) -> Result<(), Broken> {
    wire.send_begin(parcel).await?;
    wire.finish().await
}

/// Sends the beginning of a request, then what the client still sends, and reads the answer; both directions at once, so that an early answer is seen.
pub async fn ask_streaming(
    upstream: &Upstream,
    mut wire: Wire,
    parcel: Parcel,
    session: &mut ServerSession,
    pace: Pace,
    hold: Hold,
) -> Result<Answered, Failure> {
    let deadline = wire.deadline();
    let sending = send_streaming(&mut wire, parcel, session, pace);
    let sent = match tokio::time::timeout_at(deadline, sending).await {
        Ok(sent) => sent,
        Err(_) => Err(wire.overdue().into()),
    };
    let head = match sent {
        Ok(Some(early)) => early,
        Ok(None) => wire.answer_after(Ok(())).await?,
        Err(Failure::Upstream(broken)) => wire.answer_after(Err(broken)).await?,
        Err(Failure::Client) => return Err(Failure::Client),
    };
    Ok(receive(upstream, wire, head, hold).await?)
}

/// Sends all of a request, or as much of it as goes before an answer comes; gives that answer's head.
async fn send_streaming(
    wire: &mut Wire,
    parcel: Parcel,
    session: &mut ServerSession,
    mut pace: Pace,
) -> Result<Option<ResponseHeader>, Failure> {
    wire.send_begin(parcel).await?;
    loop {
        tokio::select! {
            biased;
            head = wire.head() => return Ok(Some(head?)),
            part = pace.wait(session.read_request_body()) => match part {
                Ok(Ok(Some(part))) => {
                    pace.moved(part.len());
                    wire.send_body(part).await?;
                }
                Ok(Ok(None)) => {
                    wire.finish().await?;
                    return Ok(None);
                }
                Ok(Err(_)) | Err(TooSlow) => return Err(Failure::Client),
            },
        }
    }
}

async fn receive(
    upstream: &Upstream,
    mut wire: Wire,
    head: ResponseHeader,
    mut hold: Hold,
) -> Result<Answered, Broken> {
    let delimited_by_close = wire.delimited_by_close();
    let (held, whole) = gather(&mut wire, &mut hold).await?;
    let rest = if whole {
        upstream.release(wire).await;
        None
    } else {
        Some(wire)
    };
    Ok(Answered {
        head,
        held,
        rest,
        delimited_by_close,
        share: hold.share,
    })
}

/// What came together with the head, so that it can go on together with it; nothing is waited for.
async fn there_already(wire: &mut Wire) -> Result<(Bytes, bool), Broken> {
    let part = tokio::select! {
        biased;
        part = wire.chunk() => part?,
        () = std::future::ready(()) => return Ok((Bytes::new(), false)),
    };
    Ok(part.map_or((Bytes::new(), true), |part| (part, wire.done())))
}

/// Reads until the end, until more than the limit is held or no more can be, or until the time is up.
async fn gather(wire: &mut Wire, hold: &mut Hold) -> Result<(Bytes, bool), Broken> {
    if wire.done() {
        return Ok((Bytes::new(), true));
    }
    if hold.limit == 0 {
        return there_already(wire).await;
    }
    let mut parts = Parts::default();
    let time_is_up = tokio::time::sleep(hold.span);
    tokio::pin!(time_is_up);
    while parts.len() <= hold.limit {
        let part = tokio::select! {
            biased;
            part = wire.chunk() => part?,
            () = &mut time_is_up => break,
        };
        match part {
            Some(part) => {
                let room = hold.share.grow(part.len());
                parts.push(part);
                if !room {
                    break;
                }
            }
            None => return Ok((parts.join(), true)),
        }
    }
    Ok((parts.join(), false))
}
