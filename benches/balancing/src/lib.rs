//! A simulator of pools of replicas behind proxies: discrete events in virtual time, seeded, open loop. The policies of
//! the crate `balancing` run in it as they run in the proxy.
//!
//! | module | owns |
//! |---|---|
//! | `scenario`, `scenarios` | what is simulated, as data |
//! | `draw`, `arrivals`, `timeline` | what is drawn from the seed before any policy acts |
//! | `replica` | how a server works off requests |
//! | `shipped` | what the proxy does by default |
//! | `endpoint` | what a proxy knows of a replica |
//! | `line`, `clients` | how requests wait in a proxy, and for how long their clients do |
//! | `balancer` | what the engine asks: a proxy with a policy, or an oracle |
//! | `engine` | events and the virtual clock |
//! | `call` | a request as its proxy sees it, with its attempts |
//! | `home` | who acknowledged the last write, which reads prefer |
//! | `rivals` | the policies of other proxies, as they are published |
//! | `outcome`, `table`, `regret`, `published` | what was measured |
//! | `report`, `baseline` | the page of the docs, and what tests hold |

pub mod arrivals;
pub mod balancer;
pub mod baseline;
pub mod call;
pub mod clients;
pub mod contender;
pub mod draw;
pub mod endpoint;
pub mod engine;
pub mod home;
pub mod line;
pub mod oracle;
pub mod outcome;
pub mod proxy;
pub mod published;
pub mod regret;
pub mod replica;
pub mod report;
pub mod rivals;
pub mod runs;
pub mod scenario;
pub mod scenarios;
pub mod settings;
pub mod shipped;
pub mod table;
pub mod timeline;
