//! The part of a response that was read and its client has not taken. Its memory is counted, which is more than its bytes:
//! a part keeps the buffer alive into which it was read. So small parts are copied into shared buffers.

use super::call::next_piece;
use super::headers;
use crate::http::{Data, MAX_READ, Part};
use crate::shared::Share;
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use std::collections::VecDeque;

/// Parts smaller than this are copied out of their buffer if others are queued before them.
const SMALL: usize = 32 << 10;
/// The buffer into which they are copied.
const JOINED: usize = 16 << 10;

/// The parts that were read ahead. A part counts until the client's connection has written it.
pub struct ReadAhead {
    share: Share,
    /// Bytes that may be held, where there is room for them.
    limit: usize,
    parts: VecDeque<Held>,
    given: usize,
    reserved: usize,
    /// What the beginning of the response costs, until it is given or dropped.
    beginning: usize,
}

struct Held {
    part: Waiting,
    /// Bytes of memory.
    cost: usize,
}

enum Waiting {
    Data(Bytes),
    Joined(BytesMut),
    Trailers(HeaderMap),
    End,
}

impl ReadAhead {
    /// An empty queue. The share already counts the beginning of the response.
    pub fn new(share: Share, limit: usize) -> Self {
        Self {
            beginning: share.bytes(),
            share,
            limit,
            parts: VecDeque::new(),
            given: 0,
            reserved: 0,
        }
    }

    /// Whether nothing waits to be given to the client's connection.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Reserves room for a part; `false`: there is none. There is always room for one part, so that a response makes
    /// progress when all memory is used up, at the pace of its client.
    pub fn reserve(&mut self) -> bool {
        let held = self.share.bytes();
        if held == 0 {
            return true;
        }
        if held < self.limit && self.share.grow_read_ahead(MAX_READ) {
            self.reserved = MAX_READ;
        }
        self.reserved > 0
    }

    /// Gives back the room that was reserved.
    pub fn unreserve(&mut self) {
        self.charge(0);
    }

    /// Counts memory that is held from now on; the reservation covers it first.
    fn charge(&mut self, cost: usize) {
        let reserved = std::mem::take(&mut self.reserved);
        self.share.add(cost.saturating_sub(reserved));
        self.share.give_back(reserved.saturating_sub(cost));
    }

    /// Queues the beginning of the response, which the share already counts.
    pub fn begin(&mut self, bytes: Bytes) {
        let (part, cost) = (Waiting::Data(bytes), std::mem::take(&mut self.beginning));
        self.parts.push_back(Held { part, cost });
    }

    /// The beginning of the response is no longer in memory.
    pub fn drop_beginning(&mut self) {
        self.share.give_back(std::mem::take(&mut self.beginning));
    }

    /// Takes data.
    pub fn push(&mut self, data: Data) {
        if data.len() < SMALL && !self.is_empty() {
            return self.join(&data);
        }
        let cost = data.len().max(MAX_READ);
        self.hold(Waiting::Data(data.into_bytes()), cost);
    }

    /// Takes trailers.
    pub fn push_trailers(&mut self, trailers: HeaderMap) {
        let cost = headers::size(&trailers);
        self.hold(Waiting::Trailers(trailers), cost);
    }

    /// Takes the end.
    pub fn push_end(&mut self) {
        self.hold(Waiting::End, 0);
    }

    /// Copies data into the last buffer, and what does not fit into a new one.
    pub fn join(&mut self, data: &[u8]) {
        let mut rest = data;
        if let Some(Held { part, .. }) = self.parts.back_mut()
            && let Waiting::Joined(buffer) = part
        {
            let spare = buffer.capacity() - buffer.len();
            let (first, after) = data.split_at(spare.min(data.len()));
            buffer.extend_from_slice(first);
            rest = after;
        }
        if rest.is_empty() {
            return self.unreserve();
        }
        let mut buffer = BytesMut::with_capacity(rest.len().max(JOINED));
        buffer.extend_from_slice(rest);
        let cost = buffer.capacity();
        self.hold(Waiting::Joined(buffer), cost);
    }

    fn hold(&mut self, part: Waiting, cost: usize) {
        self.charge(cost);
        self.parts.push_back(Held { part, cost });
    }

    /// The next part, for the client's connection.
    pub fn give(&mut self) -> Option<Part> {
        let Held { part, cost } = self.parts.front_mut()?;
        let given = match part {
            Waiting::Data(bytes) => {
                let piece = next_piece(bytes).map(Part::Data);
                if !bytes.is_empty() {
                    return piece;
                }
                piece
            }
            Waiting::Joined(buffer) => Data::new(buffer.split()).map(Part::Data),
            Waiting::Trailers(trailers) => Some(Part::Trailers(std::mem::take(trailers))),
            Waiting::End => Some(Part::End),
        };
        self.given += *cost;
        self.parts.pop_front();
        given
    }

    /// Bytes of memory that the client's connection was given and may hold.
    pub fn given(&self) -> usize {
        self.given
    }

    /// The client's connection has written all that it was given.
    pub fn written(&mut self) {
        self.share.give_back(std::mem::take(&mut self.given));
    }
}

#[cfg(test)]
mod tests;
