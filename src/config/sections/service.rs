//! The sections of a service and its endpoints, and what of their values follows from others: addresses,
//! names, the strategy.

use super::super::forms::{CODES, PATH, URL, status_codes};
use super::{Balance, DialectName, KeyAffinity, StrategyName};
use crate::config::EndpointAddress;
use crate::listen::ListenAddress;
use config_table::decode::{Reader, Value};
use config_table::forms::{NAME, WORD};
use config_table::table::{Choice, Rules, Shape};
use config_table::tree::Node;
use config_table::{ANY, Secret, choice, count, formed, required, section, within};
use std::net::SocketAddr;

section! {
    /// One logical database.
    Service {
        /// How the database speaks. Required.
        dialect: DialectName = DialectName::Http => required(),
        /// The address that clients connect to. Default: 127.0.0.1 and the port of the dialect.
        listen: Option<ListenAddress> = None => ANY,
        /// The replicas. A bare URL stands for an endpoint with all else default. At least one.
        endpoints: Vec<Endpoint> = Vec::new() => required(),
        /// The strategy of this service; otherwise `balance.strategy`.
        strategy: Option<StrategyName> = None,
        /// Which of its requests go to the same endpoint; otherwise as `balance.affinity` says.
        affinity: Option<KeyAffinity> = None,
        /// Whether responses of this service may be cached; needs `cache.enabled` as well.
        cache: bool = true,
        /// How its endpoints are probed.
        probe: ServiceProbe = ServiceProbe::default(),
        /// Several Neo4j servers that share one database (a cluster). Fenced reads then go to the writer or carry the newest bookmark.
        cluster: bool = false,
        /// Operations that may be repeated although they write, by name (`points.upsert`), where repeating them is harmless.
        idempotent: Vec<String> = Vec::new() => formed(&WORD),
        /// Names of read-only plug-in procedures and functions that may be cached (Neo4j).
        pure: Vec<String> = Vec::new() => formed(&WORD),
    }
}

impl Service {
    /// The address that clients connect to.
    pub fn listen_address(&self) -> ListenAddress {
        let port = self.dialect.row().listen_port;
        let default = || SocketAddr::from(([127, 0, 0, 1], port)).into();
        self.listen.clone().unwrap_or_else(default)
    }

    /// Which requests stay together: as it says itself, or `balance`.
    pub fn affinity<'a>(&'a self, balance: &'a Balance) -> &'a KeyAffinity {
        self.affinity.as_ref().unwrap_or(&balance.affinity)
    }

    /// The strategy: its own, or that of `balance`; never an `adaptive` that stands for another one.
    pub fn strategy(&self, balance: &Balance) -> StrategyName {
        let own = self.strategy.as_ref();
        balance.adaptive.resolved(own.unwrap_or(&balance.strategy))
    }
}

section! {
    /// One replica.
    Endpoint (short "url") {
        /// Its name in metrics, tokens and the admin API. Default: host-port.
        name: String = String::new() => formed(&NAME),
        /// `http://host:port`. Names are resolved in the background.
        url: String = String::new() => formed(&URL).required(),
        /// Share of traffic relative to the others, 0..=1000; 0 takes traffic only when all are 0.
        weight: f64 = 1.0 => within(0.0, 1000.0),
        /// Requests in flight at most. More go to another endpoint; when all are full, they wait (`balance.queue`). Responses that slow readers hold up do not count; there may be as many of them again.
        max_connections: u32 = 100 => count(),
        /// The estimated costs of the requests that it has in flight at most, in the units of the planner; what is beyond goes to another endpoint or waits. None: only `max_connections` counts. `least_loaded` compares the costs in flight with it.
        capacity: Option<f64> = None => within(0.001, 1e9),
        /// What it is for: `read`, `write`, `collection:NAME`, `database:NAME`; one without a tag of a kind takes all of that kind. Further words are for the `tags` of a strategy of `balance.custom` and for `capability_based`.
        tags: Vec<String> = Vec::new() => formed(&WORD),
        /// Whether it takes writes; auto: as its probes find.
        role: RoleChoice = RoleChoice::Auto,
        /// The region that it is in; see `balance.preferred_region`.
        region: Option<String> = None,
        /// The zone of its region that it is in; see `balance.preferred_zone`.
        zone: Option<String> = None,
    }
}

impl Endpoint {
    /// Where it is; `None` only for an endpoint that was never checked.
    pub fn address(&self) -> Option<EndpointAddress> {
        EndpointAddress::parse(&self.url).ok()
    }

    /// Its configured name, or the default one of its address.
    pub fn name_at(&self, address: &EndpointAddress) -> String {
        match self.name.is_empty() {
            true => address.default_name(),
            false => self.name.clone(),
        }
    }
}

choice! {
    /// Whether an endpoint takes writes.
    RoleChoice {
        /// Found by probes; a server that does not tell takes both.
        Auto = "auto",
        /// Reads and writes.
        Writer = "writer",
        /// Reads only.
        Reader = "reader",
    }
}

section! {
    /// How endpoints are probed: the credential of probes and metadata queries, which requests of clients never carry; and for the dialect `http`, what is asked.
    ServiceProbe {
        /// User of basic authentication (Neo4j).
        user: Option<String> = None,
        /// Password of basic authentication (Neo4j).
        password: Option<Secret> = None,
        /// API key (Qdrant), sent as `api-key`.
        api_key: Option<Secret> = None,
        /// The path that is asked for by GET (dialect `http`).
        path: String = "/".into() => formed(&PATH),
        /// Status codes, or ranges of them, of a good response (dialect `http`). None: all below 500.
        expect: Vec<String> = Vec::new() => formed(&CODES),
    }
}

impl ServiceProbe {
    /// The first and last code of each range of good responses.
    pub fn expected(&self) -> Vec<(u16, u16)> {
        self.expect
            .iter()
            .filter_map(|text| status_codes(text))
            .collect()
    }
}

impl Value for DialectName {
    const SHAPE: Shape = Shape::Choice(&Choice {
        name: "DialectName",
        words: DialectName::WORDS,
        others: None,
    });

    fn read(node: &Node, _: &Rules, reader: &mut Reader<'_>) -> Option<Self> {
        reader.choice(node, Self::ALL)
    }

    fn show(&self) -> config_table::Json {
        config_table::Json::from(self.word())
    }
}
