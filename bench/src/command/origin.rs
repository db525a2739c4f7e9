use std::net::SocketAddr;
use std::time::Duration;

use bench::origin::Origin;
use clap::Args;
use tokio::net::TcpListener;

/// Answers `GET /api/v1/products/BYTES-NUMBER` for the tenant of `X-Tenant-Id`, on one thread
///
/// The body is a product of BYTES - 12 bytes, so that the service's answer, which puts `{"payload":` and `}` around it, has BYTES.
/// It contains `<TENANT>`.
#[derive(Args, Debug)]
pub(crate) struct OriginArguments {
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:9001")]
    addr: SocketAddr,
    /// How long each answer takes, in ms
    #[arg(long, default_value_t = 0)]
    latency_ms: u64,
}

impl OriginArguments {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let listener = TcpListener::bind(self.addr).await?;
        let origin = Origin::new(Duration::from_millis(self.latency_ms));
        Ok(origin.serve(listener).await?)
    }
}
