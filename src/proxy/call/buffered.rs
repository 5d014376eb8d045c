//! A response, buffered as far as it must be known before anything of it goes to the client.

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

/// Bytes that are taken with the head if they are there already, though nothing is waited for.
const THERE_ALREADY: usize = 16 << 10;

/// How much of a response is buffered.
pub struct BufferLimit {
    /// Bytes; 0: nothing is waited for.
    pub bytes: usize,
    /// How long it may take to come.
    pub time: Duration,
    /// The part of it in the bound of all bodies.
    pub share: Share,
}

/// A response: whole, or begun.
pub struct BufferedResponse {
    pub head: ResponseHeader,
    pub length: BodyLength,
    pub body: Bytes,
    pub trailers: Option<HeaderMap>,
    pub is_whole: bool,
    /// The exchange, while anything is left to be read or sent.
    pub exchange: Option<Exchange>,
    /// A cut of the body cannot be told from its end.
    pub is_delimited_by_close: bool,
    /// The part of the body in the bound of all bodies, until it is written.
    pub share: Share,
}

impl BufferedResponse {
    /// Reads a response as far as the limit goes.
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
            is_delimited_by_close: exchange.is_delimited_by_close(),
            exchange: keep(exchange, is_whole),
            share: limit.share,
        })
    }
}

/// What a response without a body says of the one that it would have had (HEAD, 304).
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

/// An exchange in which nothing is left to be done ends.
fn keep(exchange: Exchange, is_whole: bool) -> Option<Exchange> {
    if is_whole && exchange.upload_ended() {
        exchange.release();
        return None;
    }
    Some(exchange)
}
