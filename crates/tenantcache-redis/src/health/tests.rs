use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn connected() -> Machine {
    let mut machine = Machine::new();
    machine.connected(seconds(100));
    machine
}

#[test]
fn an_absent_server_is_told_once_and_its_coming_once() {
    let mut machine = Machine::new();
    let told = machine.lost(HealthCause::Unreachable, SECOND).unwrap();
    assert_eq!(
        (told.state, told.cause),
        (HealthState::Down, Some(HealthCause::Unreachable))
    );
    for at in 2..100 {
        assert_eq!(machine.lost(HealthCause::Unreachable, seconds(at)), None);
        assert_eq!(machine.lost(HealthCause::Silent, seconds(at)), None);
    }
    let told = machine.connected(seconds(100)).unwrap();
    assert_eq!((told.state, told.cause), (HealthState::Up, None));
}

#[test]
fn a_cause_that_somebody_can_mend_is_told_though_it_was_down_before() {
    let mut machine = Machine::new();
    machine.lost(HealthCause::Unreachable, SECOND);
    let told = machine.lost(HealthCause::AccessDenied, SECOND).unwrap();
    assert_eq!(told.cause, Some(HealthCause::AccessDenied));
    assert_eq!(machine.lost(HealthCause::AccessDenied, seconds(6)), None);
    // A server that was silent for a moment is not mended by that.
    assert_eq!(machine.lost(HealthCause::Silent, seconds(7)), None);
    assert_eq!(machine.lost(HealthCause::AccessDenied, seconds(8)), None);
    assert_eq!(machine.cause(), Some(HealthCause::AccessDenied));
}

#[test]
fn a_lost_connection_is_believed_after_one_answer_however_often() {
    let mut machine = connected();
    for at in 101..110 {
        machine.lost(HealthCause::Unreachable, seconds(at));
        assert_eq!(machine.proof(), Proof::InARow(1));
        machine.connected(seconds(at));
    }
}

#[test]
fn a_late_server_owes_five_answers_and_then_ten_calm_seconds() {
    let mut machine = connected();
    machine.lost(HealthCause::Silent, seconds(101));
    assert_eq!(machine.proof(), Proof::InARow(5));
    // While it is down, nothing makes it worse.
    machine.lost(HealthCause::Silent, seconds(102));
    assert_eq!(machine.proof(), Proof::InARow(5));
    machine.connected(seconds(103));

    machine.lost(HealthCause::Slow, seconds(112));
    assert_eq!(machine.proof(), Proof::Calm(CALM), "late again within 10 s");
    machine.connected(seconds(130));

    machine.lost(HealthCause::Slow, seconds(140));
    assert_eq!(machine.proof(), Proof::InARow(5), "it was well for 10 s");
}

#[test]
fn a_server_that_never_recovers_changes_at_most_once_in_ten_seconds() {
    let mut machine = connected();
    let (mut now, mut changes) = (seconds(200), Vec::new());
    for _ in 0..20 {
        machine.lost(HealthCause::Slow, now);
        changes.push(now);
        now += match machine.proof() {
            Proof::InARow(_) => SECOND / 10,
            Proof::Calm(time) => time,
        };
        machine.connected(now);
        changes.push(now);
        now += SECOND / 10;
    }
    let steady = &changes[3..];
    let closings = steady.iter().skip(1).step_by(2);
    let openings = steady.iter().step_by(2);
    for (opened, closed) in openings.zip(closings) {
        assert!(closed.abs_diff(*opened) <= CALM);
    }
    let span = changes[39] - changes[3];
    assert!(span >= 17 * CALM, "36 changes took {span:?}");
}

#[test]
fn refusals_degrade_until_something_is_written_or_they_are_long_past() {
    let mut machine = connected();
    let told = machine.refused(HealthCause::WritesRefused, seconds(101));
    assert_eq!(told.unwrap().state, HealthState::Degraded);
    assert_eq!(
        machine.refused(HealthCause::WritesRefused, seconds(102)),
        None
    );
    assert_eq!(
        machine.written(seconds(103)).unwrap().state,
        HealthState::Up
    );
    assert_eq!(machine.written(seconds(103)), None);

    machine.refused(HealthCause::Refusing, seconds(110));
    assert_eq!(
        machine.written(seconds(111)),
        None,
        "that is another refusal"
    );
    assert_eq!(machine.tick(seconds(119)), None);
    assert_eq!(machine.tick(seconds(120)).unwrap().state, HealthState::Up);
}

#[test]
fn what_is_down_is_not_degraded() {
    let mut machine = connected();
    machine.lost(HealthCause::Silent, seconds(101));
    assert_eq!(
        machine.refused(HealthCause::WritesRefused, seconds(101)),
        None
    );
    assert_eq!(machine.state(), HealthState::Down);
    assert_eq!(machine.written(seconds(101)), None);
    assert_eq!(machine.tick(seconds(150)), None);
}

#[test]
fn many_changes_are_few_lines_and_the_last_state_is_told() {
    let mut machine = connected();
    let mut lines = 0;
    for at in 0..20 {
        let now = seconds(200) + 3 * SECOND * at;
        lines += u32::from(machine.lost(HealthCause::Unreachable, now).is_some());
        lines += u32::from(machine.connected(now + SECOND).is_some());
    }
    assert!((6..=13).contains(&lines), "{lines} lines for 40 changes");
    let now = seconds(200) + 3 * SECOND * 19 + SECOND;
    assert_eq!(machine.tick(now + SECOND), None);
    let told = machine.tick(now + CALM).unwrap();
    assert_eq!(told.state, HealthState::Up);
    assert!(told.untold > 0);
    assert_eq!(machine.tick(now + 2 * CALM), None);
}
