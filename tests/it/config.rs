//! The configuration as its users meet it: files, variables and flags in; values or clear errors out.

use pointsman::config::{self, Config, DialectName, Loaded, Secret, Size, print};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

const GOOD: &str = "\
services:
  vectors:
    dialect: qdrant
    endpoints: [http://127.0.0.1:6333]
  my-graph:
    dialect: neo4j
    endpoints:
      - http://127.0.0.1:7474
      - {url: http://db-2:7474, weight: 2, role: reader}
";

type Pairs<'a> = &'a [(&'a str, &'a str)];

fn read_with(text: &str, env: Pairs, sets: Pairs) -> Result<Loaded, String> {
    let owned = |pairs: Pairs| -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(key, value)| (key.to_string(), value.to_string()))
            .collect()
    };
    let env: BTreeMap<String, String> = owned(env).into_iter().collect();
    config::read(text, "f.yaml", &env, &owned(sets)).map_err(|report| report.to_string())
}

fn read(text: &str) -> Result<Loaded, String> {
    read_with(text, &[], &[])
}

fn good(text: &str) -> Config {
    read(text).unwrap().config
}

fn errors(text: &str) -> Vec<String> {
    read(text).unwrap_err().lines().map(Into::into).collect()
}

/// The only error.
fn error(text: &str) -> String {
    let all = errors(text);
    assert_eq!(all.len(), 1, "{all:#?}");
    all.into_iter().next().unwrap()
}

/// The good services, and something after them; its first line is line 10.
fn with(more: &str) -> String {
    format!("{GOOD}{more}")
}

fn error_with(env: Pairs, sets: Pairs) -> String {
    read_with(GOOD, env, sets).unwrap_err()
}

fn good_with(env: Pairs, sets: Pairs) -> Config {
    read_with(GOOD, env, sets).unwrap().config
}

mod files {
    use super::*;

    fn shipped(name: &str) -> String {
        let path = format!("{}/{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn every_shipped_file_is_good() {
        for name in [
            "config/minimal.yaml",
            "config/demo.yaml",
            "config/full.yaml",
        ] {
            let loaded = read(&shipped(name)).unwrap_or_else(|report| panic!("{name}: {report}"));
            assert_eq!(loaded.config.services.len(), 2, "{name}");
        }
    }

    #[test]
    fn the_full_file_holds_the_defaults_and_the_sample_services() {
        assert_eq!(good(&shipped("config/full.yaml")), print::sample());
        let mut without_samples = print::sample();
        without_samples.services.clear();
        without_samples.balance.custom.clear();
        without_samples.balance.affinity_rules.clear();
        assert_eq!(without_samples, Config::default());
    }

    #[test]
    fn the_full_file_holds_every_key() {
        let text = shipped("config/full.yaml");
        let schema = print::schema();
        for (section, definition) in schema["$defs"].as_object().unwrap() {
            for key in definition["properties"]
                .as_object()
                .into_iter()
                .flat_map(|keys| keys.keys())
            {
                let stands = text
                    .lines()
                    .any(|line| line.trim_start().starts_with(&format!("{key}:")));
                assert!(stands, "{section}.{key}");
            }
        }
    }

    #[test]
    fn the_printed_files_are_fresh() {
        let again = "print it again: pointsman schema --format";
        assert_eq!(
            shipped("config/full.yaml"),
            print::yaml(),
            "{again} yaml > config/full.yaml"
        );
        assert_eq!(
            shipped("docs/configuration.md"),
            print::markdown(),
            "{again} markdown > docs/configuration.md"
        );
    }

    #[test]
    fn the_schema_names_defaults_words_and_bounds() {
        let schema = print::schema();
        let of = |section: &str, key: &str| schema["$defs"][section]["properties"][key].clone();
        assert_eq!(of("Cache", "default_ttl")["default"], "1h");
        assert_eq!(
            of("Balance", "strategy")["anyOf"][0]["anyOf"][14]["const"],
            "adaptive"
        );
        assert_eq!(of("Endpoint", "weight")["anyOf"][0]["maximum"], 1000);
        assert_eq!(
            schema["$defs"]["Service"]["required"],
            serde_json::json!(["dialect", "endpoints"])
        );
        assert_eq!(schema["$defs"]["Config"]["additionalProperties"], false);
    }
}

mod values {
    use super::*;

    #[test]
    fn defaults_fill_what_the_file_leaves_out() {
        let config = good(GOOD);
        let rest = Config {
            services: BTreeMap::new(),
            ..config.clone()
        };
        assert_eq!(rest, Config::default());
        let graph = &config.services["my-graph"];
        assert_eq!(graph.listen_address().to_string(), "127.0.0.1:7574");
        assert_eq!(
            graph.strategy(&config.balance),
            balancing::policies::Strategy::Adaptive.into()
        );
        assert_eq!(graph.endpoints[0].name, "127-0-0-1-7474");
        assert_eq!(graph.endpoints[1].name, "db-2-7474");
        let address = graph.endpoints[1].address().unwrap();
        assert_eq!((&*address.host, address.port), ("db-2", 7474));
        assert_eq!(address.to_string(), "db-2:7474");
    }

    #[test]
    fn durations_and_sizes_carry_units() {
        let config = good(&with(
            "upstream: {read_timeout: 1h30m, write_timeout: 1.5s, idle_timeout: 200ms}\ncache: {l1: {size: 3GiB}, max_entry: 64KB}\n",
        ));
        assert_eq!(config.upstream.read_timeout, Duration::from_secs(5400));
        assert_eq!(config.upstream.write_timeout, Duration::from_millis(1500));
        assert_eq!(config.upstream.idle_timeout, Duration::from_millis(200));
        assert_eq!(
            (config.cache.l1.size, config.cache.max_entry),
            (Size(3 << 30), Size(64_000))
        );
    }

    #[test]
    fn scalars_are_read_as_they_are_written() {
        let text = GOOD.replace(
            "    dialect: qdrant\n",
            "    dialect: qdrant\n    probe: {api_key: 08080, password: yes, user: 1e3}\n",
        );
        let probe = good(&text).services["vectors"].probe.clone();
        assert_eq!(probe.api_key, Some(Secret("08080".into())));
        assert_eq!(probe.password, Some(Secret("yes".into())));
        assert_eq!(probe.user, Some("1e3".into()));
    }

    #[test]
    fn a_key_without_a_value_is_the_default_or_none() {
        let config = good(&with("cache:\nhealth: ~\nadmin:\n  operate_token:\n"));
        assert_eq!(
            (config.cache, config.admin),
            (Default::default(), Default::default())
        );
    }

    #[test]
    fn an_alias_stands_for_a_whole_value() {
        let text = "services:\n  a: &a {dialect: qdrant, listen: '127.0.0.1:1', endpoints: &e [http://x:6333]}\n  b: {dialect: http, endpoints: *e}\n";
        assert_eq!(
            good(text).services["b"].endpoints,
            good(text).services["a"].endpoints
        );
    }

    #[test]
    fn an_ipv6_endpoint_is_known_without_its_brackets() {
        let config = good("services: {a: {dialect: http, endpoints: ['http://[fe80::1]:80/']}}");
        let endpoint = &config.services["a"].endpoints[0];
        let address = endpoint.address().unwrap();
        assert_eq!((&*address.host, address.port), ("fe80::1", 80));
        assert_eq!(address.to_string(), "[fe80::1]:80");
        assert_eq!(endpoint.name, "fe80--1--80");
    }

