use sqlx::{AnyPool, Executor as _};
use tempfile::TempDir;

use crate::program::{Program, Run};

const SALES: &str = "\
InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
1,101,MUG,2,2011-02-01 10:00:00,1.50,7,UK
2,101,MUG,1,2011-02-03 10:00:00,1.50,7,UK
";

/// A store with one shop.
struct Shop {
    _folder: TempDir,
    url: String,
}

impl Shop {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let url = format!("sqlite://{}", folder.path().join("shop.db").display());
        let args = "import sales.csv --format online-retail --tenant shop-uk";
        let args: Vec<&str> = args.split(' ').collect();
        let import = Program::new(&args).with_file("sales.csv", SALES);
        let run = import.with_env("DATABASE_URL", &url).run();
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        Self {
            _folder: folder,
            url,
        }
    }

    fn check(&self, flags: &[&str]) -> Run {
        let args = [&["check-store"], flags].concat();
        Program::new(&args)
            .with_env("DATABASE_URL", &self.url)
            .run()
    }

    async fn damage(&self, sql: &'static str) {
        sqlx::any::install_default_drivers();
        let pool = AnyPool::connect(&self.url).await.unwrap();
        pool.execute(sql).await.unwrap();
        pool.close().await;
    }
}

#[test]
fn sums_that_are_right_are_a_success() {
    let run = Shop::new().check(&[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let words: Vec<Vec<&str>> = run
        .stdout
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(words[0], ["TENANT", "SUMS", "DIFFERENCES"]);
    assert_eq!(words[1], ["shop-uk", "day_totals", "0"]);
    assert_eq!((words.len(), run.stderr.as_str()), (5, ""));
}

#[tokio::test]
async fn wrong_sums_are_told_and_repaired() {
    let shop = Shop::new();
    shop.damage("UPDATE day_totals SET gross = gross - 100 WHERE orders > 0 AND day = 15006")
        .await;
    let run = shop.check(&["--tenant", "shop-uk"]);
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr
            .starts_with("shop-uk: day_totals: day 2011-02-01: gross off by -100\n"),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr.contains("check-store --repair"),
        "{}",
        run.stderr
    );
    let run = shop.check(&["--repair"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stderr.contains("shop-uk: made anew"), "{}", run.stderr);
    let run = shop.check(&[]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
}

#[test]
fn a_shop_that_is_not_there_is_an_error() {
    let run = Shop::new().check(&["--tenant", "nobody"]);
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("no such shop"), "{}", run.stderr);
}
