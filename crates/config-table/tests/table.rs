//! A small table, used as an application would use it.

use config_table::*;
use std::collections::BTreeMap;
use std::time::Duration;

choice! {
    /// How log lines look.
    LogFormat {
        /// For people.
        Text = "text",
        /// One JSON object a line.
        Json = "json",
    }
}

section! {
    /// One server.
    Server (short "host") {
        /// Its host.
        host: String = String::new() => required(),
        /// Share of traffic.
        weight: f64 = 1.0 => within(0.0, 10.0),
        /// A token that it asks for.
        token: Option<Secret> = None,
    }
}

section! {
    /// The whole configuration.
    App {
        /// How log lines look.
        log_format: LogFormat = LogFormat::Text => ANY.restart(),
        /// Time for one request.
        timeout: Duration = Duration::from_secs(30) => time(),
        /// Bytes that are kept.
        keep: Size = Size::mib(1) => volume(),
        /// The servers, by name.
        servers: BTreeMap<String, Server> = BTreeMap::new(),
        /// How much each user may have.
        limits: BTreeMap<String, f64> = BTreeMap::new() => within(0.5, 9.0).named(&forms::WORD),
        /// Nothing reads it. Not used yet.
        later: bool = false => ANY.not_used_yet(),
    }
}

const OVERRIDES: Overrides = Overrides {
    prefix: "APP_",
    reserved: &["APP_HOME"],
    aliases: Some(&Aliases {
        prefix: "OLD_",
        names: &[Alias {
            name: "request_timeout",
            key: "timeout",
            reading: Reading::Seconds,
        }],
    }),
};

type Pairs<'a> = &'a [(&'a str, &'a str)];

fn decoded(text: &str, env: Pairs, sets: Pairs) -> Result<App, Vec<String>> {
    let owned = |pairs: Pairs| -> Vec<(String, String)> {
        let own = |(key, value): &(&str, &str)| (key.to_string(), value.to_string());
        pairs.iter().map(own).collect()
    };
    let env = owned(env).into_iter().collect();
    let lines =
        |report: Report| -> Vec<String> { report.to_string().lines().map(Into::into).collect() };
    let decoded = decode::<App>(text, &env, &owned(sets), &OVERRIDES)
        .map_err(|problem| lines(Report::new("f", vec![problem])))?;
    decoded.findings.finish("f").map_err(lines)?;
    Ok(decoded.value)
}

#[test]
fn keys_that_are_left_out_have_their_defaults() {
    let app = decoded("servers: {a: db.example}", &[], &[]).unwrap();
    assert_eq!(app.timeout, Duration::from_secs(30));
    assert_eq!(app.servers["a"].host, "db.example");
    assert_eq!(app.servers["a"].weight, 1.0);
}

#[test]
fn every_error_is_reported_with_its_place_and_the_nearest_name() {
    let text = "timeou: 1s\ntimeout: 5\nkeep: !!str 1KiB\nservers:\n  a: {weight: 11}\n";
    let errors = decoded(text, &[], &[]).unwrap_err();
    assert_eq!(
        errors,
        [
            "f:1:1: timeou: an unknown key; expected one of log_format, timeout, keep, servers, limits, later; perhaps `timeout`",
            "f:2:10: timeout: a number without a unit; expected a unit: 5s or 5ms",
            "f:3:13: keep: a tag, which is not supported; expected the value alone",
            "f:5:3: servers.a.host: nothing; expected this key: Its host",
            "f:5:15: servers.a.weight: `11`; expected a number, 0 to 10",
        ]
    );
}

#[test]
fn names_and_values_of_a_map_keep_to_the_rules_of_its_key() {
    let errors = decoded("limits: {Ada: 1, a b: 1, carl: 10}", &[], &[]).unwrap_err();
    assert_eq!(
        errors,
        [
            "f:1:18: limits.a b: the name `a b`; expected a name without blanks",
            "f:1:32: limits.carl: `10`; expected a number, 0.5 to 9",
        ]
    );
    let errors = decoded("servers: {A: db.example}", &[], &[]).unwrap_err();
    assert!(errors[0].starts_with("f:1:11: servers.A: the name `A`; expected a name of 1 to 63"));
    let schema = print::schema::<App>("app");
    let limits = &schema["$defs"]["App"]["properties"]["limits"];
    assert_eq!(limits["propertyNames"]["pattern"], forms::WORD.pattern);
}

