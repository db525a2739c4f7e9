use std::io::Write;

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::Value;

use super::api_client::{ApiClient, ServerArgs};
use super::table;
use super::watch::WatchArgs;
use crate::config::PrintFormat;
use crate::output;

/// The metrics that stand first, as the first document about this cache had them.
const METRICS_FIRST: &[&str] = &[
    "hits",
    "misses",
    "total_requests",
    "hit_rate_percent",
    "used_memory_mb",
    "max_memory_mb",
    "memory_usage_percent",
    "redis_evicted_keys",
    "stale_hits",
    "collapsed",
    "errors",
];
const ENTRY_FIRST: &[&str] = &["key", "tier", "state", "age", "ttl"];
/// What a list of entries shows; `cache get` shows the rest, and `--format json` all of it.
const LISTED: &[&str] = &["key", "tier", "state", "age", "ttl", "bytes"];

#[derive(Debug, Subcommand)]
pub(super) enum CacheCommand {
    #[command(flatten)]
    Ask(Question),
    /// Shows the cache's figures on the whole terminal, renewed every second
    ///
    /// A token with the scope cache:admin sees all tenants and everybody's invalidations, others their own. NO_COLOR is
    /// heeded. Keys: q quit, p pause, e endpoints, t tenants, ? help.
    Watch(WatchArgs),
}

/// What is asked once.
#[derive(Debug, Subcommand)]
pub(super) enum Question {
    /// Shows hits, misses and memory
    Metrics(MetricsArgs),
    /// Shows one entry: its header and its value
    Get(GetArgs),
    /// Lists entries
    List(ListArgs),
    /// Invalidates a key, an endpoint, a prefix, a tag or, without any of these, the whole tenant
    Invalidate(InvalidateArgs),
}

#[derive(Args, Debug)]
pub(super) struct Common {
    #[command(flatten)]
    server: ServerArgs,
    /// The form of the output
    #[arg(long, value_enum, default_value_t)]
    format: PrintFormat,
}

#[derive(Args, Debug)]
pub(super) struct MetricsArgs {
    /// The figures of the token's tenant instead of the whole node's
    #[arg(long)]
    own: bool,
    /// The figures of this tenant; another than the token's needs cache:admin
    #[arg(long, value_name = "T", conflicts_with = "own")]
    tenant: Option<String>,
    #[command(flatten)]
    common: Common,
}

#[derive(Args, Debug)]
pub(super) struct GetArgs {
    /// The entry's key, such as dashboard_kpis:tenant-001
    key: String,
    #[command(flatten)]
    common: Common,
}

#[derive(Args, Debug)]
pub(super) struct ListArgs {
    /// Only endpoints whose names start like this
    #[arg(long, value_name = "TEXT")]
    prefix: Option<String>,
    /// How many entries
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
    /// Where to go on, as an earlier list said
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,
    /// The entries of this tenant; another than the token's needs cache:admin
    #[arg(long, value_name = "T")]
    tenant: Option<String>,
    #[command(flatten)]
    common: Common,
}

#[derive(Args, Debug)]
pub(super) struct InvalidateArgs {
    /// One entry, such as dashboard_kpis:tenant-001
    #[arg(long, value_name = "KEY", group = "selector")]
    key: Option<String>,
    /// All entries of one endpoint, such as products
    #[arg(long, value_name = "NAME", group = "selector")]
    endpoint: Option<String>,
    /// All endpoints whose names start like this, such as dashboard
    #[arg(long, value_name = "TEXT", group = "selector")]
    prefix: Option<String>,
    /// All entries with this tag, such as product:123
    #[arg(long, value_name = "TAG", group = "selector")]
    tag: Option<String>,
    /// Of this tenant; another than the token's needs cache:admin
    #[arg(long, value_name = "T")]
    tenant: Option<String>,
    /// Says whether a replica has confirmed it; so far none is asked
    #[arg(long)]
    replicated: bool,
    #[command(flatten)]
    common: Common,
}

