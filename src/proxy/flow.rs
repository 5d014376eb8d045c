//! One request on its way through the steps: its record and its client.

use super::Proxy;
use super::call::{CallReport, Outbound};
use super::client::{Client, ClientError};
use super::delivery::Delivery;
use super::headers::EXPLAIN;
use super::intake::{self, Intake};
use super::notes;
use super::respond::Ending;
use super::shedding;
use crate::cache::CacheStatus;
use crate::http::{Downstream, RequestHeader};
use crate::observe::{self, InFlight, Opening, Outcome};
use crate::rejection::{Rejection, RejectionReason};
use crate::snapshot::{Service, Snapshot};
use http::HeaderValue;
use std::net::IpAddr;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::time::Instant;

/// Where a request came from.
#[derive(Clone, Copy)]
pub struct Origin<'a> {
    pub proxy: &'a Proxy,
    pub client: IpAddr,
    /// Turns true when the process, or the listener, stops.
    pub stop: &'a watch::Receiver<bool>,
}

/// One request.
pub struct Flow<'a> {
    pub origin: Origin<'a>,
    pub snapshot: Arc<Snapshot>,
    pub service: Arc<Service>,
    pub client: Client<'a>,
    pub record: InFlight,
    pub explain: bool,
    /// The request's id, as the client and the endpoint are told.
    pub id: HeaderValue,
    pub cache: Option<CacheStatus>,
    /// The head, for the shape of a refusal; `None`: it could not be read.
    pub head: Option<Arc<RequestHeader>>,
}

impl<'a> Flow<'a> {
    /// Opens the record of a request whose head was read.
    pub fn open(
        origin: Origin<'a>,
        (snapshot, service): (Arc<Snapshot>, Arc<Service>),
        head: &RequestHeader,
        downstream: &'a mut dyn Downstream,
    ) -> Self {
        let shared = &origin.proxy.shared;
        let record = shared.observer.open(&Opening {
            service: &service.label,
            dialect: service.dialect.name(),
            listener: &service.listener,
            client: Some(origin.client),
            method: &head.method,
            target: std::str::from_utf8(head.raw_path()).unwrap_or_default(),
            request_id: observe::id::from_client(&head.headers),
            generation: snapshot.generation,
        });
        let client = Client::new(downstream, head, &snapshot.config.path);
        let asks = head.headers.get(&EXPLAIN);
        Self {
            explain: asks.is_some_and(|value| value == "1" || value == "true"),
            id: notes::request_id(&record),
            origin,
            snapshot,
            service,
            client,
            record,
            cache: None,
            head: None,
        }
    }

    /// Responds to the request and closes its record.
    pub async fn run(mut self, mut head: RequestHeader) {
        let limits = &self.snapshot.config.path;
        let prepared = intake::prepare(&mut head, limits, self.id.clone());
        let head = Arc::new(head);
        self.head = Some(Arc::clone(&head));
        let read = match prepared {
            Ok(target) => match shedding::refusal(&self, &head, &target) {
                Some(rejection) => Err(self.shed(rejection).await),
                None => Intake::new(&mut self).read(head, target).await,
            },
            Err(stop) => Err(stop),
        };
        let ending = match read {
            Ok(outbound) => self.serve(outbound).await,
            Err(stop) => Delivery::new(&mut self).stop(stop).await,
        };
        self.close(ending);
    }

    /// Refuses a request whose head could not be read, and closes its record.
    pub async fn run_refusal(mut self, rejection: Rejection) {
        let ending = Delivery::new(&mut self).refuse(rejection).await;
        self.close(ending);
    }

    /// The request is refused by its head. What is there of its body is dropped, so that its connection can be kept.
    async fn shed(&mut self, rejection: Rejection) -> Stop {
        self.client.drop_present(shedding::DROPPED).await;
        Stop::Refused(rejection)
    }

    async fn serve(&mut self, mut outbound: Outbound) -> Ending {
        let caller = &self.origin.proxy.caller;
        let deadline = Instant::now() + self.snapshot.config.upstream.total_timeout;
        let report = caller
            .call(&mut outbound, deadline, Some(&mut self.client))
            .await;
        self.note(&outbound, &report);
        Delivery::new(self).deliver(&outbound, report.end).await
    }

    fn note(&mut self, outbound: &Outbound, report: &CallReport) {
        if report.became_write {
            self.record.understood(&outbound.call);
        }
        if let Some((status, category)) = report.cache {
            self.record.looked_up(notes::cache(&status, category));
            self.cache = Some(status);
        }
        if let Some(took) = report.look_up {
            self.record.note(|record| record.times.cache = Some(took));
        }
        if let Some(trace) = &report.trace {
            notes::route(&mut self.record, trace);
        }
        if !outbound.ticket.attempts().is_empty() || report.trace.is_some() {
            let rules = outbound.arrival().rules();
            let strategy = self.service.pool.strategy_under(rules.as_ref()).label();
            self.record.note(|record| record.route.strategy = strategy);
        }
    }

    fn close(mut self, ending: Ending) {
        let (status, bytes_in, bytes_out) = (
            self.client.status,
            self.client.bytes_in,
            self.client.bytes_out,
        );
        let mut refused = false;
        self.record.note(|record| {
            refused = record.rejection.is_some();
            record.status = status.map(|status| status.as_u16());
            record.bytes_in = bytes_in;
            record.bytes_out = bytes_out;
        });
        self.record.close(match ending {
            Ending::Complete if refused => Outcome::Refused,
            Ending::Complete => Outcome::Complete,
            Ending::ClientGone => Outcome::AbortedByClient,
            Ending::Cut => Outcome::AbortedByUpstream,
            Ending::Evicted => Outcome::EvictedSlowReader,
        });
    }
}

/// Why a request ends before it is on its way.
pub enum Stop {
    Refused(Rejection),
    ClientGone,
}

impl From<ClientError> for Stop {
    /// Why the body of a request could not be read.
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::TooSlow => Stop::Refused(Rejection::new(
                RejectionReason::ClientTooSlow,
                "the body came slower than path.client_rate allows",
            )),
            ClientError::Refused(refusal) => Stop::Refused(refusal.into()),
            ClientError::Gone | ClientError::Unwritable => Stop::ClientGone,
        }
    }
}