    #[test]
    fn secrets_are_shown_to_nobody() {
        let config = good(&with("admin: {operate_token: hunter2}\n"));
        assert_eq!(config.admin.operate_token, Some(Secret("hunter2".into())));
        assert!(!format!("{config:?}").contains("hunter2"));
        let masked = config::masked(&config);
        assert_eq!(masked["admin"]["operate_token"], "***");
        assert_eq!(masked["admin"]["read_token"], serde_json::Value::Null);
        assert_eq!(
            masked["services"]["vectors"]["endpoints"][0]["name"],
            "127-0-0-1-6333"
        );
    }
}

mod references {
    use super::*;

    fn token(text: &str, env: Pairs) -> Result<String, String> {
        let text = with(&format!("admin:\n  operate_token: {text}\n"));
        read_with(&text, env, &[]).map(|loaded| loaded.config.admin.operate_token.unwrap().0)
    }

    #[test]
    fn variables_and_files_are_put_in() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "from file\n").unwrap();
        assert_eq!(token("a-${T}-b", &[("T", "x$y")]).unwrap(), "a-x$y-b");
        assert_eq!(
            token(&format!("${{file:{}}}", path.display()), &[]).unwrap(),
            "from file"
        );
        assert_eq!(
            token("pa$$word$ $$${T}", &[("T", "t")]).unwrap(),
            "pa$word$ $t"
        );
    }

    #[test]
    fn any_scalar_may_be_a_reference() {
        let text = with(
            "cache: {enabled: '${ON}', l1: {size: \"${MB}MiB\"}}\nprocess: {workers: \"${N}\"}\n",
        );
        let config = read_with(&text, &[("ON", "false"), ("MB", "7"), ("N", "3")], &[])
            .unwrap()
            .config;
        assert_eq!(
            (
                config.cache.enabled,
                config.cache.l1.size,
                config.process.workers
            ),
            (false, Size::mib(7), 3)
        );
    }

    #[test]
    fn what_is_missing_is_an_error_with_its_place() {
        let expected = "f.yaml:11:18: admin.operate_token: ";
        let unset = token("${NOPE}", &[]).unwrap_err();
        assert_eq!(
            unset,
            format!(
                "{expected}${{NOPE}}, a variable that is not set; expected an environment variable of that name"
            )
        );
        let gone = token("${file:/no/such/file}", &[]).unwrap_err();
        assert!(
            gone.starts_with(&format!(
                "{expected}the file `/no/such/file`, which cannot be read"
            )),
            "{gone}"
        );
        let relative = token("${file:token}", &[]).unwrap_err();
        assert!(relative.contains("expected a whole path"), "{relative}");
        let open = token("\"${T\"", &[]).unwrap_err();
        assert!(open.contains("begins no reference"), "{open}");
        let empty = token("${T}", &[("T", " ")]).unwrap_err();
        assert!(empty.contains("an empty secret"), "{empty}");
        let lines = token("${T}", &[("T", "hunter2\nx")]).unwrap_err();
        assert!(
            lines.contains("a secret with control characters"),
            "{lines}"
        );
        assert!(!lines.contains("hunter2"));
    }

    #[test]
    fn a_file_without_an_end_is_not_read() {
        let endless = token("${file:/dev/zero}", &[]).unwrap_err();
        assert!(endless.contains("not a plain file"), "{endless}");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("long");
        std::fs::write(&path, vec![b'x'; 70_000]).unwrap();
        let long = token(&format!("${{file:{}}}", path.display()), &[]).unwrap_err();
        assert!(long.contains("longer than 65536 bytes"), "{long}");
    }

    #[test]
    fn a_wrong_value_from_elsewhere_is_not_shown() {
        let text = with("health:\n  interval: ${T}\n");
        let error = read_with(&text, &[("T", "hunter2")], &[]).unwrap_err();
        assert!(
            error.starts_with("f.yaml:11:13: health.interval: `${T}`; expected a duration"),
            "{error}"
        );
        assert!(!error.contains("hunter2"));
    }
}

mod errors {
    use super::*;

