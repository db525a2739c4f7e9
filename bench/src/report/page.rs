use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Context as _;

use super::plot::{Bar, bars};
use super::{Fact, Results, Table};
use crate::rounds::{Run, Series, Spread};
use crate::workloads::Workload;

const PAGE: &str = "performance.md";
const PLOTS: &str = "performance";
const BEGIN: &str = "<!-- service: begin -->\n";
const END: &str = "<!-- service: end -->";
/// What shares are of, where it takes part.
const LIMIT: &str = "bare hyper";

/// Puts the results into `performance.md` of `docs`, between the markers of the service, and draws its plots.
///
/// # Errors
///
/// If the page has no markers, or a file cannot be written.
pub fn write_page(docs: &Path, results: &[Results]) -> anyhow::Result<()> {
    let file = docs.join(PAGE);
    let page = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let renewed = renewed(&page, &markdown(results))?;
    fs::write(&file, renewed)?;
    let plots = docs.join(PLOTS);
    fs::create_dir_all(&plots)?;
    fs::write(plots.join("shares.svg"), shares(results))?;
    fs::write(plots.join("latency.svg"), latencies(results))?;
    Ok(())
}

fn renewed(page: &str, part: &str) -> anyhow::Result<String> {
    let (before, rest) = page.split_once(BEGIN).context("no opening marker")?;
    let (_, after) = rest.split_once(END).context("no closing marker")?;
    Ok(format!("{before}{BEGIN}{part}{END}{after}"))
}

/// The results as Markdown.
#[must_use]
pub fn markdown(results: &[Results]) -> String {
    let mut text = String::new();
    for result in results {
        let about = Workload::by_name(&result.workload).map_or("", |workload| workload.about);
        let _ = writeln!(text, "### `{}`: {about}\n", result.workload);
        let (machine, plan) = (&result.machine, result.plan);
        let _ = writeln!(
            text,
            "`{}`, {}, {} cores, {}, Linux {}; {} connections, {} rounds of {} s.\n",
            machine.commit,
            machine.processor,
            machine.cores,
            machine.pinned,
            machine.kernel,
            plan.connections,
            plan.rounds,
            plan.span.as_secs_f64(),
        );
        for table in &result.report.tables {
            add_table(&mut text, table);
        }
        if !result.report.facts.is_empty() {
            add_facts(&mut text, &result.report.facts);
        }
        for note in &result.report.notes {
            let _ = writeln!(text, "{note}\n");
        }
    }
    text
}

fn add_table(text: &mut String, table: &Table) {
    let _ = writeln!(text, "{}:\n", table.title);
    text.push_str(
        "| | answers/s | of the first | CPU ms per 1,000 | × | load's | p50 µs | p99 µs |\n",
    );
    text.push_str("| --- | --- | --- | --- | --- | --- | --- | --- |\n");
    let Some(first) = table.series.first() else {
        return;
    };
    for series in &table.series {
        let median = |figure: fn(&Run) -> f64| series.spread(figure).median;
        let cpu = median(|run| run.cpu_ms);
        let times = if cpu > 0.0 {
            number(series.ratio(first, |run| run.cpu_ms).median, 2)
        } else {
            String::new()
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {times} | {} | {} | {} |",
            series.name,
            number(median(|run| run.rate), 0),
            spread(share(series, first), 2),
            number(cpu, 1),
            number(median(|run| run.load_ms), 1),
            number(median(|run| run.p50_us), 0),
            spread(series.spread(|run| run.p99_us), 0),
        );
    }
    text.push('\n');
    let runs = || table.series.iter().flat_map(|series| &series.runs);
    let repeated: u32 = runs().map(|run| run.repeated).sum();
    if repeated > 0 {
        let _ = writeln!(
            text,
            "{repeated} runs were done again, since other processes disturbed them.\n"
        );
    }
}

fn add_facts(text: &mut String, facts: &[Fact]) {
    text.push_str("| | |\n| --- | --- |\n");
    for fact in facts {
        let digits = if fact.value.median < 100.0 { 1 } else { 0 };
        let value = spread(fact.value, digits);
        let _ = writeln!(text, "| {} | {value} {} |", fact.name, fact.unit);
    }
    text.push('\n');
}

/// Each service's share of the limit.
fn shares(results: &[Results]) -> String {
    let mut rows = Vec::new();
    for result in results {
        for (first, series) in beside_limit(result) {
            rows.push(Bar {
                label: format!("{}: {}", result.workload, series.name),
                value: share(series, first),
            });
        }
    }
    bars("Answers per second, as a share of bare hyper's", &rows, 2)
}

/// The latencies at a steady rate.
fn latencies(results: &[Results]) -> String {
    let steady = results.iter().filter(|result| result.workload == "latency");
    let tables = steady.flat_map(|result| &result.report.tables);
    let rows: Vec<Bar> = tables
        .flat_map(|table| &table.series)
        .map(|series| Bar {
            label: series.name.clone(),
            value: series.spread(|run| run.p99_us),
        })
        .collect();
    bars(
        "p99 of a hit at half of the service's peak, in µs",
        &rows,
        0,
    )
}

fn beside_limit(result: &Results) -> impl Iterator<Item = (&Series, &Series)> {
    let peak = result.workload != "latency";
    let tables = result.report.tables.iter().filter(move |_| peak);
    tables.flat_map(|table| {
        let first = table.series.first().filter(|first| first.name == LIMIT);
        let others = table.series.iter().skip(1);
        first
            .into_iter()
            .flat_map(move |first| others.clone().map(move |series| (first, series)))
    })
}

fn share(series: &Series, of: &Series) -> Spread {
    series.ratio(of, |run| run.rate)
}

fn spread(spread: Spread, digits: usize) -> String {
    let [median, min, max] =
        [spread.median, spread.min, spread.max].map(|figure| number(figure, digits));
    if min == max {
        median
    } else {
        format!("{median} ({min} to {max})")
    }
}

/// With commas between thousands.
fn number(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if rest.is_empty() {
        grouped
    } else {
        format!("{grouped}.{rest}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(number(1_234_567.0, 0), "1,234,567");
        assert_eq!(number(123.456, 1), "123.5");
        assert_eq!(number(0.5, 2), "0.50");
    }

    #[test]
    fn only_what_is_between_the_markers_is_renewed() {
        let page = format!("before\n{BEGIN}old\n{END}\nafter\n");
        let expected = format!("before\n{BEGIN}new\n{END}\nafter\n");
        assert_eq!(renewed(&page, "new\n").unwrap(), expected);
        assert!(renewed("no markers", "new").is_err());
    }
}
