use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use seller_data::Store;
use tenantcache::remote::Remote;
use tenantcache::{Cache, Consistency, ErrorKind, Policy, PolicyTable};
use tenantcache_redis::{RedisOptions, RedisTier};
use tokio::net::TcpListener;

use super::connections;
use super::events::Intake;
use super::hits::Hits;
use super::latency::Latencies;
use super::limits::Limits;
use super::metrics::Metrics;
use super::operate::{Course, InvalidationLog, sample};
use super::pages::DemoSignIn;
use super::router::router;
use super::shape::Shapes;
use super::source::{Form, Source, SqlSource, UpstreamSource};
use super::state::AppState;
use super::stream;
use crate::auth::Verifier;
use crate::config::{CacheSettings, Config, DataSource, RedisLocation};

/// The service, connected and listening.
#[derive(Debug)]
pub struct Service {
    app: AppState,
    connections_per_client: Option<NonZeroU32>,
    demo: Option<DemoSignIn>,
    listener: TcpListener,
    store: Option<Store>,
}

impl Service {
    /// Listens, then connects to what the configuration names. Redis is tried once, for at most 1 s, and in the
    /// background from then on.
    ///
    /// # Errors
    ///
    /// If the address cannot be listened on, the store cannot be opened, or a setting is unusable.
    pub async fn start(config: &Config, verifier: Verifier) -> anyhow::Result<Self> {
        let listener = connections::listen(config.addr).with_context(|| {
            let addr = config.addr;
            format!("failed to listen on {addr}; choose another address with SELLERBOARD_ADDR")
        })?;
        let (source, store) = source(config).await?;
        let policies = policies(&config.cache, config.data.upstream_timeout);
        let redis = redis(config, &policies)?;
        let invalidations = Arc::new(InvalidationLog::default());
        let cache = cache(config, policies, redis.clone(), &invalidations).await?;
        let stream = redis.map(|redis| stream::start(redis, &cache, &invalidations));
        let latencies = Arc::new(Latencies::default());
        let metrics = Metrics::new(
            cache.clone(),
            stream,
            source.origin(),
            Arc::clone(&latencies),
        );
        let app = AppState {
            cache,
            course: Arc::new(Course::begin()),
            events: Arc::new(Intake::new(config.webhook_secret.as_ref())),
            invalidations,
            latencies,
            limits: Arc::new(Limits::new(config.rate_limit_tenant)),
            metrics: Arc::new(metrics),
            seats: Arc::default(),
            source,
            top_tenants: Arc::default(),
            verifier,
        };
        Ok(Self {
            app,
            connections_per_client: config.connections_per_client,
            demo: None,
            listener,
            store,
        })
    }

    /// Lets people sign in on the pages by a click. Default: by a token of their own only.
    #[must_use]
    pub fn with_demo_sign_in(mut self, demo: DemoSignIn) -> Self {
        self.demo = Some(demo);
        self
    }

    /// Where the service listens.
    ///
    /// # Errors
    ///
    /// If the system does not say.
    pub fn addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// The service's cache.
    #[must_use]
    pub fn cache(&self) -> &Cache {
        &self.app.cache
    }

    /// Answers until `shutdown` completes; then no connection is accepted, and running requests have 10 s. At most
    /// 10,000 connections are served at a time; further ones take the seats of those that have been idle longest, or wait.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send) {
        let Self {
            app,
            connections_per_client,
            demo,
            listener,
            store,
        } = self;
        let _keys = app.verifier.refresh();
        let sampler = tokio::spawn(sample(app.clone()));
        if let Ok(addr) = listener.local_addr() {
            tracing::info!(%addr, "service listening");
        }
        let seats = Arc::clone(&app.seats);
        let shutdown = async {
            shutdown.await;
            // Streams have no end of their own, and a stop waits for none of them.
            seats.close();
        };
        let (hits, router) = (Hits::new(app.clone()), router(app, demo));
        connections::serve(listener, hits, router, connections_per_client, shutdown).await;
        sampler.abort();
        if let Some(store) = store {
            store.close().await;
        }
    }
}

