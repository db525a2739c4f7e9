use testkit::RedisServer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// What a node sends on the connection on which it is told of changes.
const TRACK: &[u8] = b"HELLO 3\r\nCLIENT TRACKING ON BCAST PREFIX tenantcache:table:\r\nPING\r\n";

/// Connections that are told of changes, as nodes are, until they are dropped.
pub(super) struct Listeners {
    _readers: JoinSet<()>,
}

impl Listeners {
    pub(super) async fn connect(redis: &RedisServer, count: usize) -> anyhow::Result<Self> {
        let mut readers = JoinSet::new();
        for _ in 0..count {
            let mut stream = TcpStream::connect(("127.0.0.1", redis.port())).await?;
            stream.write_all(TRACK).await?;
            let mut buffer = [0; 4_096];
            let mut tail = Vec::new();
            while !tail.ends_with(b"+PONG\r\n") {
                let count = stream.read(&mut buffer).await?;
                anyhow::ensure!(count > 0, "Redis closed a connection");
                tail.extend_from_slice(&buffer[..count]);
            }
            readers.spawn(async move {
                while stream.read(&mut buffer).await.is_ok_and(|count| count > 0) {}
            });
        }
        Ok(Self { _readers: readers })
    }
}
