//! A response on its way to the client while it comes. What the client does not take at once is read
//! ahead, up to a bound, so that the endpoint is done with the request and its connection is free while a slow client reads.
//! Past the bound the endpoint is not read, and its permit is stalled.

use super::call::{Exchange, ExchangeEnd, PendingWrite, next_piece};
use super::client::Client;
use super::respond::Ending;
use super::streaming_permit::StreamingPermit;
use crate::dialect::{ResponseEditor, StreamJudge};
use crate::endpoint_id::EndpointId;
use crate::http::{Data, Part};
use crate::shared::Share;
use bytes::Bytes;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Context, Poll};

/// Bytes that are read ahead in any case.
const LEAST: usize = 64 << 10;

/// Who else sees the body: it is judged as the endpoint sent it, then edited.
pub struct Observers {
    pub editor: Option<Box<dyn ResponseEditor>>,
    pub judge: Option<Box<dyn StreamJudge>>,
    /// The write that ends with the response, and where it was carried out. It is settled as soon as the endpoint has sent
    /// all, however slowly the client reads.
    pub write: Option<(PendingWrite, EndpointId)>,
}

/// How far the response was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    Open,
    Ended,
    Cut,
}

/// The rest of a response, from the endpoint to the client.
pub struct Relay<'r, 'c> {
    client: &'r mut Client<'c>,
    exchange: Option<Exchange>,
    observers: Observers,
    /// The part of what is read ahead in the bound of all bodies.
    share: Share,
    /// Bytes that may be read ahead.
    limit: usize,
    /// Until the endpoint has nothing more to say.
    permit: Option<StreamingPermit>,
    queue: VecDeque<Part>,
    queued: usize,
    reading: Reading,
    written: bool,
}

impl<'r, 'c> Relay<'r, 'c> {
    /// A relay of a response whose head was queued for the client.
    pub fn new(
        client: &'r mut Client<'c>,
        exchange: Exchange,
        observers: Observers,
        (share, limit): (Share, usize),
        permit: Option<StreamingPermit>,
    ) -> Self {
        Self {
            client,
            exchange: Some(exchange),
            observers,
            share,
            limit,
            permit,
            queue: VecDeque::new(),
            queued: 0,
            reading: Reading::Open,
            written: false,
        }
    }

    /// Begins with what was read before, which the share holds already. A piece at a time: judging and
    /// editing all of it would hold up the worker.
    pub async fn begin(&mut self, mut bytes: Bytes) {
        while let Some(piece) = next_piece(&mut bytes) {
            self.push(piece);
            tokio::task::yield_now().await;
        }
    }

    /// Takes a part that came from the endpoint.
    pub fn take(&mut self, part: Part) {
        match part {
            Part::Data(data) => {
                self.share.add(data.len());
                self.push(data);
            }
            Part::Trailers(_) => self.queue.push_back(part),
            Part::End => {
                if let Some(mut editor) = self.observers.editor.take()
                    && let Some(last) = Data::new(editor.chunk(Bytes::new(), true))
                {
                    self.enqueue(last);
                }
                self.queue.push_back(Part::End);
                self.ended(Reading::Ended);
            }
        }
    }

    fn push(&mut self, data: Data) {
        let came = data.len();
        if let Some(judge) = &mut self.observers.judge {
            judge.chunk(&data);
        }
        let Some(editor) = &mut self.observers.editor else {
            return self.enqueue(data);
        };
        let edited = editor.chunk(data.into_bytes(), false);
        self.share.give_back(came.saturating_sub(edited.len()));
        if let Some(data) = Data::new(edited) {
            self.enqueue(data);
        }
    }

    fn enqueue(&mut self, data: Data) {
        self.queued += data.len();
        self.queue.push_back(Part::Data(data));
    }

    /// The endpoint has nothing more to say: its permit ends.
    fn ended(&mut self, reading: Reading) {
        self.reading = reading;
        if let Some(permit) = self.permit.take() {
            permit.end(reading == Reading::Cut);
        }
        // Of a write whose response was cut the outcome stays unknown.
        if let Some((write, endpoint)) = self.observers.write.take()
            && reading == Reading::Ended
        {
            let judgement = self.observers.judge.take().map(|judge| judge.end(true));
            write.ended(endpoint, judgement.as_ref());
        }
    }

