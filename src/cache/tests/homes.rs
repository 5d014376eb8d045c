use super::*;
use balancing::Home;

fn home(home: Option<WriteHome>) -> &'static str {
    let is = |name: &&str| home.is_some_and(|home| home.endpoint == EndpointId::of("s", name));
    ["a", "b"].into_iter().find(is).unwrap()
}

fn kept(b: &Bench, endpoint: &str) -> String {
    let call = read("q", &["db"]);
    let kept = b.lead(&call).finish(response_of(endpoint, "x"));
    b.cache.clear(Selection::All);
    refused(kept).split(' ').next().unwrap().to_owned()
}

#[test]
fn without_a_write_any_endpoint_may_fill() {
    let b = bench();
    assert!(b.lead(&read("q", &["db"])).home().is_none());
    assert_eq!([kept(&b, "a"), kept(&b, "b")], ["stored", "stored"]);
}

#[test]
fn after_a_write_only_its_endpoint_fills() {
    let b = bench();
    b.wrote(&["db"], "b");
    assert_eq!(home(b.lead(&read("q", &["db"])).home()), "b");
    assert_eq!(home(b.cache.home(&[tag("db")])), "b");
    b.clock.advance(secs(86_400));
    assert_eq!([kept(&b, "a"), kept(&b, "b")], ["not_home", "stored"]);
}

#[test]
fn a_home_is_ahead_of_the_others_for_as_long_as_they_may_lag() {
    let b = bench();
    b.wrote(&["db"], "b");
    let stands = || {
        let filled = b.lead(&read("q", &["db"])).home().unwrap().stands;
        let newest = b.cache.newest_home(&[tag("db")]);
        (filled, newest.map(|home| home.stands))
    };
    assert_eq!(stands(), (Home::Ahead, Some(Home::Ahead)));
    b.clock.advance(secs(10));
    assert_eq!(stands(), (Home::Level, None));
}

/// Writes left a home that had become slow, and its late acknowledgements took the home back each time.
#[test]
fn a_write_that_began_before_the_home_changed_does_not_take_it_back() {
    let b = bench();
    let late = b.write(&["db"]);
    b.clock.advance(secs(1));
    b.wrote(&["db"], "b");
    b.clock.advance(secs(1));
    late.settle(done("a"));
    assert_eq!(home(b.cache.home(&[tag("db")])), "b");
    assert_eq!(b.bypass(&read("q", &["db"])), "quarantine", "b may lack it");
    b.clock.advance(secs(11));
    b.wrote(&["db"], "a");
    assert_eq!(home(b.cache.home(&[tag("db")])), "a");
}

#[test]
fn an_endpoint_in_its_rejoin_hold_fills_nothing() {
    let b = bench();
    let held = FetchedResponse {
        no_store: true,
        ..response("x")
    };
    let kept = b.lead(&read("q", &["db"])).finish(held);
    assert_eq!(refused(kept), "rejoin_hold");
}

#[test]
fn a_new_home_may_lack_what_the_old_one_acknowledged_a_moment_ago() {
    let b = bench();
    b.wrote(&["db"], "a");
    b.clock.advance(secs(4));
    b.wrote(&["db"], "b");
    assert_eq!(b.bypass(&read("q", &["db"])), "quarantine");
    b.clock.advance(secs(6));
    assert_eq!(kept(&b, "b"), "stored");
    b.clock.advance(secs(4));
    b.wrote(&["db"], "a");
    assert_eq!(kept(&b, "a"), "stored");
}

#[test]
fn tags_with_different_homes_wait_for_the_older_one_to_spread() {
    let b = bench();
    let call = read("q", &["one", "two"]);
    b.wrote(&["one"], "a");
    b.wrote(&["two"], "b");
    assert_eq!(b.bypass(&call), "homes_differ");
    assert_eq!(b.cache.home(&[tag("one"), tag("two")]), None);
    b.clock.advance(secs(10));
    b.wrote(&["two"], "b");
    assert_eq!(home(b.lead(&call).home()), "b");
}

#[test]
fn a_home_that_left_the_configuration_is_forgotten_after_a_hold() {
    let b = bench();
    b.wrote(&["db"], "a");
    b.cache.forget_home(EndpointId::of("s", "a"));
    assert_eq!(b.bypass(&read("q", &["db"])), "quarantine");
    b.clock.advance(secs(30));
    assert_eq!(kept(&b, "b"), "stored");
}
