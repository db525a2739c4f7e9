//! Configuration: one [registry](VARIABLES) of variables, five places they may come from.
//!
//! Flags win over the environment, which wins over `.env`, `sellerboard.toml` and the defaults. Each variable's
//! name, default, parser and help stand in one table; parsing, flags, `--print-config` and the search for
//! misspelt keys are all made from it.
//!
//! What each kind of event invalidates is a table of tables, so it stands in `sellerboard.toml` alone.
//!
//! An empty value in the environment or in `.env` counts as not set, as container tools write it for an absent
//! variable. Anything else that does not parse, and any key that is ours but unknown, stops the start.

mod directories;
mod dotenv;
mod error;
mod events;
mod flags;
mod load;
mod model;
mod parse;
mod print;
mod registry;
mod secret;
mod sources;
mod unknown;

pub use directories::Directories;
pub use error::{ConfigError, Problem};
pub use events::EventSetting;
pub use flags::ConfigFlags;
pub use load::{Loaded, Setting, Source};
pub use model::{
    AuthSettings, CacheSettings, Config, DataSettings, DataSource, LogFormat, LogSettings,
    MarketplaceSettings, RedisSettings,
};
pub(crate) use parse::is_loopback;
pub use parse::parse_duration;
pub use print::PrintFormat;
pub use registry::{VARIABLES, Variable};
pub use secret::{RedisLocation, Secret, SecretUrl, mask_url};
pub use sources::Sources;

#[cfg(test)]
mod tests;
