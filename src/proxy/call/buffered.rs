//! A response of which a beginning, or all, is buffered before any of it is sent to the client.

use super::exchange::{Exchange, ExchangeEnd};
use super::parts::BodyParts;
use super::requester::Requester;
use crate::http::{BodyLength, Part, ResponseHeader};
use crate::shared::Share;
use bytes::Bytes;
use http::{HeaderMap, header};
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

/// The most that is read without waiting, where nothing has to be buffered.
const THERE_ALREADY: usize = 16 << 10;

/// How much of a response is buffered.
pub struct BufferLimit {
    /// In bytes. 0: take what has arrived with the head, and wait for nothing.
    pub bytes: usize,
    /// The longest wait for these bytes.
    pub time: Duration,
    /// Counts the body's memory in the bound of all bodies.
    pub share: Share,
}

/// A response that was read whole, or in part.
pub struct BufferedResponse {
    pub head: ResponseHeader,
    pub length: BodyLength,
    pub body: Bytes,
    pub trailers: Option<HeaderMap>,
    pub is_whole: bool,
    /// The exchange, unless both messages are complete.
    pub exchange: Option<Exchange>,
    /// The body ends when the connection closes, so a truncated body looks complete.
    pub is_delimited_by_close: bool,
    /// Counts the body's memory in the bound of all bodies, until it is written.
    pub share: Share,
    /// How long the requester let the endpoint wait for the rest of the request.
    pub requester_time: Duration,
}

impl BufferedResponse {
    /// Reads a response up to the limit.
    pub async fn read(
        mut exchange: Exchange,
        mut limit: BufferLimit,
        requester: &mut Option<&mut dyn Requester>,
    ) -> Result<Self, ExchangeEnd> {
        let head = exchange.head(requester).await?;
        let waits = limit.bytes > 0;
        let most = if waits { limit.bytes } else { THERE_ALREADY };
        let mut body = BodyParts::default();
        let mut trailers = None;
        let time_is_up = tokio::time::sleep(limit.time);
        tokio::pin!(time_is_up);
        let is_whole = loop {
            let part = poll_fn(|cx| match exchange.poll_part(cx, requester) {
                Poll::Ready(part) => Poll::Ready(Some(part)),
                Poll::Pending if !waits => Poll::Ready(None),
                Poll::Pending => time_is_up.as_mut().poll(cx).map(|()| None),
            });
            match part.await.transpose()? {
                Some(Part::Data(data)) => {
                    let part = data.into_bytes();
                    let has_room = body.push(part, &mut limit.share, Share::grow_response);
                    if !has_room || body.len() > most {
                        break false;
                    }
                }
                Some(Part::Trailers(fields)) => trailers = Some(fields),
                Some(Part::End) => break true,
                None => break false,
            }
        };
        let length = exchange.body_length();
        Ok(Self {
            length: announced(&head, length),
            head,
            body: body.join(),
            trailers,
            is_whole,
            requester_time: exchange.requester_time(),
            is_delimited_by_close: exchange.is_delimited_by_close(),
            exchange: keep(exchange, is_whole),
            share: limit.share,
        })
    }
}

/// The length that is announced to the client; for HEAD and 304, that of the body that GET would have had.
fn announced(head: &ResponseHeader, length: BodyLength) -> BodyLength {
    let named = || {
        let value = head.headers.get(header::CONTENT_LENGTH)?.to_str().ok()?;
        value.parse().ok().map(BodyLength::Known)
    };
    match length {
        BodyLength::None => named().unwrap_or(BodyLength::None),
        length => length,
    }
}

/// Releases the exchange if both messages are complete.
fn keep(exchange: Exchange, is_whole: bool) -> Option<Exchange> {
    if is_whole && exchange.upload_ended() {
        exchange.release();
        return None;
    }
    Some(exchange)
}
