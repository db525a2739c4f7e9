use serde_json::Value;

use crate::program::{Program, Run};

const HEADER: &str =
    "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";
const ROWS: &str = "536365,85123A,WHITE HEART,6,2010-12-01 08:26:00,2.55,17850,United Kingdom
536365,85123A,WHITE HEART,6,2010-12-01 08:26:00,2.55,17850,United Kingdom
536370,POST,POSTAGE,3,2010-12-01 08:45:00,18.00,12583,France
536367,71053,LANTERN,many,2010-12-01 08:34:00,3.39,13047,United Kingdom
";

fn import(args: &[&str]) -> Program {
    let mut all = vec!["import", "orders.csv", "--format", "online-retail"];
    all.extend(args);
    Program::new(&all).with_file("orders.csv", &format!("{HEADER}\n{ROWS}"))
}

fn counts(run: &Run) -> Vec<(String, u64)> {
    let rows = run.stdout.lines().skip(1).map(|line| {
        let (name, count) = line.trim().rsplit_once(' ').unwrap();
        (name.trim().to_owned(), count.parse().unwrap())
    });
    rows.collect()
}

#[test]
fn import_prints_a_summary_and_the_lines_of_bad_rows() {
    let run = import(&["--tenant", "shop-uk"]).run();
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let expected = [
        ("read", 4),
        ("new in the store", 3),
        ("already present", 0),
        ("left out as bad", 1),
        ("sales", 2),
        ("cancellations", 0),
        ("returns", 0),
        ("price of zero", 0),
        ("price below zero", 0),
        ("fees", 1),
        ("exact duplicates", 1),
        ("without a customer", 0),
    ];
    let expected: Vec<(String, u64)> = expected
        .iter()
        .map(|(name, count)| ((*name).to_owned(), *count))
        .collect();
    assert_eq!(counts(&run), expected);
    assert!(run.stderr.starts_with("line 5: "), "{}", run.stderr);
    assert!(run.stderr.ends_with("; left out\n"), "{}", run.stderr);
}

#[test]
fn a_second_import_changes_nothing() {
    let mut program = import(&["--tenant", "shop-uk", "--json"]);
    program.run_again();
    let run = program.run();
    let summary: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(summary["inserted"], 0);
    assert_eq!(summary["already_present"], 3);
}

#[test]
fn what_cannot_be_imported_is_told() {
    let args = [
        "import",
        "absent.csv",
        "--format",
        "online-retail",
        "--tenant",
        "t",
    ];
    let run = Program::new(&args).run();
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr
            .starts_with("error: failed to open absent.csv; check the path"),
        "{}",
        run.stderr
    );

    for args in [&["--tenant", "a:b"][..], &["--tenant", ""], &[]] {
        let run = import(args).run();
        assert_eq!(run.code, Some(2), "{}", run.stderr);
    }
    let run = import(&["--tenant", "t"])
        .with_env("DATABASE_URL", "sqlite:///no/such/folder/x.db")
        .run();
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("check DATABASE_URL"), "{}", run.stderr);
}
