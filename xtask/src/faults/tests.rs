use std::path::Path;

use super::catalogue::{self, Fault, When};
use super::rows::{Ended, Verdict, ended, row};
use super::tests_list::{disagreements, in_text, number_of};
use super::{Options, expression, page, parse, secrets};

/// What must pass before each merge.
const GATE: [u8; 37] = [
    1, 2, 3, 7, 8, 15, 16, 17, 18, 20, 26, 28, 29, 30, 35, 41, 45, 46, 47, 48, 49, 57, 58, 59, 64,
    66, 68, 69, 74, 77, 78, 79, 80, 81, 82, 87, 89,
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn options(line: &str) -> Result<Options, String> {
    let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
    parse(&words)
}

#[test]
fn options_are_read() {
    assert_eq!(options(""), Ok(Options::default()));
    let all = Options {
        only: vec![7, 12],
        long: true,
        no_storm: true,
        write: true,
    };
    assert_eq!(options("--long F7 --no-storm f12 --write"), Ok(all));
    for bad in ["F0", "F91", "7", "--short", "F"] {
        assert!(options(bad).is_err_and(|message| message.contains(&format!("`{bad}`"))));
    }
    assert_eq!(expression(&[7, 12]), "test(/^faults::.*::f(07|12)_/)");
}

#[test]
fn the_catalogue_has_every_fault_once() {
    let faults = catalogue::read(root()).unwrap();
    let numbers: Vec<u8> = faults.iter().map(|fault| fault.number).collect();
    assert_eq!(numbers, (1..=catalogue::COUNT).collect::<Vec<_>>());
    for fault in &faults {
        let gate = GATE.contains(&fault.number);
        assert_eq!(fault.when == When::Gate, gate, "F{}", fault.number);
        assert!(!fault.what.contains('|') && !fault.expected.contains('|'));
    }
    let is_untested = |fault: &&Fault| matches!(fault.when, When::NotTested { .. });
    assert!(faults.iter().filter(is_untested).count() <= 10);
}

#[test]
fn the_catalogue_and_the_tests_agree() {
    let faults = catalogue::read(root()).unwrap();
    let wrong = disagreements(&faults, root());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn tests_are_read_from_their_source() {
    let source = "
        /// Long.
        #[tokio::test(
            flavor = \"multi_thread\"
        )]
        #[ignore = \"cargo xtask faults\"]
        async fn f04_hangs_long() {}

        fn f05_helper() {}

        #[test]
        fn f07_half_open() {}
    ";
    let tests = in_text(source);
    let tests: Vec<_> = tests
        .iter()
        .map(|test| (test.name.as_str(), test.number, test.ignored))
        .collect();
    assert_eq!(
        tests,
        [("f04_hangs_long", 4, true), ("f07_half_open", 7, false)]
    );
    assert_eq!(number_of("faults::wire::f07_half_open"), Some(7));
    for name in ["f7_half_open", "f071_x", "fo7_x", "half_open", "f07"] {
        assert_eq!(number_of(name), None, "{name}");
    }
}

#[test]
fn both_harnesses_are_understood() {
    let log = "
        PASS [   1.500s] ( 1/3) sellerboard::it faults::wire::f07_half_open
        SLOW [> 60.000s] ( 2/3) sellerboard::it faults::wire::f08_cut
     TIMEOUT [ 180.000s] ( 2/3) sellerboard::it faults::wire::f08_cut
        PASS [   0.500s] ( 3/3) sellerboard::it faults::wire::f07_other
        PASS [   0.500s] ( 3/3) sellerboard::it outage::f09_elsewhere
     TIMEOUT [ 180.000s] ( 2/3) sellerboard::it faults::wire::f08_cut
test faults::wire::f10_slices ... ok
test faults::wire::f11_no_redis ... FAILED
test faults::wire::f12_names ... ignored, cargo xtask faults
";
    let ended = ended(log);
    let of = |number| {
        let fault: Option<&Ended> = ended.get(&number);
        fault.map(|fault| (fault.passed, fault.failed, fault.seconds))
    };
    assert_eq!(of(7), Some((2, 0, Some(2.0))));
    assert_eq!(of(8), Some((0, 1, Some(180.0))));
    assert_eq!(of(9), None);
    assert_eq!(of(10), Some((1, 0, None)));
    assert_eq!(of(11), Some((0, 1, None)));
    assert_eq!(of(12), None);
}

fn fault(when: When) -> Fault {
    Fault {
        number: 7,
        when,
        what: "half-open".to_owned(),
        expected: "noticed".to_owned(),
    }
}

fn passed(count: usize) -> Ended {
    Ended {
        passed: count,
        failed: 0,
        seconds: Some(1.25),
    }
}

#[test]
fn a_fault_is_ok_only_if_its_test_passed_and_said_what_it_saw() {
    let verdict = |ended, said| row(&fault(When::Gate), ended, said).verdict;
    assert_eq!(verdict(passed(1), Some("1 s")), Verdict::Ok);
    assert_eq!(verdict(passed(1), None), Verdict::Failed);
    assert_eq!(verdict(passed(0), None), Verdict::Failed);
    assert_eq!(
        verdict(passed(1), Some("not tested: no tool")),
        Verdict::NotTested
    );
    let failed = Ended {
        failed: 1,
        ..passed(1)
    };
    assert_eq!(verdict(failed, Some("1 s")), Verdict::Failed);
    let reason = "no second machine".to_owned();
    let listed = row(&fault(When::NotTested { reason }), passed(0), None);
    assert_eq!(listed.verdict, Verdict::NotTested);
    assert_eq!(listed.seen, "no second machine");
}

#[test]
fn the_page_keeps_what_was_not_run() {
    let page = "Prose.\n<!-- faults: begin -->\n| F6 | a | b | c | ok | 1.0 |\n| F7 | old |\n\
                <!-- faults: end -->\n<!-- storm: begin -->\nold\n<!-- storm: end -->\nEnd.\n";
    let rows = [row(&fault(When::Gate), passed(1), Some("a|b"))];
    let renewed = page::renewed(page, &rows, "").unwrap();
    assert!(renewed.contains(
        "| F6 | a | b | c | ok | 1.0 |\n| F7 | half-open | noticed | a/b | ok | 1.2 |\n<!--"
    ));
    assert!(renewed.contains("\nold\n<!-- storm: end -->\nEnd.\n"));
    let renewed = page::renewed(&renewed, &[], "building\n| x |\n| 1 |\ndone\n").unwrap();
    assert!(renewed.contains("begin -->\n| x |\n| 1 |\n<!-- storm: end -->"));
    assert!(page::renewed("nothing", &[], "").is_err());
}

#[test]
fn secrets_and_tokens_are_found() {
    let source = "const SECRET: &str = \"a secret of the tests\";\nconst NAME: &str = \"an ordinary word\";\n\
                  pub(crate) const REDIS_PASSWORD: &[u8] =\n    b\"a password of some length\";";
    assert_eq!(
        secrets::constants(source),
        ["a secret of the tests", "a password of some length"]
    );
    let token = concat!(
        "eyJhbGciOiJIUzI1NiJ9",
        ".eyJzdWIiOiJ1LTEifQ.c2lnbmF0dXJlIG9mIHRoaXMgdG9rZW4"
    );
    assert!(secrets::has_token(&format!("Bearer {token}\"")));
    assert!(!secrets::has_token(
        "eyJhbGciOiJIUzI1NiJ9 and eyJ.eyJ.short"
    ));
}