    /// Relays to the end.
    pub async fn run(mut self) -> Ending {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ending> {
        loop {
            if self.poll_read(cx).is_err() {
                return Poll::Ready(Ending::ClientGone);
            }
            match self.poll_write(cx) {
                Err(()) => return Poll::Ready(Ending::ClientGone),
                Ok(true) if self.reading == Reading::Open && self.exchange.is_some() => {}
                Ok(_) => break,
            }
        }
        self.poll_end(cx)
    }

    /// Reads what there is, as far as there is room. `Err`: the client is gone.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Result<(), ()> {
        while let Some(exchange) = &mut self.exchange {
            let has_room =
                self.queued < LEAST || self.queued < self.limit && self.share.may_read_ahead(LEAST);
            if self.reading != Reading::Open || !has_room {
                return self.poll_upload(cx);
            }
            if let Some(permit) = &mut self.permit {
                permit.resume();
            }
            match exchange.poll_part(cx, &mut Some(self.client)) {
                Poll::Ready(Ok(part)) => self.take(part),
                Poll::Ready(Err(ExchangeEnd::Failed(_))) => {
                    self.exchange = None;
                    self.ended(Reading::Cut);
                }
                Poll::Ready(Err(ExchangeEnd::RequesterGone)) => return Err(()),
                Poll::Pending => return Ok(()),
            }
        }
        Ok(())
    }

    /// Nothing is read: the request goes on being sent. After the response's end nothing else tells of an endpoint
    /// that takes no more, so its time counts then. `Err`: the client is gone.
    fn poll_upload(&mut self, cx: &mut Context<'_>) -> Result<(), ()> {
        let Some(exchange) = &mut self.exchange else {
            return Ok(());
        };
        let is_open = self.reading == Reading::Open;
        if is_open {
            exchange.pause();
        }
        if let Some(permit) = &mut self.permit {
            permit.wait(cx);
        }
        match exchange.poll_upload(cx, &mut Some(self.client)) {
            Poll::Ready(Err(_)) => return Err(()),
            Poll::Ready(Ok(())) if !is_open => {
                if let Some(exchange) = self.exchange.take() {
                    exchange.release();
                }
            }
            Poll::Pending if !is_open && exchange.poll_time(cx).is_ready() => self.exchange = None,
            _ => {}
        }
        Ok(())
    }

    /// Queues what the client takes; whether any was. `Err`: the client is gone.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Result<bool, ()> {
        let mut any = false;
        while let Some(part) = self.queue.pop_front() {
            match self.client.poll_ready(cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_)) => return Err(()),
                Poll::Pending => {
                    self.queue.push_front(part);
                    break;
                }
            }
            self.write(part)?;
            any = true;
        }
        Ok(any)
    }

    fn write(&mut self, part: Part) -> Result<(), ()> {
        let part = match part {
            Part::Data(data) => {
                let mut bytes = data.into_bytes();
                let piece = next_piece(&mut bytes).ok_or(())?;
                if let Some(rest) = Data::new(bytes) {
                    self.queue.push_front(Part::Data(rest));
                }
                self.queued = self.queued.saturating_sub(piece.len());
                self.share.give_back(piece.len());
                if let Some(permit) = &mut self.permit {
                    permit.moved(piece.len());
                }
                Part::Data(piece)
            }
            part => part,
        };
        self.written |= part == Part::End;
        self.client.send_part(part).map_err(|_| ())
    }

    /// Whether everything is over.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Ending> {
        let flushed = match self.client.poll_flush(cx) {
            Poll::Ready(Err(_)) => return Poll::Ready(Ending::ClientGone),
            flushed => flushed.is_ready() && self.queue.is_empty(),
        };
        if flushed && self.reading == Reading::Cut {
            return Poll::Ready(Ending::Cut);
        }
        if flushed && self.written && self.exchange.is_none() {
            return Poll::Ready(Ending::Complete);
        }
        if self.client.request_ended() && self.client.poll_left(cx).is_ready() {
            return Poll::Ready(Ending::ClientGone);
        }
        match &mut self.permit {
            Some(permit) => permit.poll_evicted(cx).map(|()| Ending::Evicted),
            None => Poll::Pending,
        }
    }
}