    /// What follows the good services, and the one error that it gives.
    const CASES: &[(&str, &str)] = &[
        (
            "cach: 1\n",
            "f.yaml:10:1: cach: an unknown key; expected one of services, mode, path, upstream, balance, health, breaker, planner, cache, queries, memory, observe, state, thresholds, admin, process; perhaps `cache`",
        ),
        (
            "cache:\n  l1: {siz: 1MiB}\n",
            "f.yaml:11:8: cache.l1.siz: an unknown key; expected one of enabled, size, policy; perhaps `size`",
        ),
        (
            "cache:\n  enabled: true\n  enabled: true\n",
            "f.yaml:12:3: cache.enabled: `enabled` for the second time; expected each key once; the first stands at line 11, column 3",
        ),
        (
            "health:\n  interval: 30\n",
            "f.yaml:11:13: health.interval: a number without a unit; expected a unit: 30s or 30ms",
        ),
        (
            "health:\n  interval: 0s\n",
            "f.yaml:11:13: health.interval: `0s`; expected 1ms to 1d",
        ),
        (
            "health:\n  interval: 5 sec\n",
            "f.yaml:11:13: health.interval: `5 sec`; expected a duration with units, such as 30s, 200ms, 5m or 1h30m",
        ),
        (
            "health:\n  interval: [1s]\n",
            "f.yaml:11:13: health.interval: a list; expected a duration with units, such as 30s, 200ms, 5m or 1h30m",
        ),
        (
            "health:\n  interval:\n",
            "f.yaml:11:3: health.interval: nothing; expected a duration with units, such as 30s, 200ms, 5m or 1h30m",
        ),
        (
            "health: [1]\n",
            "f.yaml:10:9: health: a list; expected keys: enabled, interval, timeout, rule, unhealthy_after, healthy_after, slow_start",
        ),
        (
            "path:\n  peek_limit: 512\n",
            "f.yaml:11:15: path.peek_limit: a number without a unit; expected a unit: 512B or 512MiB",
        ),
        (
            "path:\n  peek_limit: 99999999999TiB\n",
            "f.yaml:11:15: path.peek_limit: `99999999999TiB`; expected a size with a unit, such as 512MiB, 64KB or 1000B",
        ),
        (
            "balance:\n  strategy: adaptiv\n",
            "f.yaml:11:13: balance.strategy: `adaptiv`; expected one of round_robin, weighted_round_robin, weighted_random, least_connections, least_response_time, least_loaded, resource_aware, resource_based, capability_based, performance_based, composite, score, learned, history, adaptive; perhaps `adaptive`",
        ),
        (
            "balance:\n  custom: {own: {tags: [gpu]}}\n",
            "f.yaml:11:12: balance.custom.own.keys: no figures; expected figures in order, such as [errors, load]; or weights, such as [{figure: load, weight: 0.6}, {figure: time, weight: 0.4}]",
        ),
        (
            "balance:\n  strategy: own\n  custom: {gpu: {keys: [time]}}\n",
            "f.yaml:11:13: balance.strategy: `own`; expected one of round_robin, weighted_round_robin, weighted_random, least_connections, least_response_time, least_loaded, resource_aware, resource_based, capability_based, performance_based, composite, score, learned, history, adaptive, gpu",
        ),
        (
            "balance:\n  custom: {score: {keys: [time]}}\n",
            "f.yaml:11:19: balance.custom.score: `score`, which is a strategy already; expected another name",
        ),
        (
            "balance:\n  custom: {own: {weights: [{figure: lod}]}}\n",
            "f.yaml:11:37: balance.custom.own.weights[0].figure: `lod`; expected one of in_flight, cost, connections, cpu, memory, queue, time, recent_time, errors, load, load_b, worker, unused_tags; perhaps `load`",
        ),
        (
            "balance:\n  custom: {own: {keys: [time], weights: [{figure: load}]}}\n",
            "f.yaml:11:41: balance.custom.own.weights: weights beside keys; expected either of them",
        ),
        (
            "balance:\n  affinity_rules: [{header: x-job}]\n",
            "f.yaml:11:20: balance.affinity_rules[0].never: no endpoint; expected endpoints: prefer or never, or both; or a strategy",
        ),
        (
            "balance:\n  affinity_rules: [{header: x-job, strategy: adaptiv}]\n",
            "f.yaml:11:46: balance.affinity_rules[0].strategy: `adaptiv`; expected one of round_robin, weighted_round_robin, weighted_random, least_connections, least_response_time, least_loaded, resource_aware, resource_based, capability_based, performance_based, composite, score, learned, history, adaptive; perhaps `adaptive`",
        ),
        (
            "balance:\n  affinity_rules: [{value: batch, never: [db-2-7474]}]\n",
            "f.yaml:11:28: balance.affinity_rules[0].value: a value without a header; expected header: NAME beside it",
        ),
        (
            "balance:\n  affinity_rules: [{service: graph, never: [a]}]\n",
            "f.yaml:11:30: balance.affinity_rules[0].service: `graph`; expected one of my-graph, vectors; perhaps `my-graph`",
        ),
        (
            "balance:\n  affinity_rules: [{tenant: acme, never: [db-2-7474]}]\n",
            "f.yaml:11:29: balance.affinity_rules[0].tenant: a tenant, though no header names tenants; expected balance.queue.tenant_header",
        ),
        (
            "balance:\n  queue: {tenants: {acme: 2}}\n",
            "f.yaml:11:20: balance.queue.tenants: weights of tenants, though no header names tenants; expected balance.queue.tenant_header",
        ),
        (
            "balance:\n  queue: {tenant_header: x-tenant, tenants: {acme: 0}}\n",
            "f.yaml:11:52: balance.queue.tenants.acme: `0`; expected a number, 0.01 to 100",
        ),
        (
            "balance:\n  affinity_rules: [{service: my-graph, never: [b]}]\n",
            "f.yaml:11:48: balance.affinity_rules[0].never[0]: `b`; expected one of 127-0-0-1-7474, db-2-7474",
        ),
        (
            "balance:\n  affinity: {by: header}\n",
            "f.yaml:11:3: balance.affinity.header: no header, though by is `header`; expected the name of a header field",
        ),
        (
            "balance:\n  retry_budget: 20\n",
            "f.yaml:11:17: balance.retry_budget: `20`; expected a number, 0 to 1",
        ),
        (
            "balance:\n  retry_budget: nan\n",
            "f.yaml:11:17: balance.retry_budget: `nan`; expected a number, 0 to 1",
        ),
        (
            "balance:\n  max_retries: 1.5\n",
            "f.yaml:11:16: balance.max_retries: `1.5`; expected a whole number, 1 to 100",
        ),
        (
            "cache:\n  enabled: yes\n",
            "f.yaml:11:12: cache.enabled: `yes`; expected true or false",
        ),
        (
            "planner:\n  user_header: x user\n",
            "f.yaml:11:16: planner.user_header: `x user`; expected the name of a header field, such as x-user-id",
        ),
        (
            "observe:\n  log: a=b=c\n",
            "f.yaml:11:8: observe.log: `a=b=c`; expected a log filter such as info or info,pointsman=debug",
        ),
        (
            "observe:\n  log_format: \"js\\x1b[31mon\"\n",
            "f.yaml:11:15: observe.log_format: `js\\u{1b}[31mon`; expected one of text, json",
        ),
        (
            "admin:\n  listen: 9600\n",
            "f.yaml:11:11: admin.listen: `9600`; expected an address to listen on, such as 127.0.0.1:6433, 0.0.0.0:6433 or [::1]:6433",
        ),
        (
            "admin:\n  listen: 0.0.0.0:9600\n",
            "f.yaml:10:1: admin.operate_token: no token, though admin.listen is 0.0.0.0:9600; expected a token, or a loopback address such as 127.0.0.1:9600",
        ),
        (
            "admin:\n  listen: 127.0.0.1:6433\n",
            "f.yaml:2:3: services.vectors.listen: 127.0.0.1:6433 (the default), which admin.listen has as well; expected another address for each listener",
        ),
        (
            "breaker: {open_for: 10m, open_at_most: 5m}\n",
            "f.yaml:10:40: breaker.open_at_most: 5m; expected at least breaker.open_for, 10m",
        ),
        (
            "admin: {operate_token: ''}\n",
            "f.yaml:10:24: admin.operate_token: an empty secret; expected a secret: ${NAME}, ${file:/path}, or text",
        ),
    ];

    #[test]
    fn a_thousand_tenants_may_have_weights() {
        let with_tenants = |count: u32| {
            let tenants: Vec<String> = (0..count).map(|one| format!("t{one}: 2")).collect();
            let tenants = tenants.join(", ");
            with(&format!(
                "balance: {{queue: {{tenant_header: x-tenant, tenants: {{{tenants}}}}}}}\n"
            ))
        };
        assert_eq!(
            good(&with_tenants(1000)).balance.queue.weight_of("t999"),
            2.0
        );
        assert_eq!(
            error(&with_tenants(1001)),
            "f.yaml:10:53: balance.queue.tenants: 1001 tenants; expected at most 1000"
        );
    }

    #[test]
    fn each_mistake_names_its_place_and_what_was_expected() {
        for (more, expected) in CASES {
            assert_eq!(error(&with(more)), *expected);
        }
    }

    #[test]
    fn a_service_none_of_whose_endpoints_carries_the_tags_of_its_strategy_is_refused() {
        let custom = "balance:\n  strategy: own\n  custom: {own: {keys: [time], tags: [gpu]}}\n";
        let found = errors(&with(custom));
        assert_eq!(found.len(), 2, "{found:#?}");
        let expected = "f.yaml:4:16: services.vectors.endpoints: no endpoint with the tags of balance.custom.own; expected tags: [gpu] at one of them";
        assert_eq!(found[0], expected);
    }

