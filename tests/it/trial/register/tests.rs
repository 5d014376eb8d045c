use std::time::Duration;

use super::*;

/// A time that is over.
fn past() -> Instant {
    Instant::now()
}

fn future() -> Instant {
    Instant::now() + Duration::from_secs(3600)
}

fn seen(register: &Register) -> u64 {
    register.floor().seen
}

/// Judges what a read shows that begins and ends now.
fn shows(register: &Register, observed: Observed) -> Result<(), Violation> {
    register.check_read(seen(register), observed, Instant::now())
}

fn done(register: &Register) -> u64 {
    let version = register.attempt();
    let outcome = register.record_write(version, Outcome::Acknowledged, past());
    assert_eq!(outcome, Ok(()));
    version
}

/// A write of which nothing is known; it counts as applied when it is seen until then.
fn unknown(register: &Register, until: Instant) -> u64 {
    let version = register.attempt();
    let outcome = register.record_write(version, Outcome::Unknown, until);
    assert_eq!(outcome, Ok(()));
    version
}

#[test]
fn what_is_older_than_the_acknowledged_version_is_stale() {
    let register = Register::new(false);
    let before = seen(&register);
    let version = register.attempt();
    assert_eq!(shows(&register, Observed::Version(1)), Ok(()));
    assert_eq!(
        register.record_write(version, Outcome::Acknowledged, past()),
        Ok(())
    );
    assert_eq!(
        register.check_read(before, Observed::Version(1), past()),
        Ok(())
    );
    for old in [
        Observed::Version(1),
        Observed::Absent,
        Observed::AtLeast(2, false),
    ] {
        assert_eq!(shows(&register, old), Err(Violation::Stale));
    }
    let floor = register.floor();
    assert_eq!((floor.acknowledged, floor.seen), (2, 2));
}

#[test]
fn a_version_that_one_reader_saw_is_seen_by_all_later_ones() {
    let register = Register::new(false);
    let version = register.attempt();
    assert_eq!(shows(&register, Observed::Version(1)), Ok(()));
    assert_eq!(shows(&register, Observed::Version(version)), Ok(()));
    assert_eq!(
        shows(&register, Observed::Version(1)),
        Err(Violation::Stale)
    );
    assert_eq!(register.floor().acknowledged, 1);
}

#[test]
fn a_write_of_unknown_outcome_binds_all_once_it_was_seen_in_time() {
    let register = Register::new(false);
    let version = unknown(&register, future());
    assert_eq!(shows(&register, Observed::Version(1)), Ok(()));
    assert_eq!(shows(&register, Observed::Version(version)), Ok(()));
    assert_eq!(
        shows(&register, Observed::Version(1)),
        Err(Violation::Stale)
    );
}

#[test]
fn a_write_that_is_seen_after_the_quarantine_binds_nobody_until_the_next_one() {
    let register = Register::new(false);
    let version = unknown(&register, past());
    register.record_read(version, future());
    assert_eq!(shows(&register, Observed::Version(1)), Ok(()));
    assert_eq!(shows(&register, Observed::Version(version)), Ok(()));
    let next = done(&register);
    for old in [1, version] {
        assert_eq!(
            shows(&register, Observed::Version(old)),
            Err(Violation::Stale)
        );
    }
    assert_eq!(shows(&register, Observed::Version(next)), Ok(()));
}

#[test]
fn a_write_of_unknown_outcome_may_be_applied_after_the_next_one_and_then_no_more() {
    let register = Register::new(false);
    let lost = unknown(&register, past());
    let next = done(&register);
    assert_eq!(shows(&register, Observed::Version(next)), Ok(()));
    assert_eq!(
        shows(&register, Observed::Version(1)),
        Err(Violation::Stale)
    );
    assert_eq!(shows(&register, Observed::Version(lost)), Ok(()));
    assert_eq!(shows(&register, Observed::AtLeast(next, false)), Ok(()));
    let before = seen(&register);
    done(&register);
    assert_eq!(
        register.check_read(before, Observed::Version(lost), past()),
        Ok(())
    );
    assert_eq!(
        shows(&register, Observed::Version(lost)),
        Err(Violation::Stale)
    );
    let old = Observed::AtLeast(next, false);
    assert_eq!(shows(&register, old), Err(Violation::Stale));
}

#[test]
fn what_nobody_wrote_is_invented() {
    let register = Register::new(true);
    let never = Observed::Version(NEVER_COMMITTED);
    assert_eq!(shows(&register, never), Err(Violation::NeverWritten));
}

#[test]
fn what_had_no_effect_is_invented() {
    let register = Register::new(true);
    let version = register.attempt();
    assert_eq!(
        register.record_write(version, Outcome::NoEffect, past()),
        Ok(())
    );
    let observed = Observed::Version(version);
    assert_eq!(shows(&register, observed), Err(Violation::NeverWritten));
    let version = register.attempt();
    assert_eq!(shows(&register, Observed::Version(version)), Ok(()));
    let outcome = register.record_write(version, Outcome::NoEffect, past());
    assert_eq!(outcome, Err(Violation::NeverWritten));
}

#[test]
fn a_value_may_be_gone_only_where_a_version_says_so() {
    let register = Register::new(true);
    while done(&register) < 7 {}
    assert_eq!(shows(&register, Observed::Absent), Err(Violation::Stale));
    assert!(register.is_deleted_at(register.attempt()));
    assert_eq!(register.check_read(7, Observed::Absent, past()), Ok(()));
    done(&register);
    assert_eq!(shows(&register, Observed::Absent), Err(Violation::Stale));
}

#[test]
fn a_removal_that_had_no_effect_takes_nothing_away_and_one_of_unknown_outcome_may() {
    let register = Register::new(true);
    while done(&register) < 7 {}
    let version = register.attempt();
    assert_eq!(
        register.record_write(version, Outcome::NoEffect, past()),
        Ok(())
    );
    assert_eq!(shows(&register, Observed::Absent), Err(Violation::Stale));
    while done(&register) < 15 {}
    assert!(!register.may_still_be_deleted());
    unknown(&register, past());
    done(&register);
    assert!(register.may_still_be_deleted());
    assert_eq!(shows(&register, Observed::Absent), Ok(()));
}

#[test]
fn a_write_with_a_hole_shows_nothing_only_until_it_is_known() {
    let register = Register::new(false);
    let version = register.attempt();
    register.is_briefly_absent_during(version);
    let before = seen(&register);
    for gap in [Observed::Absent, Observed::AtLeast(1, false)] {
        assert_eq!(register.check_read(before, gap, past()), Ok(()));
    }
    assert_eq!(
        register.record_write(version, Outcome::Acknowledged, past()),
        Ok(())
    );
    assert_eq!(
        register.check_read(before, Observed::Absent, past()),
        Ok(())
    );
    assert_eq!(shows(&register, Observed::Absent), Err(Violation::Stale));
}