async fn source(config: &Config) -> anyhow::Result<(Source, Option<Store>)> {
    let data = &config.data;
    let timeout = data.upstream_timeout;
    match data.source {
        DataSource::Upstream => {
            let source = UpstreamSource::new(data.upstream_url.clone(), timeout);
            let source = source.context("failed to set up the client of UPSTREAM_URL")?;
            Ok((Source::new(Form::Upstream(source), timeout), None))
        }
        DataSource::Sql => {
            let url = &data.database_url;
            let store = Store::open(url.expose())
                .await
                .with_context(|| format!("failed to open the store {url}; check DATABASE_URL"))?;
            let store = store.with_alert_thresholds(config.alerts);
            let form = Form::Sql(SqlSource::new(store.clone()));
            Ok((Source::new(form, timeout), Some(store)))
        }
    }
}

/// `None` if there is nothing to cache, or no Redis.
fn redis(config: &Config, policies: &PolicyTable) -> anyhow::Result<Option<RedisOptions>> {
    let (RedisLocation::Url(url), true) = (&config.redis.location, config.cache.enabled) else {
        return Ok(None);
    };
    let options = RedisOptions::new(url.expose())
        .with_context(|| format!("failed to use REDIS_URL {url}"))?
        .with_command_timeout(config.redis.command_timeout)
        .with_max_memory_bytes(config.cache.memory_max)
        .with_hard_ttl_max(policies.hard_ttl_max());
    Ok(Some(options))
}

async fn cache(
    config: &Config,
    policies: PolicyTable,
    redis: Option<RedisOptions>,
    invalidations: &Arc<InvalidationLog>,
) -> anyhow::Result<Cache> {
    let log = Arc::clone(invalidations);
    let mut builder = Cache::builder()
        .with_replay_observer(move |tenant, scopes, generation| {
            log.replayed(tenant, scopes, generation.get());
        })
        .with_enabled(config.cache.enabled)
        .with_event_rules(config.event_rules.clone())
        .with_coherence_bound(config.cache.coherence_bound)
        .with_outage_ttl(config.cache.outage_ttl)
        .with_loads_max(config.data.concurrency)
        .with_tenant_loads_max(config.data.concurrency_tenant)
        .with_local_bytes_max(config.cache.local_memory_bound())
        .with_tenant_floor_percent(config.cache.tenant_floor_percent);
    if let Some(redis) = redis {
        let tier = RedisTier::start(redis);
        tier.ready().await;
        builder = builder
            .with_remote(Arc::new(tier) as Arc<dyn Remote>)
            .with_state_dir(&config.state_dir);
    }
    let built = builder.with_policies(policies).build();
    built.map_err(|error| {
        let context = match error.kind() {
            ErrorKind::NotDurable => format!(
                "failed to use the state folder {}; set SELLERBOARD_STATE_DIR to a writable folder",
                config.state_dir.display()
            ),
            _ => "failed to set up the cache".to_owned(),
        };
        anyhow::Error::new(error).context(context)
    })
}

fn policies(settings: &CacheSettings, load_timeout: Duration) -> PolicyTable {
    let shapes = Shapes::new();
    settings
        .ttl
        .iter()
        .fold(PolicyTable::default(), |table, (endpoint, ttl)| {
            let grace = settings.grace_of(endpoint).unwrap_or(*ttl);
            let consistency = if settings.strict.contains(*endpoint) {
                Consistency::Strict
            } else {
                Consistency::Bounded
            };
            table.with(
                endpoint,
                Policy::new(*ttl)
                    .with_grace(grace)
                    .with_eager_refresh_percent(settings.eager_refresh_percent)
                    .with_load_timeout(load_timeout)
                    .with_consistency(consistency)
                    .with_schema(shapes.of(endpoint)),
            )
        })
}
