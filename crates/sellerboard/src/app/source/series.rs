use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use tenantcache::Cache;

use super::breaker::BreakerState;
use super::origin::Origin;
use crate::app::metrics::{counter, gauge};

/// What is exposed of loads and of the origin at `/metrics`.
#[derive(Debug)]
pub(in super::super) struct OriginCollector {
    cache: Cache,
    origin: Arc<Origin>,
}

impl OriginCollector {
    pub(in super::super) fn new(cache: Cache, origin: Arc<Origin>) -> Self {
        Self { cache, origin }
    }
}

impl Collector for OriginCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let labels = |name: &'static str, value: &str| vec![(name, value.to_owned())];
        let shed = self.cache.counters().loads_shed;
        counter(
            &mut encoder,
            "tenantcache_loads_shed",
            "Loads that were not begun, since too many were under way, by reason",
            shed.into_iter()
                .map(|(reason, count)| (labels("reason", reason), count)),
        )?;
        let usage = self.cache.load_usage();
        for (name, help, count) in [
            (
                "tenantcache_loads_under_way",
                "Loads under way",
                usage.under_way,
            ),
            (
                "tenantcache_loads_waiting",
                "Loads that wait for their turn",
                usage.waiting,
            ),
        ] {
            let count = u64::try_from(count).unwrap_or(u64::MAX);
            gauge(&mut encoder, name, help, None, [(Vec::new(), count)])?;
        }
        let seen = self.origin.snapshot();
        counter(
            &mut encoder,
            "sellerboard_origin_calls",
            "Calls of the origin, retries included; failed: it did not answer, or with 5xx",
            [
                (labels("outcome", "ok"), seen.ok),
                (labels("outcome", "failed"), seen.failed),
            ],
        )?;
        counter(
            &mut encoder,
            "sellerboard_origin_retries",
            "Calls that repeated one without an answer",
            [(Vec::new(), seen.retries)],
        )?;
        counter(
            &mut encoder,
            "sellerboard_origin_withheld",
            "Loads for which the origin was not called: the breaker is open, or it asked for a pause",
            [
                (labels("reason", "backoff"), seen.withheld_backoff),
                (labels("reason", "breaker"), seen.withheld_breaker),
            ],
        )?;
        let states = BreakerState::NAMES.into_iter().zip(seen.changes);
        counter(
            &mut encoder,
            "sellerboard_origin_breaker_changes",
            "How often the origin's breaker entered each state",
            states.map(|(state, count)| (labels("state", state), count)),
        )?;
        let now = BreakerState::NAMES.into_iter().enumerate();
        gauge(
            &mut encoder,
            "sellerboard_origin_breaker",
            "The state of the origin's breaker: 1 for the one it is in",
            None,
            now.map(|(at, state)| {
                let is_in = at == seen.state as usize;
                (labels("state", state), u64::from(is_in))
            }),
        )
    }
}
