use super::ProbeOutcome::{Bad, Good, Silent};
use super::*;

const DEFAULT: ProbeSettings = ProbeSettings {
    rule: StatusRule::Consecutive,
    unhealthy_after: 5,
    healthy_after: 1,
};

fn rules(rule: StatusRule) -> ProbeSettings {
    ProbeSettings { rule, ..DEFAULT }
}

fn after(rule: StatusRule, signs: &[ProbeOutcome]) -> HealthStatus {
    let machine = StatusMachine::default();
    for outcome in signs {
        machine.probed(*outcome, &rules(rule));
    }
    machine.get()
}

#[test]
fn as_many_failures_in_a_row_as_the_threshold_are_unhealthy() {
    use StatusRule::Consecutive;
    assert_eq!(after(Consecutive, &[Silent; 4]), HealthStatus::Healthy);
    assert_eq!(after(Consecutive, &[Silent; 5]), HealthStatus::Unhealthy);
    assert_eq!(after(Consecutive, &[Bad; 5]), HealthStatus::Unhealthy);
    let broken = [Bad, Bad, Bad, Bad, Good, Bad, Bad, Bad, Bad];
    assert_eq!(after(Consecutive, &broken), HealthStatus::Healthy);
}

#[test]
fn one_good_probe_restores_unless_more_are_asked_for() {
    let machine = StatusMachine::default();
    let careful = ProbeSettings {
        healthy_after: 2,
        ..DEFAULT
    };
    for _ in 0..5 {
        machine.probed(Silent, &careful);
    }
    assert_eq!(machine.probed(Good, &careful), None);
    assert_eq!(machine.probed(Good, &careful), Some(HealthStatus::Healthy));
    for _ in 0..5 {
        machine.probed(Silent, &careful);
    }
    assert_eq!(machine.probed(Good, &DEFAULT), Some(HealthStatus::Healthy));
}

#[test]
fn a_change_is_told_once() {
    let machine = StatusMachine::default();
    let told: Vec<_> = (0..9)
        .filter_map(|_| machine.probed(Silent, &DEFAULT))
        .collect();
    assert_eq!(told, [HealthStatus::Unhealthy]);
}

#[test]
fn the_leaky_rule_degrades_above_three_and_is_unhealthy_above_five_when_silent() {
    use StatusRule::Leaky;
    assert_eq!(after(Leaky, &[Bad; 3]), HealthStatus::Healthy);
    assert_eq!(after(Leaky, &[Bad; 4]), HealthStatus::Degraded);
    assert_eq!(after(Leaky, &[Bad; 40]), HealthStatus::Degraded);
    assert_eq!(after(Leaky, &[Silent; 5]), HealthStatus::Healthy);
    assert_eq!(after(Leaky, &[Silent; 6]), HealthStatus::Unhealthy);
    let worse_then_bad = [Silent, Silent, Silent, Silent, Silent, Silent, Bad];
    assert_eq!(after(Leaky, &worse_then_bad), HealthStatus::Unhealthy);
}

#[test]
fn a_good_probe_takes_one_error_away_so_flapping_degrades_again_at_once() {
    use StatusRule::Leaky;
    let flapping = [Bad, Bad, Bad, Bad, Good];
    assert_eq!(after(Leaky, &flapping), HealthStatus::Healthy);
    assert_eq!(
        after(Leaky, &[&flapping[..], &[Bad]].concat()),
        HealthStatus::Degraded
    );
}

#[test]
fn traffic_degrades_under_the_leaky_rule_only_and_forgives() {
    let leaky = rules(StatusRule::Leaky);
    let machine = StatusMachine::default();
    for _ in 0..9 {
        machine.failed_in_traffic(&rules(StatusRule::Consecutive));
    }
    assert_eq!(machine.get(), HealthStatus::Healthy);
    for _ in 0..4 {
        machine.failed_in_traffic(&leaky);
    }
    assert_eq!(machine.get(), HealthStatus::Degraded);
    assert_eq!(
        machine.succeeded_in_traffic(&leaky),
        Some(HealthStatus::Healthy)
    );
}

#[test]
fn maintenance_hides_the_state_and_gives_it_back() {
    let machine = StatusMachine::default();
    for _ in 0..5 {
        machine.probed(Silent, &DEFAULT);
    }
    assert!(machine.set_operator_status(OperatorStatus::Maintenance));
    assert!(!machine.set_operator_status(OperatorStatus::Maintenance));
    assert_eq!(machine.get(), HealthStatus::Maintenance);
    machine.set_operator_status(OperatorStatus::Active);
    assert_eq!(machine.get(), HealthStatus::Unhealthy);
}
