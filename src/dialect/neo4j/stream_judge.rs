//! Judges a response while it streams to the client. Errors and bookmarks of a transaction stand behind
//! its rows, so that its beginning says nothing of its outcome. Rows are skipped; only the top-level
//! members that matter are kept, up to a bound.

use super::bookmark::MEMBERS;
use super::judge::judge;
use super::knowledge::Knowledge;
use crate::dialect::{Body, Call, Executed, Judgement, Response, StreamJudge};
use bytes::Bytes;
use http::HeaderMap;
use std::sync::Arc;

/// Bytes of members that are kept; with more the response counts as not understood.
const MAX_KEPT: usize = 64 << 10;
/// The longest key that is compared.
const MAX_KEY: usize = 32;

/// The judge of one response.
pub struct MemberJudge {
    knowledge: Arc<Knowledge>,
    call: Arc<Call>,
    status: u16,
    headers: HeaderMap,
    /// The members that matter, as an object of their own.
    kept: Vec<u8>,
    key: Vec<u8>,
    depth: u32,
    in_string: bool,
    escaped: bool,
    /// The string under the cursor is a key of the top level.
    in_key: bool,
    /// A key comes next at the top level.
    wants_key: bool,
    /// The value under the cursor is kept.
    keeps: bool,
    /// The top-level object was closed.
    closed: bool,
    broken: bool,
}

impl MemberJudge {
    pub fn new(
        knowledge: &Arc<Knowledge>,
        call: &Arc<Call>,
        status: u16,
        headers: &HeaderMap,
    ) -> Self {
        Self {
            knowledge: Arc::clone(knowledge),
            call: Arc::clone(call),
            status,
            headers: headers.clone(),
            kept: Vec::new(),
            key: Vec::new(),
            depth: 0,
            in_string: false,
            escaped: false,
            in_key: false,
            wants_key: false,
            keeps: false,
            closed: false,
            broken: false,
        }
    }

    fn byte(&mut self, byte: u8) {
        match self.in_string {
            true => self.in_text(byte),
            false => self.outside(byte),
        }
    }

    fn in_text(&mut self, byte: u8) {
        let ends = byte == b'"' && !self.escaped;
        self.escaped = byte == b'\\' && !self.escaped;
        self.in_string = !ends;
        if self.in_key && !ends && self.key.len() <= MAX_KEY {
            self.key.push(byte);
        }
        self.in_key &= !ends;
        self.keep(byte);
    }

    fn outside(&mut self, byte: u8) {
        self.broken |= self.closed && !byte.is_ascii_whitespace();
        match byte {
            b'"' => self.open_string(),
            b'{' | b'[' => {
                self.wants_key = self.depth == 0 && byte == b'{';
                self.broken |= self.depth == 0 && byte == b'[';
                self.depth = self.depth.saturating_add(1);
            }
            b'}' | b']' => self.close(),
            b',' if self.depth == 1 => {
                self.keeps = false;
                self.wants_key = true;
            }
            b':' if self.depth == 1 => return self.begin_value(),
            _ => {}
        }
        self.keep(byte);
    }

    fn open_string(&mut self) {
        self.in_string = true;
        self.in_key = self.depth == 1 && self.wants_key;
        if self.in_key {
            self.wants_key = false;
            self.key.clear();
        }
    }

    fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        if self.depth == 0 {
            self.closed = true;
            self.keeps = false;
        }
    }

    fn begin_value(&mut self) {
        let key = self.key.as_slice();
        let wanted = ["errors", MEMBERS[0], MEMBERS[1]];
        self.keeps = wanted.iter().any(|name| key == name.as_bytes());
        if self.keeps {
            let comma: &[u8] = if self.kept.is_empty() { b"{" } else { b"," };
            let key = std::mem::take(&mut self.key);
            self.kept.extend([comma, b"\"", &key, b"\":"].concat());
        }
    }

    fn keep(&mut self, byte: u8) {
        if self.keeps && self.kept.len() < MAX_KEPT {
            self.kept.push(byte);
        } else {
            self.broken |= self.keeps;
        }
    }
}

impl StreamJudge for MemberJudge {
    fn chunk(&mut self, chunk: &[u8]) {
        chunk.iter().for_each(|byte| self.byte(*byte));
    }

    fn end(mut self: Box<Self>, complete: bool) -> Judgement {
        let understood = complete && self.closed && !self.broken;
        if self.kept.is_empty() {
            self.kept.push(b'{');
        }
        self.kept.push(b'}');
        let kept = Bytes::from(std::mem::take(&mut self.kept));
        let response = Response {
            status: self.status,
            headers: &self.headers,
            body: match understood {
                true => Body::Whole(&kept),
                false => Body::Prefix(b""),
            },
        };
        let mut judgement = judge(&self.call, &response);
        self.knowledge.note(&self.call, &judgement);
        judgement.storable = judgement.storable.and(Err("streamed"));
        if !understood && !self.call.effect.is_read() {
            judgement.execution = Executed::Unknown;
        }
        judgement
    }
}
