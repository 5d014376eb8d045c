//! The chunked coding (RFC 9112, section 7.1), read strictly: what the grammar does not allow is
//! refused, because two readers who forgive differently see two different messages.

use crate::fields::is_token;
use crate::inbox::Inbox;
use crate::scan::Scan;
use crate::{Error, Limits, head};
use bytes::Bytes;
use http::HeaderMap;

/// Digits of a chunk's size: more are refused, so that the number cannot overflow.
const DIGITS: usize = 15;

/// Where in the coding the reader is.
#[derive(Debug, Clone)]
pub(crate) struct Chunked {
    state: State,
    /// Bytes of extensions so far.
    extensions: usize,
}

#[derive(Debug, Clone)]
enum State {
    Size,
    Data(u64),
    DataEnd,
    Trailers(Scan),
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// This many bytes at the front of the inbox are data; take them and call [`Chunked::took`].
    Data(usize),
    /// More bytes are needed.
    Need,
    /// The body is whole; its trailers, which may be none.
    End(HeaderMap),
}

impl Chunked {
    pub fn new() -> Self {
        Self {
            state: State::Size,
            extensions: 0,
        }
    }

    /// Parses what has been read. An error consumes nothing, so that the next call fails the same way.
    pub fn step(&mut self, inbox: &mut Inbox, limits: &Limits) -> Result<Step, Error> {
        loop {
            match &mut self.state {
                State::Size => {
                    let Some(line) = size_line(inbox.bytes(), limits)? else {
                        return Ok(Step::Need);
                    };
                    if self.extensions + line.extensions > limits.chunk_extensions {
                        return Err(Error::TooLarge("chunk extensions exceed the limit"));
                    }
                    self.extensions += line.extensions;
                    inbox.advance(line.length);
                    self.state = match line.size {
                        0 => State::Trailers(Scan::default()),
                        size => State::Data(size),
                    };
                }
                State::Data(_) if inbox.is_empty() => return Ok(Step::Need),
                State::Data(left) => {
                    let there = inbox.len();
                    return Ok(Step::Data(
                        usize::try_from(*left).map_or(there, |left| left.min(there)),
                    ));
                }
                State::DataEnd => match inbox.bytes() {
                    [b'\r', b'\n', ..] => {
                        inbox.advance(2);
                        self.state = State::Size;
                    }
                    [] | [b'\r'] => return Ok(Step::Need),
                    _ => return Err(Error::Malformed("chunk data longer than the chunk size")),
                },
                State::Trailers(scan) => {
                    return trailers(scan, inbox, limits);
                }
            }
        }
    }

    /// This many bytes of data were taken.
    pub fn took(&mut self, count: usize) {
        if let State::Data(left) = &mut self.state {
            *left = left.saturating_sub(count as u64);
            if *left == 0 {
                self.state = State::DataEnd;
            }
        }
    }
}

fn trailers(scan: &mut Scan, inbox: &mut Inbox, limits: &Limits) -> Result<Step, Error> {
    let end = scan.end(inbox.bytes(), limits.trailers, "trailers exceed the limit")?;
    let fields = match end {
        None => return Ok(Step::Need),
        // The empty line alone.
        Some(2) => HeaderMap::new(),
        Some(length) => {
            let bytes = Bytes::copy_from_slice(inbox.bytes().get(..length).unwrap_or_default());
            head::trailers(&bytes, limits)?
        }
    };
    inbox.advance(end.unwrap_or_default());
    Ok(Step::End(fields))
}

/// The line before a chunk.
struct SizeLine {
    size: u64,
    /// With its line end.
    length: usize,
    extensions: usize,
}

/// Reads the line before a chunk; `None`: it is not whole yet. What is certainly wrong is refused before the line is whole.
fn size_line(bytes: &[u8], limits: &Limits) -> Result<Option<SizeLine>, Error> {
    const NO_SIZE: Error = Error::Malformed("invalid chunk size");
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_hexdigit());
    let digits = digits.count();
    if digits > DIGITS || (digits == 0 && !bytes.is_empty()) {
        return Err(NO_SIZE);
    }
    let Some(feed) = memchr::memchr(b'\n', bytes) else {
        return match bytes.len() > limits.chunk_line {
            true => Err(Error::TooLarge("chunk extension exceeds the limit")),
            false => Ok(None),
        };
    };
    let Some((number, extension)) = bytes.get(..feed).and_then(|line| {
        let line = line.strip_suffix(b"\r")?;
        line.split_at_checked(digits)
    }) else {
        return Err(Error::Malformed("line without a carriage return"));
    };
    if feed > limits.chunk_line {
        return Err(Error::TooLarge("chunk extension exceeds the limit"));
    }
    if !are_extensions(extension) {
        return Err(Error::Malformed("invalid chunk extension"));
    }
    let size = number.iter().fold(0, |size, digit| {
        size << 4 | u64::from((*digit as char).to_digit(16).unwrap_or_default())
    });
    Ok(Some(SizeLine {
        size,
        length: feed + 1,
        extensions: extension.len(),
    }))
}

/// `*( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )`.
fn are_extensions(mut rest: &[u8]) -> bool {
    while !rest.is_empty() {
        let Some(named) = skip_blank(rest).strip_prefix(b";") else {
            return false;
        };
        let Some(after) = skip_token(skip_blank(named)) else {
            return false;
        };
        rest = match skip_blank(after).strip_prefix(b"=") {
            None => after,
            Some(value) => match skip_value(skip_blank(value)) {
                Some(after) => after,
                None => return false,
            },
        };
    }
    true
}

fn skip_blank(text: &[u8]) -> &[u8] {
    let blanks = text.iter().take_while(|byte| matches!(byte, b' ' | b'\t'));
    text.get(blanks.count()..).unwrap_or_default()
}

fn skip_token(text: &[u8]) -> Option<&[u8]> {
    match text.iter().take_while(|byte| is_token(**byte)).count() {
        0 => None,
        length => text.get(length..),
    }
}

fn skip_value(text: &[u8]) -> Option<&[u8]> {
    match text.strip_prefix(b"\"") {
        Some(quoted) => skip_quoted(quoted),
        None => skip_token(text),
    }
}

fn skip_quoted(text: &[u8]) -> Option<&[u8]> {
    let is_text = |byte: u8| byte == b'\t' || (byte >= b' ' && byte != 0x7f);
    let mut bytes = text.iter().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => return text.get(at + 1..),
            b'\\' => {
                bytes.next().filter(|(_, byte)| is_text(**byte))?;
            }
            byte if is_text(*byte) => {}
            _ => return None,
        }
    }
    None
}
