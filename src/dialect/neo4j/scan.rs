//! A look at the top level of a JSON object without reading what is below: where each member's
//! value begins and ends. Rows are skipped, not built.

use std::borrow::Cow;
use std::ops::Range;

/// One member of the top-level object.
#[derive(Debug, Clone, PartialEq)]
pub struct Member<'a> {
    pub key: Cow<'a, str>,
    pub value: Range<usize>,
}

/// What a look found.
#[derive(Debug, Default)]
pub struct Scan<'a> {
    pub members: Vec<Member<'a>>,
    /// Just behind the opening brace.
    pub inside: usize,
    /// The object was there from its first byte to its last, with nothing behind it.
    pub complete: bool,
}

/// The most members that are kept.
const MAX_MEMBERS: usize = 64;

impl Scan<'_> {
    /// The value of a member.
    pub fn get(&self, key: &str) -> Option<Range<usize>> {
        self.members
            .iter()
            .find(|member| member.key == key)
            .map(|member| member.value.clone())
    }
}

/// Looks at a body, or at the beginning of one.
pub fn scan(body: &[u8]) -> Scan<'_> {
    let mut scan = Scan::default();
    let complete = object(body, &mut scan);
    scan.complete = complete.is_some_and(|end| space(body, end) == body.len());
    scan
}

/// The members of the object; gives the place behind it.
fn object<'a>(body: &'a [u8], scan: &mut Scan<'a>) -> Option<usize> {
    let mut at = expect(body, 0, b'{')?;
    scan.inside = at;
    at = space(body, at);
    if body.get(at) == Some(&b'}') {
        return Some(at + 1);
    }
    while scan.members.len() < MAX_MEMBERS {
        let start = space(body, at);
        let end = string(body, start)?;
        let key = key(body.get(start..end)?)?;
        let from = space(body, expect(body, end, b':')?);
        let to = value(body, from)?;
        scan.members.push(Member {
            key,
            value: from..to,
        });
        at = space(body, to);
        match body.get(at)? {
            b',' => at += 1,
            b'}' => return Some(at + 1),
            _ => return None,
        }
    }
    None
}

fn key(quoted: &[u8]) -> Option<Cow<'_, str>> {
    let text = std::str::from_utf8(quoted).ok()?;
    if text.contains('\\') {
        return serde_json::from_str(text).ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(text.strip_prefix('"')?.strip_suffix('"')?))
}

fn space(body: &[u8], from: usize) -> usize {
    let rest = body.get(from..).unwrap_or_default();
    from + rest.iter().take_while(|b| b" \t\r\n".contains(b)).count()
}

fn expect(body: &[u8], from: usize, byte: u8) -> Option<usize> {
    let at = space(body, from);
    (body.get(at) == Some(&byte)).then_some(at + 1)
}

/// The place behind the string that begins here.
fn string(body: &[u8], start: usize) -> Option<usize> {
    if body.get(start) != Some(&b'"') {
        return None;
    }
    let mut at = start + 1;
    loop {
        match body.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// The place behind the value that begins here.
fn value(body: &[u8], start: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = start;
    loop {
        match body.get(at)? {
            b'"' => at = string(body, at)?,
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            b'}' | b']' if depth > 0 => {
                depth -= 1;
                at += 1;
            }
            b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n' if depth == 0 => {
                return (at > start).then_some(at);
            }
            _ => at += 1,
        }
        let ended = matches!(body.get(at.wrapping_sub(1)), Some(b'"' | b'}' | b']'));
        if depth == 0 && ended {
            return Some(at);
        }
    }
}