    /// The lines of one service, and its error. Lines count from 3.
    const SERVICES: &[(&str, &str)] = &[
        (
            "    dialect: http\n",
            "f.yaml:2:3: services.a.endpoints: nothing; expected this key: The replicas",
        ),
        (
            "    endpoints: [http://x:1]\n",
            "f.yaml:2:3: services.a.dialect: nothing; expected this key: How the database speaks, one of qdrant, neo4j, http",
        ),
        (
            "    dialect: neo4k\n    endpoints: [http://x:1]\n",
            "f.yaml:3:14: services.a.dialect: `neo4k`; expected one of qdrant, neo4j, http; perhaps `neo4j`",
        ),
        (
            "    dialect: qdrant\n    endpoints: [http://x:1]\n    idempotent: [points.upsert, point.upsert]\n",
            "f.yaml:5:33: services.a.idempotent[1]: `point.upsert`; expected the name of an operation of qdrant; perhaps `points.upsert`",
        ),
        (
            "    dialect: neo4j\n    endpoints: [http://x:1]\n    idempotent: [cypher.write, nothing_like_it]\n",
            "f.yaml:5:32: services.a.idempotent[1]: `nothing_like_it`; expected the name of an operation of neo4j",
        ),
        (
            "    dialect: http\n    endpoints: []\n",
            "f.yaml:4:16: services.a.endpoints: no endpoint; expected at least one, such as `- http://127.0.0.1:6333`",
        ),
        (
            "    dialect: http\n    endpoints: http://x:1\n",
            "f.yaml:4:16: services.a.endpoints: a single value; expected a list: lines that begin with `- `",
        ),
        (
            "    dialect: neo4j\n    endpoints:\n    - bolt://db:7687\n",
            "f.yaml:5:7: services.a.endpoints[0].url: a bolt:// address; expected the HTTP address of the server, usually http://HOST:7474",
        ),
        (
            "    dialect: neo4j\n    endpoints:\n    - url: neo4j+s://db\n",
            "f.yaml:5:12: services.a.endpoints[0].url: a neo4j:// address; expected the HTTP address of the server, usually http://HOST:7474",
        ),
        (
            "    dialect: neo4j\n    endpoints: ['https://db:7473']\n",
            "f.yaml:4:17: services.a.endpoints[0].url: an https:// address; expected http://; TLS towards endpoints is not supported yet",
        ),
        (
            "    dialect: neo4j\n    endpoints: ['http://db']\n",
            "f.yaml:4:17: services.a.endpoints[0].url: a URL without a port; expected http://HOST:PORT, usually 6333 (Qdrant) or 7474 (Neo4j)",
        ),
        (
            "    dialect: neo4j\n    endpoints: ['http://db:7474/db/neo4j']\n",
            "f.yaml:4:17: services.a.endpoints[0].url: a URL with a path; expected http://HOST:PORT alone; the path comes from the client",
        ),
        (
            "    dialect: neo4j\n    endpoints: ['http://db:99999']\n",
            "f.yaml:4:17: services.a.endpoints[0].url: a port that is no number; expected a port, 1 to 65535",
        ),
        (
            "    dialect: neo4j\n    endpoints: ['db:7474']\n",
            "f.yaml:4:17: services.a.endpoints[0].url: `db:7474`; expected the HTTP address of the server, http://HOST:PORT",
        ),
        (
            "    dialect: neo4j\n    endpoints: ['http://me:hunter2@db:7474']\n",
            "f.yaml:4:17: services.a.endpoints[0].url: user information in a URL (not shown); expected http://HOST:PORT; credentials of probes stand in `probe`",
        ),
        (
            "    dialect: neo4j\n    endpoints: [{url: 'http://x:1', weight: -1}]\n",
            "f.yaml:4:45: services.a.endpoints[0].weight: `-1`; expected a number, 0 to 1000",
        ),
        (
            "    dialect: neo4j\n    endpoints: [{name: x}]\n",
            "f.yaml:4:17: services.a.endpoints[0].url: nothing; expected this key: `http://host:port`",
        ),
        (
            "    dialect: neo4j\n    endpoints: [{name: X, url: 'http://x:1'}]\n",
            "f.yaml:4:24: services.a.endpoints[0].name: `X`; expected a name of 1 to 63 of the characters a-z, 0-9, - and _, beginning with a letter or a digit",
        ),
        (
            "    dialect: http\n    endpoints: ['http://x:1', 'http://X:1/']\n",
            "f.yaml:4:31: services.a.endpoints[1].url: `x:1`, which endpoints[0] has as well; expected another url for each endpoint of a service",
        ),
        (
            "    dialect: http\n    endpoints: [{url: 'http://x:1', name: n}, {url: 'http://x:2', name: n}]\n",
            "f.yaml:4:73: services.a.endpoints[1].name: `n`, which endpoints[0] has as well; expected another name for each endpoint of a service",
        ),
        (
            "    dialect: http\n    listen: '0.0.0.0:81'\n    endpoints: ['http://localhost:81']\n",
            "f.yaml:5:17: services.a.endpoints[0].url: `http://localhost:81`, which is services.a.listen; expected the address of a server, not of pointsman itself",
        ),
        (
            "    dialect: http\n    endpoints: ['http://127.0.0.1:9600']\n",
            "f.yaml:4:17: services.a.endpoints[0].url: `http://127.0.0.1:9600`, which is admin.listen; expected the address of a server, not of pointsman itself",
        ),
        (
            "    dialect: http\n    endpoints: ['http://x:1']\n    probe: hunter2\n",
            "f.yaml:5:12: services.a.probe: a single value; expected keys: user, password, api_key, path, expect",
        ),
        (
            "    dialect: neo4j\n    endpoints: ['http://x:1']\n    probe: {user: neo4j}\n",
            "f.yaml:5:5: services.a.probe.password: no password, though user is set; expected both, or neither",
        ),
        (
            "    dialect: neo4j\n    endpoints: ['http://x:1']\n    probe:\n      password: hunter2\n",
            "f.yaml:5:5: services.a.probe.user: no user, though password is set; expected both, or neither",
        ),
        (
            "    dialect: http\n    endpoints: ['http://x:1']\n    pure: [a, 'b c']\n",
            "f.yaml:5:15: services.a.pure[1]: `b c`; expected a name without blanks",
        ),
    ];

    #[test]
    fn each_mistake_in_a_service_names_its_place_and_what_was_expected() {
        for (lines, expected) in SERVICES {
            assert_eq!(error(&format!("services:\n  a:\n{lines}")), *expected);
        }
    }

    #[test]
    fn one_mistake_does_not_hide_another() {
        let text = "services:\n  a:\n    dialect: x\n    listen: 127.0.0.1:9600\n    endpoints: [http://x:1, bolt://x, http://x:1]\n  b: {dialect: qdrant, endpoints: [[], http://x:1, http://x:1]}\n  c: 1\n";
        let begins: Vec<String> = errors(text)
            .iter()
            .map(|line| line.split(';').next().unwrap().into())
            .collect();
        assert_eq!(
            begins,
            [
                "f.yaml:3:14: services.a.dialect: `x`",
                "f.yaml:4:13: services.a.listen: 127.0.0.1:9600, which admin.listen has as well",
                "f.yaml:5:29: services.a.endpoints[1].url: a bolt:// address",
                "f.yaml:5:39: services.a.endpoints[2].url: `x:1`, which endpoints[0] has as well",
                "f.yaml:6:36: services.b.endpoints[0]: a list",
                "f.yaml:7:6: services.c: a single value",
            ]
        );
    }

    #[test]
    fn two_services_cannot_share_an_address() {
        let text = "services:\n  a: {dialect: qdrant, endpoints: [http://x:1]}\n  b: {dialect: qdrant, endpoints: [http://x:1]}\n";
        assert_eq!(
            error(text),
            "f.yaml:3:3: services.b.listen: 127.0.0.1:6433 (the default), which services.a.listen has as well; expected another address for each listener"
        );
        let free = "services:\n  a: {dialect: qdrant, listen: '127.0.0.1:0', endpoints: [http://x:1]}\n  b: {dialect: qdrant, listen: '127.0.0.1:0', endpoints: [http://x:1]}\n";
        assert_eq!(good(free).services.len(), 2);
    }

