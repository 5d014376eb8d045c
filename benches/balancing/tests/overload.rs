//! What is measured where more comes than can be served.

use balancing::policies::Strategy;
use balancing_sim::contender::Contender;
use balancing_sim::engine::run;
use balancing_sim::line::Waiting;
use balancing_sim::outcome::Outcome;
use balancing_sim::scenarios::named;
use balancing_sim::settings::Settings;

fn outcome(id: &str, waiting: Waiting, length: f64) -> Outcome {
    let settings = Settings {
        waiting,
        length,
        ..Settings::default()
    };
    let adaptive = Contender::Own(Strategy::Adaptive);
    run(named(id).unwrap(), adaptive, &settings, 101)
}

/// Small requests served first, a short run and answers after the last arrival once made 180 % of it.
#[test]
fn no_more_is_answered_than_comes_or_can_be_done() {
    for id in [
        "overload.cold.1.03",
        "overload.cold.1.41",
        "overload.cold.1.74",
    ] {
        for waiting in Waiting::COMPARED {
            let goodput = outcome(id, waiting, 0.1).goodput.unwrap();
            assert!(goodput <= 1.0, "{id}, {waiting:?}: {goodput}");
        }
    }
}

#[test]
fn overload_lasts_as_long_in_a_short_report() {
    let requests = |length| outcome("overload.cold.1.41", Waiting::PredictedWait, length).requests;
    assert_eq!(requests(0.1), requests(1.0));
}

/// With as many as can be served in each ten seconds, and twice as many coming, it takes five seconds until each waits as long as
/// clients do.
#[test]
fn a_queue_in_order_without_a_bound_refuses_nobody_and_answers_nobody_in_time() {
    let in_order = outcome("overload.impatient", Waiting::Fifo, 1.0);
    assert_eq!(in_order.refused, 0.0);
    assert!(in_order.goodput.unwrap() < 0.05, "{:?}", in_order.goodput);
}
