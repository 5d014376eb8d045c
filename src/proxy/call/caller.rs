//! Executes calls within one deadline: reads through the cache, everything else as writes.

use super::buffered::BufferedResponse;
use super::outbound::Outbound;
use super::read::Read;
use super::requester::Requester;
use super::response_stream::ResponseStream;
use super::send::CallTrace;
use super::write;
use crate::cache::{CacheEntry, CacheStatus, LookupResult};
use crate::dialect::Judgement;
use crate::endpoint::Endpoint;
use crate::http::Connector;
use crate::plan::Category;
use crate::rejection::Rejection;
use crate::shared::Shared;
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Executes calls.
#[derive(Clone)]
pub struct Caller {
    pub shared: Arc<Shared>,
    pub connector: Arc<Connector>,
}

/// An endpoint's response.
pub struct CallResponse {
    pub response: BufferedResponse,
    pub judgement: Judgement,
    pub endpoint: Arc<Endpoint>,
    /// The endpoint is in its rejoin hold: the cache stores nothing from it.
    pub no_store: bool,
    /// Yields what follows the buffered data; `None`: the exchange is over.
    pub stream: Option<ResponseStream>,
}

/// How a call ended.
pub enum CallEnd {
    Response(Box<CallResponse>),
    /// A stored response, with its body refreshed for this call.
    Stored(Arc<CacheEntry>, Bytes),
    Refused(Rejection),
    /// The requester left, or its upload broke. Whether the endpoint executed the call is unknown.
    RequesterGone,
}

/// How a call ended, and how it got there.
pub struct CallReport {
    pub end: CallEnd,
    /// What the cache did, and for what kind of call; `None` where the requester left before that was known.
    pub cache: Option<(CacheStatus, Option<Category>)>,
    /// The time that the look-up took.
    pub look_up: Option<Duration>,
    /// How endpoints were chosen; `None`: no endpoint was asked.
    pub trace: Option<CallTrace>,
    /// A fence of ours refused what was taken for a read: the outbound's call is now the write that it is.
    pub became_write: bool,
}

impl CallReport {
    /// A call that ended before any endpoint was asked.
    pub fn unsent(end: CallEnd) -> Self {
        Self {
            end,
            cache: None,
            look_up: None,
            trace: None,
            became_write: false,
        }
    }
}

impl Caller {
    /// Executes a call. The deadline covers all of it: the wait for another fetch and every attempt. The rest of a request
    /// body that was not read whole comes from `requester`.
    ///
    /// Dropping the future cancels a read; a dropped write is settled with an unknown outcome.
    pub async fn call(
        &self,
        outbound: &mut Outbound,
        deadline: Instant,
        requester: Option<&mut dyn Requester>,
    ) -> CallReport {
        let report = self.carry_out(outbound, deadline, requester).await;
        if let Some((status, category)) = &report.cache
            && status.result == LookupResult::Bypass
        {
            self.shared.cache.bypassed(*category, status.reason);
        }
        report
    }

    async fn carry_out(
        &self,
        outbound: &mut Outbound,
        deadline: Instant,
        mut requester: Option<&mut dyn Requester>,
    ) -> CallReport {
        let before = if outbound.call.effect.is_read() {
            let read = Read::new(self, outbound, deadline);
            match read.run(&mut requester).await {
                Ok(report) => return report,
                Err(as_write) => Some(as_write),
            }
        } else {
            None
        };
        let report = write::carry_out(self, outbound, deadline, &mut requester).await;
        match before {
            Some(as_write) => as_write.then(report),
            None => report,
        }
    }
}
