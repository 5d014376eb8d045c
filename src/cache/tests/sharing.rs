use super::*;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

const LONG: Duration = Duration::from_secs(5);

fn shared(waited: Waited) -> String {
    match waited {
        Waited::Shared(entry) => text(&entry),
        Waited::Lead(_) => "lead".into(),
        Waited::Alone(reason) => format!("alone {reason}"),
    }
}

#[tokio::test]
async fn a_thousand_that_ask_the_same_fetch_once() {
    let b = bench();
    let call = read("q", &["db"]);
    let fill = b.lead(&call);
    let followers: Vec<_> = (0..1000).map(|_| b.follow(&call)).collect();
    let waiting: Vec<_> = followers
        .into_iter()
        .map(|follower| tokio::spawn(follower.wait(LONG)))
        .collect();
    fill.finish(response("once"));
    for waited in waiting {
        assert_eq!(shared(waited.await.unwrap()), "once");
    }
    let report = b.cache.stats();
    assert_eq!(report.total.coalesced, 1000);
    assert_eq!((report.total.misses, report.flights), (1001, 0));
}

#[tokio::test]
async fn when_the_leader_goes_away_one_follower_takes_over() {
    let b = bench();
    let call = read("q", &["db"]);
    let fill = b.lead(&call);
    let waiting: Vec<_> = (0..999)
        .map(|_| tokio::spawn(b.follow(&call).wait(LONG)))
        .collect();
    drop(fill);
    let (mut leads, mut answers) = (0, 0);
    for waited in waiting {
        match waited.await.unwrap() {
            Waited::Lead(fill) => {
                leads += 1;
                fill.finish(response("second"));
            }
            Waited::Shared(_) => answers += 1,
            Waited::Alone(reason) => panic!("{reason}"),
        }
    }
    assert_eq!((leads, answers), (1, 998));
    assert_eq!(b.hit(&call).as_deref(), Some("second"));
}

#[tokio::test]
async fn a_lead_that_no_request_takes_over_leaves_nothing_behind() {
    let b = bench();
    let call = read("q", &["db"]);
    drop(b.lead(&call));
    assert_eq!(b.cache.stats().flights, 0);
    let (fill, follower) = (b.lead(&call), b.follow(&call));
    drop(fill);
    drop(follower);
    assert_eq!(b.cache.stats().flights, 0);
}

#[tokio::test]
async fn a_newcomer_takes_over_what_a_leader_left() {
    let b = bench();
    let call = read("q", &["db"]);
    let (fill, follower) = (b.lead(&call), b.follow(&call));
    drop(fill);
    let second = b.lead(&call);
    second.finish(response("x"));
    assert_eq!(shared(follower.wait(LONG).await), "x");
}

#[tokio::test]
async fn a_failure_is_not_shared() {
    let b = bench();
    let call = read("q", &["db"]);
    let (fill, follower) = (b.lead(&call), b.follow(&call));
    fill.finish(FetchedResponse {
        storable: Err("failed"),
        ..response("error")
    });
    let waited = follower.wait(LONG).await;
    assert_eq!(shared(waited), "alone no_store:failed");
    let (fill, follower) = (b.lead(&call), b.follow(&call));
    fill.abandon();
    assert_eq!(shared(follower.wait(LONG).await), "alone no_response");
}

#[tokio::test]
async fn a_response_of_an_endpoint_that_may_lag_is_not_shared() {
    let b = bench();
    let call = read("q", &["db"]);
    b.wrote(&["db"], "a");
    let (fill, follower) = (b.lead(&call), b.follow(&call));
    fill.finish(response_of("b", "old"));
    assert_eq!(shared(follower.wait(LONG).await), "alone not_home");
}

#[tokio::test]
async fn a_response_too_large_to_store_is_shared_all_the_same() {
    let b = bench_with(|settings| settings.max_entry = config::Size(2000));
    let call = read("q", &["db"]);
    let (fill, follower) = (b.lead(&call), b.follow(&call));
    let large = "x".repeat(3000);
    assert_eq!(refused(fill.finish(response(&large))), "too_large");
    assert_eq!(shared(follower.wait(LONG).await), large);
    assert_eq!(b.hit(&call), None);
}

#[tokio::test]
async fn a_request_after_a_write_does_not_join_a_fetch_from_before_it() {
    let b = bench();
    let call = read("q", &["db"]);
    let old = b.lead(&call);
    let early = b.follow(&call);
    b.wrote(&["db"], "a");
    let new = b.lead(&call);
    let late = b.follow(&call);
    assert_eq!(refused(old.finish(response("old"))), "epoch");
    assert!(matches!(
        new.finish(response("new")),
        FillOutcome::Stored { .. }
    ));
    assert_eq!(shared(early.wait(LONG).await), "alone epoch");
    assert_eq!(shared(late.wait(LONG).await), "new");
}

#[tokio::test]
async fn a_follower_that_wakes_after_a_write_goes_alone() {
    let b = bench();
    let call = read("q", &["db"]);
    let (fill, follower) = (b.lead(&call), b.follow(&call));
    fill.finish(response("old"));
    b.wrote(&["db"], "a");
    assert_eq!(shared(follower.wait(LONG).await), "alone epoch");
}

#[tokio::test]
async fn a_follower_waits_no_longer_than_its_limit_and_the_setting() {
    let b = bench();
    let call = read("q", &["db"]);
    let _fill = b.lead(&call);
    let waited = b.follow(&call).wait(Duration::ZERO).await;
    assert_eq!(shared(waited), "alone waited");
    let hasty = bench_with(|settings| settings.share_wait = Duration::ZERO);
    let _fill = hasty.lead(&call);
    let waited = hasty.follow(&call).wait(LONG).await;
    assert_eq!(shared(waited), "alone waited");
}

#[tokio::test]
async fn a_follower_that_is_cancelled_leaves_the_flight() {
    let b = bench();
    let call = read("q", &["db"]);
    let fill = b.lead(&call);
    {
        let mut waiting = pin!(b.follow(&call).wait(LONG));
        let poll = waiting
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(poll, Poll::Pending));
    }
    drop(fill);
    assert_eq!(b.cache.stats().flights, 0);
}

#[tokio::test]
async fn one_fetch_has_a_bounded_number_of_followers() {
    let b = bench();
    let call = read("q", &["db"]);
    let _fill = b.lead(&call);
    let _followers: Vec<_> = (0..4096).map(|_| b.follow(&call)).collect();
    assert_eq!(b.bypass(&call), "followers_full");
}

#[test]
fn the_table_of_fetches_is_bounded() {
    let b = bench();
    let calls: Vec<_> = (0..20_000).map(|n| read(&n.to_string(), &["db"])).collect();
    let verdicts: Vec<_> = calls.iter().map(|call| b.ask(call)).collect();
    let leads = verdicts.iter().filter(|v| matches!(v, Verdict::Lead(_)));
    assert!(leads.count() <= 16 * 1024);
    let report = b.cache.stats();
    assert!(report.bypass_reasons["flights_full"] >= 20_000 - 16 * 1024);
    assert_eq!(report.total.total_requests, 20_000);
    drop(verdicts);
    assert_eq!(b.cache.stats().flights, 0);
}