    #[test]
    fn a_bad_name_of_a_service_is_refused() {
        for name in ["Graph", "-a", "a.b", "\"\"", "é", &"a".repeat(64)] {
            let text = format!("services: {{{name}: {{dialect: http, endpoints: [http://x:1]}}}}");
            assert!(
                error(&text).contains("expected a name of 1 to 63"),
                "{name}"
            );
        }
    }

    #[test]
    fn all_errors_come_at_once_in_the_order_of_the_file() {
        let text = "cache: {enabled: 1}\nservices:\n  a:\n    dialect: x\n    endpoints: [bolt://b, 'http://c']\nhealth: {rule: x, intervall: 1s}\n";
        let places: Vec<String> = errors(text)
            .iter()
            .map(|line| line.split(": ").take(2).collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(
            places,
            [
                "f.yaml:1:18 cache.enabled",
                "f.yaml:4:14 services.a.dialect",
                "f.yaml:5:17 services.a.endpoints[0].url",
                "f.yaml:5:27 services.a.endpoints[1].url",
                "f.yaml:6:16 health.rule",
                "f.yaml:6:19 health.intervall",
            ]
        );
    }

    #[test]
    fn tags_and_merge_keys_are_reported_with_everything_else() {
        let text = with(
            "cache:\n  l1: &l1 {size: 1MiB}\n  l2:\n    <<: *l1\n  [a]: b\n  short_ttl: !!str 1s\nhealth: {rule: x}\n",
        );
        assert_eq!(
            errors(&text),
            [
                "f.yaml:13:5: cache.l2: a merge key `<<`, which is not supported; expected the keys written out; an alias may stand for a whole value",
                "f.yaml:14:3: cache: a list or a map as a key; expected a name",
                "f.yaml:15:20: cache.short_ttl: a tag, which is not supported; expected the value alone",
                "f.yaml:16:16: health.rule: `x`; expected one of consecutive, leaky",
            ]
        );
    }

    #[test]
    fn columns_count_characters() {
        assert!(
            error(&with("observe: {log: 'é=é=é', logg: 1}\n").replace("'é=é=é'", "'info' "))
                .starts_with("f.yaml:10:25: observe.logg")
        );
        assert!(
            error(&with("planner: {premium_prefix: 'éé', histori: 1}\n"))
                .starts_with("f.yaml:10:33: planner.histori")
        );
    }
}

mod documents {
    use super::*;

    /// A text that is no configuration, and its error.
    const CASES: &[(&str, &str)] = &[
        ("", "f.yaml:1:1: nothing; expected keys and values"),
        ("# words\n", "f.yaml:1:1: nothing; expected keys and values"),
        (
            "services:\n",
            "f.yaml:1:1: services: no service; expected at least one, with a dialect and endpoints",
        ),
        (
            "cache: {}\n",
            "f.yaml:1:1: services: no service; expected at least one, with a dialect and endpoints",
        ),
        (
            "a: b: c\n",
            "f.yaml:1:5: mapping values are not allowed in this context; expected YAML",
        ),
        (
            "a:\n\tb: 1\n",
            "f.yaml:2:2: tabs disallowed within this context (block indentation); expected spaces, not tabs, before a key",
        ),
        (
            "a: 1\n---\nb: 2\n",
            "f.yaml:2:1: a second document; expected one document",
        ),
        (
            "a: *b\n",
            "f.yaml:1:4: while parsing node, found unknown anchor; expected YAML",
        ),
        (
            "a: &a [*a]\n",
            "f.yaml:1:8: an alias of the value that it stands in; expected an alias of a value that is complete",
        ),
    ];

    #[test]
    fn what_is_no_configuration_says_why() {
        for (text, expected) in CASES {
            assert_eq!(error(text), *expected, "{text:?}");
        }
        assert!(error("- a\n").starts_with("f.yaml:1:1: a list; expected keys: services, "));
        assert!(error("a").starts_with("f.yaml:1:1: a single value; expected keys: services, "));
        assert!(error("[1, 2").starts_with("f.yaml:1:"));
    }

    /// How long this thread has worked; what others do on the machine does not count where the system tells.
    fn time_on_cpu() -> Duration {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        let told = std::fs::read_to_string("/proc/thread-self/schedstat");
        let nanos = told
            .ok()
            .and_then(|told| told.split(' ').next()?.parse().ok());
        nanos.map_or_else(|| START.elapsed(), Duration::from_nanos)
    }

    #[test]
    fn a_few_lines_cannot_stand_for_a_million() {
        let line = |level: i32| {
            let aliases = format!("*a{},", level - 1).repeat(9);
            format!("a{level}: &a{level} [{aliases}]\n")
        };
        let lines = (1..9).map(line);
        let bomb = format!("a0: &a0 [x]\n{}", lines.collect::<String>());
        let many = "- &a x\n".to_string() + &"- *a\n".repeat(101);
        let deep = format!("a: {}{}", "[".repeat(17), "]".repeat(17));
        let far = "a: &a [[[[[[[[[x]]]]]]]]]\nb: [[[[[[[[[*a]]]]]]]]]";
        let cases = [
            (bomb.as_str(), "too many"),
            (many.as_str(), "too many aliases"),
            (deep.as_str(), "nested too deep"),
            (far, "nested too deep"),
            (&"- a\n".repeat(10_001), "too many values"),
            (&"[".repeat(1 << 20), "nested too deep"),
            (&format!("a: {}", "x".repeat(1 << 20)), "at most 1048576"),
        ];
        for (text, expected) in cases {
            let before = time_on_cpu();
            let error = error(text);
            let took = time_on_cpu() - before;
            assert!(error.contains(expected), "{error}");
            assert!(took < Duration::from_secs(2), "{expected} took {took:?}");
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.yaml");
        let load = || {
            let source = config::Source {
                path: path.clone(),
                ..Default::default()
            };
            config::load(&source).map_err(|report| report.to_string())
        };
        let name = path.display();
        assert!(
            load()
                .unwrap_err()
                .starts_with(&format!("{name}: a file that cannot be read"))
        );
        std::fs::write(&path, b"a: b\nc: \xff\n").unwrap();
        assert_eq!(
            load().unwrap_err(),
            format!("{name}:2:4: a byte that is not UTF-8; expected UTF-8 text")
        );
        std::fs::write(&path, vec![b' '; (1 << 20) + 1]).unwrap();
        assert_eq!(
            load().unwrap_err(),
            format!("{name}: more than 1048576 bytes; expected a shorter file")
        );
        std::fs::write(&path, GOOD).unwrap();
        assert_eq!(load().unwrap().config, good(GOOD));
    }
}

mod overrides {
    use super::*;

    #[test]
    fn a_flag_beats_a_variable_beats_the_file_beats_the_default() {
        let file = with("cache: {max_size: 1, default_ttl: 1s, cleanup_interval: 1s}\n");
        let env = [
            ("PERFORMANCE_CACHE_MAX_SIZE", "2"),
            ("POINTSMAN_CACHE__DEFAULT_TTL", "3s"),
            ("PERFORMANCE_CACHE_DEFAULT_TTL", "2"),
            ("POINTSMAN_CACHE__CLEANUP_INTERVAL", "3s"),
        ];
        let cache = read_with(&file, &env, &[("cache.cleanup_interval", "4s")])
            .unwrap()
            .config
            .cache;
        assert_eq!(cache.max_size, Some(2));
        assert_eq!(cache.default_ttl, Duration::from_secs(3));
        assert_eq!(cache.cleanup_interval, Duration::from_secs(4));
        assert_eq!(cache.l1.size, Size::mib(512));
    }

