use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;
use clap::ValueEnum;
use testkit::{RedisServer, free_port};

use super::super::world::{authorized, home};
use super::Bench;
use crate::body::{mark, path, plain_path};
use crate::load::Request;
use crate::processes::Server;
use crate::tokens::{SECRET, tenant};

const CACHE: &str = include_str!("../../../peers/nginx/cache.conf");
const CONSTANT: &str = include_str!("../../../peers/nginx/constant.conf");
const JWT: &str = include_str!("../../../peers/nginx/jwt.conf");
const JWT_SCRIPT: &str = include_str!("../../../peers/nginx/jwt.js");
const VCL: &str = include_str!("../../../peers/varnish/default.vcl");
const OPEN_FILES: &str = "open_file_cache max=100000 inactive=1h; open_file_cache_valid 1h;";
/// Where Debian puts what nginx loads.
const NGINX_MODULES: &str = "/usr/lib/nginx/modules";
/// What Varnish need not tell its log in memory, which nobody reads.
const UNLOGGED: &str = "vsl_mask=-Begin,-End,-Link,-SessOpen,-SessClose,-ReqStart,-ReqMethod,-ReqURL,-ReqProtocol,-ReqHeader,\
-ReqUnset,-ReqAcct,-RespProtocol,-RespStatus,-RespReason,-RespHeader,-RespUnset,-Timestamp,-Hit,-VCL_call,-VCL_return,-Filters";
/// The folder of the program, from that of the workspace.
const BENTOCACHE: &str = "bench/peers/bentocache";

/// Another cache that answers HTTP.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Peer {
    /// nginx answers a constant: what it can do at most
    NginxConstant,
    /// nginx, `proxy_cache`
    Nginx,
    /// nginx, `proxy_cache` with `open_file_cache`
    NginxOpenFiles,
    /// nginx, `proxy_cache` with `open_file_cache`, behind a check of the token in njs
    NginxJwt,
    /// Varnish
    Varnish,
    /// Fastify with `@fastify/jwt` and BentoCache: a local tier, Redis, and a bus
    Bentocache,
}

impl Peer {
    /// What it is called.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::NginxConstant => "nginx, a constant",
            Self::Nginx => "nginx `proxy_cache`",
            Self::NginxOpenFiles => "nginx `proxy_cache`, `open_file_cache`",
            Self::NginxJwt => "nginx `proxy_cache`, `open_file_cache`, token checked in njs",
            Self::Varnish => "Varnish",
            Self::Bentocache => "Fastify, BentoCache in two tiers",
        }
    }

    /// What it verifies of a request.
    pub(super) fn verifies(self) -> &'static str {
        match self {
            Self::NginxConstant | Self::Nginx | Self::NginxOpenFiles | Self::Varnish => "nothing",
            Self::NginxJwt => "signature and time, each time",
            Self::Bentocache => "the token, remembered",
        }
    }

    /// What it says of its version.
    pub(super) fn version(self) -> anyhow::Result<String> {
        let (program, argument) = match self {
            Self::Varnish => ("varnishd", "-V"),
            Self::Bentocache => ("node", "--version"),
            _ => ("nginx", "-v"),
        };
        let output = Command::new(program).arg(argument).output();
        let output = output.with_context(|| format!("{program}: see bench/peers/README.md"))?;
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        let first = text.lines().next().unwrap_or_default();
        Ok(format!("{program} {}", version(first)))
    }

    /// Starts it before an origin. One that uses Redis uses this one.
    pub(super) async fn start(
        self,
        bench: &Bench,
        origin: SocketAddr,
        redis: &RedisServer,
        bytes: usize,
    ) -> anyhow::Result<Server> {
        let folder = home(bench)?;
        let port = free_port();
        let values = Values {
            folder: &folder,
            port,
            origin,
            bytes,
        };
        let mut command = match self {
            Self::NginxConstant => values.nginx(CONSTANT, "")?,
            Self::Nginx => values.nginx(CACHE, "")?,
            Self::NginxOpenFiles => values.nginx(CACHE, OPEN_FILES)?,
            Self::NginxJwt => {
                values.write("jwt.js", JWT_SCRIPT, "")?;
                values.nginx(JWT, "")?
            }
            Self::Varnish => values.varnish()?,
            Self::Bentocache => values.bentocache(redis),
        };
        let addr = ([127, 0, 0, 1], port).into();
        let started = Server::start(&mut command, addr, bench.cores, &folder.join("log")).await;
        started.with_context(|| format!("{self:?}: see bench/peers/README.md"))
    }

    /// A request for a product, whose answer has so many bytes.
    pub(super) fn product(
        self,
        addr: SocketAddr,
        number: usize,
        bytes: usize,
        id: usize,
    ) -> anyhow::Result<Request> {
        let reads_tokens = matches!(self, Self::NginxJwt | Self::Bentocache);
        let path = match self {
            Self::Bentocache => path(bytes, id),
            _ => plain_path(bytes, id),
        };
        let tenant = tenant(number);
        let mut request = authorized(Request::get(&addr.to_string(), &path), number)?;
        if !reads_tokens {
            request = request.with_header("X-Tenant-Id", &tenant);
        }
        if self != Self::NginxConstant {
            request = request.expecting_mark(&mark(&tenant));
        }
        Ok(request.expecting_bytes(bytes))
    }
}

