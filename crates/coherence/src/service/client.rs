use std::net::SocketAddr;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// How long an idle connection is kept, as load balancers do: less than the 75 s after which the service closes it, or a
/// request could be sent to a connection that is no more.
const IDLE_MAX: Duration = Duration::from_secs(60);

/// The least HTTP/1.1 client that keeps its connections: a general one would take more of the machine than the service
/// that it asks.
#[derive(Debug)]
pub(crate) struct Client {
    addr: SocketAddr,
    idle: Mutex<Vec<Connection>>,
}

#[derive(Debug)]
struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    used_at: Instant,
}

/// What is used of a response.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) cache_status: String,
    /// Seconds.
    pub(crate) age: u64,
    pub(crate) body: Vec<u8>,
}

impl Client {
    pub(crate) fn new(addr: SocketAddr) -> Self {
        Self {
            addr,
            idle: Mutex::default(),
        }
    }

    /// Sends a request and reads its response; `None` if there is none.
    pub(crate) async fn send(&self, request: &str) -> Option<Response> {
        let idle = self.idle.lock().pop();
        let idle = idle.filter(|connection| connection.used_at.elapsed() < IDLE_MAX);
        let mut connection = match idle {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        let response = connection.exchange(request).await?;
        connection.used_at = Instant::now();
        self.idle.lock().push(connection);
        Some(response)
    }

    async fn connect(&self) -> Option<Connection> {
        let stream = TcpStream::connect(self.addr).await.ok()?;
        stream.set_nodelay(true).ok()?;
        Some(Connection {
            stream,
            buffer: Vec::with_capacity(4096),
            used_at: Instant::now(),
        })
    }
}

impl Connection {
    async fn exchange(&mut self, request: &str) -> Option<Response> {
        const BLANK: &[u8] = b"\r\n\r\n";
        self.stream.write_all(request.as_bytes()).await.ok()?;
        let head = loop {
            if let Some(end) = self.buffer.windows(4).position(|window| window == BLANK) {
                break end;
            }
            self.read_more().await?;
        };
        let text = std::str::from_utf8(&self.buffer[..head]).ok()?;
        let mut lines = text.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let (mut length, mut age, mut cache_status) = (0, 0, String::new());
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            let value = value.trim();
            match name {
                _ if name.eq_ignore_ascii_case("content-length") => length = value.parse().ok()?,
                _ if name.eq_ignore_ascii_case("age") => age = value.parse().ok()?,
                _ if name.eq_ignore_ascii_case("cache-status") => {
                    value.clone_into(&mut cache_status)
                }
                _ => {}
            }
        }
        let begin = head + BLANK.len();
        while self.buffer.len() < begin + length {
            self.read_more().await?;
        }
        let body = self.buffer[begin..begin + length].to_vec();
        self.buffer.drain(..begin + length);
        Some(Response {
            status,
            cache_status,
            age,
            body,
        })
    }

    async fn read_more(&mut self) -> Option<()> {
        let read = self.stream.read_buf(&mut self.buffer).await.ok()?;
        (read > 0).then_some(())
    }
}
