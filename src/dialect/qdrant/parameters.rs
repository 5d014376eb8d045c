//! The query string, decoded as Qdrant decodes it: keys and values percent-decoded, `+` a blank.

use super::operation::Acknowledged;
use crate::dialect::Acknowledgement;
use percent_encoding::percent_decode;
use std::borrow::Cow;
use std::time::Duration;

/// The decoded parameters, sorted by key; twins keep their order.
#[derive(Debug, Default)]
pub struct Parameters<'a>(Vec<Pair<'a>>);

type Pair<'a> = (Cow<'a, [u8]>, Cow<'a, [u8]>);

impl<'a> Parameters<'a> {
    /// Reads the part of a request target behind its `?`.
    pub fn read(query: &'a str) -> Self {
        let mut pairs: Vec<_> = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(key, value)| (decode(key), decode(value)))
            .collect();
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        Self(pairs)
    }

    /// Key and value of every parameter but the time limit, which decides no response. One that Qdrant
    /// would refuse does.
    pub fn deciding(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let pairs = self
            .0
            .iter()
            .map(|(key, value)| (key.as_ref(), value.as_ref()));
        let limited = self.time_limit().is_some();
        pairs.filter(move |(key, _)| !(limited && *key == b"timeout"))
    }

    /// The time that the client allows Qdrant: `timeout`, whole seconds, at least one, given once.
    pub fn time_limit(&self) -> Option<Duration> {
        let mut values = self.values("timeout");
        let (Some(value), None) = (values.next(), values.next()) else {
            return None;
        };
        let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
        let text = std::str::from_utf8(value).ok().filter(|_| digits)?;
        let seconds: u32 = text.parse().ok()?;
        (seconds > 0).then(|| Duration::from_secs(seconds.into()))
    }

    /// Whether a parameter is there at all.
    pub fn has(&self, name: &str) -> bool {
        self.values(name).next().is_some()
    }

    /// What a success will say of the effect. `wait` twice is refused by Qdrant, so it promises nothing.
    pub fn acknowledgement(&self, rule: Acknowledged) -> Acknowledgement {
        let mut waits = self.values("wait");
        let wait = match (waits.next(), waits.next()) {
            (None, _) => None,
            (Some(b"true"), None) => Some(true),
            _ => Some(false),
        };
        let applied = match rule {
            Acknowledged::Always => true,
            Acknowledged::IfAwaited => wait == Some(true),
            Acknowledged::UnlessUnawaited => wait != Some(false),
            Acknowledged::Never => false,
        };
        if applied {
            Acknowledgement::Applied
        } else {
            Acknowledgement::Queued
        }
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let name = name.as_bytes();
        let pairs = self.0.iter().filter(move |(key, _)| key.as_ref() == name);
        pairs.map(|(_, value)| value.as_ref())
    }
}

fn decode(text: &str) -> Cow<'_, [u8]> {
    if text.contains('+') {
        let blanks = text.replace('+', " ");
        return Cow::Owned(percent_decode(blanks.as_bytes()).collect());
    }
    percent_decode(text.as_bytes()).into()
}