    #[test]
    fn variables_reach_every_level() {
        let config = good_with(
            &[
                ("POINTSMAN_CACHE__L1__SIZE", "1GiB"),
                ("POINTSMAN_SERVICES__MY_GRAPH__ENDPOINTS__0__WEIGHT", "3"),
                (
                    "POINTSMAN_SERVICES__MY_GRAPH__ENDPOINTS__2__URL",
                    "http://db-3:7474",
                ),
                (
                    "POINTSMAN_SERVICES__MY_GRAPH__PURE",
                    "[my.lookup, my.other]",
                ),
                ("POINTSMAN_SERVICES__OTHER__DIALECT", "http"),
                (
                    "POINTSMAN_SERVICES__OTHER__ENDPOINTS",
                    "[http://o:1, {url: http://o:2, name: two}]",
                ),
                ("POINTSMAN_SERVICES__VECTORS__ENDPOINTS__0", "http://v:6333"),
                ("POINTSMAN_CONFIG", "c.yaml"),
            ],
            &[],
        );
        assert_eq!(config.cache.l1.size, Size(1 << 30));
        let graph = &config.services["my-graph"];
        assert_eq!(
            (graph.endpoints[0].url.as_str(), graph.endpoints[0].weight),
            ("http://127.0.0.1:7474", 3.0)
        );
        assert_eq!(graph.endpoints[2].name, "db-3-7474");
        assert_eq!(graph.pure, ["my.lookup", "my.other"]);
        assert_eq!(config.services["other"].dialect, DialectName::Http);
        assert_eq!(config.services["other"].endpoints[1].name, "two");
        assert_eq!(config.services["vectors"].endpoints[0].url, "http://v:6333");
    }

    #[test]
    fn flags_reach_every_level() {
        let config = good_with(
            &[],
            &[
                ("services.my-graph.endpoints[1].url", "http://x:1"),
                ("services.my-graph.endpoints.0.name", "first"),
                ("cache.max_size", ""),
            ],
        );
        let endpoints = &config.services["my-graph"].endpoints;
        assert_eq!(
            (
                endpoints[1].url.as_str(),
                endpoints[1].weight,
                endpoints[0].name.as_str()
            ),
            ("http://x:1", 2.0, "first")
        );
        assert_eq!(config.cache.max_size, None);
    }

    #[test]
    fn a_secret_in_a_variable_is_taken_as_it_is() {
        let password = "POINTSMAN_SERVICES__MY_GRAPH__PROBE__PASSWORD";
        let user = ("POINTSMAN_SERVICES__MY_GRAPH__PROBE__USER", "u");
        for text in ["pa$$w${ord", "${", "null?", "08", "a: b", " x"] {
            let config = good_with(&[user, (password, text)], &[]);
            assert_eq!(
                config.services["my-graph"].probe.password,
                Some(Secret(text.into())),
                "{text}"
            );
        }
        let config = good_with(&[user, (password, "${T}"), ("T", "t")], &[]);
        assert_eq!(
            config.services["my-graph"].probe.password,
            Some(Secret("t".into()))
        );
    }

    #[test]
    fn every_performance_name_reaches_its_key() {
        let env = [
            ("PERFORMANCE_CACHE_ENABLED", "0"),
            ("performance_cache_default_ttl", "7200"),
            ("PERFORMANCE_CACHE_MAX_SIZE", "1000"),
            ("Performance_Cache_Cleanup_Interval", "5m"),
            ("PERFORMANCE_DB_OPTIMIZATION_ENABLED", "False"),
            ("PERFORMANCE_DB_SLOW_QUERY_THRESHOLD", "0.5"),
            ("PERFORMANCE_DB_CONNECTION_POOL_SIZE", "20"),
            ("PERFORMANCE_DB_QUERY_CACHE_SIZE", "5"),
            ("PERFORMANCE_MEMORY_MONITORING_ENABLED", "off"),
            ("PERFORMANCE_MEMORY_GC_THRESHOLD", "0.7"),
            ("PERFORMANCE_MEMORY_LEAK_DETECTION", "no"),
            (
                "PERFORMANCE_MEMORY_POOL_SIZES",
                r#"{"small": 1, "medium": 2}"#,
            ),
            ("PERFORMANCE_LOAD_BALANCER_ENABLED", "true"),
            ("PERFORMANCE_LOAD_BALANCER_STRATEGY", "least_connections"),
            ("PERFORMANCE_LOAD_BALANCER_HEALTH_CHECK_INTERVAL", "10"),
            ("PERFORMANCE_LOAD_BALANCER_MAX_RETRIES", "2"),
            ("PERFORMANCE_METRICS_ENABLED", "FALSE"),
            ("PERFORMANCE_METRICS_COLLECTION_INTERVAL", "30"),
            ("PERFORMANCE_METRICS_RETENTION_DAYS", "7"),
            ("PERFORMANCE_METRICS_BATCH_SIZE", "50"),
            ("PERFORMANCE_RESPONSE_TIME_THRESHOLD", "2.0"),
            ("PERFORMANCE_CPU_USAGE_THRESHOLD", "70.0"),
            ("PERFORMANCE_MEMORY_USAGE_THRESHOLD", "75"),
            ("PERFORMANCE_ERROR_RATE_THRESHOLD", "1.5"),
        ];
        assert_eq!(config::PERFORMANCE.names.len(), env.len());
        let c = good_with(&env, &[]);
        assert_eq!(
            (
                c.cache.enabled,
                c.cache.default_ttl.as_secs(),
                c.cache.max_size,
                c.cache.cleanup_interval.as_secs()
            ),
            (false, 7200, Some(1000), 300)
        );
        assert_eq!(
            (
                c.queries.enabled,
                c.queries.slow_threshold.as_millis(),
                c.upstream.pool_size,
                c.queries.cache_size
            ),
            (false, 500, 20, 5)
        );
        assert_eq!(
            (
                c.memory.enabled,
                c.memory.gc_threshold,
                c.memory.leak_detection
            ),
            (false, 0.7, false)
        );
        assert_eq!(
            (
                c.memory.pool_sizes.small,
                c.memory.pool_sizes.medium,
                c.memory.pool_sizes.large
            ),
            (1, 2, 100)
        );
        assert_eq!(
            (
                c.balance.enabled,
                c.balance.strategy.clone(),
                c.health.interval.as_secs(),
                c.balance.max_retries
            ),
            (
                true,
                balancing::policies::Strategy::LeastConnections.into(),
                10,
                2
            )
        );
        assert_eq!(
            (
                c.observe.metrics,
                c.observe.collection_interval.as_secs(),
                c.observe.retention_days,
                c.observe.batch_size
            ),
            (false, 30, 7, 50)
        );
        assert_eq!(
            (
                c.thresholds.response_time.as_secs(),
                c.thresholds.cpu_usage,
                c.thresholds.memory_usage,
                c.thresholds.error_rate
            ),
            (2, 70.0, 75.0, 1.5)
        );
    }

