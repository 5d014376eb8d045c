//! Judges a response while it streams to the client. Errors and bookmarks of a transaction stand behind
//! its rows, so that its beginning says nothing of its outcome. Rows are skipped; only the top-level
//! members that matter are kept, up to a bound.

use super::bookmark::MEMBERS;
use super::judge::judge;
use super::knowledge::Knowledge;
use crate::dialect::{Body, Call, Executed, Judgement, Response, StreamJudge};
use bytes::Bytes;
use http::HeaderMap;
use json_reader::{Scan, Step};
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
    scan: Scan,
    /// The last key of the top level.
    key: Vec<u8>,
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
            scan: Scan::default(),
            key: Vec::new(),
            keeps: false,
            closed: false,
            broken: false,
        }
    }

    fn byte(&mut self, byte: u8) {
        self.broken |= self.closed && !byte.is_ascii_whitespace();
        let step = self.scan.step(byte);
        match (step, self.scan.depth()) {
            (Step::Open, 1) => self.broken |= byte == b'[',
            (Step::Close, 0) => {
                self.closed = true;
                self.keeps = false;
            }
            (Step::StringStart, 1) if self.scan.is_key() => self.key.clear(),
            (Step::StringByte, 1) if self.scan.is_key() && self.key.len() <= MAX_KEY => {
                self.key.push(byte);
            }
            (Step::Comma, 1) => self.keeps = false,
            (Step::Colon, 1) => return self.begin_value(),
            _ => {}
        }
        self.keep(byte);
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

    fn end(mut self: Box<Self>) -> Judgement {
        let understood = self.closed && !self.broken;
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
