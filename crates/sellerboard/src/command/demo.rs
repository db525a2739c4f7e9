use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::SystemTime;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Url;
use seller_data::demo::TENANTS;

use tenantcache_redis::RedisOptions;

use super::cli::DemoArgs;
use super::run::{load, now};
use super::runtime::runtime;
use super::{check_redis, marketplace as market, serve, shutdown, store};
use crate::app::{DEMO_TOKEN_TTL, DemoSignIn, Service};
use crate::auth::{KeyError, NewToken, Verifier, sign};
use crate::config::{Config, Loaded, RedisLocation, Secret, SecretUrl};
use crate::traces::Traces;
use crate::{logging, output};

const SECRET_BYTES: usize = 32;

pub(super) fn run(args: &DemoArgs) -> anyhow::Result<()> {
    let mut loaded = load(&args.config)?;
    complete(&mut loaded)?;
    let config = loaded.config;
    let runtime = runtime()?;
    let traces = Traces::from_environment(runtime.handle())?;
    let _log = logging::init(&config.log, traces.as_ref())?;
    runtime.block_on(async {
        let ended = start(config, !args.no_demo_data).await;
        serve::end(traces).await;
        ended
    })
}

/// Runs marketplace and service until they are told to stop.
async fn start(mut config: Config, fill_empty_store: bool) -> anyhow::Result<()> {
    let options = market::options(&config);
    let marketplace = marketplace::listen(&options)
        .await
        .context("failed to start the marketplace; choose another address with MARKETPLACE_ADDR")?;
    config.data.upstream_url = Url::parse(&origin(marketplace.local_addr()?))?;
    if !redis_answers(&config).await {
        config.redis.location = RedisLocation::None;
    }
    let verifier = Verifier::new(&config.auth)?;
    let mut service = Service::start(&config, verifier).await?;
    if service.addr()?.ip().is_loopback() {
        service = service.with_demo_sign_in(DemoSignIn::new(config.auth.clone()));
    }
    let events = events_url(&config, service.addr()?)?;
    let options = options.with_webhook(market::webhook(&events, config.webhook_secret.as_ref())?);
    let store = store::open_configured(&config).await?;
    if fill_empty_store {
        store::fill_if_empty(&store).await?;
    }
    let banner = banner(&config, service.addr()?, now())?;
    output::Stdout.write_all(banner.as_bytes())?;
    output::Stdout.flush()?;
    // The marketplace outlives the service, whose last requests may need it.
    let (served, all_served) = tokio::sync::oneshot::channel::<()>();
    let marketplace = async {
        let end = async {
            let _ = all_served.await;
        };
        marketplace::run(marketplace, store.clone(), options, end)
            .await
            .context("the marketplace failed")
    };
    let service = async {
        service.run(shutdown::requested()).await;
        drop(served);
        Ok(())
    };
    let ended = tokio::try_join!(marketplace, service);
    store.close().await;
    ended.map(|((), ())| ())
}

/// Whether a Redis answers now. Without one, the demo keeps its cache in the process alone.
async fn redis_answers(config: &Config) -> bool {
    let RedisLocation::Url(url) = &config.redis.location else {
        return false;
    };
    if RedisOptions::new(url.expose()).is_err() {
        // The service tells what is wrong with the URL.
        return true;
    }
    match check_redis::ping(url).await {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(%error, "Redis unavailable. Continuing without cache.");
            false
        }
    }
}

/// Where the marketplace sends its events: to us, at the address that we really have, unless something is configured.
fn events_url(config: &Config, addr: SocketAddr) -> anyhow::Result<Url> {
    match &config.marketplace.webhook_url {
        Some(url) => Ok(url.clone()),
        None => Ok(Url::parse(&format!("{}/api/v1/events", origin(addr)))?),
    }
}

/// Sets what the demo makes up where nothing is configured: random secrets and a store in the user's data directory.
fn complete(loaded: &mut Loaded) -> anyhow::Result<()> {
    let config = &mut loaded.config;
    if config.auth.secret.is_none() && config.auth.jwks_url.is_none() {
        // In base64, as in a variable of the environment: it can be shown and set again.
        let secret = STANDARD.encode(random()?);
        config.auth.secret = Some(Secret::new(secret));
    }
    if config.webhook_secret.is_none() {
        config.webhook_secret = Some(Secret::new(random()?));
    }
    if config.data.database_url_is_default {
        let folder = &loaded.directories.data;
        std::fs::create_dir_all(folder).with_context(|| {
            format!(
                "failed to make the folder {}; set DATABASE_URL to keep the store elsewhere",
                folder.display()
            )
        })?;
        let file = folder.join("demo.db");
        config.data.database_url = SecretUrl::new(format!("sqlite://{}", file.display()));
    }
    Ok(())
}

/// What the demo prints once it answers at `addr`: the page, a `curl` line and a token for each shop.
fn banner(config: &Config, addr: SocketAddr, now: SystemTime) -> Result<String, KeyError> {
    let origin = origin(addr);
    let mut text = format!("The dashboard is at {origin}/\n");
    for (index, tenant) in TENANTS.iter().enumerate() {
        let token =
            NewToken::new(*tenant, format!("demo@{tenant}.example")).with_ttl(DEMO_TOKEN_TTL);
        let token = sign(&config.auth, &token, now)?;
        if index == 0 {
            let line = format!(
                "curl -i -H 'Authorization: Bearer {token}' {origin}/api/v1/dashboard/kpis"
            );
            text.push_str(&format!(
                "\nTry it:\n\n  {line}\n\nTokens, valid for a day:\n\n"
            ));
        }
        text.push_str(&format!("  {tenant}  {token}\n"));
    }
    Ok(text)
}

/// The address as a client on this machine writes it.
fn origin(addr: SocketAddr) -> String {
    let ip = match addr.ip() {
        ip if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(ip, addr.port()))
}

fn random() -> anyhow::Result<[u8; SECRET_BYTES]> {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes).context("failed to make a random secret")?;
    Ok(bytes)
}
