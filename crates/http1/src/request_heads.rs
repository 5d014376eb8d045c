//! Finds request heads in the bytes that were read. Empty lines before a head are skipped, and bytes that cannot begin a
//! request are rejected as soon as that is certain.

use crate::fields::is_token;
use crate::head::{self, Parsed};
use crate::inbox::Inbox;
use crate::scan::Scan;
use crate::{Error, Limits};
use pingora_http::RequestHeader;

/// A method is searched for in the first bytes only, so that a head that arrives byte by byte is not rescanned each time.
const METHOD: usize = 32;

/// How far the next head was read.
#[derive(Debug, Default)]
pub(crate) struct RequestHeads {
    scan: Scan,
    empty_lines: u8,
}

impl RequestHeads {
    /// Passes over empty lines (RFC 9112, section 2.2), and says whether more than these is there.
    pub fn is_begun(&mut self, inbox: &mut Inbox, limits: &Limits) -> bool {
        while let [b'\r', b'\n', ..] = inbox.bytes() {
            if self.empty_lines == limits.empty_lines {
                return true;
            }
            self.empty_lines += 1;
            inbox.advance(2);
        }
        !matches!(inbox.bytes(), [] | [b'\r'])
    }

    /// The head that was begun, if it is there whole.
    pub fn next(
        &mut self,
        inbox: &mut Inbox,
        limits: &Limits,
    ) -> Result<Option<Parsed<RequestHeader>>, Error> {
        check_method(inbox.bytes())?;
        let too_large = "request head exceeds the limit";
        let Some(length) = self.scan.end(inbox.bytes(), limits.head, too_large)? else {
            return Ok(None);
        };
        *self = Self::default();
        head::request(&inbox.take(length), limits).map(Some)
    }
}

/// Rejects bytes that do not begin with a method.
fn check_method(bytes: &[u8]) -> Result<(), Error> {
    let start = bytes.get(..METHOD).unwrap_or(bytes);
    let length = start.iter().take_while(|byte| is_token(**byte)).count();
    match (start.get(length), start) {
        (None, _) => Ok(()),
        (Some(b' '), _) if length > 0 => Ok(()),
        (_, [b'\r', b'\n', ..]) => Err(Error::Malformed("too many empty lines before a request")),
        (_, [0x16, ..]) => Err(Error::OtherProtocol(
            "plain HTTP is expected here, and this is TLS",
        )),
        (_, [0x60, 0x60, 0xb0, ..]) => Err(Error::OtherProtocol(
            "plain HTTP is expected here, and this is Bolt",
        )),
        _ => Err(Error::Malformed("invalid start line")),
    }
}
