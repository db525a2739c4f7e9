//! Lifetimes and limits by endpoint.

use std::collections::HashMap;
use std::time::Duration;

/// The longest time any entry may live.
const TTL_MAX: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How answers of one endpoint are kept and loaded.
///
/// ```
/// use std::time::Duration;
/// use tenantcache_core::Policy;
/// let policy = Policy::new(Duration::from_secs(60)).with_grace(Duration::from_secs(600));
/// assert_eq!(policy.hard_ttl(), Duration::from_secs(660));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Policy {
    soft_ttl: Duration,
    grace: Option<Duration>,
    jitter_percent: u8,
    eager_refresh_percent: u8,
    negative_ttl: Duration,
    load_timeout_soft: Duration,
    load_timeout: Duration,
    consistency: Consistency,
    schema: u64,
}

/// How soon a node must heed invalidations that other nodes made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Consistency {
    /// Within the coherence bound.
    #[default]
    Bounded,
    /// At once: every read asks the remote tier for the tenant's table, and loads if it cannot be had.
    Strict,
}

impl Policy {
    /// A policy with this soft TTL and the defaults for everything else. At most 30 days; longer is cut.
    pub fn new(soft_ttl: Duration) -> Self {
        Self {
            soft_ttl: soft_ttl.min(TTL_MAX),
            grace: None,
            jitter_percent: 10,
            eager_refresh_percent: 100,
            negative_ttl: Duration::from_secs(30),
            load_timeout_soft: Duration::ZERO,
            load_timeout: Duration::from_secs(5),
            consistency: Consistency::Bounded,
            schema: 0,
        }
    }

    /// How long an entry may still be served after the soft TTL. Default: as long as the soft TTL. At most 30 days.
    pub fn with_grace(mut self, grace: Duration) -> Self {
        self.grace = Some(grace.min(TTL_MAX));
        self
    }

    /// By how much the soft TTL of an entry may differ, so that entries born together are not refreshed together.
    /// Default 10 %, at most 50 %.
    pub fn with_jitter_percent(mut self, percent: u8) -> Self {
        self.jitter_percent = percent.min(50);
        self
    }

    /// From which part of an entry's soft TTL on a read has it loaded anew in the background, so that what is read often is
    /// never stale. Default 100 %: not before it is stale.
    pub fn with_eager_refresh_percent(mut self, percent: u8) -> Self {
        self.eager_refresh_percent = percent.min(100);
        self
    }

    /// The soft TTL of a "does not exist"; it has no grace. Default 30 s.
    pub fn with_negative_ttl(mut self, ttl: Duration) -> Self {
        self.negative_ttl = ttl.min(TTL_MAX);
        self
    }

    /// How long a request waits for a fresh value when a stale one could be served. Default 0: the stale one is served
    /// at once and refreshed in the background.
    pub fn with_load_timeout_soft(mut self, timeout: Duration) -> Self {
        self.load_timeout_soft = timeout;
        self
    }

    /// How long a load may take before it counts as failed, the wait for its turn included. Default 5 s.
    pub fn with_load_timeout(mut self, timeout: Duration) -> Self {
        self.load_timeout = timeout;
        self
    }

    /// How soon invalidations of other nodes are heeded. Default: within the coherence bound.
    pub fn with_consistency(mut self, consistency: Consistency) -> Self {
        self.consistency = consistency;
        self
    }

    /// What the shape of the values is called: a number that differs whenever the shape does, such as a hash of its
    /// description. What other releases stored in a remote tier under another number is a miss, and is overwritten by the
    /// next load. While two releases run side by side, each loads for itself, at most once a soft TTL and node. Default 0.
    pub fn with_schema(mut self, schema: u64) -> Self {
        self.schema = schema;
        self
    }

    /// What the shape of the values is called.
    #[must_use]
    pub fn schema(&self) -> u64 {
        self.schema
    }

    /// How soon invalidations of other nodes are heeded.
    #[must_use]
    pub fn consistency(&self) -> Consistency {
        self.consistency
    }

    /// How long an entry is fresh.
    #[must_use]
    pub fn soft_ttl(&self) -> Duration {
        self.soft_ttl
    }

    /// After how long an entry is never served: soft TTL and grace.
    #[must_use]
    pub fn hard_ttl(&self) -> Duration {
        self.soft_ttl + self.grace()
    }

    /// The span between soft and hard TTL.
    #[must_use]
    pub fn grace(&self) -> Duration {
        self.grace.unwrap_or(self.soft_ttl)
    }

    /// How long a "does not exist" is served.
    #[must_use]
    pub fn negative_ttl(&self) -> Duration {
        self.negative_ttl
    }

    /// How long a request waits for a fresh value when a stale one could be served.
    #[must_use]
    pub fn load_timeout_soft(&self) -> Duration {
        self.load_timeout_soft
    }