    #[test]
    fn errors_name_the_variable_or_the_flag() {
        assert_eq!(
            error_with(&[("POINTSMAN_CACHE__ENABLD", "x")], &[])
                .split("; expected")
                .next(),
            Some("POINTSMAN_CACHE__ENABLD: cache.enabld: an unknown key")
        );
        assert_eq!(
            error_with(&[("POINTSMAN_CACHE__ENABLED__X", "x")], &[]),
            "POINTSMAN_CACHE__ENABLED__X: cache.enabled.x: an unknown key; expected no key here"
        );
        assert_eq!(
            error_with(&[("POINTSMAN_CACHE__ENABLED", "x")], &[]),
            "POINTSMAN_CACHE__ENABLED: cache.enabled: `x`; expected true or false"
        );
        assert_eq!(
            error_with(&[("PERFORMANCE_CACHE_DEFAULT_TTL", "soon")], &[]),
            "PERFORMANCE_CACHE_DEFAULT_TTL: cache.default_ttl: `soon`; expected a duration with units, such as 30s, 200ms, 5m or 1h30m"
        );
        assert_eq!(
            error_with(
                &[(
                    "POINTSMAN_SERVICES__VECTORS__ENDPOINTS__7__URL",
                    "http://x:1"
                )],
                &[]
            ),
            "POINTSMAN_SERVICES__VECTORS__ENDPOINTS__7__URL: services.vectors.endpoints[7].url: item 7; expected an item of the list, which has 1, or the next"
        );
        assert_eq!(
            error_with(&[("POINTSMAN_SERVICES__VECTORS__ENDPOINTS__X", "1")], &[]),
            "POINTSMAN_SERVICES__VECTORS__ENDPOINTS__X: services.vectors.endpoints.x: an unknown key; expected the number of an item, from 0"
        );
        assert_eq!(
            error_with(&[], &[("services.vectors.pure", "[a")])
                .split(": ")
                .take(2)
                .collect::<Vec<_>>(),
            ["--set services.vectors.pure", "services.vectors.pure"]
        );
        assert!(
            error_with(&[], &[("cache.l1.siz", "1")])
                .starts_with("--set cache.l1.siz: cache.l1.siz: an unknown key")
        );
        assert!(
            error_with(&[("POINTSMAN_ADMIN__LISTEN", "0.0.0.0:1")], &[])
                .starts_with("POINTSMAN_ADMIN__LISTEN: admin.operate_token: no token")
        );
    }

    #[test]
    fn variables_of_others_are_left_alone() {
        let env = [
            ("POINTSMAN_SERVICE_HOST", "10.0.0.1"),
            ("POINTSMAN_SERVICE_PORT", "6433"),
            ("POINTSMAN_SERVICE_PORT_QDRANT", "6433"),
            ("POINTSMAN_PORT", "tcp://10.0.0.1:6433"),
            ("POINTSMAN_PORT_6433_TCP_ADDR", "10.0.0.1"),
            ("POINTSMAN_ADMIN_SERVICE_HOST", "10.0.0.1"),
            ("PERFORMANCE_SOMETHING", "1"),
            ("PATH", "/bin"),
        ];
        let loaded = read_with(GOOD, &env, &[]).unwrap();
        assert_eq!(loaded.config, good(GOOD));
        let notes: Vec<String> = loaded.note_lines().collect();
        assert_eq!(
            notes,
            ["PERFORMANCE_SOMETHING: note: no setting of this name, it has no effect"]
        );
    }
}

mod commands {
    use super::*;
    use std::process::{Command, Output};

    fn pointsman(arguments: &[&str], env: Pairs) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pointsman"));
        command
            .args(arguments)
            .env_clear()
            .envs(env.iter().copied());
        command.output().unwrap()
    }

    fn file(text: &str) -> (tempfile::TempDir, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.yaml");
        std::fs::write(&path, text).unwrap();
        let path = path.display().to_string();
        (folder, path)
    }

    #[test]
    fn check_says_that_a_file_is_good() {
        let text = GOOD.replace("db-2", "127.0.0.2");
        let (_folder, path) = file(&text);
        let done = pointsman(&["check", "-c", &path], &[]);
        assert_eq!(
            String::from_utf8(done.stdout).unwrap(),
            format!("{path}: good: 2 services, 3 endpoints\n")
        );
        assert_eq!((done.stderr.len(), done.status.code()), (0, Some(0)));
    }

    #[test]
    fn check_prints_all_errors_and_fails() {
        let (_folder, path) = file(&with("cache: {enabled: 1}\nhealth: 2\n"));
        let arguments = ["check", "--set", "balance.max_retries=x"];
        let done = pointsman(
            &arguments,
            &[
                ("POINTSMAN_CONFIG", &path),
                ("PERFORMANCE_METRICS_ENABLED", "x"),
            ],
        );
        let errors = String::from_utf8(done.stderr).unwrap();
        let begins: Vec<&str> = errors
            .lines()
            .map(|line| line.rsplit_once("; expected").unwrap().0)
            .collect();
        assert_eq!(
            begins,
            [
                format!("{path}:10:18: cache.enabled: `1`").as_str(),
                &format!("{path}:11:9: health: a single value"),
                "PERFORMANCE_METRICS_ENABLED: observe.metrics: `x`",
                "--set balance.max_retries: balance.max_retries: `x`",
            ]
        );
        assert_eq!((done.stdout.len(), done.status.code()), (0, Some(1)));
    }

    #[test]
    fn check_warns_of_a_name_that_does_not_resolve() {
        let (_folder, path) =
            file("services: {a: {dialect: http, endpoints: ['http://nobody.invalid:1']}}");
        let done = pointsman(&["check", "-c", &path], &[]);
        let out = String::from_utf8(done.stdout).unwrap();
        assert!(
            out.starts_with(&format!(
                "{path}: warning: nobody.invalid does not resolve now"
            )),
            "{out}"
        );
        assert_eq!(done.status.code(), Some(0));
    }

    #[test]
    fn schema_prints_what_is_checked_in() {
        let printed = |format| {
            String::from_utf8(pointsman(&["schema", "--format", format], &[]).stdout).unwrap()
        };
        assert_eq!(printed("yaml"), print::yaml());
        assert_eq!(printed("markdown"), print::markdown());
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&printed("json")).unwrap(),
            print::schema()
        );
    }

    #[test]
    fn help_shows_examples() {
        for arguments in [["--help"].as_slice(), &["check", "--help"]] {
            let help = String::from_utf8(pointsman(arguments, &[]).stdout).unwrap();
            assert!(help.contains("Examples:\n"), "{help}");
            assert!(help.contains("pointsman check -c pointsman.yaml"), "{help}");
        }
    }
}

mod notes {
    use super::*;

    #[test]
    fn a_key_that_is_not_used_yet_is_noted_when_it_is_set() {
        let loaded = read(&with("memory:\n  leak_detection: true\n")).unwrap();
        let notes: Vec<String> = loaded.note_lines().collect();
        assert_eq!(
            notes,
            ["f.yaml:11:3: note: memory.leak_detection: not used yet, it has no effect"]
        );
    }

    #[test]
    fn a_port_that_speaks_something_else_is_noted() {
        let loaded =
            read("services: {a: {dialect: qdrant, endpoints: ['http://x:6334']}}").unwrap();
        let notes: Vec<String> = loaded.note_lines().collect();
        assert_eq!(
            notes,
            [
                "f.yaml:1:45: note: services.a.endpoints[0].url: 6334 is Qdrant's gRPC port by default; its REST port is 6333"
            ]
        );
    }

