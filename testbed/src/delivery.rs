//! How a response leaves a listener: complete, cut off or in pieces.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::Response;
use http::header::CONTENT_LENGTH;

use crate::faults::{CannedResponse, FaultPlan};

/// Closes the connection without a response.
#[derive(Debug)]
pub struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("the response is cut off")
    }
}

impl std::error::Error for Cut {}

/// A canned response as it is sent.
pub fn canned(canned: &CannedResponse) -> Response<Bytes> {
    let mut response = Response::new(canned.body.clone());
    *response.status_mut() = canned.status;
    *response.headers_mut() = canned.headers.clone();
    response
}

/// A response after the faults of its plan.
///
/// # Errors
/// If the plan lets nothing of it through.
pub fn deliver(response: Response<Bytes>, plan: &FaultPlan) -> Result<Response<Body>, Cut> {
    if plan.cut_after == Some(0) {
        return Err(Cut);
    }
    if plan.cut_after.is_none() && plan.trickle.is_none() {
        return Ok(response.map(Body::from));
    }
    let (mut head, body) = response.into_parts();
    head.headers.insert(CONTENT_LENGTH, body.len().into());
    let (bytes, every) = plan.trickle.unwrap_or((body.len().max(1), Duration::ZERO));
    let cut = plan.cut_after.filter(|cut| *cut < body.len());
    Ok(Response::from_parts(head, pieces(body, bytes, every, cut)))
}

/// A body in pieces, one per `every`, that fails after `cut` bytes.
fn pieces(body: Bytes, bytes: usize, every: Duration, cut: Option<usize>) -> Body {
    let end = cut.unwrap_or(body.len());
    let (sender, receiver) = tokio::sync::mpsc::channel::<Result<Bytes, Cut>>(1);
    tokio::spawn(async move {
        let shown = body.slice(..end);
        for start in (0..end).step_by(bytes) {
            let piece = shown.slice(start..(start + bytes).min(end));
            if sender.send(Ok(piece)).await.is_err() {
                return;
            }
            // hyper flushes a piece only while the next one is not available.
            tokio::time::sleep(every.max(Duration::from_millis(1))).await;
        }
        if cut.is_some() {
            let _ = sender.send(Err(Cut)).await;
        }
    });
    Body::new(Pieces(receiver))
}

struct Pieces(tokio::sync::mpsc::Receiver<Result<Bytes, Cut>>);

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Cut>>> {
        self.0
            .poll_recv(context)
            .map(|piece| piece.map(|piece| piece.map(hyper::body::Frame::data)))
    }
}
