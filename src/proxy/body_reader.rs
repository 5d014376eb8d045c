//! Reads a client's body before the request is understood.

use super::call::{BodyParts, RequestBody};
use super::client::{Client, ClientError};
use crate::http::Part;
use crate::shared::Share;
use bytes::Bytes;

/// Reads a body as far as it may be held.
pub struct BodyReader {
    share: Share,
    full: bool,
}

impl BodyReader {
    /// A reader that holds nothing yet.
    pub fn new(share: Share) -> Self {
        Self { share, full: false }
    }

    /// Whether it stopped because the bound of all bodies is reached.
    pub fn is_full(&self) -> bool {
        self.full
    }

    /// Counts the body's memory; kept as long as the body.
    pub fn into_share(self) -> Share {
        self.share
    }

    /// Reads until the end, or until more than `limit` bytes are held or no more can be.
    pub async fn read(
        &mut self,
        client: &mut Client<'_>,
        limit: usize,
    ) -> Result<RequestBody, ClientError> {
        client.invite_body().await?;
        self.more(client, Bytes::new(), limit).await
    }

    /// Goes on reading a body that was begun, up to a larger limit.
    pub async fn more(
        &mut self,
        client: &mut Client<'_>,
        begun: Bytes,
        limit: usize,
    ) -> Result<RequestBody, ClientError> {
        let mut parts = BodyParts::from(begun);
        let mut trailers = None;
        while parts.len() <= limit && !self.full {
            match client.part().await? {
                Part::Data(data) => {
                    let part = data.into_bytes();
                    self.full = !parts.push(part, &mut self.share, Share::grow);
                }
                Part::Trailers(fields) => trailers = Some(fields),
                Part::End => {
                    return Ok(RequestBody {
                        bytes: parts.join(),
                        trailers,
                        is_whole: true,
                    });
                }
            }
        }
        Ok(RequestBody {
            bytes: parts.join(),
            trailers,
            is_whole: false,
        })
    }
}
