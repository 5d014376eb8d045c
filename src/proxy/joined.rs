//! A connection that can send the head of a message together with its body. The HTTP layer sends each
//! head by itself; two small sends cost the machine, and who reads them, nearly twice as much as one.

use async_trait::async_trait;
use pingora_core::protocols::raw_connect::ProxyDigest;
use pingora_core::protocols::{
    GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, Shutdown, SocketDigest, Ssl, Stream,
    TimingDigest, UniqueID, UniqueIDType,
};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};

/// A head larger than this is sent by itself.
const LIMIT: usize = 16 << 10;

/// A connection that gathers what is written while it is told to.
#[derive(Debug)]
pub struct Joined {
    inner: Stream,
    held: Vec<u8>,
    gathering: AtomicBool,
}

impl Joined {
    /// A connection that gathers nothing yet.
    pub fn stream(inner: Stream) -> Stream {
        Box::new(Self {
            inner,
            held: Vec::new(),
            gathering: AtomicBool::new(false),
        })
    }

    /// From now on, what is written is held back, or no longer: it then goes out with the next write or flush.
    pub fn gather(stream: &Stream, on: bool) {
        if let Some(joined) = stream.as_ref().as_any().downcast_ref::<Self>() {
            joined.gathering.store(on, Relaxed);
        }
    }

    fn holds(&self, bytes: usize) -> bool {
        self.gathering.load(Relaxed) && self.held.len() + bytes <= LIMIT
    }

    /// Sends what is held and these parts. How many bytes of the parts went out: at least one, if there is any.
    fn send(&mut self, cx: &mut Context<'_>, parts: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        while !self.held.is_empty() {
            let mut all = [IoSlice::new(&[]); 4];
            let held = std::iter::once(&self.held[..]).chain(parts.iter().map(|part| &**part));
            for (slot, bytes) in all.iter_mut().zip(held) {
                *slot = IoSlice::new(bytes);
            }
            let sent = ready!(Pin::new(&mut self.inner).poll_write_vectored(cx, &all))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            let of_held = sent.min(self.held.len());
            self.held.drain(..of_held);
            if sent > of_held {
                return Poll::Ready(Ok(sent - of_held));
            }
        }
        match parts {
            [] => Poll::Ready(Ok(0)),
            parts => Pin::new(&mut self.inner).poll_write_vectored(cx, parts),
        }
    }
}

impl AsyncWrite for Joined {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let joined = self.get_mut();
        if joined.holds(bytes.len()) {
            joined.held.extend_from_slice(bytes);
            return Poll::Ready(Ok(bytes.len()));
        }
        match joined.held.is_empty() {
            true => Pin::new(&mut joined.inner).poll_write(cx, bytes),
            false => joined.send(cx, &[IoSlice::new(bytes)]),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let joined = self.get_mut();
        let bytes = parts.iter().map(|part| part.len()).sum();
        if !joined.holds(bytes) {
            return joined.send(cx, parts);
        }
        for part in parts {
            joined.held.extend_from_slice(part);
        }
        Poll::Ready(Ok(bytes))
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let joined = self.get_mut();
        if joined.gathering.load(Relaxed) {
            return Poll::Ready(Ok(()));
        }
        ready!(joined.send(cx, &[]))?;
        Pin::new(&mut joined.inner).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let joined = self.get_mut();
        ready!(joined.send(cx, &[]))?;
        Pin::new(&mut joined.inner).poll_shutdown(cx)
    }
}

impl AsyncRead for Joined {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_read(cx, into)
    }
}

#[async_trait]
impl Shutdown for Joined {
    async fn shutdown(&mut self) {
        // The connection ends whether its last bytes can be sent or not.
        let _ = AsyncWriteExt::shutdown(self).await;
    }
}

#[async_trait]
impl Peek for Joined {
    async fn try_peek(&mut self, into: &mut [u8]) -> io::Result<bool> {
        self.inner.try_peek(into).await
    }
}

impl UniqueID for Joined {
    fn id(&self) -> UniqueIDType {
        self.inner.id()
    }
}

impl Ssl for Joined {}

impl GetTimingDigest for Joined {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        self.inner.get_timing_digest()
    }
}

impl GetProxyDigest for Joined {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        self.inner.get_proxy_digest()
    }
}

impl GetSocketDigest for Joined {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        self.inner.get_socket_digest()
    }
}

#[cfg(test)]
#[path = "joined_tests.rs"]
mod tests;