#[test]
fn a_flag_overrides_a_variable_overrides_an_alias_overrides_the_file() {
    let (old, new) = (("OLD_REQUEST_TIMEOUT", "2"), ("APP_TIMEOUT", "3s"));
    let timeout = |env: Pairs, sets: Pairs| decoded("timeout: 1s", env, sets).unwrap().timeout;
    assert_eq!(timeout(&[], &[]), Duration::from_secs(1));
    assert_eq!(timeout(&[old], &[]), Duration::from_secs(2));
    assert_eq!(timeout(&[old, new], &[]), Duration::from_secs(3));
    let flag = ("timeout", "4s");
    assert_eq!(timeout(&[old, new], &[flag]), Duration::from_secs(4));
    let nested = decoded("servers: {a: x}", &[("APP_SERVERS__A__WEIGHT", "2")], &[]);
    assert_eq!(nested.unwrap().servers["a"].weight, 2.0);
}

#[test]
fn variables_of_others_are_ignored_and_unknown_ones_of_ours_are_errors() {
    decoded("{}", &[("APP_HOME", "/"), ("PATH", "/")], &[]).unwrap();
    let errors = decoded("{}", &[("APP_TIMEOU", "1s")], &[]).unwrap_err();
    assert!(
        errors[0].starts_with("APP_TIMEOU: timeou: an unknown key"),
        "{errors:?}"
    );
}

#[test]
fn a_secret_is_shown_neither_in_a_value_nor_in_an_error() {
    let text = "servers: {a: {host: h, token: \"${TOKEN}\"}}";
    let app = decoded(text, &[("TOKEN", "hunter2")], &[]).unwrap();
    assert_eq!(app.servers["a"].token, Some(Secret("hunter2".into())));
    assert!(!format!("{app:?} {}", app.show()).contains("hunter2"));
    let errors = decoded(text, &[("TOKEN", "hunter2\u{7}")], &[]).unwrap_err();
    assert!(!errors.concat().contains("hunter2"), "{errors:?}");
}

#[test]
fn only_a_change_that_needs_a_restart_is_named() {
    let old = App::default();
    let new = decoded("{log_format: json, timeout: 1s}", &[], &[]).unwrap();
    assert_eq!(restart_only_changes(&old, &new), ["log_format"]);
}

#[test]
fn what_is_printed_can_be_read_back_and_names_every_key() {
    let text = "servers: {a: {host: h, weight: 2}}\nlimits: {Ada: 1.5, bob: 2}";
    let sample = decoded(text, &[], &[]).unwrap();
    let yaml = print::yaml("# head\n", &sample);
    assert_eq!(decoded(&yaml, &[], &[]).unwrap(), sample);
    let page = print::markdown::<App>("# Head\n", OVERRIDES.aliases);
    let schema = print::schema::<App>("app").to_string();
    for key in [
        "log_format",
        "timeout",
        "keep",
        "servers",
        "weight",
        "limits",
        "token",
        "later",
    ] {
        assert!(page.contains(&format!("| `{key}` |")), "{key}");
        assert!(schema.contains(&format!("\"{key}\"")), "{key}");
    }
    assert!(page.contains("| names, each with number, 0.5 to 9 |"));
    assert!(page.contains("| `OLD_REQUEST_TIMEOUT` | `timeout` | seconds |"));
}

#[test]
fn checks_across_keys_add_to_the_same_report() {
    let mut decoded =
        decode::<App>("timeout: 1s\nkeep: 1", &BTreeMap::new(), &[], &OVERRIDES).unwrap();
    let path = vec![Step::from("timeout")];
    assert!(decoded.findings.is_clean(&path));
    decoded.findings.refuse(path, "too little", "more");
    let report = decoded.findings.finish("f").unwrap_err();
    assert_eq!(report.problems.len(), 2);
    assert!(
        report
            .to_string()
            .starts_with("f:1:10: timeout: too little; expected more\n")
    );
}