    /// The notes on a service with these endpoints and sections, by their paths.
    fn noted(endpoints: &str, more: &str) -> Vec<String> {
        let text =
            format!("services: {{a: {{dialect: qdrant, endpoints: [{endpoints}]}}}}\n{more}");
        let loaded = read(&text).unwrap_or_else(|report| panic!("{report}"));
        let notes = loaded.note_lines();
        let path = |line: String| {
            let (_, rest) = line.split_once("note: ").unwrap();
            rest.split(": ").next().unwrap().to_owned()
        };
        notes.map(path).collect()
    }

    #[test]
    fn what_is_probably_not_meant_is_noted() {
        const TWO: &str = "'http://x:1', 'http://y:1'";
        let endpoint = |key: &str| format!("services.a.endpoints[{key}");
        let cases = [
            (
                "{url: 'http://x:1', tags: ['collection:c']}, {url: 'http://y:1', tags: ['collection:d', read]}",
                "",
                vec![endpoint("0].tags"), endpoint("1].tags")],
            ),
            (
                "{url: 'http://x:1', tags: [read]}, {url: 'http://y:1', tags: [read]}, {url: 'http://z:1', tags: [write]}",
                "",
                vec![endpoint("2].tags")],
            ),
            (
                "'http://x:1', {url: 'http://y:1', weight: 0}",
                "",
                vec![endpoint("1].weight")],
            ),
            (
                "'http://x:1', {url: 'http://y:1', weight: 2}",
                "balance: {strategy: round_robin}\n",
                vec!["services.a.endpoints".into()],
            ),
            (
                "{url: 'http://x:1', role: reader}",
                "",
                vec!["services.a.endpoints".into()],
            ),
            (
                TWO,
                "balance: {preferred_zone: here}\n",
                vec!["balance.preferred_zone".into()],
            ),
            (
                TWO,
                "balance: {preferred_region: here}\n",
                vec!["balance.preferred_region".into()],
            ),
            (
                TWO,
                "balance: {retry_budget: 0, retry_floor: 0}\n",
                vec!["balance.retry_budget".into()],
            ),
            (
                TWO,
                "balance: {degradation: {shed_below: 6}}\n",
                vec!["balance.degradation.shed_below".into()],
            ),
            (
                TWO,
                "health: {enabled: false}\nbreaker: {enabled: false}\n",
                vec!["breaker.enabled".into()],
            ),
        ];
        for (endpoints, more, expected) in cases {
            assert_eq!(noted(endpoints, more), expected, "{endpoints} {more}");
        }
        let rules = ["{tenant: t, prefer: [x-1]}"; 11].join(", ");
        let rules =
            format!("balance: {{queue: {{tenant_header: x-tenant}}, affinity_rules: [{rules}]}}\n");
        assert_eq!(noted(TWO, &rules), ["balance.affinity_rules"]);
    }

    #[test]
    fn what_is_usual_is_not_noted() {
        for (endpoints, more) in [
            ("'http://x:1'", ""),
            (
                "'http://x:1', {url: 'http://y:1', tags: ['collection:c', gpu]}",
                "",
            ),
            ("{url: 'http://x:1', tags: [read]}, 'http://y:1'", ""),
            (
                "{url: 'http://x:1', weight: 0}, {url: 'http://y:1', weight: 0}",
                "",
            ),
            (
                "{url: 'http://x:1', weight: 2}, 'http://y:1'",
                "balance: {strategy: weighted_round_robin}\n",
            ),
            ("{url: 'http://x:1', role: reader}, 'http://y:1'", ""),
            (
                "{url: 'http://x:1', zone: here}, 'http://y:1'",
                "balance: {preferred_zone: here}\n",
            ),
        ] {
            let found = noted(endpoints, more);
            assert!(found.is_empty(), "{endpoints} {more}: {found:?}");
        }
    }
}

mod changes {
    use super::*;

    #[test]
    fn what_only_a_restart_can_apply_is_named() {
        let old = good(GOOD);
        let same = with(
            "cache: {enabled: false}\nbalance: {strategy: round_robin}\nadmin: {operate_token: t}\nprocess: {drain_delay: 1s, drain_limit: 1s, reload_delay: 1s}\n",
        );
        assert_eq!(old.restart_only_changes(&good(&same)), Vec::<String>::new());
        let default_spelled_out = GOOD.replace(
            "dialect: qdrant\n",
            "dialect: qdrant\n    listen: 127.0.0.1:6433\n",
        );
        assert_eq!(
            old.restart_only_changes(&good(&default_spelled_out)),
            Vec::<String>::new()
        );
        let new = with("process: {workers: 2}\nadmin: {listen: '127.0.0.1:1'}\n")
            .replace("dialect: qdrant", "dialect: http")
            .replace("my-graph", "graph");
        assert_eq!(
            old.restart_only_changes(&good(&new)),
            ["admin.listen", "process.workers"]
        );
    }
}

/// Keys, texts that they accept, and the same as they are shown.
fn settings() -> impl Strategy<Value = (&'static str, String, serde_json::Value)> {
    let switch = |key| any::<bool>().prop_map(move |on| (key, on.to_string(), on.into()));
    let whole =
        |key, high: u32| (1..high).prop_map(move |number| (key, number.to_string(), number.into()));
    let seconds = |key| {
        (1..59_u32).prop_map(move |number| (key, format!("{number}s"), format!("{number}s").into()))
    };
    prop_oneof![
        switch("cache.enabled"),
        switch("breaker.recover_on_probe"),
        switch("services.my-graph.cluster"),
        whole("upstream.pool_size", 1_000_000),
        whole("cache.max_size", 1_000_000),
        whole("services.my-graph.endpoints.0.max_connections", 1000),
        seconds("health.interval"),
        seconds("cache.categories.path"),
        seconds("upstream.read_timeout"),
        "[a-z]{1,8}=(info|debug)".prop_map(|text| ("observe.log", text.clone(), text.into())),
        "[a-zA-Z0-9${}:#' -]{1,20}".prop_map(|text| (
            "planner.premium_prefix",
            text.clone(),
            text.into()
        )),
    ]
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[a-c:\\-\\[\\]{},&*!|>'\"%@`#?~. \n\t0-9$é]{0,200}") {
        let _ = read(&text);
        let _ = read(&with(&format!("cache:\n  {text}")));
    }

    #[test]
    fn no_characters_make_it_panic(text in any::<String>()) {
        let _ = read(&text);
        let _ = read_with(GOOD, &[("POINTSMAN_CACHE__L1", &text)], &[(&text, &text)]);
        let _ = read_with(GOOD, &[(&format!("POINTSMAN_{text}"), &text), (&format!("performance_{text}"), "1")], &[]);
    }

    #[test]
    fn a_valid_override_is_what_is_read((key, text, shown) in settings(), flag in any::<bool>()) {
        prop_assume!(!text.starts_with("${") && text != "null");
        let variable = format!("POINTSMAN_{}", key.replace('.', "__").replace('-', "_").to_uppercase());
        let config = match flag {
            true => good_with(&[], &[(key, &text)]),
            false => good_with(&[(&variable, &text)], &[]),
        };
        let masked = config::masked(&config);
        prop_assert_eq!(masked.pointer(&format!("/{}", key.replace('.', "/"))), Some(&shown));
    }
}
