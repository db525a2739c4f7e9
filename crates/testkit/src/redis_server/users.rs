//! Who may use a server, and how many.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use super::RedisServer;

/// What Redis has by default.
const CLIENTS_MAX: u32 = 10_000;

impl RedisServer {
    /// Changes the default user's password; an empty one means that none is wanted. Connections that are open stay so.
    ///
    /// # Panics
    ///
    /// If the server refuses.
    pub fn set_password(&self, password: &str) {
        assert_eq!(self.cli(&["CONFIG", "SET", "requirepass", password]), "OK");
        *self.password.lock() = (!password.is_empty()).then(|| password.to_owned());
    }

    /// Makes or changes a user with ACL rules, such as `["on", ">secret", "~*", "&*", "+@all", "-config"]`. The user
    /// `default` is the one that connects without a name.
    ///
    /// # Panics
    ///
    /// If the server refuses.
    pub fn acl_setuser(&self, name: &str, rules: &[&str]) {
        let mut command = vec!["ACL", "SETUSER", name];
        command.extend(rules);
        assert_eq!(self.cli(&command), "OK");
    }

    /// The server's URL for one of its users, database 0.
    #[must_use]
    pub fn url_as(&self, user: &str, password: &str) -> String {
        format!("redis://{user}:{password}@127.0.0.1:{}/0", self.port())
    }

    /// Sets a directive of the configuration while the server runs.
    ///
    /// # Panics
    ///
    /// If the server refuses.
    pub fn config_set(&self, name: &str, value: &str) {
        assert_eq!(self.cli(&["CONFIG", "SET", name, value]), "OK");
    }

    /// Lets nobody in any more (`-ERR max number of clients reached`), [`cli`](Self::cli) included. Connections that are
    /// open stay so.
    ///
    /// # Panics
    ///
    /// If the server refuses, as one with a password does.
    pub async fn refuse_clients(&self) -> RefusesClients {
        let control = UnixStream::connect(self.socket()).await;
        let mut control = RefusesClients {
            control: control.expect("the server accepts connections"),
        };
        control.allow(1).await;
        control
    }
}

/// A server that lets nobody in. It stays so when this is dropped.
#[derive(Debug)]
pub struct RefusesClients {
    /// A connection that was made in time.
    control: UnixStream,
}

impl RefusesClients {
    /// Lets clients in again.
    ///
    /// # Panics
    ///
    /// If the server refuses.
    pub async fn end(mut self) {
        self.allow(CLIENTS_MAX).await;
    }

    async fn allow(&mut self, clients: u32) {
        let command = format!("CONFIG SET maxclients {clients}\r\n");
        let mut reply = [0; 5];
        let asked = self.control.write_all(command.as_bytes()).await;
        let answered = self.control.read_exact(&mut reply).await;
        assert!(asked.is_ok() && answered.is_ok(), "the server is there");
        assert_eq!(&reply, b"+OK\r\n", "the server obeys");
    }
}