/// What stands in a configuration in place of names in braces.
struct Values<'a> {
    folder: &'a Path,
    port: u16,
    origin: SocketAddr,
    bytes: usize,
}

impl Values<'_> {
    fn nginx(&self, configuration: &str, open_files: &str) -> anyhow::Result<Command> {
        self.write("nginx.conf", configuration, open_files)?;
        let mut command = Command::new("nginx");
        command.arg("-e").arg(self.folder.join("error.log"));
        command.arg("-c").arg(self.folder.join("nginx.conf"));
        Ok(command)
    }

    fn varnish(&self) -> anyhow::Result<Command> {
        self.write("default.vcl", VCL, "")?;
        let mut command = Command::new("varnishd");
        command.args(["-F", "-j", "none", "-T", "none", "-s", "malloc,1G"]);
        command.args(["-p", "thread_pools=1", "-p", UNLOGGED]);
        command.arg("-n").arg(self.folder.join("varnish"));
        command.arg("-f").arg(self.folder.join("default.vcl"));
        command.arg("-a").arg(format!("127.0.0.1:{}", self.port));
        Ok(command)
    }

    fn bentocache(&self, redis: &RedisServer) -> Command {
        let mut command = Command::new("node");
        command.arg("server.js").current_dir(BENTOCACHE);
        command.args(["--port", &self.port.to_string()]);
        command.args(["--redis", &redis.port().to_string()]);
        command.args(["--origin", &format!("http://{}", self.origin)]);
        command.args(["--secret", SECRET]);
        command.env("NODE_ENV", "production");
        command
    }

    fn write(&self, name: &str, text: &str, open_files: &str) -> anyhow::Result<()> {
        let kibibytes = self.bytes / 1_024;
        let filled = text
            .replace("{dir}", &self.folder.to_string_lossy())
            .replace("{port}", &self.port.to_string())
            .replace("{origin}", &self.origin.port().to_string())
            .replace("{open_file_cache}", open_files)
            .replace("{modules}", NGINX_MODULES)
            .replace("{secret}", SECRET)
            .replace("{kibibyte}", &"x".repeat(1_024))
            .replace("{body}", &"$kibibyte".repeat(kibibytes));
        Ok(fs::write(self.folder.join(name), filled)?)
    }
}

/// The first word that has a digit first, letters of what precedes it aside.
fn version(text: &str) -> &str {
    let words = text.split([' ', '/', '-', '(']);
    let mut words = words.map(|word| word.trim_start_matches('v'));
    let is_version = |word: &&str| word.starts_with(|first: char| first.is_ascii_digit());
    words.find(is_version).unwrap_or("of unknown version")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_programs_say() {
        let check = |text, expected| assert_eq!(version(text), expected);
        check("nginx version: nginx/1.22.1", "1.22.1");
        check("varnishd (varnish-7.1.1 revision 7cee1c58)", "7.1.1");
        check("v20.20.2", "20.20.2");
        check("hello", "of unknown version");
    }
}
