use std::time::Duration;

use redis::{Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, TlsCertificates};

/// Where Redis is, and what may be asked of it.
#[derive(Clone)]
#[must_use]
pub struct RedisOptions {
    pub(crate) connection: ConnectionInfo,
    pub(crate) command_timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) max_memory_bytes: Option<u64>,
    pub(crate) table_ttl: Duration,
}

/// A URL that is not one of a Redis server. It does not repeat the URL, which may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a Redis URL: {reason}")]
pub struct UrlError {
    reason: String,
}

/// Certificates that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not usable as certificate authorities: {reason}")]
pub struct CertificatesError {
    reason: String,
}

impl RedisOptions {
    /// Options for the server at `url`: `redis://`, `rediss://` (TLS, trusting the system's certificates), or
    /// `redis+unix://` with a socket's path; user, password and database as usual.
    ///
    /// # Errors
    ///
    /// [`UrlError`] if it is none of these. Sentinel and Cluster are not supported yet.
    pub fn new(url: &str) -> Result<Self, UrlError> {
        if url.starts_with("redis-sentinel:") || url.starts_with("redis-cluster:") {
            let reason =
                "Sentinel and Cluster are not supported yet; give the address of one server";
            return Err(UrlError {
                reason: reason.to_owned(),
            });
        }
        let connection = url.into_connection_info().map_err(|error| UrlError {
            reason: error.to_string(),
        })?;
        let tcp = connection.tcp_settings().clone().set_nodelay(true);
        Ok(Self {
            connection: connection.set_tcp_settings(tcp),
            command_timeout: Duration::from_millis(100),
            connect_timeout: Duration::from_secs(1),
            max_memory_bytes: None,
            table_ttl: Duration::from_secs(4 * 60 * 60),
        })
    }

    /// The certificate authorities to trust, as PEM, instead of the system's. Only for `rediss://`. Default: those of the
    /// system, or of the file that `SSL_CERT_FILE` names.
    ///
    /// # Errors
    ///
    /// [`CertificatesError`] if there is no certificate in it, one cannot be read, or the URL is not `rediss://`.
    pub fn with_ca_certificates(mut self, pem: &[u8]) -> Result<Self, CertificatesError> {
        const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
        if !pem.windows(BEGIN.len()).any(|window| window == BEGIN) {
            let reason = "there is no certificate in PEM form".to_owned();
            return Err(CertificatesError { reason });
        }
        let certificates = TlsCertificates {
            client_tls: None,
            root_cert: Some(pem.to_vec()),
        };
        let client = Client::build_with_tls(self.connection, certificates).map_err(|error| {
            CertificatesError {
                reason: error.to_string(),
            }
        })?;
        self.connection = client.get_connection_info().clone();
        Ok(self)
    }

    /// How long one command may take. Default 100 ms.
    pub fn with_command_timeout(mut self, timeout: Duration) -> Self {
        self.command_timeout = timeout;
        self
    }

    /// How long it may take to connect and to prepare the connection. Default 1 s.
    pub fn with_connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// The server's `maxmemory`, with `allkeys-lru`, set on connecting to a server that has no limit. Default: none is
    /// set.
    pub fn with_max_memory_bytes(mut self, bytes: u64) -> Self {
        self.max_memory_bytes = Some(bytes);
        self
    }

    /// The longest hard TTL of any entry, of which tables live four times as long. Default 1 h.
    pub fn with_hard_ttl_max(mut self, ttl: Duration) -> Self {
        self.table_ttl = 4 * ttl.max(Duration::from_secs(60));
        self
    }

    pub(crate) fn is_tls(&self) -> bool {
        matches!(self.connection.addr(), ConnectionAddr::TcpTls { .. })
    }
}

impl std::fmt::Debug for RedisOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisOptions")
            .field("addr", self.connection.addr())
            .field("command_timeout", &self.command_timeout)
            .field("connect_timeout", &self.connect_timeout)
            .field("max_memory_bytes", &self.max_memory_bytes)
            .finish_non_exhaustive()
    }
}
