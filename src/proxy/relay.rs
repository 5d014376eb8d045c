//! Streams a response to the client. What the client does not take at once is read ahead, up to a bound, so that the
//! endpoint finishes the request and its connection is free while a slow client reads. Past the bound the endpoint is not
//! read, and its permit is stalled.

use super::call::{ExchangeEnd, ResponseStream, next_piece};
use super::client::Client;
use super::read_ahead::ReadAhead;
use super::respond::Ending;
use super::slow_reader::SlowReader;
use crate::dialect::ResponseEditor;
use crate::http::{Data, MAX_READ, Part};
use bytes::Bytes;
use std::future::poll_fn;
use std::task::{Context, Poll};

/// What the client's connection may be given before it has written any of it.
const UNWRITTEN: usize = 2 * MAX_READ;

/// How far the response was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    Open,
    Ended,
    Cut,
}

/// What polling the endpoint gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Polled {
    Part,
    NoRoom,
    Nothing,
}

/// The client left, or took nothing for too long.
#[derive(Debug)]
struct ClientGone;

/// The rest of a response, from the endpoint to the client.
pub struct Relay<'r, 'c> {
    client: &'r mut Client<'c>,
    stream: Option<ResponseStream>,
    /// Edits what the client gets. What the endpoint sent was judged before.
    editor: Option<Box<dyn ResponseEditor>>,
    ahead: ReadAhead,
    reader: SlowReader,
    reading: Reading,
    end_given: bool,
}

impl<'r, 'c> Relay<'r, 'c> {
    /// A relay of a response whose head was queued for the client.
    pub fn new(
        client: &'r mut Client<'c>,
        stream: ResponseStream,
        editor: Option<Box<dyn ResponseEditor>>,
        ahead: ReadAhead,
        reader: SlowReader,
    ) -> Self {
        Self {
            client,
            stream: Some(stream),
            editor,
            ahead,
            reader,
            reading: Reading::Open,
            end_given: false,
        }
    }

    /// Begins with the data that was buffered; its memory is counted in the share.
    pub async fn begin(&mut self, mut data: Bytes) {
        let Some(editor) = &mut self.editor else {
            return self.ahead.begin(data);
        };
        // A piece at a time: editing all of it at once would hold up the worker.
        while let Some(piece) = next_piece(&mut data) {
            let edited = editor.chunk(piece.into_bytes(), false);
            self.ahead.join(&edited);
            tokio::task::yield_now().await;
        }
        self.ahead.drop_beginning();
    }

    /// Takes a part that came from the endpoint.
    fn take(&mut self, part: Part) {
        match part {
            Part::Data(data) => match &mut self.editor {
                Some(editor) => {
                    let edited = editor.chunk(data.into_bytes(), false);
                    self.take_edited(edited);
                }
                None => self.ahead.push(data),
            },
            Part::Trailers(trailers) => self.ahead.push_trailers(trailers),
            Part::End => {
                if let Some(mut editor) = self.editor.take() {
                    let last = editor.chunk(Bytes::new(), true);
                    self.take_edited(last);
                }
                self.ahead.push_end();
                self.reading = Reading::Ended;
            }
        }
    }

    fn take_edited(&mut self, edited: Bytes) {
        match Data::new(edited) {
            Some(data) => self.ahead.push(data),
            None => self.ahead.unreserve(),
        }
    }

    /// Relays to the end.
    pub async fn run(mut self) -> Ending {
        poll_fn(|cx| match self.poll_move(cx) {
            Ok(()) => self.poll_end(cx),
            Err(ClientGone) => Poll::Ready(Ending::ClientGone),
        })
        .await
    }

    /// Moves all data that can be moved without waiting.
    fn poll_move(&mut self, cx: &mut Context<'_>) -> Result<(), ClientGone> {
        loop {
            self.poll_give(cx)?;
            match self.poll_read(cx)? {
                Polled::Part => {}
                // Bytes that the client's connection has written make room.
                Polled::NoRoom if self.poll_written(cx)? => {}
                Polled::NoRoom | Polled::Nothing => return Ok(()),
            }
        }
    }

