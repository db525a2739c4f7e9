use super::Bench;
use super::world::{KIBIBYTE, Options, TENANTS, World};
use crate::load::Script;
use crate::report::Report;
use crate::rounds::{Pace, Series, run, run_once, undisturbed};

/// Connections that invalidate.
const INVALIDATING: usize = 8;

pub(super) async fn storm(bench: &Bench) -> anyhow::Result<Report> {
    let world = World::start(bench, Options::default()).await?;
    let products = world.products(TENANTS, KIBIBYTE)?;
    world.prime(&products).await?;
    let mut reads = world.target("reads", products);
    reads.pids.push(world.redis.pid());
    let invalidations = (0..TENANTS).map(|number| world.invalidation(number));
    let invalidations = Script::in_turn(invalidations.collect::<Result<_, _>>()?);
    let mut invalidations = world.target_of("invalidations", invalidations);
    // Their processor time cannot be told from that of the reads.
    invalidations.pids.clear();

    let mut series = ["reads alone", "reads in the storm", "invalidations"].map(Series::new);
    let mut loads = Vec::new();
    let (connections, span) = (bench.plan.connections, bench.span());
    for _ in 0..bench.rounds() {
        let alone = run(&reads, Pace::Peak, bench.plan).await?;
        let both = async || {
            let before = world.origin.calls();
            let (read, invalidated) = tokio::join!(
                run_once(&reads, Pace::Peak, connections, span),
                run_once(&invalidations, Pace::Peak, INVALIDATING, span),
            );
            Ok((read?, (invalidated?, world.origin.calls() - before)))
        };
        let (read, (invalidated, loaded)) = undisturbed(bench.plan, both).await?;
        #[expect(clippy::cast_precision_loss, reason = "counts are below 2^52")]
        loads.push(loaded as f64 / (invalidated.rate * span.as_secs_f64()));
        for (series, run) in series.iter_mut().zip([alone, read, invalidated]) {
            series.runs.push(run);
        }
    }
    let mut report = Report::default();
    let title = format!("Reads on {connections} connections, invalidations on {INVALIDATING}");
    report.add_table(title, series.into());
    report.add_fact("calls of the origin for each invalidation", loads, "");
    report.add_note("The processor time of reads in the storm is that of the invalidations, too.");
    Ok(report)
}
