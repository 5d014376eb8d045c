//! A decision allocates nothing: selecting an endpoint, and telling the policy of the beginning and the end of the request.

use balancing::policies::{Custom, Strategy};
use balancing::{
    Ask, Completion, EndpointView, Fault, Figure, Moment, Policy, Random, Selector, Start,
};
use std::sync::Arc;
use std::time::Duration;

/// Requests of a warm-up, and of the measurement.
const REQUESTS: u64 = 2000;

/// Lets a selector serve these requests, each of which ends before the next one begins.
fn serve(selector: &Selector, views: &mut [EndpointView], requests: std::ops::Range<u64>) {
    let mut random = Random::seeded(requests.start);
    for n in requests {
        let now = Moment(n * 1_000_000);
        let ask = Ask {
            affinity: (n % 3 == 0).then_some(n),
            ..Ask::read(n % 7, (n % 4) as u8, 1.0 + (n % 5) as f64, now)
        };
        let Some(pick) = selector.select(views, &ask, now, &mut random) else {
            continue;
        };
        let view = &mut views[pick.index];
        view.last_chosen = Some(now);
        view.load.mean_time = Some(0.01 + (n % 11) as f64 / 1000.0);
        view.window_mean = view.load.mean_time;
        let start = Start {
            endpoint: pick.index,
            in_flight: 1,
            ask,
            now,
        };
        selector.policy.on_start(&start);
        let fault = if n % 50 == 0 {
            Fault::Overload
        } else {
            Fault::None
        };
        let service_time = Duration::from_micros(500 + n % 300);
        selector.policy.on_finish(&Completion {
            start,
            now: now + service_time,
            service_time,
            fault: Some(fault),
            outpaced: false,
        });
    }
}

/// Allocations of the requests after the warm-up.
fn allocations(policy: Arc<dyn Policy>, endpoints: usize) -> u64 {
    let selector = Selector::new(policy);
    let mut views = vec![EndpointView::IDLE; endpoints];
    for (id, view) in views.iter_mut().enumerate() {
        view.id = id as u64;
    }
    serve(&selector, &mut views, 0..REQUESTS);
    let measured = allocation_counter::measure(|| {
        serve(&selector, &mut views, REQUESTS..2 * REQUESTS);
    });
    measured.count_total
}

#[test]
fn no_strategy_allocates_for_a_decision() {
    for strategy in Strategy::ALL {
        for endpoints in [3, 20] {
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
