//! Other caches beside the service: the same tenants, tokens, bodies and load.
//!
//! Their configurations stand in `bench/peers`. A cache that reads no tokens is told the tenant in a header, and answers what the origin
//! does; one that reads them is a service of its own, with the service's envelope. Answers are of the same size either way.

mod ask_each;
mod outage;
mod peer;
mod rate;
mod stampede;

use clap::ValueEnum;

use super::Bench;

pub use peer::Peer;

/// What is asked about a peer.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Question {
    /// Hits per second, and what they cost
    Rate,
    /// 200 requests at once for what nobody has
    Stampede,
    /// Redis hangs, and is gone
    Outage,
}

impl Question {
    /// Finds out about peers, and about the service beside them; gives a table in Markdown.
    ///
    /// # Errors
    ///
    /// If a program is not installed or does not start, or an answer is wrong that counts.
    pub async fn ask(self, bench: &Bench, peers: &[Peer]) -> anyhow::Result<String> {
        match self {
            Self::Rate => rate::table(bench, peers).await,
            Self::Stampede => stampede::table(bench, peers).await,
            Self::Outage => outage::table(bench, peers).await,
        }
    }
}
