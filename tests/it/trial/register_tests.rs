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
fn shows(register: &Register, shown: Shown) -> Result<(), Wrong> {
    register.judge(seen(register), shown, Instant::now())
}

fn done(register: &Register) -> u64 {
    let version = register.attempt();
    let told = register.told(version, Told::Done, past());
    assert_eq!(told, Ok(()));
    version
}

/// A write of which nothing is known; it counts as applied when it is seen until then.
fn unknown(register: &Register, until: Instant) -> u64 {
    let version = register.attempt();
    let told = register.told(version, Told::Unknown, until);
    assert_eq!(told, Ok(()));
    version
}

#[test]
fn what_is_older_than_the_acknowledged_version_is_stale() {
    let register = Register::new(false);
    let before = seen(&register);
    let version = register.attempt();
    assert_eq!(shows(&register, Shown::Version(1)), Ok(()));
    assert_eq!(register.told(version, Told::Done, past()), Ok(()));
    assert_eq!(register.judge(before, Shown::Version(1), past()), Ok(()));
    for old in [Shown::Version(1), Shown::Nothing, Shown::AtLeast(2, false)] {
        assert_eq!(shows(&register, old), Err(Wrong::Stale));
    }
    let floor = register.floor();
    assert_eq!((floor.acknowledged, floor.seen), (2, 2));
}

#[test]
fn a_version_that_one_reader_saw_is_seen_by_all_later_ones() {
    let register = Register::new(false);
    let version = register.attempt();
    assert_eq!(shows(&register, Shown::Version(1)), Ok(()));
    assert_eq!(shows(&register, Shown::Version(version)), Ok(()));
    assert_eq!(shows(&register, Shown::Version(1)), Err(Wrong::Stale));
    assert_eq!(register.floor().acknowledged, 1);
}

#[test]
fn a_write_of_unknown_outcome_binds_all_once_it_was_seen_in_time() {
    let register = Register::new(false);
    let version = unknown(&register, future());
    assert_eq!(shows(&register, Shown::Version(1)), Ok(()));
    assert_eq!(shows(&register, Shown::Version(version)), Ok(()));
    assert_eq!(shows(&register, Shown::Version(1)), Err(Wrong::Stale));
}

#[test]
fn a_write_that_is_seen_after_the_quarantine_binds_nobody_until_the_next_one() {
    let register = Register::new(false);
    let version = unknown(&register, past());
    register.saw(version, future());
    assert_eq!(shows(&register, Shown::Version(1)), Ok(()));
    assert_eq!(shows(&register, Shown::Version(version)), Ok(()));
    let next = done(&register);
    for old in [1, version] {
        assert_eq!(shows(&register, Shown::Version(old)), Err(Wrong::Stale));
    }
    assert_eq!(shows(&register, Shown::Version(next)), Ok(()));
}

#[test]
fn a_write_of_unknown_outcome_may_be_applied_after_the_next_one_and_then_no_more() {
    let register = Register::new(false);
    let lost = unknown(&register, past());
    let next = done(&register);
    assert_eq!(shows(&register, Shown::Version(next)), Ok(()));
    assert_eq!(shows(&register, Shown::Version(1)), Err(Wrong::Stale));
    assert_eq!(shows(&register, Shown::Version(lost)), Ok(()));
    assert_eq!(shows(&register, Shown::AtLeast(next, false)), Ok(()));
    let before = seen(&register);
    done(&register);
    assert_eq!(register.judge(before, Shown::Version(lost), past()), Ok(()));
    assert_eq!(shows(&register, Shown::Version(lost)), Err(Wrong::Stale));
    let old = Shown::AtLeast(next, false);
    assert_eq!(shows(&register, old), Err(Wrong::Stale));
}

#[test]
fn what_nobody_wrote_is_invented() {
    let register = Register::new(true);
    let never = Shown::Version(NEVER_COMMITTED);
    assert_eq!(shows(&register, never), Err(Wrong::Invented));
}

#[test]
fn what_had_no_effect_is_invented() {
    let register = Register::new(true);
    let version = register.attempt();
    assert_eq!(register.told(version, Told::Never, past()), Ok(()));
    let shown = Shown::Version(version);
    assert_eq!(shows(&register, shown), Err(Wrong::Invented));
    let version = register.attempt();
    assert_eq!(shows(&register, Shown::Version(version)), Ok(()));
    let told = register.told(version, Told::Never, past());
    assert_eq!(told, Err(Wrong::Invented));
}

#[test]
fn a_value_may_be_gone_only_where_a_version_says_so() {
    let register = Register::new(true);
    while done(&register) < 7 {}
    assert_eq!(shows(&register, Shown::Nothing), Err(Wrong::Stale));
    assert!(register.is_gone_at(register.attempt()));
    assert_eq!(register.judge(7, Shown::Nothing, past()), Ok(()));
    done(&register);
    assert_eq!(shows(&register, Shown::Nothing), Err(Wrong::Stale));
}

#[test]
fn a_removal_that_had_no_effect_takes_nothing_away_and_one_of_unknown_outcome_may() {
    let register = Register::new(true);
    while done(&register) < 7 {}
    let version = register.attempt();
    assert_eq!(register.told(version, Told::Never, past()), Ok(()));
    assert_eq!(shows(&register, Shown::Nothing), Err(Wrong::Stale));
    while done(&register) < 15 {}
    assert!(!register.may_yet_go());
    unknown(&register, past());
    done(&register);
    assert!(register.may_yet_go());
    assert_eq!(shows(&register, Shown::Nothing), Ok(()));
}

#[test]
fn a_write_with_a_hole_shows_nothing_only_until_it_is_known() {
    let register = Register::new(false);
    let version = register.attempt();
    register.leaves_a_hole(version);
    let before = seen(&register);
    for hole in [Shown::Nothing, Shown::AtLeast(1, false)] {
        assert_eq!(register.judge(before, hole, past()), Ok(()));
    }
    assert_eq!(register.told(version, Told::Done, past()), Ok(()));
    assert_eq!(register.judge(before, Shown::Nothing, past()), Ok(()));
    assert_eq!(shows(&register, Shown::Nothing), Err(Wrong::Stale));
}
