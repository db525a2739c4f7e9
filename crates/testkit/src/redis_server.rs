mod builder;
mod data;
mod users;

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use parking_lot::Mutex;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::certificates::Certificates;
pub use builder::RedisServerBuilder;
pub use users::RefusesClients;

const SNAPSHOT: &str = "dump.rdb";
const SOCKET: &str = "redis.sock";
const READY_ATTEMPTS_MAX: u32 = 2_000;
const READY_INTERVAL: Duration = Duration::from_millis(5);

/// A `redis-server` process of one test's own: no persistence, a free TCP port and a Unix socket.
///
/// It is killed, by its pid, when the value is dropped.
#[derive(Debug)]
pub struct RedisServer {
    child: Option<Child>,
    dir: TempDir,
    port: u16,
    tls: Option<Tls>,
    args: Vec<String>,
    /// The default user's.
    password: Mutex<Option<String>>,
}

#[derive(Debug)]
struct Tls {
    port: u16,
    certificates: Certificates,
}

impl RedisServer {
    /// A server whose configuration can be chosen.
    pub fn builder() -> RedisServerBuilder {
        RedisServerBuilder::default()
    }

    /// Starts a server with default settings.
    ///
    /// # Panics
    ///
    /// If `redis-server` is not installed or does not answer within 10 s.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// Starts the process (again), with its [`snapshot`](Self::snapshot) or empty, at the same port and socket, and waits until it answers.
    ///
    /// # Panics
    ///
    /// If the server does not answer within 10 s.
    pub async fn restart(&mut self) {
        assert!(
            self.launch(&[], Answer::Ready).await,
            "redis-server did not start on port {}",
            self.port
        );
    }

    /// Writes a snapshot, with which the next [`restart`](Self::restart) begins.
    ///
    /// # Panics
    ///
    /// If the server cannot write it.
    pub fn snapshot(&self) {
        assert_eq!(self.cli(&["SAVE"]), "OK");
    }

    /// Deletes the snapshot, if there is one: the next restart begins empty.
    pub fn forget_snapshot(&self) {
        let _there_may_be_none = std::fs::remove_file(self.dir.path().join(SNAPSHOT));
    }

    /// Makes the server a replica of the one on that port of 127.0.0.1, with a full copy if need be.
    ///
    /// # Panics
    ///
    /// If the server refuses.
    pub fn replicate(&self, port: u16) {
        assert_eq!(
            self.cli(&["REPLICAOF", "127.0.0.1", &port.to_string()]),
            "OK"
        );
    }

    /// Whether the server is a replica that has its primary's data and hears of changes.
    #[must_use]
    pub fn is_in_step(&self) -> bool {
        let info = self.cli(&["INFO", "replication"]);
        info.contains("role:slave") && info.contains("master_link_status:up")
    }

    /// Makes a replica a primary, with the data that it has.
    ///
    /// # Panics
    ///
    /// If the server refuses.
    pub fn promote(&self) {
        assert_eq!(self.cli(&["REPLICAOF", "NO", "ONE"]), "OK");
    }

    /// Ends the process as `kill -9` does. Nothing happens if it has ended already.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Stops the process with SIGSTOP: connections are still accepted, but nothing is answered.
    ///
    /// # Panics
    ///
    /// If the process has ended.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets a frozen process go on.
    ///
    /// # Panics
    ///
    /// If the process has ended.
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// The server's URL over TCP, database 0, with the password of the default user if it has one.
    #[must_use]
    pub fn url(&self) -> String {
        let password = self.password.lock();
        let user = password.as_ref().map(|password| format!(":{password}@"));
        let user = user.unwrap_or_default();
        format!("redis://{user}127.0.0.1:{}/0", self.port)
    }

