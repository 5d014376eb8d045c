//! Reading a request's body before it is understood. What was read is ours to send, so that no
//! buffer of the HTTP layer decides whether the rest arrives.

use super::pace::Pace;
use super::parts::Parts;
use crate::config;
use crate::shared::Share;
use bytes::Bytes;
use pingora_core::protocols::http::ServerSession;
use pingora_error::{Error, ErrorType, Result};

/// A body, as far as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Peeked {
    /// All of it.
    Whole(Bytes),
    /// Its beginning; the rest is still with the client.
    Begun(Bytes),
}

impl Peeked {
    /// What was read.
    pub fn bytes(&self) -> &Bytes {
        match self {
            Peeked::Whole(bytes) | Peeked::Begun(bytes) => bytes,
        }
    }

    /// Whether all of it was read.
    pub fn is_whole(&self) -> bool {
        matches!(self, Peeked::Whole(_))
    }
}

/// Reads a body as far as it may be held, at no slower a pace than clients may have.
pub struct Reader {
    pace: Pace,
    share: Share,
    full: bool,
}

impl Reader {
    /// A reader that has read nothing.
    pub fn new(limits: &config::Path, share: Share) -> Self {
        Self {
            pace: Pace::of_upload(limits),
            share,
            full: false,
        }
    }

    /// Whether it stopped because no more bodies can be held.
    pub fn is_full(&self) -> bool {
        self.full
    }

    /// What must be kept for as long as the body is.
    pub fn into_share(self) -> Share {
        self.share
    }

    /// Reads until the end, or until more than `limit` bytes are held or no more can be.
    pub async fn read(&mut self, session: &mut ServerSession, limit: usize) -> Result<Peeked> {
        if session.is_body_empty() {
            return Ok(Peeked::Whole(Bytes::new()));
        }
        if expects_continue(session) {
            // The rule that closes after an answer before the end of the body is for the answer, not for this.
            session.set_close_on_response_before_downstream_finish(false);
            let written = self.pace.wait(session.write_continue_response()).await;
            written.map_err(|_| Error::new(ErrorType::WriteTimedout))??;
            session.set_close_on_response_before_downstream_finish(true);
        }
        self.more(session, Bytes::new(), limit).await
    }

    /// Goes on reading a body that was begun, up to a larger limit.
    pub async fn more(
        &mut self,
        session: &mut ServerSession,
        begun: Bytes,
        limit: usize,
    ) -> Result<Peeked> {
        let mut parts = Parts::from(begun);
        while parts.len() <= limit && !self.full {
            match self.part(session).await? {
                None => return Ok(Peeked::Whole(parts.join())),
                Some(part) => parts.push(part),
            }
        }
        Ok(Peeked::Begun(parts.join()))
    }

    async fn part(&mut self, session: &mut ServerSession) -> Result<Option<Bytes>> {
        let read = self.pace.wait(session.read_request_body()).await;
        let part = read.map_err(|_| Error::new(ErrorType::ReadTimedout))??;
        if let Some(part) = &part {
            self.pace.moved(part.len());
            self.full = !self.share.grow(part.len());
        }
        Ok(part)
    }
}

fn expects_continue(session: &ServerSession) -> bool {
    let asks = session
        .get_header(http::header::EXPECT)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"));
    asks && session.req_header().version == http::Version::HTTP_11
}

#[cfg(test)]
mod tests {
    use super::Reader;
    use crate::config;
    use crate::shared::Bodies;
    use pingora_core::protocols::http::ServerSession;
    use pingora_error::ErrorType;
    use tokio::io::{AsyncWriteExt, duplex};

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_no_continuation_is_not_waited_for() {
        const HEAD: &str =
            "PUT /a HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 9\r\n\r\n";
        let (mut near, mut far) = duplex(HEAD.len());
        // What came before is still unread.
        near.write_all(&[b'x'; HEAD.len()]).await.unwrap();
        far.write_all(HEAD.as_bytes()).await.unwrap();
        let mut session = ServerSession::new_http1(Box::new(near));
        assert!(session.read_request().await.unwrap());
        let mut reader = Reader::new(&config::Path::default(), Bodies::new(100).share());
        let error = reader.read(&mut session, 100).await.unwrap_err();
        assert_eq!(error.etype, ErrorType::WriteTimedout);
    }
}
