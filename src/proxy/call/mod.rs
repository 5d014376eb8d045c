//! A call, sent to endpoints and followed to its end: attempt after attempt, within one deadline. Knows
//! nothing of a client's connection: a [`Requester`] stands for the client, where the call has one.

mod arrival;
mod attempt;
mod buffered;
mod caller;
mod exchange;
mod exchange_error;
mod hedge;
mod limits;
mod outbound;
mod outbound_request;
mod parts;
mod place;
mod progress;
mod read;
mod requester;
mod response_stream;
mod retry_after;
mod send;
mod sent_attempt;
mod store;
#[cfg(test)]
mod tests;
mod upload;
mod wait;
mod write;

pub use arrival::ArrivedRequest;
pub use buffered::BufferedResponse;
pub use caller::{CallEnd, CallReport, CallResponse, Caller};
pub use exchange::ExchangeEnd;
pub use outbound::{CallOrigin, Outbound};
pub use outbound_request::{OutboundRequest, RequestBody};
pub use parts::{BodyParts, next_piece};
pub use progress::SOON;
pub use requester::{Gone, Requester};
pub use response_stream::ResponseStream;
pub use send::CallTrace;