    /// How long a load may take.
    #[must_use]
    pub fn load_timeout(&self) -> Duration {
        self.load_timeout
    }

    /// The lifetime of an entry loaded under this policy. `soft_ttl` is the loader's own choice, if it made one;
    /// `random` spreads the soft TTL over ±jitter, never past the hard TTL; without grace, the hard TTL goes with it.
    #[must_use]
    pub fn lifetime(&self, soft_ttl: Option<Duration>, random: u64) -> Lifetime {
        let soft = soft_ttl.unwrap_or(self.soft_ttl).min(TTL_MAX);
        let hard = soft + self.grace.unwrap_or(soft);
        let spread = soft * u32::from(self.jitter_percent) / 100;
        let (low, high) = (soft - spread, (soft + spread).min(hard));
        let jittered = between(low, high, random);
        let hard = if hard == soft { jittered } else { hard };
        Lifetime {
            soft: jittered,
            hard,
        }
    }

    /// What an entry of this lifetime and age is.
    #[must_use]
    pub fn freshness(&self, lifetime: Lifetime, age: Duration) -> Freshness {
        let is_early = self.eager_refresh_percent == 100
            || age < lifetime.soft * u32::from(self.eager_refresh_percent) / 100;
        if age < lifetime.soft {
            if is_early {
                Freshness::Fresh
            } else {
                Freshness::Due
            }
        } else if age < lifetime.hard {
            Freshness::Stale
        } else {
            Freshness::Expired
        }
    }

    /// The lifetime of a negative entry, jittered downwards only, since it has no grace.
    #[must_use]
    pub fn lifetime_negative(&self, random: u64) -> Lifetime {
        let high = self.negative_ttl;
        let low = high - high * u32::from(self.jitter_percent) / 100;
        let jittered = between(low, high, random);
        Lifetime {
            soft: jittered,
            hard: jittered,
        }
    }
}

/// A point between two durations, to the millisecond.
fn between(low: Duration, high: Duration, random: u64) -> Duration {
    let millis = u64::try_from((high - low).as_millis()).unwrap_or(u64::MAX - 1);
    low + Duration::from_millis(random % (millis + 1))
}

/// How long one entry lives, counted from the beginning of its load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// Fresh until this age.
    pub soft: Duration,
    /// Never served from this age on. Not below `soft`.
    pub hard: Duration,
}

/// Where an entry is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Younger than the soft TTL.
    Fresh,
    /// As fresh, but so near the soft TTL that a read has it loaded anew in the background.
    Due,
    /// Within grace.
    Stale,
    /// Past the hard TTL.
    Expired,
}

/// Policies by endpoint name, with one for endpoints that have none of their own.
///
/// The default table is that of the seller dashboard: `dashboard_*` 300 s, `products` and `pricing_trends` 600 s,
/// `sentiment_overview` 900 s, `forecast_demand` 1,800 s, anything else 300 s.
#[derive(Clone, Debug)]
#[must_use]
pub struct PolicyTable {
    fallback: Policy,
    by_endpoint: HashMap<String, Policy>,
}

impl PolicyTable {
    /// A table in which every endpoint has the same policy.
    pub fn uniform(policy: Policy) -> Self {
        Self {
            fallback: policy,
            by_endpoint: HashMap::new(),
        }
    }

    /// Gives an endpoint a policy of its own.
    pub fn with(mut self, endpoint: &str, policy: Policy) -> Self {
        self.by_endpoint.insert(endpoint.to_owned(), policy);
        self
    }

    /// The policy of an endpoint.
    pub fn policy(&self, endpoint: &str) -> &Policy {
        self.by_endpoint.get(endpoint).unwrap_or(&self.fallback)
    }

    /// The longest hard TTL of any policy: everything that must outlive entries lives longer.
    #[must_use]
    pub fn hard_ttl_max(&self) -> Duration {
        let own = self
            .by_endpoint
            .values()
            .map(Policy::hard_ttl)
            .max()
            .unwrap_or_default();
        own.max(self.fallback.hard_ttl())
    }
}

impl Default for PolicyTable {
    fn default() -> Self {
        const TTL_SECONDS: [(&str, u64); 10] = [
            ("dashboard_kpis", 300),
            ("dashboard_trends", 300),
            ("dashboard_alerts", 300),
            ("dashboard_insights", 300),
            ("dashboard_stats", 300),
            ("dashboard_activity", 300),
            ("products", 600),
            ("pricing_trends", 600),
            ("sentiment_overview", 900),
            ("forecast_demand", 1800),
        ];
        let policy = |seconds| Policy::new(Duration::from_secs(seconds));
        let table = Self::uniform(policy(300));
        TTL_SECONDS
            .into_iter()
            .fold(table, |table, (name, ttl)| table.with(name, policy(ttl)))
    }
}

#[cfg(test)]
mod tests;
