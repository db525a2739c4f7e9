use parking_lot::Mutex;
use tempfile::TempDir;

use super::{Answer, RedisServer, Tls, free_port};
use crate::certificates::Certificates;

const PORTS_TRIED_MAX: u32 = 5;

/// Arguments for a [`RedisServer`].
#[derive(Debug, Default)]
#[must_use]
pub struct RedisServerBuilder {
    tls: bool,
    args: Vec<String>,
    password: Option<String>,
}

impl RedisServerBuilder {
    /// Adds a configuration directive, as in `redis.conf` (`with_config("maxmemory", &["64mb"])`).
    pub fn with_config(mut self, name: &str, values: &[&str]) -> Self {
        self.args.push(format!("--{name}"));
        self.args
            .extend(values.iter().map(|value| (*value).to_owned()));
        self
    }

    /// Wants this password of the default user. It takes part in [`RedisServer::url`].
    pub fn with_password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self
    }

    /// Adds a user with ACL rules, such as `["on", ">secret", "~*", "&*", "+@all", "-config"]`.
    pub fn with_user(self, name: &str, rules: &[&str]) -> Self {
        let values: Vec<_> = std::iter::once(name).chain(rules.iter().copied()).collect();
        self.with_config("user", &values)
    }

    /// Adds a second port that speaks TLS, with a certificate by an authority of the test's own.
    pub fn with_tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Starts the server and waits until it answers.
    ///
    /// # Panics
    ///
    /// If `redis-server` is not installed, refuses its arguments, or does not answer within 10 s.
    pub async fn start(self) -> RedisServer {
        let mut server = RedisServer {
            child: None,
            dir: TempDir::new().expect("a temporary directory can be made"),
            port: free_port(),
            tls: self.tls.then(|| Tls {
                port: free_port(),
                certificates: Certificates::new(),
            }),
            args: self.args,
            password: Mutex::new(self.password),
        };
        for _ in 0..PORTS_TRIED_MAX {
            if server.launch(&[], Answer::Ready).await {
                return server;
            }
            // Another process took the port between its choice and the start.
            server.port = free_port();
            if let Some(tls) = &mut server.tls {
                tls.port = free_port();
            }
        }
        panic!(
            "redis-server ends at once: are its arguments right? {:?}",
            server.args
        )
    }
}
