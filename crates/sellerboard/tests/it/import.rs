use std::fmt::Write as _;

use rustix::process::Signal;
use seller_data::Store;
use serde_json::Value;
use tempfile::TempDir;

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
    assert_eq!(
        run.stderr,
        "line 5: Quantity: expected a whole number from -10000000 to 10000000, found \"many\"; left out\n"
    );
}

const ORDERS: u32 = 30_000;

/// An import that was killed once some of its rows were in the store.
struct Killed {
    folder: TempDir,
    store: Store,
    done: i64,
}

impl Killed {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut file = "order_id,ordered_at,product_id,quantity,unit_price\n".to_owned();
        for order in 0..ORDERS {
            for product in [order % 97, order % 31] {
                writeln!(file, "{order},2011-01-01T10:00:00Z,p{product},1,2.50").unwrap();
            }
        }
        std::fs::write(folder.path().join("orders.csv"), file).unwrap();
        let store = Store::open(&url(&folder)).await.unwrap();
        let mut killed = Self {
            folder,
            store,
            done: 0,
        };
        let service = killed.import().start();
        while killed.lines().await == 0 {
            tokio::task::yield_now().await;
        }
        service.signal(Signal::KILL);
        let run = service.end().await;
        assert_eq!(run.code, None, "it ended before: {}", run.stderr);
        killed.done = killed.lines().await;
        assert!((1..i64::from(2 * ORDERS)).contains(&killed.done));
        killed
    }

    fn file(&self) -> String {
        self.folder.path().join("orders.csv").display().to_string()
    }

    fn import(&self) -> Program {
        let file = self.file();
        let args = [
            "import", &file, "--format", "orders", "--tenant", "shop", "--json",
        ];
        Program::new(&args).with_env("DATABASE_URL", &url(&self.folder))
    }

    async fn lines(&self) -> i64 {
        self.store.stats("shop").await.unwrap().kpis.units.value
    }
}

fn url(folder: &TempDir) -> String {
    format!("sqlite://{}", folder.path().join("shops.db").display())
}

#[tokio::test]
async fn a_killed_import_goes_on_where_it_was() {
    let killed = Killed::new().await;
    let done = killed.done;
    let run = killed.import().run_beside().await;
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let said =
        format!("continuing after row {done}, where an import of these rows was interrupted\n");
    assert_eq!(run.stderr, said);
    let summary: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(summary["resumed_after"], done);
    assert_eq!(summary["inserted"], 2 * ORDERS);
    assert_eq!(killed.lines().await, i64::from(2 * ORDERS));
    let kpis = killed.store.stats("shop").await.unwrap().kpis;
    assert_eq!(kpis.orders.value, i64::from(ORDERS));
}

#[tokio::test]
async fn a_file_that_has_changed_since_its_import_was_killed_is_noticed() {
    let killed = Killed::new().await;
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .open(killed.file())
        .unwrap();
    std::io::Write::write_all(&mut file, b"x,2011-01-01T10:00:00Z,p1,1,2.50\n").unwrap();
    let run = killed.import().run_beside().await;
    let said = format!(
        "{} has changed since {} rows of it were imported and that was interrupted; starting with its first row",
        killed.file(),
        killed.done
    );
    assert!(run.stderr.starts_with(&said), "{}", run.stderr);
    let summary: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(summary["resumed_after"], 0);
    assert_eq!(summary["already_present"], killed.done);
    assert_eq!(killed.lines().await, i64::from(2 * ORDERS + 1));
}

#[test]
fn an_export_comes_back_through_a_pipe_and_a_compressed_file() {
    let import = "sellerboard import - --format";
    let export = "sellerboard export --tenant one --format";
    let script = format!(
        "set -e
         PATH=$(dirname {program}):$PATH
         {import} orders --tenant one --timezone Europe/London < orders.csv >/dev/null
         printf 'product_id,rating,reviewed_at,text\\np1,5,2011-01-01,=1+1\\n' > reviews.csv
         {import} reviews --tenant one < reviews.csv >/dev/null
         {export} orders | {import} orders --tenant two --timezone Europe/London >/dev/null
         {export} orders --output orders.gz
         sellerboard import orders.gz --format orders --tenant two --json
         {export} reviews",
        program = env!("CARGO_BIN_EXE_sellerboard")
    );
    let orders =
        "order_id,ordered_at,product_id,quantity,unit_price\n1,2011-07-01 23:30,p1,1,2.5\n";
    let path = std::env::var("PATH").unwrap();
    let run = Program::run_by("sh", &["-c", &script])
        .with_env("PATH", &path)
        .with_file("orders.csv", orders)
        .run();
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let (json, reviews) = run.stdout.rsplit_once("}\n").unwrap();
    let summary: Value = serde_json::from_str(&format!("{json}}}")).unwrap();
    assert_eq!(
        (&summary["inserted"], &summary["already_present"]),
        (&0.into(), &1.into())
    );
    assert_eq!(
        reviews,
        "product_id,rating,reviewed_at,text\np1,5,2011-01-01T00:00:00Z,'=1+1\n"
    );
    let said = "1 rows; a new shop takes them with --currency GBP --timezone Europe/London\n";
    assert_eq!(run.stderr.matches(said).count(), 3, "{}", run.stderr);
}

#[test]
fn what_cannot_be_exported_is_told_and_leaves_no_file() {
    let export = "export --format orders --tenant nobody --output orders.csv";
    let script = format!("{} {export} || ls", env!("CARGO_BIN_EXE_sellerboard"));
    let path = std::env::var("PATH").unwrap();
    let run = Program::run_by("sh", &["-c", &script])
        .with_env("PATH", &path)
        .run();
    let said = "error: failed to export nobody; check --tenant and DATABASE_URL\n";
    assert!(run.stderr.starts_with(said), "{}", run.stderr);
    assert!(!run.stdout.contains("orders"), "{}", run.stdout);
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
