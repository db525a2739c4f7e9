use clap::{Args, Parser, Subcommand};

use super::cache::CacheCommand;
use super::check_redis::CheckRedisArgs;
use super::check_store::CheckStoreArgs;
use super::export::ExportArgs;
use super::import::ImportArgs;
use super::serve::ServeArgs;
use super::token::TokenArgs;
use crate::config::ConfigFlags;

/// The seller dashboard service and its tools. Without a command, `demo`.
#[derive(Debug, Parser)]
#[command(name = "sellerboard", version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) demo: DemoArgs,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Starts everything in one process: marketplace, service, an embedded store with three shops
    Demo(DemoArgs),
    /// Starts the service
    Serve(ServeArgs),
    /// Starts the mock marketplace API
    ///
    /// Orders, product edits, reviews and prices that are sent to it change the store. With MARKETPLACE_WEBHOOK_URL
    /// each is told there: a CloudEvents event (order.created, product.updated, review.created, price.observed),
    /// signed with WEBHOOK_SECRET as Standard Webhooks describes, repeated until the receiver answers 2xx, in the order
    /// of the tenant's changes. Events wait in the store, so neither a stop nor a receiver that is down loses any. One
    /// that is refused ten times (4xx other than 401, 403, 408, 429) is moved aside. GET /webhooks at its root tells how
    /// many are pending, delivered and dead.
    #[command(visible_alias = "mock-api")]
    Marketplace(DemoArgs),
    /// Tests a Redis server: ping, set, get, delete, then what it can do
    CheckRedis(CheckRedisArgs),
    /// Prints a token that is signed with JWT_SECRET
    Token(TokenArgs),
    Import(ImportArgs),
    Export(ExportArgs),
    /// Compares the sums that answers are read from with the order lines in the store
    ///
    /// The database keeps them by itself, with every change; this is for what it cannot see, a damaged file say. Ends
    /// with 1 when some are wrong and --repair was not given. Needs some seconds and 100 MB for a million lines.
    CheckStore(CheckStoreArgs),
    /// Looks into a running service's cache, and invalidates
    #[command(subcommand)]
    Cache(CacheCommand),
}

#[derive(Args, Debug)]
pub(super) struct DemoArgs {
    /// Leaves an empty store empty
    #[arg(long)]
    pub(super) no_demo_data: bool,
    #[command(flatten)]
    pub(super) config: ConfigFlags,
}