    /// The server's URL over its Unix socket, database 0.
    #[must_use]
    pub fn unix_url(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    /// The server's URL over TLS, database 0, by the name `host`, which should be one of this machine.
    ///
    /// # Panics
    ///
    /// If the server was not started [with TLS](RedisServerBuilder::with_tls).
    #[must_use]
    pub fn tls_url(&self, host: &str) -> String {
        format!("rediss://{host}:{}/0", self.tls().port)
    }

    /// The authority that signed the server's certificate, as PEM.
    ///
    /// # Panics
    ///
    /// If the server was not started [with TLS](RedisServerBuilder::with_tls).
    #[must_use]
    pub fn authority_pem(&self) -> &str {
        &self.tls().certificates.authority_pem
    }

    /// The TCP port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The id of the process; 0 if it was killed.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    /// Runs `redis-cli` against the server, as its default user, and gives what it printed, trimmed.
    ///
    /// # Panics
    ///
    /// If `redis-cli` cannot be run.
    #[must_use]
    pub fn cli(&self, args: &[&str]) -> String {
        let output = Command::new("redis-cli")
            .args(["-s", &self.socket().display().to_string()])
            .envs(self.password.lock().iter().map(|it| ("REDISCLI_AUTH", it)))
            .args(args)
            .output()
            .expect("redis-cli is installed with redis-server");
        String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned()
    }

    /// Whether the process came up; `false` if it ended at once, as it does when its port is taken.
    async fn launch(&mut self, more_args: &[String], wanted: Answer) -> bool {
        self.kill();
        let password = self.password.get_mut().clone();
        let password = password.map(|password| ["--requirepass".to_owned(), password]);
        let child = Command::new("redis-server")
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no"])
            .args(["--dir", &self.dir.path().display().to_string()])
            .args(["--unixsocket", &self.socket().display().to_string()])
            .args(self.tls_args())
            .args(&self.args)
            .args(password.into_iter().flatten())
            .args(more_args)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("redis-server is installed (cargo xtask test installs it)");
        self.child = Some(child);
        self.answers(wanted).await
    }

    /// Waits for an answer; `false` if the process has ended.
    async fn answers(&mut self, wanted: Answer) -> bool {
        for _ in 0..READY_ATTEMPTS_MAX {
            let child = self.child.as_mut().expect("the server was started");
            if child.try_wait().is_ok_and(|status| status.is_some()) {
                return false;
            }
            if answer(self.socket()).await == Some(wanted) {
                return true;
            }
            tokio::time::sleep(READY_INTERVAL).await;
        }
        panic!("redis-server did not answer on port {}", self.port);
    }

    fn tls(&self) -> &Tls {
        self.tls.as_ref().expect("the server was started with TLS")
    }

    /// Writes the certificates, and gives the arguments that name them.
    fn tls_args(&self) -> Vec<String> {
        let Some(Tls { port, certificates }) = &self.tls else {
            return Vec::new();
        };
        let mut args = vec!["--tls-port".to_owned(), port.to_string()];
        args.extend(["--tls-auth-clients", "no"].map(str::to_owned));
        for (directive, file, pem) in [
            ("--tls-ca-cert-file", "ca.pem", &certificates.authority_pem),
            ("--tls-cert-file", "server.pem", &certificates.server_pem),
            ("--tls-key-file", "server.key", &certificates.server_key_pem),
        ] {
            let path = self.dir.path().join(file);
            std::fs::write(&path, pem).expect("a file can be written");
            args.extend([directive.to_owned(), path.display().to_string()]);
        }
        args
    }

    fn socket(&self) -> PathBuf {
        self.dir.path().join(SOCKET)
    }

    fn signal(&self, signal: Signal) {
        let child = self.child.as_ref().expect("the server is running");
        let pid = Pid::from_child(child);
        kill_process(pid, signal).expect("an own child can be signalled");
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What a server says to PING.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Ready,
    Loading,
}

/// A server that wants a password answers PING with an error, which is an answer too.
async fn answer(socket: PathBuf) -> Option<Answer> {
    let mut stream = UnixStream::connect(socket).await.ok()?;
    stream.write_all(b"PING\r\n").await.ok()?;
    let mut reply = [0; 5];
    stream.read_exact(&mut reply).await.ok()?;
    match &reply {
        b"+PONG" | b"-NOAU" => Some(Answer::Ready),
        b"-LOAD" => Some(Answer::Loading),
        _ => None,
    }
}

/// A TCP port on 127.0.0.1 that was free a moment ago.
///
/// # Panics
///
/// If no port can be bound.
#[must_use]
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port can be bound");
    listener
        .local_addr()
        .expect("a bound socket has an address")
        .port()
}

#[cfg(test)]
mod tests;
