use super::{Outcome, Report};
use crate::Exit;

fn report(outcomes: Vec<Outcome>) -> Report {
    let mut report = Report::default();
    for outcome in outcomes {
        report.step("step", || outcome);
    }
    report
}

#[test]
fn one_failure_fails_the_command() {
    let outcomes = vec![
        Outcome::Passed,
        Outcome::Failed("broken".to_owned()),
        Outcome::Passed,
    ];
    let report = report(outcomes);
    assert!(
        report
            .summary()
            .contains("Steps: 2 ok, 1 failed, 0 skipped")
    );
    assert!(report.summary().contains("broken"));
    assert_eq!(report.close(), Exit::Failed);
}

#[test]
fn a_skipped_step_is_told_and_does_not_fail() {
    let report = report(vec![Outcome::Skipped("no such tool".to_owned())]);
    assert!(report.summary().contains("no such tool"));
    assert_eq!(report.close(), Exit::Passed);
}
