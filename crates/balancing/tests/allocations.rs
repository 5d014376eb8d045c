//! A decision allocates nothing: selecting an endpoint, and telling the policy of the beginning and the end of the request.

use balancing::policies::{Custom, Strategy};
use balancing::{
    Ask, Completion, EndpointView, Fault, Figure, Moment, Policy, Random, Selector, Start,
};
use std::collections::VecDeque;
use std::sync::Arc;

/// Requests of a warm-up, and of the measurement.
const REQUESTS: u64 = 2000;
/// Requests in flight at a time.
const IN_FLIGHT: u64 = 10;

/// Lets a selector serve these requests, each of which ends when so many others have begun.
fn serve(
    selector: &Selector,
    views: &mut [EndpointView],
    running: &mut VecDeque<Start>,
    requests: std::ops::Range<u64>,
) {
    let mut random = Random::seeded(requests.start);
    for n in requests {
        let now = Moment(n * 1_000_000);
        if running.len() as u64 >= IN_FLIGHT {
            let start = running.pop_front().unwrap();
            finish(selector, views, start, n);
        }
        let ask = Ask {
            affinity: n.is_multiple_of(3).then_some(n),
            ..Ask::read(n % 7, (n % 4) as u8, 1.0 + (n % 5) as f64, now)
        };
        let Some(pick) = selector.select(views, &ask, now, &mut random) else {
            continue;
        };
        let view = &mut views[pick.index];
        view.load.in_flight += 1;
        view.last_chosen = Some(now);
        let start = Start {
            endpoint: pick.index,
            in_flight: view.load.in_flight,
            ask,
            now,
        };
        selector.policy.on_start(&start);
        running.push_back(start);
    }
}

/// What an endpoint needs memory for is there after its first request.
fn serve_one_each(selector: &Selector, views: &mut [EndpointView]) {
    let now = Moment(0);
    for endpoint in 0..views.len() {
        views[endpoint].load.in_flight = 1;
        let start = Start {
            endpoint,
            in_flight: 1,
            ask: Ask::read(1, 0, 1.0, now),
            now,
        };
        selector.policy.on_start(&start);
        finish(selector, views, start, 1);
    }
}

fn finish(selector: &Selector, views: &mut [EndpointView], start: Start, n: u64) {
    let view = &mut views[start.endpoint];
    view.load.in_flight -= 1;
    view.load.mean_time = Some(0.01 + (n % 11) as f64 / 1000.0);
    view.window_mean = view.load.mean_time;
    let fault = if n.is_multiple_of(50) {
        Fault::Overload
    } else {
        Fault::None
    };
    let now = Moment(n * 1_000_000);
    selector.policy.on_finish(&Completion {
        start,
        now,
        service_time: now - start.now,
        fault: Some(fault),
        outpaced: false,
    });
}

/// Allocations of the requests after the warm-up.
fn allocations(policy: Arc<dyn Policy>, endpoints: usize) -> u64 {
    let selector = Selector::new(policy);
    let mut views = vec![EndpointView::IDLE; endpoints];
    for (id, view) in views.iter_mut().enumerate() {
        view.id = id as u64;
    }
    let mut running = VecDeque::with_capacity(IN_FLIGHT as usize);
    serve_one_each(&selector, &mut views);
    serve(&selector, &mut views, &mut running, 1..REQUESTS);
    let measured = allocation_counter::measure(|| {
        let requests = REQUESTS..2 * REQUESTS;
        serve(&selector, &mut views, &mut running, requests);
    });
    measured.count_total
}

#[test]
fn no_strategy_allocates_for_a_decision() {
    for strategy in Strategy::ALL {
        for endpoints in [3, 20, 300, 1000] {
            let count = allocations(strategy.policy(endpoints), endpoints);
            assert_eq!(count, 0, "{} of {endpoints}", strategy.word());
        }
    }
}

#[test]
fn a_custom_strategy_allocates_nothing_either() {
    let key = |figure| vec![(figure, 1.0)];
    let weighted = vec![(Figure::Load, 0.6), (Figure::Time, 0.4)];
    let custom = Custom::new([key(Figure::Errors), weighted], 20);
    assert_eq!(allocations(Arc::new(custom), 20), 0);
}
