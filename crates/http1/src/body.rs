//! Reading the body of a message.

use crate::chunked::{Chunked, Step};
use crate::fields::Delimiter;
use crate::inbox::Inbox;
use crate::{BodyLength, Data, Error, Limits, Part};
use bytes::BytesMut;
use http::HeaderMap;
use std::task::{Context, Poll, ready};
use tokio::io::AsyncRead;

/// Chunks below this are joined, so that a body of tiny chunks is not one part for each.
const SMALL_CHUNK: usize = 2 << 10;
/// How much is joined.
const JOINED: usize = 16 << 10;

#[derive(Debug, Clone)]
enum State {
    Length(u64),
    Chunked(Chunked),
    /// The trailers were read, and are given next.
    Trailers(HeaderMap),
    /// The end is told by closing.
    UntilClose,
    Done,
    Failed(Error),
}

/// The body that is being read.
#[derive(Debug, Clone)]
pub(crate) struct Body {
    state: State,
    pub length: BodyLength,
    /// Its end is told by closing the connection.
    pub until_close: bool,
}

impl Body {
    /// No body.
    pub fn none() -> Self {
        Self::of(State::Done, BodyLength::None)
    }

    fn of(state: State, length: BodyLength) -> Self {
        Self {
            until_close: matches!(state, State::UntilClose),
            state,
            length,
        }
    }

    /// A request's body: without a field there is none.
    pub fn of_request(delimiter: Delimiter) -> Self {
        match delimiter {
            Delimiter::Nothing => Self::none(),
            delimiter => Self::of_response(delimiter),
        }
    }

    /// A response's body: without a field it goes on until the connection ends.
    pub fn of_response(delimiter: Delimiter) -> Self {
        match delimiter {
            Delimiter::Length(0) => Self::of(State::Done, BodyLength::Known(0)),
            Delimiter::Length(length) => Self::of(State::Length(length), BodyLength::Known(length)),
            Delimiter::Chunked => Self::of(State::Chunked(Chunked::new()), BodyLength::Unknown),
            Delimiter::Nothing => Self::of(State::UntilClose, BodyLength::Unknown),
        }
    }

    /// Whether everything but the end was returned.
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// The next part. After an error the same error again.
    pub fn poll_part<T: AsyncRead + Unpin>(
        &mut self,
        inbox: &mut Inbox,
        io: &mut T,
        limits: &Limits,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Part, Error>> {
        loop {
            match self.there(inbox, limits) {
                Ok(Some(part)) => return Poll::Ready(Ok(part)),
                Ok(None) => {}
                Err(error) => return Poll::Ready(Err(self.fail(error))),
            }
            match ready!(inbox.poll_fill(io, cx)) {
                Ok(0) if self.until_close => self.state = State::Done,
                Ok(0) => return Poll::Ready(Err(self.fail(Error::Closed))),
                Ok(_) => {}
                Err(error) => return Poll::Ready(Err(self.fail(error.into()))),
            }
        }
    }

    /// Whether the body comes to its end within what was read and these bytes after it.
    pub fn is_whole_with(&self, inbox: &Inbox, more: &[u8], limits: &Limits) -> bool {
        let (mut body, mut inbox) = (self.clone(), inbox.followed_by(more));
        loop {
            match body.there(&mut inbox, limits) {
                Ok(Some(Part::End)) => return true,
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => return false,
            }
        }
    }

    fn fail(&mut self, error: Error) -> Error {
        self.state = State::Failed(error);
        error
    }

    /// The next part, if it is there already.
    fn there(&mut self, inbox: &mut Inbox, limits: &Limits) -> Result<Option<Part>, Error> {
        match &mut self.state {
            State::Done => Ok(Some(Part::End)),
            State::Failed(error) => Err(*error),
            State::Trailers(trailers) => {
                let trailers = std::mem::take(trailers);
                self.state = State::Done;
                Ok(Some(Part::Trailers(trailers)))
            }
            State::UntilClose => Ok(Data::new(inbox.take(inbox.len())).map(Part::Data)),
            State::Length(left) => {
                let there = inbox.len();
                let count = usize::try_from(*left).map_or(there, |left| left.min(there));
                *left -= count as u64;
                if *left == 0 {
                    self.state = State::Done;
                }
                Ok(Data::new(inbox.take(count)).map(Part::Data))
            }
            State::Chunked(chunked) => {
                let (data, end) = decode(chunked, inbox, limits)?;
                match end {
                    Some(trailers) if trailers.is_empty() => self.state = State::Done,
                    Some(trailers) => self.state = State::Trailers(trailers),
                    None => return Ok(data.map(Part::Data)),
                }
                match data {
                    Some(data) => Ok(Some(Part::Data(data))),
                    None => self.there(inbox, limits),
                }
            }
        }
    }
}

/// The data that is there, and the trailers if the body ended with it. A large chunk is given as it is, small ones are joined.
fn decode(
    chunked: &mut Chunked,
    inbox: &mut Inbox,
    limits: &Limits,
) -> Result<(Option<Data>, Option<HeaderMap>), Error> {
    let mut joined = BytesMut::new();
    loop {
        let step = match chunked.step(inbox, limits) {
            // What came before is given first; the error comes again.
            Err(_) if !joined.is_empty() => Step::Need,
            step => step?,
        };
        match step {
            Step::Data(count) if joined.is_empty() && count >= SMALL_CHUNK => {
                let data = inbox.take(count);
                chunked.took(count);
                return Ok((Data::new(data), None));
            }
            Step::Data(count) if count < SMALL_CHUNK && joined.len() < JOINED => {
                joined.extend_from_slice(inbox.bytes().get(..count).unwrap_or_default());
                inbox.advance(count);
                chunked.took(count);
            }
            Step::Data(_) | Step::Need => return Ok((Data::new(joined), None)),
            Step::End(trailers) => return Ok((Data::new(joined), Some(trailers))),
        }
    }
}
