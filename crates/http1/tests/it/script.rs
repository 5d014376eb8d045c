//! A byte stream that does what a test says: which bytes come in one read, when nothing is there
//! yet, and how much one write takes.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

#[derive(Debug, Clone)]
pub enum Read {
    Bytes(Vec<u8>),
    NotYet,
    Reset,
}

#[derive(Debug, Default)]
pub struct Script {
    pub reads: VecDeque<Read>,
    /// After the reads nothing comes, rather than the end.
    pub stays_open: bool,
    /// What each write takes in turn; 0 is not ready. Empty: everything.
    pub takes: Vec<usize>,
    pub vectored: bool,
    pub written: Vec<u8>,
    /// Number of writes that took something.
    pub writes: usize,
    turn: usize,
    pub shut: bool,
}

impl Script {
    /// All bytes in one read, then the end.
    pub fn of(bytes: impl AsRef<[u8]>) -> Self {
        Self {
            reads: [Read::Bytes(bytes.as_ref().to_vec())].into(),
            vectored: true,
            ..Self::default()
        }
    }

    /// All bytes in one read, then silence.
    pub fn open(bytes: impl AsRef<[u8]>) -> Self {
        Self {
            stays_open: true,
            ..Self::of(bytes)
        }
    }

    /// The bytes in pieces of these lengths in turn; 0 is a pause.
    pub fn split(bytes: &[u8], lengths: &[usize]) -> Self {
        let mut reads = VecDeque::new();
        let mut rest = bytes;
        let mut lengths = lengths.iter().cycle();
        while !rest.is_empty() {
            match lengths.next().copied().unwrap_or(rest.len()) {
                0 => reads.push_back(Read::NotYet),
                length => {
                    let (piece, left) = rest.split_at(length.min(rest.len()));
                    reads.push_back(Read::Bytes(piece.to_vec()));
                    rest = left;
                }
            }
        }
        Self {
            reads,
            vectored: true,
            ..Self::default()
        }
    }

    fn take(&mut self, pieces: &[&[u8]]) -> Poll<io::Result<usize>> {
        let whole = pieces.iter().map(|piece| piece.len()).sum();
        let takes = match self.takes.is_empty() {
            true => whole,
            false => {
                self.turn += 1;
                self.takes[self.turn % self.takes.len()].min(whole)
            }
        };
        if takes == 0 {
            return Poll::Pending;
        }
        let bytes = pieces.iter().flat_map(|piece| piece.iter().copied());
        self.written.extend(bytes.take(takes));
        self.writes += 1;
        Poll::Ready(Ok(takes))
    }
}

impl AsyncRead for Script {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match this.reads.pop_front() {
            None if this.stays_open => Poll::Pending,
            None => Poll::Ready(Ok(())),
            Some(Read::NotYet) => Poll::Pending,
            Some(Read::Reset) => Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
            Some(Read::Bytes(bytes)) => {
                let (now, later) = bytes.split_at(bytes.len().min(into.remaining()));
                into.put_slice(now);
                if !later.is_empty() {
                    this.reads.push_front(Read::Bytes(later.to_vec()));
                }
                Poll::Ready(Ok(()))
            }
        }
    }
}

impl AsyncWrite for Script {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().take(&[bytes])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let pieces: Vec<&[u8]> = slices.iter().map(|slice| &**slice).collect();
        self.get_mut().take(&pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.vectored
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().shut = true;
        Poll::Ready(Ok(()))
    }
}

/// Polls until it is ready; `None`: it never will be.
pub fn try_drive<R>(mut poll: impl FnMut(&mut Context<'_>) -> Poll<R>) -> Option<R> {
    let mut cx = Context::from_waker(Waker::noop());
    (0..1_000_000).find_map(|_| match poll(&mut cx) {
        Poll::Ready(done) => Some(done),
        Poll::Pending => None,
    })
}

pub fn drive<R>(poll: impl FnMut(&mut Context<'_>) -> Poll<R>) -> R {
    try_drive(poll).expect("it never became ready")
}
