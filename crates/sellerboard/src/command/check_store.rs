use std::io::Write;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use seller_data::{Store, TableCheck};
use tenantcache_core::TenantId;

use super::run::{block_on, load};
use super::{store, table};
use crate::config::ConfigFlags;
use crate::output;

#[derive(Args, Debug)]
pub(super) struct CheckStoreArgs {
    /// Only this tenant's shop; all of them by default
    #[arg(long, value_name = "T", value_parser = parse_tenant)]
    tenant: Option<TenantId>,
    /// Makes sums that are wrong anew; writers of that shop wait meanwhile
    #[arg(long)]
    repair: bool,
    #[command(flatten)]
    config: ConfigFlags,
}

pub(super) fn run(args: &CheckStoreArgs) -> anyhow::Result<ExitCode> {
    let url = load(&args.config)?.config.data.database_url;
    block_on(async {
        let store = store::open(&url).await?;
        let code = check(args, &store, &mut output::Stdout).await;
        store.close().await;
        code
    })
}

async fn check(
    args: &CheckStoreArgs,
    store: &Store,
    out: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let tenants = tenants(args, store).await?;
    let mut rows = table::new(&["TENANT", "SUMS", "DIFFERENCES"]);
    let mut wrong = Vec::new();
    for tenant in &tenants {
        let checks = store.check_sums(tenant).await?;
        for check in &checks {
            rows.add_row([tenant, check.table, &check.differences.to_string()]);
            tell(tenant, check);
        }
        if checks.iter().any(|check| check.differences > 0) {
            wrong.push(tenant);
        }
    }
    writeln!(out, "{}", rows.trim_fmt())?;
    if wrong.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    if !args.repair {
        output::message("next step: sellerboard check-store --repair makes them anew");
        return Ok(ExitCode::FAILURE);
    }
    for tenant in wrong {
        store
            .rebuild_sums(tenant)
            .await
            .with_context(|| format!("failed to repair {tenant}, which is as it was"))?;
        output::message(format_args!(
            "{tenant}: made anew; sellerboard cache invalidate shows the right figures at once"
        ));
    }
    Ok(ExitCode::SUCCESS)
}

async fn tenants(args: &CheckStoreArgs, store: &Store) -> anyhow::Result<Vec<String>> {
    let mut tenants = store.tenants().await.context("failed to read the store")?;
    if let Some(wanted) = &args.tenant {
        tenants.retain(|tenant| tenant == wanted.as_str());
    }
    anyhow::ensure!(
        !tenants.is_empty(),
        "the store has no such shop; check --tenant and DATABASE_URL"
    );
    Ok(tenants)
}

fn tell(tenant: &str, check: &TableCheck) {
    for example in &check.examples {
        output::message(format_args!("{tenant}: {}: {example}", check.table));
    }
    let shown = u64::try_from(check.examples.len()).unwrap_or(u64::MAX);
    let more = check.differences.saturating_sub(shown);
    if more > 0 {
        output::message(format_args!(
            "{tenant}: {}: and {more} more rows",
            check.table
        ));
    }
}

fn parse_tenant(text: &str) -> Result<TenantId, String> {
    TenantId::new(text).map_err(|error| error.to_string())
}
