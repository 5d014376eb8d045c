//! The path of a request, as Qdrant routes it: percent-decoded, slashes collapsed, a closing slash
//! ignored. A path that two servers might read differently is refused here and never guessed at.

use std::borrow::Cow;

/// The most segments that any known path has.
pub const MAX_SEGMENTS: usize = 9;

/// A decoded path and the raw query string behind it.
#[derive(Debug)]
pub struct Path<'a> {
    decoded: Cow<'a, str>,
    /// What follows the `?`; empty when there is none.
    pub query: &'a str,
}

/// The segments of a path. Those beyond [`MAX_SEGMENTS`] are counted but not kept.
#[derive(Debug, Default)]
pub struct Segments<'p> {
    kept: [&'p str; MAX_SEGMENTS],
    /// How many there are.
    pub count: usize,
}

impl<'a> Path<'a> {
    /// Reads a request target; `None` when it is ambiguous: not in origin form, a fragment, an
    /// escape that is broken or hides a separator, dot segments, anything but UTF-8.
    pub fn read(target: &'a str) -> Option<Self> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let plain = path.starts_with('/') && !target.contains('#');
        let decoded = plain.then(|| decode(path)).flatten()?;
        let dots = decoded.split('/').any(is_dots);
        (!dots).then_some(Self { decoded, query })
    }

    /// The segments that are not empty.
    pub fn segments(&self) -> Segments<'_> {
        let mut segments = Segments::default();
        for segment in self.decoded.split('/').filter(|part| !part.is_empty()) {
            if let Some(slot) = segments.kept.get_mut(segments.count) {
                *slot = segment;
            }
            segments.count += 1;
        }
        segments
    }
}

impl<'p> Segments<'p> {
    /// The segments that were kept.
    pub fn kept(&self) -> &[&'p str] {
        self.kept
            .get(..self.count.min(MAX_SEGMENTS))
            .unwrap_or_default()
    }

    /// The name in the place of the collection.
    pub fn collection(&self) -> Option<&'p str> {
        match self.kept() {
            ["collections", name, ..] => Some(name),
            _ => None,
        }
    }
}

fn decode(path: &str) -> Option<Cow<'_, str>> {
    if !path
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'\\')
    {
        return None;
    }
    if !path.contains('%') {
        return Some(Cow::Borrowed(path));
    }
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        decoded.push(match byte {
            b'%' => escaped(rest.next()?, rest.next()?)?,
            plain => plain,
        });
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

/// The byte of an escape, unless it would be read differently after one more round of decoding.
fn escaped(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let byte = u8::try_from(digit(high)? << 4 | digit(low)?).ok()?;
    let risky = byte.is_ascii_control() || b"/\\%?#".contains(&byte);
    (!risky).then_some(byte)
}

/// `.`, `..`, and both before a path parameter (`..;x`).
fn is_dots(segment: &str) -> bool {
    let name = segment.split(';').next().unwrap_or_default();
    matches!(name, "." | "..") || (name.is_empty() && !segment.is_empty())
}
