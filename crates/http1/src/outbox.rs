//! What is to be written: small pieces gathered into one buffer, large ones by reference, all of
//! them handed to the connection together.

use bytes::{Buf, Bytes, BytesMut};
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::AsyncWrite;

/// Pieces up to this are copied: cheaper than one more slice in a write.
const SMALL_PIECE: usize = 4 << 10;
/// Slices in one write.
const SLICES: usize = 16;

#[derive(Debug, Default)]
pub(crate) struct Outbox {
    queue: VecDeque<Bytes>,
    /// Small pieces after everything in the queue.
    tail: BytesMut,
    len: usize,
}

impl Outbox {
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub fn push_slice(&mut self, piece: &[u8]) {
        self.tail.extend_from_slice(piece);
        self.len += piece.len();
    }

    pub fn push(&mut self, piece: Bytes) {
        if piece.len() <= SMALL_PIECE {
            return self.push_slice(&piece);
        }
        if !self.tail.is_empty() {
            self.queue.push_back(self.tail.split().freeze());
        }
        self.len += piece.len();
        self.queue.push_back(piece);
    }

    /// Writes until everything is handed over, then flushes the connection itself.
    pub fn poll_flush<T: AsyncWrite + Unpin>(
        &mut self,
        io: &mut T,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_write_to(io, cx, 0))?;
        Pin::new(io).poll_flush(cx)
    }

    /// Writes until at most `left` bytes are queued.
    pub fn poll_write_to<T: AsyncWrite + Unpin>(
        &mut self,
        io: &mut T,
        cx: &mut Context<'_>,
        left: usize,
    ) -> Poll<io::Result<()>> {
        while self.len > left {
            let count = ready!(self.poll_write_once(io, cx))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written(count);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_write_once<T: AsyncWrite + Unpin>(
        &self,
        io: &mut T,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let io = Pin::new(io);
        let pieces = self.queue.iter().map(|piece| &piece[..]);
        let mut pieces = pieces.chain((!self.tail.is_empty()).then_some(&self.tail[..]));
        if !io.is_write_vectored() || self.queue.is_empty() {
            return io.poll_write(cx, pieces.next().unwrap_or_default());
        }
        let mut slices = [IoSlice::new(&[]); SLICES];
        let mut count = 0;
        for (slice, piece) in slices.iter_mut().zip(pieces) {
            *slice = IoSlice::new(piece);
            count += 1;
        }
        io.poll_write_vectored(cx, slices.get(..count).unwrap_or_default())
    }

    fn written(&mut self, mut count: usize) {
        self.len -= count.min(self.len);
        while let Some(first) = self.queue.front_mut() {
            if count < first.len() {
                return first.advance(count);
            }
            count -= first.len();
            self.queue.pop_front();
        }
        self.tail.advance(count.min(self.tail.len()));
        if self.len == 0 {
            // An idle connection holds no buffer.
            *self = Self::default();
        }
    }
}
