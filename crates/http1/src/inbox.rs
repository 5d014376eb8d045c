//! Bytes that were read and not yet parsed. An empty inbox has no allocation: the first read goes to the stack. A peer that
//! fills every read gets larger ones.

use bytes::{Buf, Bytes, BytesMut};
use std::io;
use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};

/// What is read to the stack.
const SMALL_READ: usize = 8 << 10;
/// The most that one read takes, and so the largest buffer that a part of a body keeps alive.
pub const MAX_READ: usize = 64 << 10;
/// Parts below this are copied out of the buffer, so that a few bytes do not keep a large buffer alive.
const SMALL_PART: usize = 2 << 10;

#[derive(Debug, Default)]
pub(crate) struct Inbox {
    bytes: BytesMut,
    /// What the next read may take; 0 reads to the stack.
    step: usize,
    ended: bool,
}

impl Inbox {
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Whether the peer ended its sending side.
    pub fn is_ended(&self) -> bool {
        self.ended
    }

    pub fn advance(&mut self, count: usize) {
        self.bytes.advance(count.min(self.bytes.len()));
    }

    /// Takes bytes from the front.
    pub fn take(&mut self, count: usize) -> Bytes {
        let count = count.min(self.bytes.len());
        if count == self.bytes.len() && self.step == 0 {
            return self.bytes.split().freeze();
        }
        if count < SMALL_PART {
            let copied = self.bytes.get(..count).map(Bytes::copy_from_slice);
            self.bytes.advance(count);
            return copied.unwrap_or_default();
        }
        self.bytes.split_to(count).freeze()
    }

    /// Gives memory back that is not needed between messages.
    pub fn rest(&mut self) {
        self.step = 0;
        if self.bytes.is_empty() {
            self.bytes = BytesMut::new();
        }
    }

    /// The same bytes, and these after them.
    pub fn followed_by(&self, more: &[u8]) -> Self {
        let mut bytes = BytesMut::with_capacity(self.len() + more.len());
        bytes.extend_from_slice(&self.bytes);
        bytes.extend_from_slice(more);
        Self {
            bytes,
            ..Self::default()
        }
    }

    /// Reads more, as much as one read gives. 0: the peer ended its sending side.
    pub fn poll_fill<T: AsyncRead + Unpin>(
        &mut self,
        io: &mut T,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if self.ended {
            return Poll::Ready(Ok(0));
        }
        let (count, room) = match self.step {
            0 => (ready!(self.poll_small(io, cx))?, SMALL_READ),
            step => (ready!(self.poll_large(io, cx, step))?, step),
        };
        if count == room {
            self.step = (room * 2).min(MAX_READ);
        }
        self.ended = count == 0;
        Poll::Ready(Ok(count))
    }

    /// Drops what was read, and what one read more gives; nothing is held. 0: the peer ended its sending side.
    pub fn poll_discard<T: AsyncRead + Unpin>(
        &mut self,
        io: &mut T,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        self.bytes = BytesMut::new();
        if self.ended {
            return Poll::Ready(Ok(0));
        }
        let mut space = [MaybeUninit::<u8>::uninit(); SMALL_READ];
        let mut read = ReadBuf::uninit(&mut space);
        ready!(Pin::new(io).poll_read(cx, &mut read))?;
        self.ended = read.filled().is_empty();
        Poll::Ready(Ok(read.filled().len()))
    }

    fn poll_small<T: AsyncRead + Unpin>(
        &mut self,
        io: &mut T,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let mut space = [MaybeUninit::<u8>::uninit(); SMALL_READ];
        let mut read = ReadBuf::uninit(&mut space);
        ready!(Pin::new(io).poll_read(cx, &mut read))?;
        self.bytes.extend_from_slice(read.filled());
        Poll::Ready(Ok(read.filled().len()))
    }

    fn poll_large<T: AsyncRead + Unpin>(
        &mut self,
        io: &mut T,
        cx: &mut Context<'_>,
        step: usize,
    ) -> Poll<io::Result<usize>> {
        self.bytes.reserve(step);
        let mut space = bytes::BufMut::limit(&mut self.bytes, step);
        pin!(io.read_buf(&mut space)).poll(cx)
    }
}
