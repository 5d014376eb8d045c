//! One attempt: a request goes to one endpoint, and its answer comes back as far as it must be known
//! before anything is written to the client.

use super::broken::Broken;
use super::upstream::{Upstream, Wire};
use bytes::{Bytes, BytesMut};
use pingora_core::protocols::http::ServerSession;
use pingora_http::{RequestHeader, ResponseHeader};
use std::time::Duration;

/// A request, ready to be sent.
pub struct Parcel {
    pub head: Box<RequestHeader>,
    pub body: Bytes,
}

/// How much of an answer is held before it is judged.
#[derive(Debug, Clone, Copy)]
pub struct Hold {
    /// Bytes; 0 holds nothing.
    pub limit: usize,
    /// How long it may take to come.
    pub span: Duration,
}

/// An answer: held whole, or begun.
pub struct Answered {
    pub head: ResponseHeader,
    pub held: Bytes,
    /// The connection, while there is more to come.
    pub rest: Option<Wire>,
    /// The end of the body was told by closing the connection: a cut cannot be told from an end.
    pub delimited_by_close: bool,
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
    wire.send_head(parcel.head).await?;
    if !parcel.body.is_empty() {
        wire.send_body(parcel.body).await?;
    }
    wire.finish().await
}

/// Sends the beginning of a request, then what the client still sends, and reads the answer; both directions at once, so that an early answer is seen.
pub async fn ask_streaming(
    upstream: &Upstream,
    mut wire: Wire,
    parcel: Parcel,
    session: &mut ServerSession,
    hold: Hold,
) -> Result<Answered, Failure> {
    let head = match send_streaming(&mut wire, parcel, session).await {
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
) -> Result<Option<ResponseHeader>, Failure> {
    wire.send_head(parcel.head).await?;
    wire.send_body(parcel.body).await?;
    loop {
        tokio::select! {
            biased;
            head = wire.head() => return Ok(Some(head?)),
            part = session.read_request_body() => match part {
                Ok(Some(part)) => wire.send_body(part).await?,
                Ok(None) => {
                    wire.finish().await?;
                    return Ok(None);
                }
                Err(_) => return Err(Failure::Client),
            },
        }
    }
}

async fn receive(
    upstream: &Upstream,
    mut wire: Wire,
    head: ResponseHeader,
    hold: Hold,
) -> Result<Answered, Broken> {
    let delimited_by_close = wire.delimited_by_close();
    let (held, whole) = gather(&mut wire, hold).await?;
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
    })
}

/// Reads until the end, until more than the limit is held, or until the time is up.
async fn gather(wire: &mut Wire, hold: Hold) -> Result<(Bytes, bool), Broken> {
    if wire.done() {
        return Ok((Bytes::new(), true));
    }
    if hold.limit == 0 {
        return Ok((Bytes::new(), false));
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
            Some(part) => parts.push(part),
            None => return Ok((parts.join(), true)),
        }
    }
    Ok((parts.join(), false))
}

/// Parts of a body; a single part is not copied.
#[derive(Default)]
struct Parts {
    first: Bytes,
    more: BytesMut,
}

impl Parts {
    fn len(&self) -> usize {
        self.first.len() + self.more.len()
    }

    fn push(&mut self, part: Bytes) {
        if self.first.is_empty() {
            self.first = part;
        } else {
            self.more.extend_from_slice(&part);
        }
    }

    fn join(self) -> Bytes {
        if self.more.is_empty() {
            return self.first;
        }
        let mut whole = BytesMut::with_capacity(self.len());
        whole.extend_from_slice(&self.first);
        whole.extend_from_slice(&self.more);
        whole.freeze()
    }
}