    /// Reads a part, if there is room for it and it is there.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Result<Polled, ClientGone> {
        let Some(stream) = &mut self.stream else {
            return Ok(Polled::Nothing);
        };
        let is_open = self.reading == Reading::Open;
        if !is_open || !self.ahead.reserve() {
            self.poll_upload(cx)?;
            return Ok(if is_open {
                Polled::NoRoom
            } else {
                Polled::Nothing
            });
        }
        if let Some(permit) = stream.permit() {
            self.reader.resume(permit);
        }
        match stream.poll_part(cx, &mut Some(self.client)) {
            Poll::Ready(Ok(part)) => {
                self.take(part);
                Ok(Polled::Part)
            }
            Poll::Ready(Err(ExchangeEnd::Failed(_))) => {
                self.ahead.unreserve();
                self.stream = None;
                self.reading = Reading::Cut;
                Ok(Polled::Nothing)
            }
            Poll::Ready(Err(ExchangeEnd::RequesterGone)) => Err(ClientGone),
            Poll::Pending => {
                self.ahead.unreserve();
                Ok(Polled::Nothing)
            }
        }
    }

    /// Sends more of the request while the response is not read. After the response's end, only the endpoint's time limit
    /// shows that it takes no more.
    fn poll_upload(&mut self, cx: &mut Context<'_>) -> Result<(), ClientGone> {
        let Some(stream) = &mut self.stream else {
            return Ok(());
        };
        let is_open = self.reading == Reading::Open;
        if is_open {
            stream.hold_up();
        }
        if let Some(permit) = stream.permit() {
            self.reader.wait(permit, cx);
        }
        match stream.poll_upload(cx, &mut Some(self.client)) {
            Poll::Ready(Err(_)) => return Err(ClientGone),
            Poll::Ready(Ok(())) if !is_open => {
                if let Some(stream) = self.stream.take() {
                    stream.release();
                }
            }
            Poll::Pending if !is_open && stream.poll_time(cx).is_ready() => self.stream = None,
            _ => {}
        }
        Ok(())
    }

    /// Queues as many parts as the client's connection takes.
    fn poll_give(&mut self, cx: &mut Context<'_>) -> Result<(), ClientGone> {
        while !self.ahead.is_empty() {
            match self.client.poll_ready(cx) {
                Poll::Ready(ready) => ready.map_err(|_| ClientGone)?,
                Poll::Pending => return Ok(()),
            }
            let Some(part) = self.ahead.give() else {
                continue;
            };
            self.reader.took(part.data_len());
            self.end_given |= part == Part::End;
            self.client.send_part(part).map_err(|_| ClientGone)?;
        }
        if self.ahead.given() >= UNWRITTEN {
            self.poll_written(cx)?;
        }
        Ok(())
    }

    /// Whether the client's connection has written all that was read.
    fn poll_written(&mut self, cx: &mut Context<'_>) -> Result<bool, ClientGone> {
        match self.client.poll_flush(cx) {
            Poll::Ready(flushed) => flushed.map_err(|_| ClientGone)?,
            Poll::Pending => return Ok(false),
        }
        self.ahead.written();
        Ok(self.ahead.is_empty())
    }

    /// Ready when the response was delivered or cannot be.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Ending> {
        let Ok(written) = self.poll_written(cx) else {
            return Poll::Ready(Ending::ClientGone);
        };
        if written && self.reading == Reading::Cut {
            return Poll::Ready(Ending::Cut);
        }
        if written && self.end_given && self.stream.is_none() {
            return Poll::Ready(Ending::Complete);
        }
        if self.client.request_ended() && self.client.poll_left(cx).is_ready() {
            return Poll::Ready(Ending::ClientGone);
        }
        let permit = self.stream.as_mut().and_then(ResponseStream::permit);
        match permit {
            Some(permit) => permit.poll_evicted(cx).map(|()| Ending::Evicted),
            None => Poll::Pending,
        }
    }
}
