use std::net::{SocketAddr, ToSocketAddrs as _};
use std::rc::Rc;
use std::str::FromStr;
use std::time::Duration;

use anyhow::Context as _;
use bench::body::mark;
use bench::load::{Connection, Request, Script};
use bench::processes::Cores;
use bench::rounds::{Pace, Plan, Series, Target, alternate};
use bench::tokens::{SECRET, tenant, token};
use clap::Args;

use super::run::OTHERS_MAX;

/// Measures servers that run already, in turn, and prints each as a share of the first
///
/// A target is NAME=URL or NAME=URL,PID: the processor time of PID and of its descendants is its cost. Every request has the token of
/// one of the tenants, and is checked: its status, and that its body has `<TENANT>` unless the target's name starts with `bare`. With
/// --not-modified each request carries the ETag of a first answer, and must be answered 304.
#[derive(Args, Debug)]
pub(crate) struct CompareArguments {
    /// What to measure: NAME=URL[,PID]
    #[arg(required = true)]
    targets: Vec<Named>,
    /// Tenants, with a token each
    #[arg(long, default_value_t = 100)]
    tenants: usize,
    /// The HS256 secret of the tokens
    #[arg(long, default_value = SECRET)]
    secret: String,
    /// A header of every request, as NAME: VALUE; {tenant} stands for the tenant
    #[arg(long)]
    header: Vec<String>,
    /// Connections at a time
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Runs of each target
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of each run
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Requests per second, in an open loop; without, as many as are answered
    #[arg(long)]
    rate: Option<f64>,
    /// Asks for what the client has already
    #[arg(long)]
    not_modified: bool,
}

#[derive(Clone, Debug)]
struct Named {
    name: String,
    host: String,
    path: String,
    addr: SocketAddr,
    pid: Option<u32>,
}

impl FromStr for Named {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let (name, rest) = text.split_once('=').context("NAME=URL is expected")?;
        let (url, pid) = match rest.rsplit_once(',') {
            Some((url, pid)) => (url, Some(pid.parse().context("no process id")?)),
            None => (rest, None),
        };
        let rest = url.strip_prefix("http://").context("only http:// URLs")?;
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let addr = host.to_socket_addrs()?.next().context("no such host")?;
        Ok(Self {
            name: name.to_owned(),
            host: host.to_owned(),
            path: format!("/{path}"),
            addr,
            pid,
        })
    }
}

impl Named {
    fn is_bare(&self) -> bool {
        self.name.starts_with("bare")
    }
}

impl CompareArguments {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        Cores::apart()?.pin_load()?;
        let mut targets = Vec::new();
        for named in &self.targets {
            targets.push(Target {
                name: named.name.clone(),
                addr: named.addr,
                script: Rc::new(Script::in_turn(self.requests(named).await?)),
                pids: named.pid.into_iter().collect(),
            });
        }
        let plan = Plan {
            connections: self.connections,
            rounds: self.rounds,
            span: Duration::from_secs_f64(self.seconds),
            others_max: self.others_max(),
        };
        let pace = self.rate.map_or(Pace::Peak, Pace::Steady);
        print(&alternate(&targets, pace, plan).await?);
        Ok(())
    }

    /// What is used by servers whose processes are not known cannot be told from what others use.
    fn others_max(&self) -> f64 {
        let known = self.targets.iter().all(|target| target.pid.is_some());
        if known { OTHERS_MAX } else { f64::MAX }
    }

    async fn requests(&self, named: &Named) -> anyhow::Result<Vec<Request>> {
        let mut connection = Connection::open(named.addr).await?;
        let mut requests = Vec::with_capacity(self.tenants);
        for number in 0..self.tenants {
            let request = self.request(named, &tenant(number))?;
            requests.push(if self.not_modified && named.is_bare() {
                request.expecting_not_modified()
            } else if self.not_modified {
                let etag = connection.ask(&request).await?.header("etag");
                let etag = etag.context("an answer without an ETag")?;
                request
                    .with_header("If-None-Match", &etag)
                    .expecting_not_modified()
            } else {
                request
            });
        }
        Ok(requests)
    }

    fn request(&self, named: &Named, tenant: &str) -> anyhow::Result<Request> {
        let token = token(tenant, &self.secret)?;
        let mut request = Request::get(&named.host, &named.path)
            .with_header("Authorization", &format!("Bearer {token}"));
        for header in &self.header {
            let (name, value) = header.split_once(':').context("no header")?;
            request = request.with_header(name, &value.trim().replace("{tenant}", tenant));
        }
        if named.is_bare() {
            return Ok(request);
        }
        Ok(request.expecting_mark(&mark(tenant)))
    }
}

fn print(all: &[Series]) {
    let first = &all[0];
    println!(
        "{:<16} {:>9} {:>24} {:>12} {:>12} {:>9} {:>9} {:>9}",
        "target",
        "rate/s",
        "share (min to max)",
        "CPU ms/1000",
        "load's",
        "p50 us",
        "p99 us",
        "p99.9 us"
    );
    for series in all {
        let median = |figure: fn(&bench::rounds::Run) -> f64| series.spread(figure).median;
        let share = series.ratio(first, |run| run.rate);
        println!(
            "{:<16} {:>9.0} {:>24} {:>12.1} {:>12.1} {:>9.0} {:>9.0} {:>9.0}",
            series.name,
            median(|run| run.rate),
            format!("{:.3} ({:.3} to {:.3})", share.median, share.min, share.max),
            median(|run| run.cpu_ms),
            median(|run| run.load_ms),
            median(|run| run.p50_us),
            median(|run| run.p99_us),
            median(|run| run.p999_us),
        );
    }
}
