//! Delivers the result of a call to the client, with the fields that every response carries.

use super::call::{BufferedResponse, CallEnd, CallResponse, Outbound, ResponseStream};
use super::client::ClientError;
use super::flow::{Flow, Stop};
use super::read_ahead::ReadAhead;
use super::relay::Relay;
use super::respond::{Ending, Marks, WholeResponse, edit_head};
use super::slow_reader::SlowReader;
use crate::dialect::{Body, Request, ResponseEditor};
use crate::http::BodyLength;
use crate::observe;
use crate::rejection::Rejection;
use http::StatusCode;

/// The response to one request.
pub struct Delivery<'f, 'a> {
    flow: &'f mut Flow<'a>,
}

impl<'f, 'a> Delivery<'f, 'a> {
    /// The response to this request; nothing of it is written yet.
    pub fn new(flow: &'f mut Flow<'a>) -> Self {
        Self { flow }
    }

    /// Delivers the result of a call.
    pub async fn deliver(&mut self, outbound: &Outbound, end: CallEnd) -> Ending {
        match end {
            CallEnd::Response(response) => self.respond(outbound, *response).await,
            CallEnd::Stored(entry, body) => {
                let status = StatusCode::from_u16(entry.status).unwrap_or(StatusCode::OK);
                match WholeResponse::new(status, &entry.headers, body) {
                    Some(response) => self.write(response).await,
                    None => Ending::ClientGone,
                }
            }
            CallEnd::Refused(rejection) => self.refuse(rejection).await,
            CallEnd::RequesterGone => match self.flow.client.failure.take() {
                Some(error) => self.stop(error.into()).await,
                None => Ending::ClientGone,
            },
        }
    }

    /// Ends a request before it became a call.
    pub async fn stop(&mut self, stop: Stop) -> Ending {
        match stop {
            Stop::Refused(rejection) => self.refuse(rejection).await,
            Stop::ClientGone => Ending::ClientGone,
        }
    }

    async fn respond(&mut self, outbound: &Outbound, fetched: CallResponse) -> Ending {
        let token = &fetched.endpoint.token;
        let editor = self.flow.service.dialect.editor(&outbound.call, token);
        if let Some(stream) = fetched.stream {
            let streamed = self.relay(fetched.response, stream, editor).await;
            return streamed.unwrap_or(Ending::ClientGone);
        }
        let response = fetched.response;
        let whole = WholeResponse {
            head: response.head,
            length: response.length,
            body: response.body,
            trailers: response.trailers,
        };
        let (mut share, length) = (response.share, whole.body.len());
        if editor.is_none() {
            return self.write(whole).await;
        }
        // While the body is edited, both versions are in memory.
        share.add(length);
        let edited = whole.edited(editor).await;
        share.give_back(length);
        self.write(edited).await
    }

    /// Streams a response to the client.
    async fn relay(
        &mut self,
        mut begun: BufferedResponse,
        stream: ResponseStream,
        mut editor: Option<Box<dyn ResponseEditor>>,
    ) -> Result<Ending, ClientError> {
        let marks = self.marks();
        if let Some(editor) = &mut editor {
            // Fields that cannot be written stay as the endpoint sent them.
            let _ = edit_head(&mut begun.head, &mut **editor);
            begun.length = BodyLength::Unknown;
        }
        marks.put(&mut begun.head)?;
        self.flow.client.send_head(&begun.head, begun.length)?;
        let ahead = ReadAhead::new(
            begun.share,
            self.flow.snapshot.config.path.read_ahead.bytes(),
        );
        let reader = SlowReader::new(self.flow.origin.client);
        let mut relay = Relay::new(&mut self.flow.client, stream, editor, ahead, reader);
        relay.begin(begun.body).await;
        Ok(relay.run().await)
    }

    /// Refuses the request in the dialect's own shape.
    pub async fn refuse(&mut self, rejection: Rejection) -> Ending {
        self.flow
            .record
            .note(|record| record.rejection = Some(rejection.reason));
        let head = self.flow.head.clone();
        let request = head.as_deref().map(|head| Request {
            method: &head.method,
            target: head.uri.path(),
            headers: &head.headers,
            body: Body::Prefix(b""),
        });
        match WholeResponse::refusal(&*self.flow.service.dialect, &rejection, request.as_ref()) {
            Some(response) => self.write(response).await,
            None => Ending::ClientGone,
        }
    }

    /// Writes a whole response.
    async fn write(&mut self, response: WholeResponse) -> Ending {
        let marks = self.marks();
        response.write(&mut self.flow.client, &marks).await
    }

    /// The fields that pointsman adds to the response that is written next. While the process stops, the connection closes
    /// after it.
    fn marks(&mut self) -> Marks {
        if *self.flow.origin.stop.borrow() {
            self.flow.client.close_after_response();
        }
        let now = self.flow.origin.proxy.shared.clock.now();
        self.flow
            .record
            .note(|record| record.times.first_byte = Some(now.since(record.start)));
        let headline = || self.flow.record.seen().map(observe::Observation::headline);
        Marks {
            request_id: self.flow.id.clone(),
            cache: self.flow.cache.as_ref().map(ToString::to_string),
            explain: self.flow.explain.then(|| headline().unwrap_or_default()),
        }
    }
}