pub(super) async fn run(question: &Question, out: &mut dyn Write) -> anyhow::Result<()> {
    match question {
        Question::Metrics(args) => metrics(args, out).await,
        Question::Get(args) => get(args, out).await,
        Question::List(args) => list(args, out).await,
        Question::Invalidate(args) => invalidate(args, out).await,
    }
}

async fn metrics(args: &MetricsArgs, out: &mut dyn Write) -> anyhow::Result<()> {
    let scoped = args.own || args.tenant.is_some();
    let query = [
        ("scope", scoped.then_some("tenant")),
        ("tenant", args.tenant.as_deref()),
    ];
    let document = args
        .common
        .call(Method::GET, &["cache", "metrics"], &query)
        .await?;
    args.common.print(&document, out, |out| {
        writeln!(out, "{}", table::of_fields(&document, METRICS_FIRST))
    })
}

async fn get(args: &GetArgs, out: &mut dyn Write) -> anyhow::Result<()> {
    let query = [("key", Some(args.key.as_str()))];
    let mut document = args
        .common
        .call(Method::GET, &["cache", "entry"], &query)
        .await?;
    if args.common.format == PrintFormat::Json {
        return args.common.print(&document, out, |_| Ok(()));
    }
    let value = document
        .as_object_mut()
        .and_then(|entry| entry.remove("value"));
    writeln!(out, "{}", table::of_fields(&document, ENTRY_FIRST))?;
    if let Some(value) = value {
        writeln!(out, "{value:#}")?;
    }
    Ok(())
}

async fn list(args: &ListArgs, out: &mut dyn Write) -> anyhow::Result<()> {
    let limit = args.limit.map(|limit| limit.to_string());
    let query = [
        ("prefix", args.prefix.as_deref()),
        ("limit", limit.as_deref()),
        ("cursor", args.cursor.as_deref()),
        ("tenant", args.tenant.as_deref()),
    ];
    let document = args
        .common
        .call(Method::GET, &["cache", "entries"], &query)
        .await?;
    args.common.print(&document, out, |out| {
        let items = document["items"].as_array().map_or(&[][..], Vec::as_slice);
        if items.is_empty() {
            output::message("no entries");
            return Ok(());
        }
        writeln!(out, "{}", table::of_items(items, LISTED))
    })?;
    if let Some(cursor) = document["next_cursor"].as_str() {
        output::message(format_args!("there are more: --cursor {cursor}"));
    }
    Ok(())
}

async fn invalidate(args: &InvalidateArgs, out: &mut dyn Write) -> anyhow::Result<()> {
    let query = [
        ("key", args.key.as_deref()),
        ("endpoint", args.endpoint.as_deref()),
        ("prefix", args.prefix.as_deref()),
        ("tag", args.tag.as_deref()),
        ("tenant", args.tenant.as_deref()),
        ("durability", args.replicated.then_some("replicated")),
    ];
    let document = args.common.call(Method::DELETE, &["cache"], &query).await?;
    args.common.print(&document, out, |out| {
        let status = document["status"].as_str().unwrap_or("unknown");
        match &document["generation"] {
            Value::Null => writeln!(out, "{status}"),
            generation => writeln!(out, "{status} (generation {generation})"),
        }
    })
}

impl Common {
    async fn call(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, Option<&str>)],
    ) -> anyhow::Result<Value> {
        let given: Vec<(&str, &str)> = query
            .iter()
            .filter_map(|(name, value)| Some((*name, (*value)?)))
            .collect();
        ApiClient::new(&self.server)?
            .call(method, path, &given)
            .await
    }

    fn print(
        &self,
        document: &Value,
        out: &mut dyn Write,
        table: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
    ) -> anyhow::Result<()> {
        match self.format {
            PrintFormat::Json => writeln!(out, "{document:#}")?,
            PrintFormat::Table => table(out)?,
        }
        Ok(())
    }
}
