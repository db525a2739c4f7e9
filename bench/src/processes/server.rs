use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use super::Cores;

const PATIENCE: Duration = Duration::from_secs(15);
const LOOK_INTERVAL: Duration = Duration::from_millis(2);

/// A server's process. It is killed, by its pid, when the value is dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// Where it listens.
    pub addr: SocketAddr,
    /// From the start of the process until it accepted a connection.
    pub started_in: Duration,
}

impl Server {
    /// Starts a program on the servers' core, and waits until somebody listens at `addr`. What it prints to stderr goes to `log`.
    ///
    /// # Errors
    ///
    /// If it does not start, ends at once, or does not listen within 15 s.
    pub async fn start(
        command: &mut Command,
        addr: SocketAddr,
        cores: Cores,
        log: &Path,
    ) -> anyhow::Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let log = std::fs::File::create(log)?;
        let command = command.stdin(Stdio::null()).stdout(Stdio::null());
        let command = command.stderr(log);
        let start = Instant::now();
        let child = cores.on_server_core(|| command.spawn())?;
        let child = child.with_context(|| format!("failed to start {name}"))?;
        let mut server = Self {
            child,
            addr,
            started_in: Duration::ZERO,
        };
        while TcpStream::connect(addr).await.is_err() {
            if let Some(status) = server.child.try_wait()? {
                anyhow::bail!("{name} ended with {status}");
            }
            anyhow::ensure!(start.elapsed() < PATIENCE, "{name} does not listen");
            sleep(LOOK_INTERVAL).await;
        }
        server.started_in = start.elapsed();
        Ok(server)
    }

    /// The id of its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
