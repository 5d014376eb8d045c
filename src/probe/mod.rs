//! Probing: what pointsman itself asks endpoints, in the background. Probes find out whether an
//! endpoint serves and in which role, metadata queries what the dialect wants to know, the resolver
//! which addresses a name has. What they find goes to the endpoints' conditions and to the dialect.

mod http;
mod metadata;
mod observer;
mod prober;
mod question;
mod resolver;
mod round;

pub use self::http::HttpProbeClient;
pub use observer::ProbeObserver;
pub use prober::{ProbeParts, Prober, RunningTask};
pub use question::{ProbeClient, ProbeError, ProbeReply, Question, Questions};
pub use resolver::{NameLookup, Resolver, SystemLookup};
