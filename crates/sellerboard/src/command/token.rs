use std::io::Write;
use std::time::Duration;

use clap::Args;

use super::run::{load, now};
use crate::auth::{NewToken, sign};
use crate::config::{ConfigFlags, parse_duration};

#[derive(Args, Debug)]
pub(super) struct TokenArgs {
    /// Whose data the bearer may see
    #[arg(long, value_name = "T")]
    tenant: String,
    /// The bearer's e-mail address
    #[arg(long, value_name = "E")]
    email: String,
    /// What the bearer may do besides reading, such as cache:admin; may be repeated
    #[arg(long = "scope", value_name = "S", value_parser = parse_scope)]
    scopes: Vec<String>,
    /// How long the token is valid
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = parse_ttl)]
    ttl: Duration,
    #[command(flatten)]
    config: ConfigFlags,
}

pub(super) fn run(args: &TokenArgs, out: &mut dyn Write) -> anyhow::Result<()> {
    let config = load(&args.config)?.config;
    let token = NewToken::new(&args.tenant, &args.email)
        .with_scopes(args.scopes.clone())
        .with_ttl(args.ttl);
    writeln!(out, "{}", sign(&config.auth, &token, now())?)?;
    Ok(())
}

fn parse_ttl(text: &str) -> Result<Duration, String> {
    let ttl = parse_duration(text)?;
    if ttl < Duration::from_secs(1) {
        return Err("expected at least one second".to_owned());
    }
    Ok(ttl)
}

fn parse_scope(text: &str) -> Result<String, String> {
    let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
    if text.is_empty() || !visible {
        return Err("expected a word such as cache:admin; repeat --scope for several".to_owned());
    }
    Ok(text.to_owned())
}
