//! A call, sent to endpoints and followed to its end: attempt after attempt, within one deadline. Knows
//! nothing of a client's connection: a [`Requester`] stands for the client, where the call has one.

mod attempt;
mod buffered;
mod caller;
mod exchange;
mod exchange_error;
mod outbound;
mod parts;
mod progress;
mod request_body;
mod requester;
pub mod store;

pub use caller::{CallEnd, CallReport, CallResponse, Caller};
pub use exchange::{Exchange, ExchangeEnd};
pub use outbound::{Outbound, request};
pub use parts::{BodyParts, next_piece};
pub use progress::SOON;
pub use request_body::RequestBody;
pub use requester::{Gone, Requester};
