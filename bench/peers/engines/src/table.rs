//! The table that is printed.

use crate::contender::Contender;
use crate::race::Race;
use crate::workload::{BODY_BYTES, TENANTS, Workload, ZIPF_EXPONENT};

/// Prints how long each contender took, and tenantcache's time as a multiple of it, round by round.
pub fn print(field: &[Contender], times: &[Vec<f64>], race: &Race, workload: &Workload) {
    println!(
        "{} entries of {TENANTS} tenants, {BODY_BYTES} bytes each, Zipf {ZIPF_EXPONENT}; {} threads, {} rounds of {} ms\n",
        workload.places.len(),
        race.threads,
        race.rounds - 1,
        race.millis
    );
    println!(
        "| a hit | does besides the look-up | ns, median (least–most) | tenantcache / this, median (least–most) |"
    );
    println!("| --- | --- | --- | --- |");
    let own = &times[0];
    for (contender, times) in field.iter().zip(times) {
        let ratios = own.iter().zip(times).map(|(own, other)| own / other);
        println!(
            "| {} | {} | {} | {} |",
            contender.name,
            contender.checks,
            Spread::of(times.iter().copied()).show(0),
            Spread::of(ratios).show(2)
        );
    }
}

struct Spread {
    least: f64,
    median: f64,
    most: f64,
}

impl Spread {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<_> = values.collect();
        values.sort_by(f64::total_cmp);
        Self {
            least: values[0],
            median: values[values.len() / 2],
            most: values[values.len() - 1],
        }
    }

    fn show(&self, digits: usize) -> String {
        let Self {
            least,
            median,
            most,
        } = self;
        format!("{median:.digits$} ({least:.digits$}–{most:.digits$})")
    }
}
